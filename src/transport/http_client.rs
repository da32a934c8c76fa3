//! The HTTP client, without anything that acts on its own.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect, tls};

use crate::transport::address::FilteringResolver;
use crate::transport::{MAX_HEAD, Options, Trust};

/// One client for each trust: they differ in the addresses they may connect to. Made when first used.
pub(super) struct HttpClients {
    options: Options,
    played: bool,
    discovered: OnceLock<Result<Client, String>>,
    operator: OnceLock<Result<Client, String>>,
}

impl HttpClients {
    /// With `played`, the clients speak in clear text to this machine alone, and need no certificates.
    pub fn new(options: &Options, played: bool) -> HttpClients {
        let (discovered, operator) = (OnceLock::new(), OnceLock::new());
        HttpClients { options: options.clone(), played, discovered, operator }
    }

    pub fn get(&self, trust: Trust) -> Result<&Client, String> {
        let slot = match trust {
            Trust::Discovered => &self.discovered,
            Trust::Operator => &self.operator,
        };
        let make = || match self.played {
            true => certified(&self.options, trust, vec![]),
            false => client(&self.options, trust),
        };
        slot.get_or_init(make).as_ref().map_err(String::clone)
    }
}

/// A client that trusts the certificates of the system; where it has none, as in a container without them, those of
/// Mozilla's list.
fn client(options: &Options, trust: Trust) -> Result<Client, String> {
    builder(options, trust)?.build().or_else(|_| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        certified(options, trust, roots.iter().filter_map(|der| Certificate::from_der(der).ok()).collect())
    })
}

/// A client that trusts these certificates and no others.
fn certified(options: &Options, trust: Trust, roots: Vec<Certificate>) -> Result<Client, String> {
    let built = builder(options, trust)?.tls_certs_only(roots).build();
    built.map_err(|error| error.without_url().to_string())
}

fn builder(options: &Options, trust: Trust) -> Result<ClientBuilder, String> {
    let builder = Client::builder()
        .user_agent(concat!("authcfg/", env!("CARGO_PKG_VERSION"))) // some providers refuse a request without one
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(options.deadlines.connect)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(8)
        .http1_max_headers(MAX_HEAD.1)
        .http2_max_header_list_size(MAX_HEAD.0 as u32)
        .tls_version_min(tls::Version::TLS_1_2)
        .dns_resolver(FilteringResolver::new(options, trust));
    match &options.proxy {
        None => Ok(builder),
        Some(proxy) => {
            let proxy =
                Proxy::all(proxy.as_str()).map_err(|_| "the proxy's address cannot be used".to_owned())?;
            Ok(builder.proxy(proxy))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_certificates_make_a_client() {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        let certificates: Vec<_> = roots.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
        assert!(certificates.len() > 50);
        let builder = builder(&Options::default(), Trust::Discovered).unwrap();
        builder.tls_certs_only(certificates).build().unwrap();
    }
}
