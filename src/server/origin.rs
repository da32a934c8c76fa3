//! Which of the deployment's addresses a request is for. No header is believed that nobody vouches for.
//!
//! In: Host, the peer's address, forwarded headers. Out: one of the configured addresses, or none: then the request is
//! refused, so that no redirect or redirect URI is ever built from what a visitor sent.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST};
use http::{HeaderMap, StatusCode, Uri};

use crate::config::{BaseUrl, Network};

/// The number of the address that a request is for.
///
/// # Errors
/// 400 where a request names two hosts, 421 where it names none of the deployment's.
pub fn pick<'a>(
    base_urls: impl IntoIterator<Item = &'a BaseUrl>,
    headers: &HeaderMap,
    uri: &Uri,
    peer: Option<IpAddr>,
    trusted_proxies: &[Network],
) -> Result<usize, StatusCode> {
    let direct = direct_host(headers, uri)?;
    let trusted = peer.is_some_and(|peer| trusted_proxies.iter().any(|network| network.contains(peer)));
    let forwarded = if trusted { forwarded(headers) } else { Forwarded::default() };
    let host = forwarded.host.unwrap_or(direct);
    let mut found = base_urls.into_iter().enumerate().filter(|(_, base)| base.answers_to(host));
    let first = found.next().ok_or(StatusCode::MISDIRECTED_REQUEST)?;
    // Two addresses differ by their scheme alone: the proxy knows which of them it was.
    match (forwarded.proto, found.next()) {
        (Some(proto), Some(second)) if proto.eq_ignore_ascii_case("https") != first.1.secure => Ok(second.0),
        _ => Ok(first.0),
    }
}

/// The host of the request itself (RFC 9110 §7.2): exactly one, however it is written.
fn direct_host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Result<&'a str, StatusCode> {
    let mut values = headers.get_all(HOST).iter();
    let header = match (values.next(), values.next()) {
        (_, Some(_)) => return Err(StatusCode::BAD_REQUEST),
        (Some(value), None) => Some(value.to_str().map_err(|_| StatusCode::BAD_REQUEST)?),
        (None, None) => None,
    };
    let authority = uri.authority().map(http::uri::Authority::as_str);
    match (header, authority) {
        (Some(header), Some(authority)) if !header.eq_ignore_ascii_case(authority) => {
            Err(StatusCode::BAD_REQUEST)
        }
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => Err(StatusCode::BAD_REQUEST),
    }
}

#[derive(Default)]
struct Forwarded<'a> {
    host: Option<&'a str>,
    proto: Option<&'a str>,
}

/// What the nearest proxy says: the last element of `Forwarded` (RFC 7239), else of `X-Forwarded-*`.
fn forwarded(headers: &HeaderMap) -> Forwarded<'_> {
    if let Some(element) = last(headers, FORWARDED.as_str()) {
        let parameter = |wanted: &str| {
            element.split(';').find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
            })
        };
        return Forwarded { host: parameter("host"), proto: parameter("proto") };
    }
    Forwarded { host: last(headers, "x-forwarded-host"), proto: last(headers, "x-forwarded-proto") }
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn pick_from(headers: &[(&str, &str)], peer: &str) -> Result<usize, u16> {
        let base_urls = ["https://app.example.com", "https://www.example.com", "http://app.example.com"]
            .map(|text| BaseUrl::parse(text).unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let proxies = ["10.0.0.1".parse().unwrap()];
        pick(&base_urls, &map, &Uri::from_static("/auth/session"), Some(peer.parse().unwrap()), &proxies)
            .map_err(|status| status.as_u16())
    }

    #[test]
    fn the_host_picks_the_address() {
        assert_eq!(pick_from(&[("host", "www.example.com")], "8.8.8.8"), Ok(1));
        assert_eq!(pick_from(&[("host", "app.example.com:443")], "8.8.8.8"), Ok(0));
    }

    #[test]
    fn refuses_any_other_host() {
        for host in [
            "evil.example",
            "app.example.com.",
            "app.example.com:8443",
            "app.example.com@evil.example",
            "",
            "app.example.com evil",
        ] {
            assert_eq!(pick_from(&[("host", host)], "8.8.8.8"), Err(421), "{host}");
        }
        assert_eq!(pick_from(&[], "8.8.8.8"), Err(400));
        assert_eq!(pick_from(&[("host", "app.example.com"), ("host", "evil.example")], "8.8.8.8"), Err(400));
    }

    #[test]
    fn an_absolute_form_must_agree() {
        let base_urls = [BaseUrl::parse("https://app.example.com").unwrap()];
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "app.example.com".parse().unwrap());
        let pick = |uri: &'static str| pick(&base_urls, &headers, &Uri::from_static(uri), None, &[]);
        assert_eq!(pick("https://app.example.com/auth/session"), Ok(0));
        assert_eq!(pick("https://evil.example/auth/session"), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn forwarded_headers_count_from_a_trusted_proxy_only() {
        let by_x = [("host", "inner"), ("x-forwarded-host", "www.example.com")];
        let standard = [
            ("host", "inner"),
            ("forwarded", "for=1.2.3.4;host=evil.example, for=8.8.8.8;host=\"www.example.com\";proto=https"),
        ];
        assert_eq!(pick_from(&by_x, "10.0.0.1"), Ok(1));
        assert_eq!(pick_from(&standard, "10.0.0.1"), Ok(1));
        assert_eq!(pick_from(&by_x, "10.0.0.2"), Err(421));
        assert_eq!(pick_from(&standard, "8.8.8.8"), Err(421));
        let spoofed = [("host", "www.example.com"), ("x-forwarded-host", "evil.example")];
        assert_eq!(pick_from(&spoofed, "8.8.8.8"), Ok(1));
        assert_eq!(pick_from(&spoofed, "10.0.0.1"), Err(421));
    }

    #[test]
    fn the_proxy_tells_the_scheme() {
        let by = |proto| [("host", "app.example.com"), ("x-forwarded-proto", proto)];
        assert_eq!(pick_from(&by("http"), "10.0.0.1"), Ok(2));
        assert_eq!(pick_from(&by("https"), "10.0.0.1"), Ok(0));
        assert_eq!(pick_from(&by("http"), "8.8.8.8"), Ok(0));
    }
}
