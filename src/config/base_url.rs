//! The public address of the server: its origin, and the path everything is served under.

use std::net::IpAddr;

use url::{Host, Url};

/// The base path of both next-auth clients, where an address has none.
pub const DEFAULT_PATH: &str = "/api/auth";

/// One public address of the sign-in server.
#[derive(Clone, Debug)]
pub struct BaseUrl {
    /// Scheme, host and port, as a browser writes them: `https://app.example.com`.
    pub origin: String,
    /// Host and port as the Host header has them, in lower case: `app.example.com`, `localhost:3100`.
    pub authority: String,
    /// What comes before `/signin`: `/api/auth`.
    pub path: String,
    /// Whether it is https.
    pub secure: bool,
    url: Url,
}

impl BaseUrl {
    /// Reads an address. Without a path it gets `/api/auth`.
    ///
    /// # Errors
    /// Why it cannot be the address of this server.
    pub fn parse(text: &str) -> Result<BaseUrl, &'static str> {
        if text.bytes().any(|byte| byte < 0x21 || byte == 0x7f || byte == b'\\') {
            return Err("it holds a space, a control character or a backslash");
        }
        let url =
            Url::parse(text).map_err(|_| "it must be an address such as https://app.example.com/api/auth")?;
        if !["https", "http"].contains(&url.scheme()) {
            return Err("it must begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must not hold a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it must have no query and no fragment");
        }
        let path = url.path().trim_end_matches('/');
        let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if !plain || path.contains("//") {
            return Err("its path may hold letters, digits, `-`, `.`, `_` and `~` only");
        }
        let host = url.host_str().ok_or("it must have a host")?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(BaseUrl {
            origin: url.origin().ascii_serialization(),
            authority,
            path: if path.is_empty() { DEFAULT_PATH.to_owned() } else { path.to_owned() },
            secure: url.scheme() == "https",
            url,
        })
    }

    /// The address: origin and path, no slash at the end.
    pub fn href(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The callback URL of a provider, as its form wants it.
    pub fn callback_url(&self, provider: &str) -> String {
        format!("{}/callback/{provider}", self.href())
    }

    /// Where a provider sends a browser that has signed out there: its `post_logout_redirect_uri`.
    pub fn signed_out_url(&self) -> String {
        format!("{}/signed-out", self.href())
    }

    /// Where a provider says that somebody has signed out there: its `backchannel_logout_uri`.
    pub fn backchannel_logout_url(&self, provider: &str) -> String {
        format!("{}/backchannel-logout/{provider}", self.href())
    }

    /// The origin, parsed.
    pub fn origin_url(&self) -> &Url {
        &self.url
    }

    /// Whether it leads to this machine only.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(domain)) => domain == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        }
    }

    /// Whether a Host header's value means this address. A port that the scheme implies may be written or not.
    pub fn answers_to(&self, host: &str) -> bool {
        if host.eq_ignore_ascii_case(&self.authority) {
            return true;
        }
        let implied = if self.secure { ":443" } else { ":80" };
        host.strip_suffix(implied).is_some_and(|host| host.eq_ignore_ascii_case(&self.authority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_address() {
        let base = BaseUrl::parse("https://App.example.com/auth/").unwrap();
        assert_eq!(base.href(), "https://app.example.com/auth");
        assert_eq!(base.callback_url("acme"), "https://app.example.com/auth/callback/acme");
        assert!(base.secure);
        assert!(!base.is_loopback());
    }

    #[test]
    fn without_a_path_it_is_that_of_both_clients() {
        assert_eq!(BaseUrl::parse("http://localhost:3100").unwrap().href(), "http://localhost:3100/api/auth");
        assert_eq!(BaseUrl::parse("https://app.example.com/").unwrap().path, "/api/auth");
    }

    #[test]
    fn refuses_what_is_no_address_of_a_server() {
        for text in [
            "",
            "app.example.com",
            "ftp://app.example.com",
            "https://u:p@app.example.com",
            "https://app.example.com/?a",
            "https://app.example.com/#a",
            "https://app.example.com/a b",
            "https://app.example.com/a%2fb",
            "https://a//b//c",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn compares_hosts_whole() {
        let base = BaseUrl::parse("https://app.example.com").unwrap();
        for host in ["app.example.com", "APP.example.com", "app.example.com:443"] {
            assert!(base.answers_to(host), "{host}");
        }
        for host in [
            "evil-app.example.com",
            "app.example.com.",
            "app.example.com:80",
            "app.example.com:8443",
            "example.com",
            "",
            "app.example.com@evil",
        ] {
            assert!(!base.answers_to(host), "{host}");
        }
    }
}
