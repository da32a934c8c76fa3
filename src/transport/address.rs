//! Which addresses are connected to. Checked where the connection is made, on the addresses that it is made to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::transport::{ErrorKind, Options, Trust};

/// What the resolver says when it keeps all addresses back.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address that may be connected to")
    }
}

impl std::error::Error for Refused {}

/// A name service in place of the system's: the addresses of a host.
#[derive(Clone)]
pub struct Lookup(pub Arc<LookupFn>);

/// The addresses of a name.
pub type LookupFn = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// Checks what can be seen of an address before it is looked up: the scheme, the user (none), and the host where it
/// is a number.
pub(super) fn check_url(url: &Url, trust: Trust, options: &Options) -> Result<(), ErrorKind> {
    let ip = match url.host() {
        None => return Err(ErrorKind::Url),
        Some(Host::Domain(_)) => None,
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ErrorKind::Url);
    }
    let here = ip.is_some_and(|ip| ip.is_loopback()) || url.host_str() == Some("localhost");
    match url.scheme() {
        "https" => {}
        "http" if here || (options.danger_allow_http && trust == Trust::Operator) => {}
        _ => return Err(ErrorKind::Insecure),
    }
    match ip {
        Some(ip) if !permitted(ip, trust, &options.allow_private_networks) => Err(ErrorKind::Address),
        _ => Ok(()),
    }
}

/// Looks names up, and keeps back what may not be connected to.
pub(super) struct FilteringResolver {
    trust: Trust,
    allow: Vec<IpNet>,
    proxy_host: Option<String>,
    lookup: Option<Lookup>,
}

impl FilteringResolver {
    pub fn new(options: &Options, trust: Trust) -> FilteringResolver {
        FilteringResolver {
            trust,
            allow: options.allow_private_networks.clone(),
            proxy_host: options.proxy.as_ref().and_then(Url::host_str).map(str::to_owned),
            lookup: options.lookup.clone(),
        }
    }
}

impl Resolve for FilteringResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        // The operator wrote the address of the proxy, whoever wrote that of the provider.
        let proxy = self.proxy_host.as_ref() == Some(&host);
        let trust = if proxy { Trust::Operator } else { self.trust };
        let (allow, lookup) = (self.allow.clone(), self.lookup.clone());
        Box::pin(async move {
            let found: Vec<IpAddr> = match lookup {
                Some(Lookup(lookup)) => lookup(&host),
                // RFC 6761 §6.3: a name server is not asked, it could send clear text elsewhere.
                None if host == "localhost" => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
                None => tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect(),
            };
            if found.is_empty() {
                return Err("no address".into());
            }
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|ip| permitted(*ip, trust, &allow))
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            if permitted.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Whether an address may be connected to.
pub(super) fn permitted(ip: IpAddr, trust: Trust, allow: &[IpNet]) -> bool {
    let ip = embedded(ip);
    if is_never(ip) {
        return false;
    }
    trust == Trust::Operator || is_public(ip) || allow.iter().any(|net| net.contains(&ip))
}

/// The IPv4 address inside an IPv6 one: mapped or compatible (RFC 4291 §2.5.5), translated (RFC 2765 §2.1), NAT64
/// (RFC 6052 §2.1), 6to4 (RFC 3056).
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let part = v6.octets();
    let v4 = |start: usize| {
        IpAddr::V4(Ipv4Addr::new(part[start], part[start + 1], part[start + 2], part[start + 3]))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => v4(12),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => v4(12),
        [0x2002, ..] => v4(2),
        _ => ip,
    }
}

/// Link-local addresses, among them the metadata services of cloud machines, those that stand elsewhere, and what is
/// no unicast address.
fn is_never(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let elsewhere =
                matches!(v4.octets(), [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192]);
            elsewhere || v4.is_link_local() || v4.is_broadcast() || v4.is_multicast() || v4.octets()[0] == 0
        }
        IpAddr::V6(v6) => {
            let elsewhere = matches!(v6.segments(), [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..]);
            elsewhere || v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified()
        }
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_documentation()
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19))
                || a >= 240)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            let documentation = first == 0x2001 && v6.segments()[1] == 0xdb8;
            (first & 0xe000) == 0x2000 && !documentation && !(first == 0x2001 && v6.segments()[1] == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, trust: Trust) -> Result<(), ErrorKind> {
        check_url(&Url::parse(url).unwrap(), trust, &Options::default())
    }

    #[test]
    fn a_host_that_the_operator_wrote_may_be_private() {
        for url in [
            "https://10.0.0.1/",
            "http://127.0.0.1:9/",
            "http://localhost:9/",
            "https://[fd12::1]/",
            "https://93.184.216.34/",
        ] {
            assert_eq!(check(url, Trust::Operator), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_host_that_nobody_wrote_may_not() {
        let private = [
            "https://10.0.0.1/",
            "https://127.0.0.1/",
            "https://192.168.1.1/",
            "https://172.16.0.1/",
            "https://100.64.0.1/",
            "https://[::1]/",
            "https://[fd12::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[::127.0.0.1]/",
            "https://[::ffff:0:10.0.0.1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2001::1]/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://198.18.0.1/",
            "https://240.0.0.1/",
        ];
        for url in private {
            assert_eq!(check(url, Trust::Discovered), Err(ErrorKind::Address), "{url}");
        }
        assert_eq!(check("https://93.184.216.34/", Trust::Discovered), Ok(()));
        assert_eq!(check("https://[2606:2800::1]/", Trust::Discovered), Ok(()));
    }

    #[test]
    fn metadata_services_are_never_reached() {
        for url in [
            "https://169.254.169.254/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[::169.254.169.254]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[2002:a9fe:a9fe::]/",
            "https://[fd00:ec2::23]/",
            "https://168.63.129.16/",
            "https://2852039166/",
            "https://0.0.0.0/",
            "https://[::]/",
            "https://[ff02::1]/",
        ] {
            assert_eq!(check(url, Trust::Operator), Err(ErrorKind::Address), "{url}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_clear_text() {
        for url in
            ["http://acme.example/", "ftp://127.0.0.1/", "http://10.0.0.1/", "http://localhost.acme.example/"]
        {
            assert_eq!(check(url, Trust::Operator), Err(ErrorKind::Insecure), "{url}");
        }
    }

    #[test]
    fn clear_text_further_away_is_the_operators_decision() {
        let options = Options { danger_allow_http: true, ..Options::default() };
        let check = |trust| check_url(&Url::parse("http://idp.corp.example/").unwrap(), trust, &options);
        assert_eq!(check(Trust::Operator), Ok(()));
        assert_eq!(check(Trust::Discovered), Err(ErrorKind::Insecure));
    }

    #[test]
    fn a_url_with_a_user_is_none() {
        for url in ["https://user@acme.example/", "https://:secret@acme.example/"] {
            assert_eq!(check(url, Trust::Operator), Err(ErrorKind::Url), "{url}");
        }
    }

    #[test]
    fn a_listed_network_may_be_reached() {
        let options =
            Options { allow_private_networks: vec!["10.0.0.0/8".parse().unwrap()], ..Options::default() };
        let check = |url: &str| check_url(&Url::parse(url).unwrap(), Trust::Discovered, &options);
        assert_eq!(check("https://10.1.2.3/"), Ok(()));
        assert_eq!(check("https://192.168.1.1/"), Err(ErrorKind::Address));
    }
}
