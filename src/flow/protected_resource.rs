//! Which authorization server hands out tokens for a protected resource: its own metadata says so (RFC 9728).

use bytes::Bytes;
use http::Response;
use serde_json::Value;
use url::Url;

use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::oauth::json;

/// The name of the step.
pub const STEP: &str = "protected_resource";

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Where the metadata of a resource is read: before its own path (RFC 9728 §3.1), else at the root of its origin, where a
/// server has it whose resources are one.
pub fn addresses(resource: &Url) -> Vec<Url> {
    let mut own = resource.clone();
    own.set_path(&format!("{WELL_KNOWN}{}", resource.path().trim_end_matches('/')));
    let mut root = origin(resource);
    root.set_path(WELL_KNOWN);
    if own == root { vec![root] } else { vec![own, root] }
}

/// The issuer identifier of the authorization server: the first that the metadata names (RFC 9728 §2).
///
/// # Errors
/// [`MisbehaviourKind::DiscoveryFailed`]: no metadata, of another resource (RFC 9728 §3.3), or without an authorization server.
pub fn issuer(response: &Response<Bytes>, resource: &Url) -> Result<String, Error> {
    let failed = |detail: String| Misbehaviour::error(STEP, MisbehaviourKind::DiscoveryFailed, detail);
    if response.status() != http::StatusCode::OK {
        return Err(failed(format!("the answer is {}", response.status().as_u16())));
    }
    let document =
        json::parse(response.body()).map_err(|error| failed(format!("the answer is not JSON: {error}")))?;
    let named = document.get("resource").and_then(Value::as_str).unwrap_or_default();
    let is_of = |wanted: &Url| Url::parse(named).is_ok_and(|named| named == *wanted);
    if !is_of(resource) && !is_of(&origin(resource)) {
        return Err(failed(format!("the metadata is of the resource {named:?}, asked was {resource}")));
    }
    let servers = document.get("authorization_servers").and_then(Value::as_array);
    match servers.and_then(|servers| servers.first()).and_then(Value::as_str) {
        Some(issuer) => Ok(issuer.to_owned()),
        None => Err(failed("the metadata names no authorization server".into())),
    }
}

fn origin(resource: &Url) -> Url {
    let mut origin = resource.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn answered(status: u16, body: Value) -> Result<String, String> {
        let answer = Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap();
        issuer(&answer, &url("https://mcp.example/v1/mcp")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_metadata_stands_before_the_path_of_the_resource_or_at_the_root() {
        let texts = |resource: &str| addresses(&url(resource)).iter().map(Url::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts("https://mcp.example/v1/mcp?a=b"),
            [
                "https://mcp.example/.well-known/oauth-protected-resource/v1/mcp?a=b",
                "https://mcp.example/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(
            texts("https://mcp.example"),
            ["https://mcp.example/.well-known/oauth-protected-resource"]
        );
        assert_eq!(
            texts("https://mcp.example/"),
            ["https://mcp.example/.well-known/oauth-protected-resource"]
        );
    }

    #[test]
    fn the_first_authorization_server_is_the_issuer() {
        let servers = json!(["https://as.example/tenant", "https://other.example"]);
        for resource in ["https://mcp.example/v1/mcp", "https://mcp.example/", "https://mcp.example"] {
            let document = json!({"resource": resource, "authorization_servers": servers});
            assert_eq!(answered(200, document).as_deref(), Ok("https://as.example/tenant"), "{resource}");
        }
    }

    #[test]
    fn metadata_of_something_else_is_refused() {
        let servers = json!(["https://as.example"]);
        for resource in
            ["https://evil.example/v1/mcp", "https://mcp.example/v1", "http://mcp.example/v1/mcp", ""]
        {
            let document = json!({"resource": resource, "authorization_servers": servers});
            assert!(answered(200, document).unwrap_err().contains("of the resource"), "{resource}");
        }
        assert!(answered(200, json!({"authorization_servers": servers})).is_err());
        let own = "https://mcp.example/v1/mcp";
        for servers in [json!([]), json!(null), json!("https://as.example"), json!([1])] {
            let document = json!({"resource": own, "authorization_servers": servers});
            assert!(answered(200, document).unwrap_err().contains("no authorization server"), "{servers}");
        }
        assert!(answered(404, json!({})).unwrap_err().contains("404"));
        assert!(answered(200, json!([])).is_err());
    }
}
