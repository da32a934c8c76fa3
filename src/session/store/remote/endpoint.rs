//! Where a store listens, and the way there: TCP or a Unix socket, in clear text or over TLS.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection to a store, whichever way it takes.
pub(in crate::session::store) struct Wire(Box<dyn Socket>);

trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for S {}

/// Where a store listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session::store) enum Place {
    /// A host, by name or address, and its port.
    Tcp(String, u16),
    /// A socket of this machine.
    Unix(PathBuf),
}

/// Whose certificates are trusted: those of a PEM file, else those of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session::store) struct Trust {
    pub authorities: Option<PathBuf>,
}

/// Where a store listens, and how it proves that it is the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session::store) struct Endpoint {
    pub place: Place,
    /// `None`: in clear text.
    pub trust: Option<Trust>,
}

impl Endpoint {
    /// The endpoint, with the path of its certificates from a folder.
    pub fn with_files_of(mut self, folder: &Path) -> Endpoint {
        if let Some(Trust { authorities: Some(path) }) = &mut self.trust {
            *path = folder.join(&*path);
        }
        self
    }

    /// A connection, over TLS where the endpoint has a certificate.
    ///
    /// # Errors
    /// Why there is none.
    #[cfg(feature = "store-redis")]
    pub async fn open(&self) -> Result<Wire, String> {
        let wire = self.connect().await?;
        match (&self.trust, &self.place) {
            (Some(trust), Place::Tcp(host, _)) => trust.secured(host, wire).await,
            _ => Ok(wire),
        }
    }

    /// A connection in clear text.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn connect(&self) -> Result<Wire, String> {
        match &self.place {
            Place::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await;
                let stream = stream.map_err(|error| error.to_string())?;
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                Ok(Wire(Box::new(stream)))
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                Ok(Wire(Box::new(stream.map_err(|error| error.to_string())?)))
            }
            #[cfg(not(unix))]
            Place::Unix(_) => Err("this system has no Unix sockets".into()),
        }
    }
}

impl Trust {
    /// The connection over TLS, once the other side has proved that it is `host`.
    ///
    /// # Errors
    /// Why it has not.
    pub async fn secured(&self, host: &str, wire: Wire) -> Result<Wire, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| "its host is none of TLS".to_owned())?;
        let connector = TlsConnector::from(Arc::new(self.config()?));
        let secured = connector.connect(name, wire).await.map_err(|error| format!("TLS: {error}"))?;
        Ok(Wire(Box::new(secured)))
    }

    fn config(&self) -> Result<ClientConfig, String> {
        let roots = match &self.authorities {
            Some(path) => Some(read(path).map_err(|why| format!("{}: {why}", path.display()))?),
            None => None,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = || {
            let builder = ClientConfig::builder_with_provider(provider.clone());
            builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())
        };
        if roots.is_none()
            && let Ok(verified) = builder()?.with_platform_verifier()
        {
            return Ok(verified.with_no_client_auth());
        }
        // A machine without certificates, as a container often is, has those of Mozilla's list.
        let bundled = || RootCertStore { roots: webpki_roots() };
        Ok(builder()?.with_root_certificates(roots.unwrap_or_else(bundled)).with_no_client_auth())
    }
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("no certificate is in it".into()) } else { Ok(roots) }
}

fn webpki_roots() -> Vec<rustls::pki_types::TrustAnchor<'static>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    roots.roots
}

/// Without what proves who comes.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Place::Tcp(host, port) => write!(f, "{host}:{port}"),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
