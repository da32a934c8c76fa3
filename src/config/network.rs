//! Networks by address and prefix length (RFC 4632): whose forwarded headers count, which private hosts may be reached.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network such as `10.0.0.0/8`; a single address is one as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether an address stands in it. An IPv4 address that comes as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same_prefix(&own.octets(), &other.octets(), self.prefix),
            (IpAddr::V6(own), IpAddr::V6(other)) => same_prefix(&own.octets(), &other.octets(), self.prefix),
            _ => false,
        }
    }
}

fn same_prefix(own: &[u8], other: &[u8], prefix: u8) -> bool {
    let (whole, rest) = (usize::from(prefix / 8), prefix % 8);
    let mask = |byte: u8| if rest == 0 { 0 } else { byte >> (8 - rest) };
    own[..whole] == other[..whole] && own.get(whole).copied().map(mask) == other.get(whole).copied().map(mask)
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Network, &'static str> {
        let problem = "it must be an address or a network such as 10.0.0.0/8";
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| problem)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| problem)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        if prefix > longest {
            return Err("the prefix is longer than an address");
        }
        Ok(Network { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn holds_its_addresses() {
        assert!(contains("10.0.0.0/8", "10.200.3.4"));
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!(contains("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(contains("172.16.0.0/12", "172.31.255.255"));
        assert!(contains("fd00::/8", "fdff::1"));
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
    }

    #[test]
    fn holds_no_others() {
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(!contains("172.16.0.0/12", "172.32.0.0"));
        assert!(!contains("127.0.0.1", "127.0.0.2"));
        assert!(!contains("0.0.0.0/0", "::1"));
        for text in ["", "10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/-1", "::/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
