//! The request that a proxy asks about: where it goes and with which method. Only a trusted proxy is believed.
//!
//! There are three ways to say where: `X-Original-URL` (nginx), `X-Forwarded-Uri` (Caddy, Traefik), or behind `/verify` in the
//! address itself (Envoy). A proxy says it in one of them and passes on what a visitor wrote in the others, so a request that says
//! it twice is refused: nobody knows which of the two the proxy vouches for. So is one with a `Forwarded` header, which none of them
//! writes, or with an `X-Forwarded-Host` that is another host than `Host` where the proxy leaves `Host` as it was.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST};
use http::{HeaderMap, Method, Uri};
use url::Url;

use crate::config::Network;

/// The longest target that is looked at.
const MAX_LENGTH: usize = 16 * 1024;

/// A request that a proxy asks about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forwarded<'a> {
    /// Scheme, host and port, where the proxy gives a whole address: `https://app.example.com`.
    pub origin: Option<String>,
    /// The path as it stands there.
    pub path: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Whether the proxy hands what is answered here on to the browser, a redirect too; nginx does not.
    pub hands_on: bool,
    method: Option<&'a str>,
}

/// Why a request cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The peer is not on the list of proxies.
    NotTrusted,
    /// It is said nowhere.
    Missing,
    /// It is said twice.
    Ambiguous,
    /// It is no address.
    Malformed,
}

impl Unknown {
    /// Why, for the log.
    pub fn reason(self) -> &'static str {
        match self {
            Unknown::NotTrusted => "`trusted_proxies` does not list whoever asks",
            Unknown::Missing => "neither X-Original-URL nor X-Forwarded-Uri says which request is meant",
            Unknown::Ambiguous => "two headers say which request is meant, or which host",
            Unknown::Malformed => "what is said about the request is no address",
        }
    }
}

impl<'a> Forwarded<'a> {
    /// Reads it from a request to `/verify`; `behind` is what its address has after that.
    ///
    /// # Errors
    /// [`Unknown`]
    pub fn read(
        headers: &'a HeaderMap,
        uri: &'a Uri,
        behind: &'a str,
        peer: Option<IpAddr>,
        trusted_proxies: &[Network],
    ) -> Result<Forwarded<'a>, Unknown> {
        if !peer.is_some_and(|peer| trusted_proxies.iter().any(|network| network.contains(peer))) {
            return Err(Unknown::NotTrusted);
        }
        let original = only(headers, "x-original-url")?;
        let forwarded = only(headers, "x-forwarded-uri")?;
        let (text, hands_on) = match (original, forwarded, behind) {
            (Some(url), None, "") => (url, false),
            (None, Some(uri), "") => (uri, true),
            (None, None, "") => return Err(Unknown::Missing),
            (None, None, _) => {
                let whole = uri.path_and_query().map_or(behind, http::uri::PathAndQuery::as_str);
                (&whole[uri.path().len() - behind.len()..], true)
            }
            _ => return Err(Unknown::Ambiguous),
        };
        let (origin, target) = match text.starts_with('/') {
            true => (None, text),
            false => split(text).ok_or(Unknown::Malformed)?,
        };
        let renames_host = forwarded.is_some() || origin.is_some();
        if headers.contains_key(FORWARDED) || !(renames_host || has_one_host(headers, uri)) {
            return Err(Unknown::Ambiguous);
        }
        if text.len() > MAX_LENGTH || target.contains('#') {
            return Err(Unknown::Malformed);
        }
        let path = target.split('?').next().unwrap_or_default();
        let method = only(headers, if hands_on { "x-forwarded-method" } else { "x-original-method" });
        Ok(Forwarded { origin, path, target, hands_on, method: method.ok().flatten() })
    }

    /// Whether the request reads: `own` is the method of the request to `/verify`, for a proxy that keeps it.
    pub fn is_get(&self, own: &Method) -> bool {
        let get = Method::GET.as_str();
        self.method.unwrap_or(own.as_str()) == get
    }
}

