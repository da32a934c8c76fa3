//! The path of a request that a proxy asks about, in the ways that whoever stands behind the proxy may read it.
//!
//! An application may undo percent-encoding twice, cut `;parameters` or what it then takes for a query, merge slashes, or take no
//! notice of case or of a dot at the end; a rule that is found by another reading than the application's is no rule. So there are
//! two readings here, the narrowest and the widest, and a request goes through only where both find the same rule. That is enough:
//! paths of rules are plain, a plain segment stays what it is in every reading, so each reading finds whatever the narrowest finds,
//! and the widest finds whatever any of them does.

use percent_encoding::percent_decode_str;

/// Percent-encoding on percent-encoding is undone so often; what is encoded still is refused.
const MAX_DECODING: usize = 4;
/// Longer paths are refused.
const MAX_LENGTH: usize = 8 * 1024;

/// A path as its characters stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath {
    narrow: Vec<String>,
    wide: Vec<String>,
}

/// A reading of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Percent-encoding is undone once, everything else counts.
    Narrow,
    /// Percent-encoding is undone, parameters and queries are cut, slashes merged; neither case nor a dot at the end counts.
    Wide,
}

impl RequestPath {
    /// Reads the path of a request target, without its query; `None` where no reading of it is safe: it has dot segments,
    /// control characters, backslashes, characters that belong in no path, or broken percent-encoding.
    pub fn parse(path: &str) -> Option<RequestPath> {
        let visible = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#?\"<>^`{|}".contains(&byte));
        if !path.starts_with('/') || !visible || path.len() > MAX_LENGTH || !is_encoded_well(path) {
            return None;
        }
        let decoded = decode(path)?;
        let narrow = segments(path).map(decode).collect::<Option<Vec<String>>>()?;
        let mut whole = decoded;
        for _ in 0..MAX_DECODING {
            match decode(&whole)? {
                again if again == whole => break,
                again => whole = again,
            }
        }
        if has_escapes(&whole) || whole.contains('\\') || whole.chars().any(char::is_control) {
            return None;
        }
        let cut = segments(&whole).map(|segment| segment.split([';', '?', '#']).next().unwrap_or_default());
        // A trailing dot or space is no part of a file's name on some systems; a segment of nothing else is one of dots.
        let wide =
            cut.filter(|segment| !segment.is_empty()).map(|segment| segment.trim_end_matches(['.', ' ']));
        let wide: Vec<String> = wide.map(str::to_lowercase).collect();
        wide.iter().all(|segment| !segment.is_empty()).then_some(RequestPath { narrow, wide })
    }

    /// Whether it is a path of a rule, or below it.
    pub fn is_below(&self, rule: &RulePath, reading: Reading) -> bool {
        match reading {
            Reading::Narrow => self.narrow.starts_with(&rule.segments),
            Reading::Wide => {
                self.wide.len() >= rule.segments.len()
                    && self.wide.iter().zip(&rule.segments).all(|(own, rule)| own.eq_ignore_ascii_case(rule))
            }
        }
    }
}

/// The path of a rule: plain segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RulePath {
    segments: Vec<String>,
}

impl RulePath {
    /// Reads `/`, `/admin` or `/admin/users`.
    ///
    /// # Errors
    /// Why it cannot be the path of a rule.
    pub fn parse(text: &str) -> Result<RulePath, &'static str> {
        let path = text.strip_prefix('/').ok_or("it must begin with `/`")?;
        if path.is_empty() {
            return Ok(RulePath { segments: vec![] });
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        match segments.iter().all(|segment| is_plain(segment)) {
            true => Ok(RulePath { segments }),
            false => Err(
                "its segments may hold letters, digits, `-`, `.`, `_`, `~`, `@`, `+` and `:` only, with no dot at the end",
            ),
        }
    }

    /// Whether the widest reading cannot tell it from another one.
    pub fn is_same(&self, other: &RulePath) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(own, other)| own.eq_ignore_ascii_case(other))
    }

    /// How many segments it has.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }
}

