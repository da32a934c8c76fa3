//! Who asks: the address of the client and the id of the request, as far as somebody trusted tells them.
//!
//! In: the peer's address, headers. Out: a [`Visitor`]. Headers count from a trusted proxy alone: anybody else could choose the
//! address that limits count by and the id that stands in the log.

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Network;
use crate::rng::{self, Rng};

/// The header of a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// An id of a proxy is no longer than this.
const MAX_REQUEST_ID: usize = 64;
/// Random bytes of an id that is made here.
const REQUEST_ID_BYTES: usize = 9;

/// Whoever sent a request.
pub(super) struct Visitor {
    /// The request, in the log and in the answer: of letters, digits, `.`, `_` and `-`.
    pub request_id: String,
    /// The client; `None` where the application that holds the router does not tell the peer.
    pub address: Option<IpAddr>,
}

impl Visitor {
    pub fn of(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[Network], rng: &dyn Rng) -> Visitor {
        let peer = peer.map(|peer| peer.to_canonical());
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        let by_proxy = peer.is_some_and(is_trusted);
        let sent = if by_proxy { request_id(headers) } else { None };
        Visitor {
            request_id: sent.map_or_else(|| rng::token(rng, REQUEST_ID_BYTES), str::to_owned),
            address: match peer {
                Some(proxy) if by_proxy => Some(behind(proxy, headers, is_trusted)),
                peer => peer,
            },
        }
    }

    /// Says in an answer which request it is to.
    pub fn mark(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, id);
        }
    }
}

/// The id that a proxy gave, where it gave one that can stand in a log.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let id = value.to_str().ok()?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (is_plain && (1..=MAX_REQUEST_ID).contains(&id.len())).then_some(id)
}

/// The client behind a proxy. A proxy writes one of the two headers and may hand on the other one as the client sent it: where both
/// are there and differ, nobody is believed, and the proxy itself counts.
fn behind(proxy: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let nearest = |name: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
        let mut client = None;
        // Each proxy adds whom it saw at the end.
        for value in headers.get_all(name).iter().rev() {
            for element in value.to_str().unwrap_or_default().rsplit(',') {
                let Some(address) = read(element.trim()) else { return client };
                client = Some(address);
                if !is_trusted(address) {
                    return client;
                }
            }
        }
        client
    };
    let standard = nearest(&FORWARDED, forwarded_for);
    let usual = nearest(&HeaderName::from_static("x-forwarded-for"), node);
    match (standard, usual) {
        (Some(one), Some(other)) if one != other => proxy,
        (one, other) => one.or(other).unwrap_or(proxy),
    }
}

/// The `for` of an element of `Forwarded` (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| node(value.trim().trim_matches('"')))?
    })
}

/// An address, with or without a port (RFC 7239 §6).
fn node(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    address.ok().or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use crate::rng::SystemRng;

    use super::*;

    fn visitor(peer: &str, headers: &[(&str, &str)]) -> Visitor {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        Visitor::of(&map, Some(peer.parse().unwrap()), &trusted, &SystemRng)
    }

    fn address(peer: &str, headers: &[(&str, &str)]) -> String {
        visitor(peer, headers).address.unwrap().to_string()
    }

    #[test]
    fn a_trusted_proxy_tells_the_client() {
        assert_eq!(address("10.0.0.1", &[("x-forwarded-for", "1.2.3.4")]), "1.2.3.4");
        assert_eq!(address("::ffff:10.0.0.1", &[("x-forwarded-for", "1.2.3.4:5678")]), "1.2.3.4");
        assert_eq!(address("10.0.0.1", &[("x-forwarded-for", "9.9.9.9, 1.2.3.4, 10.0.0.2")]), "1.2.3.4");
        assert_eq!(
            address("10.0.0.1", &[("x-forwarded-for", "9.9.9.9"), ("x-forwarded-for", "1.2.3.4")]),
            "1.2.3.4"
        );
        let element = "for=9.9.9.9, proto=https;For=\"[2001:db8::1]:4711\"";
        assert_eq!(address("fd00::1", &[("forwarded", element)]), "2001:db8::1");
        assert_eq!(address("10.0.0.1", &[("forwarded", "for=\"[2001:db8::1]\"")]), "2001:db8::1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn nobody_else_does() {
        for header in ["forwarded", "x-forwarded-for"] {
            let value = if header == "forwarded" { "for=1.2.3.4" } else { "1.2.3.4" };
            assert_eq!(address("8.8.8.8", &[(header, value)]), "8.8.8.8");
        }
        // What the client itself wrote is further to the left than what the proxy saw.
        assert_eq!(address("10.0.0.1", &[("x-forwarded-for", "10.0.0.9, unknown")]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[("x-forwarded-for", "1.2.3.4, _hidden, 10.0.0.3")]), "10.0.0.3");
    }

    #[test]
    fn a_header_that_the_client_brought_chooses_no_address() {
        let both = [("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "1.2.3.4")];
        assert_eq!(address("10.0.0.1", &both), "10.0.0.1");
        let same = [("forwarded", "for=1.2.3.4"), ("x-forwarded-for", "1.2.3.4")];
        assert_eq!(address("10.0.0.1", &same), "1.2.3.4");
    }

    #[test]
    fn a_trusted_proxy_gives_the_id_of_a_request() {
        let id = |peer: &str, headers: &[(&str, &str)]| visitor(peer, headers).request_id;
        assert_eq!(id("10.0.0.1", &[("x-request-id", "a.B_c-9")]), "a.B_c-9");
        let longest = "x".repeat(MAX_REQUEST_ID);
        assert_eq!(id("10.0.0.1", &[("x-request-id", &longest)]), longest);
        assert_eq!(id("8.8.8.8", &[("x-request-id", "chosen")]).len(), 12);
        for wrong in ["", "a b", "a\"b", "a{b}", "%0a", "\u{e9}", &format!("{longest}x")] {
            assert_eq!(id("10.0.0.1", &[("x-request-id", wrong)]).len(), 12, "{wrong}");
        }
        let twice = [("x-request-id", "one"), ("x-request-id", "two")];
        assert_eq!(id("10.0.0.1", &twice).len(), 12);
    }
}