/// Origin and target of a whole address; without a path it is the front page.
fn split(text: &str) -> Option<(Option<String>, &str)> {
    let url =
        Url::parse(text).ok().filter(|url| ["https", "http"].contains(&url.scheme()) && url.has_host())?;
    let (_, rest) = text.split_once("://")?;
    let at = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(at);
    if authority.is_empty() || authority.contains('@') || !(target.is_empty() || target.starts_with('/')) {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    Some((Some(origin), if target.is_empty() { "/" } else { target }))
}

/// Whether `X-Forwarded-Host` says nothing else than `Host`.
fn has_one_host(headers: &HeaderMap, uri: &Uri) -> bool {
    let own = headers.get(HOST).map(http::HeaderValue::as_bytes);
    let own = own.or(uri.authority().map(|authority| authority.as_str().as_bytes())).unwrap_or_default();
    headers.get_all("x-forwarded-host").iter().all(|host| host.as_bytes().eq_ignore_ascii_case(own))
}

/// The value of a header that may come once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unknown> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Unknown::Malformed),
        (Some(_), Some(_)) => Err(Unknown::Ambiguous),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let parse =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        let mut map = HeaderMap::new();
        headers.iter().map(parse).for_each(|(name, value): (HeaderName, _)| {
            map.append(name, value);
        });
        map
    }

    fn read(headers: &[(&str, &str)], uri: &'static str) -> Result<(Option<String>, String, bool), Unknown> {
        let (headers, uri) = (map(headers), Uri::from_static(uri));
        let behind = uri.path().strip_prefix("/auth/verify").unwrap();
        let proxies = ["10.0.0.1".parse().unwrap()];
        let peer = Some("10.0.0.1".parse().unwrap());
        let read = Forwarded::read(&headers, &uri, behind, peer, &proxies)?;
        Ok((read.origin, format!("{} {}", read.path, read.target), read.hands_on))
    }

    #[test]
    fn each_proxy_says_it_in_its_own_way() {
        let nginx = read(&[("x-original-url", "https://app.example.com/a/b?c=d")], "/auth/verify");
        assert_eq!(nginx, Ok((Some("https://app.example.com".into()), "/a/b /a/b?c=d".into(), false)));
        let path = read(&[("x-original-url", "/a")], "/auth/verify");
        assert_eq!(path, Ok((None, "/a /a".into(), false)));
        let caddy = read(&[("x-forwarded-uri", "/a//b?c=d?e")], "/auth/verify?x=y");
        assert_eq!(caddy, Ok((None, "/a//b /a//b?c=d?e".into(), true)));
        assert_eq!(read(&[], "/auth/verify/a?b"), Ok((None, "/a /a?b".into(), true)));
        assert_eq!(read(&[], "/auth/verify/"), Ok((None, "/ /".into(), true)));
        let bare = read(&[("x-original-url", "http://app.example.com:8080")], "/auth/verify");
        assert_eq!(bare, Ok((Some("http://app.example.com:8080".into()), "/ /".into(), false)));
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        let (url, uri) =
            (("x-original-url", "https://app.example.com/public"), ("x-forwarded-uri", "/admin"));
        let path = ("x-original-url", "/public");
        for (headers, address) in [
            (vec![url, uri], "/auth/verify"),
            (vec![uri, uri], "/auth/verify"),
            (vec![url, url], "/auth/verify"),
            (vec![uri], "/auth/verify/admin"),
            (vec![url], "/auth/verify/"),
            (vec![uri, ("forwarded", "host=other.example")], "/auth/verify"),
            (vec![path, ("forwarded", "host=other.example")], "/auth/verify"),
            (vec![path, ("host", "a.example"), ("x-forwarded-host", "other.example")], "/auth/verify"),
            (vec![("host", "a.example"), ("x-forwarded-host", "other.example")], "/auth/verify/x"),
        ] {
            assert_eq!(read(&headers, address), Err(Unknown::Ambiguous), "{headers:?} {address}");
        }
        assert_eq!(read(&[], "/auth/verify"), Err(Unknown::Missing));
        for headers in [
            [path, ("host", "a.example"), ("x-forwarded-host", "A.example")],
            [uri, ("host", "inner"), ("x-forwarded-host", "other.example")],
            [url, ("host", "inner"), ("x-forwarded-host", "other.example")],
        ] {
            assert!(read(&headers, "/auth/verify").is_ok(), "{headers:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "a",
            "*",
            "app.example.com/a",
            "ftp://app.example.com/a",
            "https:app.example.com/a",
            "https://x@app.example.com/a",
            "https://app.example.com\\@evil.example/a",
            "https://app.example.com?x=/a",
            "/a#b",
            "https:///a",
        ] {
            assert_eq!(read(&[("x-original-url", text)], "/auth/verify"), Err(Unknown::Malformed), "{text}");
        }
        assert_eq!(read(&[("x-forwarded-uri", "/a#b")], "/auth/verify"), Err(Unknown::Malformed));
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        let headers = map(&[("x-forwarded-uri", "/public")]);
        let (uri, proxies) = (Uri::from_static("/auth/verify"), ["10.0.0.1".parse().unwrap()]);
        for peer in [None, Some("10.0.0.2".parse().unwrap())] {
            assert_eq!(Forwarded::read(&headers, &uri, "", peer, &proxies), Err(Unknown::NotTrusted));
            assert_eq!(Forwarded::read(&headers, &uri, "", peer, &[]), Err(Unknown::NotTrusted));
        }
    }

    #[test]
    fn the_method_is_the_original_one() {
        let is_get = |headers: &[(&str, &str)], own: Method| {
            let (headers, uri) = (map(headers), Uri::from_static("/auth/verify"));
            let (proxies, peer) = (["10.0.0.1".parse().unwrap()], Some("10.0.0.1".parse().unwrap()));
            Forwarded::read(&headers, &uri, "", peer, &proxies).unwrap().is_get(&own)
        };
        let caddy = ("x-forwarded-uri", "/a");
        assert!(is_get(&[caddy, ("x-forwarded-method", "GET")], Method::GET));
        assert!(!is_get(&[caddy, ("x-forwarded-method", "POST")], Method::GET));
        assert!(is_get(&[caddy], Method::GET) && !is_get(&[caddy], Method::PUT));
        let nginx = ("x-original-url", "/a");
        assert!(!is_get(&[nginx, ("x-original-method", "POST"), ("x-forwarded-method", "GET")], Method::GET));
    }
}
