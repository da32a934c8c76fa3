//! Why no answer arrived.

use std::error::Error as StdError;
use std::{fmt, io};

use crate::transport::address::Refused;

/// Why no answer arrived. What it displays holds the host, and nothing else of the request.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    host: String,
    detail: Option<String>,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The address stands in a network that is not connected to.
    Address,
    /// Too many requests to this provider are under way.
    Busy,
    /// There is no connection.
    Connect,
    /// It took too long.
    Deadline,
    /// The address is not https.
    Insecure,
    /// What came is not HTTP, or ended early.
    Protocol,
    /// The host has given no answer several times, and is left alone for a moment.
    Resting,
    /// The certificate is not valid for the host, or there is no common version of TLS.
    Tls,
    /// The answer is larger than is read.
    TooLarge,
    /// The address cannot be read.
    Url,
}

impl ErrorKind {
    /// Whether trying again may help.
    pub(super) fn is_passing(self) -> bool {
        matches!(self, ErrorKind::Connect | ErrorKind::Deadline | ErrorKind::Protocol)
    }
}

impl Error {
    pub(super) fn new(kind: ErrorKind, host: &str) -> Error {
        Error { kind, host: host.to_owned(), detail: None }
    }

    pub(super) fn with_detail(kind: ErrorKind, host: &str, detail: String) -> Error {
        Error { kind, host: host.to_owned(), detail: Some(detail) }
    }

    /// What the HTTP client says, without its URL.
    pub(super) fn of(error: &reqwest::Error, host: &str) -> Error {
        let causes: Vec<&(dyn StdError + 'static)> =
            std::iter::successors(error.source(), |cause: &&(dyn StdError + 'static)| (*cause).source())
                .collect();
        let kind = if error.is_timeout() {
            ErrorKind::Deadline
        } else if causes.iter().any(|cause| cause.is::<Refused>()) {
            ErrorKind::Address
        } else if causes.iter().any(|cause| is_tls(*cause)) {
            ErrorKind::Tls
        } else if error.is_connect() {
            ErrorKind::Connect
        } else {
            ErrorKind::Protocol
        };
        let detail = causes
            .last()
            .map(ToString::to_string)
            .map(|text| text.chars().filter(|c| !c.is_control()).take(200).collect());
        Error { kind, host: host.to_owned(), detail }
    }

    /// A deadline of the caller's has passed.
    pub fn deadline() -> Error {
        Error { kind: ErrorKind::Deadline, host: "the provider".into(), detail: None }
    }

    /// Whether nothing was sent, because the host has enough to do or is left alone for a moment.
    pub fn is_overload(&self) -> bool {
        matches!(self.kind, ErrorKind::Busy | ErrorKind::Resting)
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// Whether it is an error of TLS, or an I/O error that carries one: `source` skips what an [`io::Error`] wraps.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>() || inner.is_some_and(|inner| is_tls(inner))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::Address => "stands in a network that is not connected to",
            ErrorKind::Busy => "has too many requests under way",
            ErrorKind::Connect => "cannot be reached",
            ErrorKind::Deadline => "did not answer in time",
            ErrorKind::Insecure => "is not https",
            ErrorKind::Protocol => "did not answer in HTTP, or ended early",
            ErrorKind::Resting => "has not answered several times, and is left alone for a moment",
            ErrorKind::Tls => "has no valid certificate",
            ErrorKind::TooLarge => "answered with more than is read",
            ErrorKind::Url => "is no address",
        };
        write!(f, "{} {what}", self.host)?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
