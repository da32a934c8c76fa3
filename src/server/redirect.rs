//! Where a browser may be sent when a sign-in ends: `callbackUrl`, checked by parsing.
//!
//! In: what a body, a query or a cookie says. Out: an address of an origin on the list, written anew from its parts, so
//! that no browser can read it in another way than this parser did.

use url::Url;

use crate::config::BaseUrl;

/// Longer addresses than this lead nowhere.
const MAX_LENGTH: usize = 2048;

/// What became of a `callbackUrl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An absolute address the browser may be sent to.
    Accepted(String),
    /// No address at all; Auth.js fails on these.
    Malformed,
    /// An address that leads elsewhere.
    Refused,
}

impl Target {
    /// The address, or the front page of `base`.
    pub fn or_origin(self, base: &BaseUrl) -> String {
        match self {
            Target::Accepted(target) => target,
            Target::Malformed | Target::Refused => base.origin.clone(),
        }
    }
}

/// Checks a `callbackUrl`: a path of `base`'s origin, or an address of that origin or of one in `allowed`.
///
/// No list of bad forms: it is parsed as a browser parses it ([WHATWG URL](https://url.spec.whatwg.org/)), the origin of
/// the result is compared, and what goes out is the result and never the text that came in.
pub fn check(value: &str, base: &BaseUrl, allowed: &[String]) -> Target {
    if value == base.origin {
        return Target::Accepted(base.origin.clone());
    }
    if value.len() > MAX_LENGTH || value.bytes().any(|byte| byte < 0x21 || byte == 0x7f || byte == b'\\') {
        return if value.starts_with('/') || Url::parse(value).is_ok() {
            Target::Refused
        } else {
            Target::Malformed
        };
    }
    let parsed = match value.starts_with('/') {
        true => base.origin_url().join(value),
        false => Url::parse(value),
    };
    let Ok(url) = parsed else {
        return if value.starts_with('/') { Target::Refused } else { Target::Malformed };
    };
    let origin = url.origin().ascii_serialization();
    let plain =
        ["https", "http"].contains(&url.scheme()) && url.username().is_empty() && url.password().is_none();
    if !plain || !(origin == base.origin || allowed.contains(&origin)) {
        return Target::Refused;
    }
    if authority(value).is_some_and(|authority| authority.contains('@')) {
        return Target::Refused;
    }
    Target::Accepted(rewritten(&origin, &url))
}

/// The address from its parts, with no second slash where a path begins.
fn rewritten(origin: &str, url: &Url) -> String {
    let mut address = format!("{origin}/{}", url.path().trim_start_matches('/'));
    if let Some(query) = url.query() {
        address.push('?');
        address.push_str(query);
    }
    if let Some(fragment) = url.fragment() {
        address.push('#');
        address.push_str(fragment);
    }
    address
}

/// What stands between the scheme and the path as it was written: `@` has no business there.
fn authority(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    rest.split(['/', '?', '#']).next().filter(|_| !value.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        BaseUrl::parse("https://app.example.com/auth").unwrap()
    }

    fn accepted(value: &str) -> String {
        match check(value, &base(), &["https://www.example.com".into()]) {
            Target::Accepted(target) => target,
            other => panic!("{value:?}: {other:?}"),
        }
    }

    #[test]
    fn accepts_paths_and_addresses_of_its_origins() {
        assert_eq!(accepted("/a?b=1"), "https://app.example.com/a?b=1");
        assert_eq!(accepted("https://app.example.com/x#frag"), "https://app.example.com/x#frag");
        assert_eq!(accepted("https://app.example.com"), "https://app.example.com");
        assert_eq!(accepted("https://app.example.com:443/x"), "https://app.example.com/x");
        assert_eq!(accepted("HTTPS://APP.example.com/x"), "https://app.example.com/x");
        assert_eq!(accepted("https://www.example.com/x"), "https://www.example.com/x");
        assert_eq!(accepted("/a/../b"), "https://app.example.com/b");
    }

    #[test]
    fn writes_non_ascii_characters_percent_encoded() {
        assert_eq!(accepted("/grüße?q=ä#ö"), "https://app.example.com/gr%C3%BC%C3%9Fe?q=%C3%A4#%C3%B6");
    }

    #[test]
    fn no_path_begins_with_two_slashes() {
        assert_eq!(accepted("https://app.example.com//evil.example"), "https://app.example.com/evil.example");
        assert_eq!(accepted("/.//evil.example"), "https://app.example.com/evil.example");
        assert_eq!(accepted("/x/..//evil.example"), "https://app.example.com/evil.example");
    }

    #[test]
    fn refuses_what_leads_elsewhere() {
        for value in [
            "//e.example",
            "///e.example",
            "////e.example",
            "/\\e.example",
            "/\\/e.example",
            "\\\\e.example",
            "/\t/e.example",
            "/\n/e.example",
            "/./\\e.example",
            "/a/../../\\e.example",
            "https:e.example",
            "https:/e.example",
            "https:///e.example",
            "https:\\\\e.example",
            "https://app.example.com@e.example",
            "https://app.example.com:443@e.example",
            "https://app.example.com.e.example",
            "https://app.example.com。e.example",
            "https://app.example.com\\.e.example",
            "https://e.example\\@app.example.com",
            "https://e.example#app.example.com",
            "https://e.example?app.example.com",
            "https://x@app.example.com/",
            "https://@app.example.com/",
            "http://app.example.com/x",
            "https://app.example.com:8443/x",
            "javascript:alert(1)",
            "JaVa\tScRiPt:alert(1)",
            "data:text/html,x",
            "blob:https://app.example.com/x",
            "filesystem:https://app.example.com/x",
            "//app.example.com@e.example",
            "https://аpp.example.com/",
            "/\0",
            "/a\r\nSet-Cookie: x=1",
            "https://app.example.com/\u{7f}",
        ] {
            let outcome = check(value, &base(), &[]);
            assert!(!matches!(outcome, Target::Accepted(_)), "{value:?}: {outcome:?}");
        }
        assert_eq!(check(&format!("/{}", "a".repeat(100_000)), &base(), &[]), Target::Refused);
    }

    #[test]
    fn tells_what_is_no_address_from_what_leads_elsewhere() {
        for value in
            ["not a url", "foo", "@e.example", ":80@e.example", ".e.example", "%2f%2fe.example", "https://"]
        {
            assert_eq!(check(value, &base(), &[]), Target::Malformed, "{value:?}");
        }
        assert_eq!(check("https://evil.example/x", &base(), &[]), Target::Refused);
    }
}
