//! Trying again: only a GET for discovery or keys, twice, never beyond the deadline.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use tokio::time::Instant;

use crate::transport::{Error, Request};

/// The longest pause before each further attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// The longest Retry-After that is waited for, if the deadline allows.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// What is left of the attempts of one request.
pub(super) struct Retries {
    pauses: &'static [Duration],
    deadline: Instant,
}

impl Retries {
    pub fn new(request: &Request, deadline: Instant) -> Retries {
        let again = request.limit.is_document() && request.http.method() == Method::GET;
        Retries { pauses: if again { &PAUSES } else { &[] }, deadline }
    }

    /// How long to wait before the next attempt; `None` where this result stands.
    pub fn pause(&mut self, outcome: &Result<http::Response<Bytes>, Error>) -> Option<Duration> {
        let asked = match outcome {
            Err(error) if error.kind().is_passing() => None,
            Ok(answer) if is_passing(answer.status()) => retry_after(answer),
            _ => return None,
        };
        let (longest, rest) = self.pauses.split_first()?;
        self.pauses = rest;
        let pause = asked.unwrap_or_else(|| longest.mul_f64(jitter()));
        (pause <= MAX_RETRY_AFTER && Instant::now() + pause < self.deadline).then_some(pause)
    }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

fn retry_after(answer: &http::Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// A number from 0 to 1. It spreads retries and keeps no secret, so the hasher's seed is random enough.
fn jitter() -> f64 {
    RandomState::new().hash_one(0u8) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{ErrorKind, Limit, Trust};

    fn retries(method: Method, limit: Limit) -> Retries {
        let http =
            http::Request::builder().method(method).uri("https://acme.example").body(Bytes::new()).unwrap();
        let request = Request {
            http,
            limit,
            trust: Trust::Operator,
            provider: "acme".into(),
            step: "discovery".into(),
        };
        Retries::new(&request, Instant::now() + Duration::from_secs(5))
    }

    fn answer(status: u16, retry_after: Option<&str>) -> Result<http::Response<Bytes>, Error> {
        let mut answer = http::Response::builder().status(status);
        if let Some(seconds) = retry_after {
            answer = answer.header(header::RETRY_AFTER, seconds);
        }
        Ok(answer.body(Bytes::new()).unwrap())
    }

    fn failure(kind: ErrorKind) -> Result<http::Response<Bytes>, Error> {
        Err(Error::new(kind, "https://acme.example"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_document_is_asked_for_twice_more() {
        let mut retries = retries(Method::GET, Limit::Jwks);
        assert!(retries.pause(&failure(ErrorKind::Connect)).unwrap() <= PAUSES[0]);
        assert!(retries.pause(&answer(503, None)).unwrap() <= PAUSES[1]);
        assert_eq!(retries.pause(&failure(ErrorKind::Connect)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_else_is() {
        let others =
            [(Method::POST, Limit::Jwks), (Method::POST, Limit::Token), (Method::GET, Limit::Userinfo)];
        for (method, limit) in others {
            assert_eq!(retries(method, limit).pause(&failure(ErrorKind::Connect)), None);
        }
        let (tls, large) = (failure(ErrorKind::Tls), failure(ErrorKind::TooLarge));
        for outcome in [answer(200, None), answer(404, None), tls, large, failure(ErrorKind::Address)] {
            assert_eq!(retries(Method::GET, Limit::Discovery).pause(&outcome), None, "{outcome:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_counts_within_the_deadline() {
        let wait = |seconds| retries(Method::GET, Limit::Jwks).pause(&answer(429, Some(seconds)));
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        for seconds in ["6", "3600", "99999999999999999"] {
            assert_eq!(wait(seconds), None, "{seconds}");
        }
    }
}
