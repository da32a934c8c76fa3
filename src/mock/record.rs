//! A request as the mock received it: its real address, its parameters wherever they travelled, its credentials.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, request};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::provider::Provider;

/// A request that came to the mock, and what it was answered.
#[derive(Clone)]
pub struct Recorded {
    /// The step: `discovery`, `jwks`, `authorization`, `token`, `userinfo` or the name of a call.
    pub step: String,
    /// The HTTP method.
    pub method: Method,
    /// The address that was meant, without its query.
    pub url: Url,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
    /// The parameters of the body.
    pub body: Vec<(String, String)>,
    /// How the body is written: `form`, `json` or nothing.
    pub format: Option<&'static str>,
    /// The parameters of query and form as they were on the wire, percent-encoding and all.
    pub(super) encoded: Vec<(String, String)>,
    /// The body as it came.
    pub content: Bytes,
    /// The headers.
    pub headers: HeaderMap,
    /// The status of the answer.
    pub status: u16,
    /// The content type of the answer.
    pub content_type: String,
    /// The body of the answer.
    pub answer: Bytes,
}

impl Recorded {
    pub(super) fn new(parts: &request::Parts, mut url: Url, content: &Bytes) -> Recorded {
        let query = url.query_pairs().into_owned().collect();
        let mut encoded = pairs(url.query().unwrap_or_default());
        url.set_query(None);
        let content_type =
            parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (format, body) = if content_type.starts_with("application/x-www-form-urlencoded") {
            encoded.extend(pairs(&String::from_utf8_lossy(content)));
            (Some("form"), form_urlencoded::parse(content).into_owned().collect())
        } else if content_type.starts_with("application/json") {
            let members: Map<String, Value> = serde_json::from_slice(content).unwrap_or_default();
            (Some("json"), members.into_iter().map(|(name, value)| (name, text(&value))).collect())
        } else {
            (None, vec![])
        };
        Recorded {
            step: String::new(),
            method: parts.method.clone(),
            url,
            query,
            body,
            format,
            encoded,
            content: content.clone(),
            headers: parts.headers.clone(),
            status: 0,
            content_type: String::new(),
            answer: Bytes::new(),
        }
    }

    /// This authorization request with the parameters that went ahead of it (RFC 9126 §4), less those that the client proved
    /// itself with.
    pub(super) fn with_pushed(&self, pushed: &Recorded, provider: &Provider) -> Recorded {
        let theirs = |name: &'static str| provider.rename.get(name).map_or(name, String::as_str);
        let proof = ["client_secret", "client_assertion", "client_assertion_type"].map(theirs);
        let carried = |(name, _): &&(String, String)| !proof.contains(&name.as_str());
        Recorded {
            query: pushed.body.iter().filter(carried).cloned().collect(),
            encoded: pushed.encoded.iter().filter(carried).cloned().collect(),
            ..self.clone()
        }
    }

    /// All parameters, of the query and of the body.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().chain(&self.body).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter, wherever it travelled.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().find(|(existing, _)| *existing == name).map(|(_, value)| value)
    }

    /// The value of a parameter as it was on the wire.
    pub fn wire(&self, name: &str) -> Option<&str> {
        self.encoded.iter().find(|(existing, _)| existing == name).map(|(_, value)| value.as_str())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// User and password of HTTP Basic, as they are in the header.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header(AUTHORIZATION.as_str())?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }
}

/// `name=value&…`, not decoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.split('&').filter_map(pair).collect()
}

/// A JSON value as a parameter has it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
