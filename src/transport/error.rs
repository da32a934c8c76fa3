//! Why no answer arrived.

use std::error::Error as _;
use std::fmt;

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
        matches!(self, ErrorKind::Connect | ErrorKind::Protocol)
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
        let mut causes = vec![];
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        let mentions = |word: &str| causes.iter().any(|text| text.contains(word));
        let kind = if error.is_timeout() {
            ErrorKind::Deadline
        } else if mentions(super::address::REFUSED) {
            ErrorKind::Address
        } else if mentions("certificate") || mentions("TLS") || mentions("tls") {
            ErrorKind::Tls
        } else if error.is_connect() {
            ErrorKind::Connect
        } else {
            ErrorKind::Protocol
        };
        let detail = causes.pop().map(|text| text.chars().filter(|c| !c.is_control()).take(200).collect());
        Error { kind, host: host.to_owned(), detail }
    }

    /// A deadline of the caller's has passed.
    pub fn deadline() -> Error {
        Error { kind: ErrorKind::Deadline, host: "the provider".into(), detail: None }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
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
