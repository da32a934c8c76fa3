//! The only code that opens a socket to a provider.
//!
//! It trusts no answer: time, bytes and headers are bounded, redirects are not followed, cookies are not kept, bodies are
//! not decompressed, the environment's proxies are not looked at, and no address of a private network is connected to
//! unless somebody here wrote its host. A request that is not a plain fetch of a public document is sent once, whatever
//! becomes of it.

mod address;
mod breaker;
mod bulkhead;
mod error;
mod http_client;
mod retry;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Response, header};
use ipnet::IpNet;
use tokio::time::{Instant, sleep, timeout_at};
use url::{Position, Url};

use crate::oauth::ClientCertificate;
use crate::transport::breaker::Breakers;
use crate::transport::bulkhead::Bulkheads;
use crate::transport::http_client::HttpClients;
use crate::transport::retry::Retries;

pub use address::Lookup;
pub use error::{Error, ErrorKind};

/// How providers are reached.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Private networks that an address which nobody here wrote may stand in.
    pub allow_private_networks: Vec<IpNet>,
    /// The proxy that every request goes through.
    pub proxy: Option<Url>,
    /// Clear text to hosts that the operator wrote, not only to this machine. For a network nobody else listens to.
    pub danger_allow_http: bool,
    /// How long a request may take.
    pub deadlines: Deadlines,
    /// Sees every request and what became of it.
    pub observer: Option<Observer>,
    /// Another name service. For tests.
    #[doc(hidden)]
    pub lookup: Option<Lookup>,
}

/// Sees every request and what became of it: an answer, or why there is none, and after how long. Both are full of secrets.
#[derive(Clone)]
pub struct Observer(Arc<Observe>);

type Observe = dyn Fn(&Request, Result<&Response<Bytes>, &Error>, Duration) + Send + Sync;

impl Observer {
    /// An observer; it is called where the request was made, and holds it up.
    pub fn new(
        observe: impl Fn(&Request, Result<&Response<Bytes>, &Error>, Duration) + Send + Sync + 'static,
    ) -> Observer {
        Observer(Arc::new(observe))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until the connection is there, TLS included.
    pub connect: Duration,
    /// Until the head of the answer is there.
    pub first_byte: Duration,
    /// Altogether.
    pub total: Duration,
    /// Altogether, for a discovery document or keys.
    pub document: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(5),
            total: Duration::from_secs(10),
            document: Duration::from_secs(5),
        }
    }
}

/// A request to a provider. It is full of secrets, so `Debug` shows its method, scheme and host alone.
pub struct Request {
    /// The request; its URI is absolute.
    pub http: http::Request<Bytes>,
    /// How large the answer may be, and whether the request may be repeated.
    pub limit: Limit,
    /// Who says that it goes there.
    pub trust: Trust,
    /// The id of the provider: each has its own share of connections.
    pub provider: String,
    /// The step, for errors and logs.
    pub step: String,
}

/// What is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A discovery document: 128 KB; a GET is repeated twice on failure.
    Discovery,
    /// Keys: 256 KB; a GET is repeated twice on failure.
    Jwks,
    /// A token response: 256 KB, sent once.
    Token,
    /// Userinfo: 512 KB, sent once.
    Userinfo,
}

impl Limit {
    fn bytes(self) -> usize {
        match self {
            Limit::Discovery => 128 * 1024,
            Limit::Jwks | Limit::Token => 256 * 1024,
            Limit::Userinfo => 512 * 1024,
        }
    }

    fn is_document(self) -> bool {
        matches!(self, Limit::Discovery | Limit::Jwks)
    }
}

/// Who says that a request goes to its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A discovery document, a callback or a token response: private addresses are refused.
    Discovered,
    /// The operator, by deployment, environment or provider file: only metadata services are refused.
    Operator,
}

/// Sends requests to providers. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    clients: HttpClients,
    bulkheads: Arc<Bulkheads>,
    breakers: Arc<Breakers>,
    /// The thumbprint of the certificate that the client shows, for a mock that cannot see it.
    thumbprint: Option<HeaderValue>,
    played_by: Option<SocketAddr>,
}

/// The longest head of an answer, in bytes and in headers.
const MAX_HEAD: (usize, usize) = (32 * 1024, 64);
/// Where a played request really wanted to go.
const PLAYED_URL: HeaderName = HeaderName::from_static("x-authcfg-url");
/// Which certificate a played request would have shown.
const PLAYED_CERTIFICATE: HeaderName = HeaderName::from_static("x-authcfg-client-certificate");

impl Transport {
    /// A transport.
    pub fn new(options: Options) -> Transport {
        Transport::with(options, None)
    }

    /// Loads the certificates now, so that the first sign-in does not wait for them. Blocks for some milliseconds.
    pub fn warm(&self) {
        drop(self.inner.clients.get(Trust::Operator));
    }

    /// A transport whose every request ends, in clear text, at a mock on this machine; the address that it was meant for
    /// stands in the header `x-authcfg-url`, the thumbprint of the client's certificate in
    /// `x-authcfg-client-certificate`. For the vectors of provider files and for the demonstration.
    ///
    /// # Panics
    /// Where the address is not of this machine: the requests carry secrets.
    #[doc(hidden)]
    pub fn played_by(mock: SocketAddr) -> Transport {
        assert!(mock.ip().is_loopback(), "a mock runs on this machine");
        Transport::with(Options::default(), Some(mock))
    }

    fn with(options: Options, played_by: Option<SocketAddr>) -> Transport {
        let clients = HttpClients::new(&options, played_by.is_some(), None);
        let (bulkheads, breakers, thumbprint) = (Arc::default(), Arc::default(), None);
        Transport { inner: Arc::new(Inner { options, clients, bulkheads, breakers, thumbprint, played_by }) }
    }

