//! The HTTP client, without anything that acts on its own.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, redirect, tls};

use crate::oauth::ClientCertificate;
use crate::transport::address::FilteringResolver;
use crate::transport::{MAX_HEAD, Options, Trust};

/// One client for each trust: they differ in the addresses they may connect to. Made when first used.
pub(super) struct HttpClients {
    options: Options,
    played: bool,
    certificate: Option<ClientCertificate>,
    discovered: OnceLock<Result<Client, String>>,
    operator: OnceLock<Result<Client, String>>,
}

impl HttpClients {
    /// With `played`, the clients speak in clear text to this machine alone, and need no certificates. `certificate` is what
    /// they prove themselves with where a server asks for it.
    pub fn new(options: &Options, played: bool, certificate: Option<ClientCertificate>) -> HttpClients {
        let (discovered, operator) = (OnceLock::new(), OnceLock::new());
        HttpClients { options: options.clone(), played, certificate, discovered, operator }
    }

    pub fn get(&self, trust: Trust) -> Result<&Client, String> {
        let slot = match trust {
            Trust::Discovered => &self.discovered,
            Trust::Operator => &self.operator,
        };
        slot.get_or_init(|| self.make(trust)).as_ref().map_err(String::clone)
    }

    /// A client that trusts the certificates of the system; where it has none, as in a container without them, those of
    /// Mozilla's list.
    fn make(&self, trust: Trust) -> Result<Client, String> {
        if self.played {
            return self.trusting(trust, vec![]);
        }
        self.builder(trust)?.build().or_else(|_| {
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            let roots = roots.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
            self.trusting(trust, roots)
        })
    }

    /// A client that trusts these certificates and no others.
    fn trusting(&self, trust: Trust, roots: Vec<Certificate>) -> Result<Client, String> {
        let built = self.builder(trust)?.tls_certs_only(roots).build();
        built.map_err(|error| error.without_url().to_string())
    }

    fn builder(&self, trust: Trust) -> Result<ClientBuilder, String> {
        let builder = builder(&self.options, trust)?;
        let Some(certificate) = &self.certificate else { return Ok(builder) };
        let identity = Identity::from_pem(certificate.pem().expose().as_bytes());
        Ok(builder.identity(identity.map_err(|error| error.to_string())?))
    }
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
