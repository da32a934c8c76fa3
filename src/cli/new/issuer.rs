//! The discovery document of an issuer (OpenID Connect Discovery §4), fetched.

use serde_json::{Map, Value};
use url::Url;

use crate::cli::new::Refused;
use crate::flow::discovery;
use crate::oauth::json;
use crate::provider::variable::is_loopback;
use crate::transport::{Limit, Options, Request, Transport, Trust};

/// Fetches the document of an issuer.
///
/// # Errors
/// 2 for what is no issuer, 3 where nothing answers, 1 for an answer that is no discovery document of this issuer.
pub fn document(issuer: &str) -> Result<Map<String, Value>, Refused> {
    let url = well_known(issuer)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Refused(3, error.to_string()))?;
    let request = Request {
        http: discovery::request(&url),
        limit: Limit::Discovery,
        trust: Trust::Operator,
        provider: "new".into(),
        step: "discovery".into(),
    };
    let transport = Transport::new(Options::default());
    let answer = runtime.block_on(transport.send(request)).map_err(|error| Refused(3, error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        return Err(Refused(1, format!("{url} answers {}: there is no discovery document", answer.status())));
    }
    let value = json::parse(answer.body())
        .map_err(|error| Refused(1, format!("what {url} answers is no JSON: {error}")))?;
    let Value::Object(document) = value else {
        return Err(Refused(1, format!("what {url} answers is no JSON object")));
    };
    check(issuer, document)
}

/// The address of the document.
fn well_known(issuer: &str) -> Result<Url, Refused> {
    let refuse = |why: &str| Refused(2, format!("`{}` is no issuer: {why}", issuer.escape_debug()));
    let url = Url::parse(issuer).map_err(|_| refuse("it is no address"))?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(refuse("it has a query, a fragment or a user (OpenID Connect Discovery §2)"));
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(refuse("it is not https"));
    }
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let base = base.strip_suffix("/.well-known/openid-configuration").unwrap_or(base);
    Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|_| refuse("it is no address"))
}

/// The document must be of the issuer that it was asked from (OpenID Connect Discovery §4.3); a slash at the end may differ,
/// and counts as the document has it.
fn check(asked: &str, document: Map<String, Value>) -> Result<Map<String, Value>, Refused> {
    let found = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    let asked = asked.strip_suffix("/.well-known/openid-configuration").unwrap_or(asked);
    if found.is_empty() {
        return Err(Refused(1, "the discovery document has no `issuer`".into()));
    }
    if found.trim_end_matches('/') != asked.trim_end_matches('/') {
        let hint = match found.contains(['{', '}']) {
            true => {
                "its issuer depends on the tenant: write the file by hand, with `vars` and `id_token.issuer`"
            }
            false => "ask it under that name",
        };
        return Err(Refused(1, format!("the document is of the issuer `{}`: {hint}", found.escape_debug())));
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_document_stands_below_the_issuer() {
        for (issuer, expected) in [
            ("https://acme.example", "https://acme.example/.well-known/openid-configuration"),
            ("https://acme.example/a/", "https://acme.example/a/.well-known/openid-configuration"),
            ("http://localhost:8080/a", "http://localhost:8080/a/.well-known/openid-configuration"),
            (
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(well_known(issuer).ok().map(String::from).as_deref(), Some(expected));
        }
        for issuer in [
            "acme.example",
            "http://acme.example",
            "https://a.example/?x=1",
            "https://u@a.example",
            "ftp://a.example",
        ] {
            assert!(well_known(issuer).is_err(), "{issuer}");
        }
    }

    #[test]
    fn the_document_is_of_that_issuer() {
        let document = |issuer: &str| json!({"issuer": issuer}).as_object().cloned().unwrap_or_default();
        assert!(check("https://acme.example", document("https://acme.example/")).is_ok());
        assert!(check("https://acme.example", document("https://other.example")).is_err());
        assert!(check("https://acme.example", document("https://acme.example/{tenant}")).is_err());
        assert!(check("https://acme.example", Map::new()).is_err());
    }
}