    /// The same transport for a client that proves itself with a certificate (RFC 8705), over connections of its own. It is
    /// shown to servers that ask for one, to no others.
    pub fn showing(&self, certificate: &ClientCertificate) -> Transport {
        let Inner { options, bulkheads, breakers, played_by, .. } = &*self.inner;
        let clients = HttpClients::new(options, played_by.is_some(), Some(certificate.clone()));
        let thumbprint = HeaderValue::try_from(certificate.thumbprint()).ok();
        let inner = Inner {
            options: options.clone(),
            clients,
            bulkheads: bulkheads.clone(),
            breakers: breakers.clone(),
            thumbprint,
            played_by: *played_by,
        };
        Transport { inner: Arc::new(inner) }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// Whatever keeps an answer from arriving whole, in time and within its bounds. Any HTTP status is an answer.
    pub async fn send(&self, request: Request) -> Result<Response<Bytes>, Error> {
        let inner = &*self.inner;
        let deadlines = &inner.options.deadlines;
        let total = if request.limit.is_document() { deadlines.document } else { deadlines.total };
        let begun = Instant::now();
        let deadline = begun + total;
        let host = host_of(request.http.uri());
        let url =
            Url::parse(&request.http.uri().to_string()).map_err(|_| Error::new(ErrorKind::Url, &host))?;
        if inner.played_by.is_none() {
            address::check_url(&url, request.trust, &inner.options)
                .map_err(|kind| Error::new(kind, &host))?;
        }
        let there = format!("{} {}", request.provider, url.origin().ascii_serialization());
        if !inner.breakers.admits(&there) {
            return Err(Error::new(ErrorKind::Resting, &host));
        }
        let bulkhead = inner.bulkheads.of(&request.provider);
        let _permit = match timeout_at(deadline, bulkhead.enter()).await {
            Ok(Some(permit)) => permit,
            Ok(None) | Err(_) => return Err(Error::new(ErrorKind::Busy, &host)),
        };
        let mut retries = Retries::new(&request, deadline);
        let outcome = loop {
            let outcome = match timeout_at(deadline, inner.attempt(&request, &url, &host)).await {
                Ok(outcome) => outcome,
                Err(_) => break Err(Error::new(ErrorKind::Deadline, &host)),
            };
            match retries.pause(&outcome) {
                Some(pause) => sleep(pause).await,
                None => break outcome,
            }
        };
        match &outcome {
            Ok(_) => inner.breakers.answered(&there),
            Err(error) if error.kind().is_passing() => inner.breakers.silent(&there),
            Err(_) => {}
        }
        if let Some(Observer(observe)) = &inner.options.observer {
            observe(&request, outcome.as_ref(), begun.elapsed());
        }
        let Request { provider, step, .. } = &request;
        match &outcome {
            Ok(answer) => {
                tracing::debug!(provider, step, host, status = answer.status().as_u16(), "answered")
            }
            Err(error) => tracing::warn!(provider, step, %error, "no answer"),
        }
        outcome
    }
}

impl Inner {
    async fn attempt(&self, request: &Request, url: &Url, host: &str) -> Result<Response<Bytes>, Error> {
        let client =
            self.clients.get(request.trust).map_err(|why| Error::with_detail(ErrorKind::Tls, host, why))?;
        let (url, mut headers) = match self.played_by {
            Some(mock) => {
                let mut headers = request.http.headers().clone();
                headers.extend(self.thumbprint.clone().map(|thumbprint| (PLAYED_CERTIFICATE, thumbprint)));
                played(url, mock, headers)
            }
            None => (url.clone(), request.http.headers().clone()),
        };
        headers.remove(header::COOKIE);
        let mut sent = client.request(request.http.method().clone(), url).headers(headers);
        if !request.http.body().is_empty() {
            sent = sent.body(request.http.body().clone());
        }
        let sent = sent.send();
        let mut answer = match tokio::time::timeout(self.options.deadlines.first_byte, sent).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Error::of(&error, host)),
            Err(_) => return Err(Error::new(ErrorKind::Deadline, host)),
        };
        let head: usize =
            answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if head > MAX_HEAD.0 || answer.headers().len() > MAX_HEAD.1 {
            return Err(Error::new(ErrorKind::TooLarge, host));
        }
        if answer.content_length().is_some_and(|length| length > request.limit.bytes() as u64) {
            return Err(Error::new(ErrorKind::TooLarge, host));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Error::of(&error, host))? {
            if body.len() + chunk.len() > request.limit.bytes() {
                return Err(Error::new(ErrorKind::TooLarge, host));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        response.headers_mut().remove(header::SET_COOKIE);
        Ok(response)
    }
}

/// The same request, sent to the mock.
fn played(url: &Url, mock: SocketAddr, mut headers: http::HeaderMap) -> (Url, http::HeaderMap) {
    let meant = HeaderValue::try_from(url.as_str()).expect("a URL is ASCII");
    headers.insert(PLAYED_URL, meant);
    let host = &url[Position::BeforeHost..Position::AfterPort];
    headers.insert(header::HOST, HeaderValue::try_from(host).expect("a URL is ASCII"));
    let there = format!("http://{mock}{}", &url[Position::BeforePath..Position::AfterQuery]);
    (Url::parse(&there).expect("an address and a path of a URL make a URL"), headers)
}

/// Scheme and host, all that an error shows of an address.
fn host_of(uri: &http::Uri) -> String {
    format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default())
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, host) = (self.http.method(), host_of(self.http.uri()));
        write!(f, "Request({} {}: {method} {host})", self.provider, self.step)
    }
}

#[cfg(test)]
mod tests;