/// Whether a segment is the same in every reading, but for its case.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+:".contains(&byte);
    !segment.is_empty() && segment.bytes().all(plain) && !segment.ends_with('.')
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Whether each `%` begins an escape (RFC 3986 §2.1).
fn is_encoded_well(text: &str) -> bool {
    let mut parts = text.split('%').skip(1);
    parts.all(|part| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

fn has_escapes(text: &str) -> bool {
    text.split('%').skip(1).any(|part| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(path: &str, rule: &str) -> Option<(bool, bool)> {
        let (path, rule) = (RequestPath::parse(path)?, RulePath::parse(rule).unwrap());
        Some((path.is_below(&rule, Reading::Narrow), path.is_below(&rule, Reading::Wide)))
    }

    #[test]
    fn a_rule_is_for_its_path_and_all_below_it() {
        for path in [
            "/admin",
            "/admin/",
            "/admin/users",
            "/%61dmin",
            "/admin/a%20b",
            "/admin/gr%C3%BC%C3%9Fe",
            "/admin/100%25",
        ] {
            assert_eq!(below(path, "/admin"), Some((true, true)), "{path}");
        }
        for path in ["/", "/administrator", "/x/admin", "/admin.html"] {
            assert_eq!(below(path, "/admin"), Some((false, false)), "{path}");
        }
        assert_eq!(below("/anything//at;all", "/"), Some((true, true)));
    }

    #[test]
    fn what_an_application_may_read_as_the_path_is_told_from_what_it_is() {
        for path in [
            "//admin",
            "/;x/admin",
            "/admin.",
            "/admin%20/users",
            "/admin;x",
            "/admin;x=1/users",
            "/ADMIN",
            "/%2561dmin",
            "/%2Fadmin",
            "/%252fadmin",
            "/admin%2fusers",
            "/admin%3bx",
            "/admin%3fx",
            "/admin%2523x",
            "/admin%253bx",
            "///admin",
        ] {
            assert_eq!(below(path, "/admin"), Some((false, true)), "{path}");
        }
    }

    #[test]
    fn refuses_what_no_reading_of_is_safe() {
        for path in [
            "",
            "admin",
            "*",
            "/x/../admin",
            "/x/./admin",
            "/.",
            "/..",
            "/...",
            "/%2e%2e/admin",
            "/%2E./admin",
            "/%252e%252e/admin",
            "/%25252e%25252e/admin",
            "/%2525252525252e/admin",
            "/..;/admin",
            "/..;x=1/admin",
            "/..%3bx/admin",
            "/x/..%2fadmin",
            "/x%2f..%2fadmin",
            "/x\\admin",
            "/x%5c..%5cadmin",
            "/x%255cadmin",
            "/admin%00",
            "/admin%2500.html",
            "/admin%0a",
            "/admin%0d%0aX: 1",
            "/admin%7f",
            "/admin#x",
            "/admin?x",
            "/admin%",
            "/admin%zz",
            "/admin%2",
            "/admin%ff",
            "/admin%c0%ae",
            "/grüße",
            "/a b",
            "/.. /admin",
            "/..%20/admin",
        ] {
            assert_eq!(RequestPath::parse(path), None, "{path}");
        }
        assert!(RequestPath::parse(&format!("/{}", "a".repeat(MAX_LENGTH))).is_none());
        assert!(RequestPath::parse(&format!("/{}", "a".repeat(MAX_LENGTH - 1))).is_some());
    }

    #[test]
    fn the_path_of_a_rule_is_plain() {
        for text in ["/", "/admin", "/admin/", "/a/b.c/~d/@e", "/.well-known"] {
            assert!(RulePath::parse(text).is_ok(), "{text}");
        }
        for text in [
            "", "admin", "//", "/a//b", "/a/../b", "/.", "/a%20b", "/a;b", "/a*", "/a?b", "/grüße", "/a\\b",
            "/a b", "/a.",
        ] {
            assert!(RulePath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_reading_between_the_two_finds_no_other_rule() {
        // Once decoded, parameters cut, case kept, slashes kept: what many applications do.
        let between = |path: &str| -> Vec<String> {
            let decoded = decode(path).unwrap();
            segments(&decoded).map(|segment| segment.split(';').next().unwrap().to_owned()).collect()
        };
        let rules: Vec<RulePath> =
            ["/", "/a", "/a/b", "/b", "/B/a"].map(|rule| RulePath::parse(rule).unwrap()).into();
        let pieces = ["a", "b", "B", "/", "/", ";", "%61", "%2f", "%252f", "%3b", "x"];
        let mut paths = vec!["/".to_owned()];
        for _ in 0..4 {
            paths = paths.iter().flat_map(|path| pieces.map(|piece| format!("{path}{piece}"))).collect();
        }
        let longest = |holds: &dyn Fn(&RulePath) -> bool| {
            rules.iter().filter(|rule| holds(rule)).max_by_key(|rule| rule.depth())
        };
        for path in paths {
            let Some(read) = RequestPath::parse(&path) else { continue };
            let narrow = longest(&|rule| read.is_below(rule, Reading::Narrow));
            if narrow == longest(&|rule| read.is_below(rule, Reading::Wide)) {
                let other = between(&path);
                assert_eq!(longest(&|rule| other.starts_with(&rule.segments)), narrow, "{path}");
            }
        }
    }
}
