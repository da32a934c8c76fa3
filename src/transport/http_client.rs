//! The HTTP client, without anything that acts on its own.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect, tls};

use crate::transport::address::FilteringResolver;
use crate::transport::{MAX_HEAD, Options, Trust};

/// One client for each trust: they differ in the addresses they may connect to. Made when first used.
pub(super) struct HttpClients {
    options: Options,
    discovered: OnceLock<Result<Client, String>>,
    operator: OnceLock<Result<Client, String>>,
}

impl HttpClients {
    pub fn new(options: &Options) -> HttpClients {
        HttpClients { options: options.clone(), discovered: OnceLock::new(), operator: OnceLock::new() }
    }

    pub fn get(&self, trust: Trust) -> Result<&Client, String> {
        let slot = match trust {
            Trust::Discovered => &self.discovered,
            Trust::Operator => &self.operator,
        };
        slot.get_or_init(|| client(&self.options, trust)).as_ref().map_err(String::clone)
    }
}

/// A client that trusts the certificates of the system; where it has none, as in a container without them, those of
/// Mozilla's list.
fn client(options: &Options, trust: Trust) -> Result<Client, String> {
    builder(options, trust)?.build().or_else(|_| {
        let roots =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
        builder(options, trust)?
            .tls_certs_only(roots)
            .build()
            .map_err(|error| error.without_url().to_string())
    })
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
