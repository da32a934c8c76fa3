//! The discovery document and the keys (OpenID Connect Discovery §4, RFC 8414 §3, RFC 7517 §5).

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, Response};
use url::Url;

use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::oauth::jose::JwkSet;
use crate::oauth::{ServerMetadata, json};

/// A request for a public document.
pub fn request(url: &Url) -> Request<Bytes> {
    Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "authcfg")
        .body(Bytes::new())
        .expect("a URL is a URI")
}

/// Reads a discovery document.
///
/// # Errors
/// [`MisbehaviourKind::DiscoveryFailed`].
pub fn metadata(response: &Response<Bytes>) -> Result<ServerMetadata, Error> {
    let document = document("discovery", response)?;
    ServerMetadata::parse(&document).map_err(|error| failed("discovery", error.to_string()))
}

/// Reads a key set.
///
/// # Errors
/// [`MisbehaviourKind::DiscoveryFailed`].
pub fn keys(response: &Response<Bytes>) -> Result<JwkSet, Error> {
    let document = document("jwks", response)?;
    JwkSet::parse(&document).map_err(|error| failed("jwks", error.to_string()))
}

fn document(step: &str, response: &Response<Bytes>) -> Result<serde_json::Value, Error> {
    if response.status() != http::StatusCode::OK {
        return Err(failed(step, format!("the answer is {}", response.status().as_u16())));
    }
    json::parse(response.body()).map_err(|error| failed(step, format!("the answer is not JSON: {error}")))
}

fn failed(step: &str, detail: String) -> Error {
    Misbehaviour::error(step, MisbehaviourKind::DiscoveryFailed, detail)
}
