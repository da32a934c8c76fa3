//! The discovery document that the mock serves, and the metadata that comes of it.

use serde_json::{Map, Value, json};
use url::{Position, Url};

use crate::flow::Error;
use crate::flow::metadata::{EndpointName, Metadata};
use crate::mock::answer::lay;
use crate::mock::id_token::alg;
use crate::mock::placeholders::Placeholders;
use crate::oauth::ServerMetadata;
use crate::provider::Registration;
use crate::provider::Vector;

/// The discovery document of a vector, and the metadata that a client takes from it.
///
/// What the file writes is what the document says; the rest is made up below the issuer. With `browser`, an origin on
/// this machine, the authorization endpoint is there.
pub(super) fn document(
    registration: &Registration,
    vector: &Vector,
    browser: Option<&str>,
) -> (Value, Metadata) {
    let written = named(registration, vector).unwrap_or_default();
    let issuer = written.issuer.clone().unwrap_or_default();
    let base = issuer.strip_suffix('/').unwrap_or(&issuer).to_owned();
    let context = registration.context();
    let mut document = Map::new();
    document.insert("issuer".into(), issuer.into());
    for (name, path) in [
        (EndpointName::Authorization, "authorize"),
        (EndpointName::Token, "token"),
        (EndpointName::Userinfo, "userinfo"),
        (EndpointName::Jwks, "jwks"),
    ] {
        if name == EndpointName::Userinfo && vector.userinfo.is_none() {
            continue;
        }
        let known = written.endpoint(name, registration, &context).ok().flatten();
        let url = known.map_or_else(|| format!("{base}/{path}"), |endpoint| endpoint.url.to_string());
        document.insert(name.as_str().into(), url.into());
    }
    for name in
        [EndpointName::Introspection, EndpointName::PushedAuthorizationRequest, EndpointName::Revocation]
    {
        if let Some(endpoint) = written.endpoint(name, registration, &context).ok().flatten() {
            document.insert(name.as_str().into(), endpoint.url.as_str().into());
        }
    }
    document.insert("response_types_supported".into(), json!(["code"]));
    document.insert("subject_types_supported".into(), json!(["public"]));
    let alg = alg(&registration.provider.id_token.algs).as_str();
    document.insert("id_token_signing_alg_values_supported".into(), json!([alg]));
    document.insert("code_challenge_methods_supported".into(), json!(["S256"]));
    lay(&mut document, &vector.discovery, &Placeholders::default());
    let metadata = discovered(&written, registration, &document);
    if let Some(origin) = browser {
        let path = metadata
            .endpoint(EndpointName::Authorization, registration, &context)
            .ok()
            .flatten()
            .map_or_else(|| "/authorize".into(), |endpoint| endpoint.url.path().to_owned());
        if Url::parse(origin).is_ok() {
            document.insert(EndpointName::Authorization.as_str().into(), format!("{origin}{path}").into());
        }
    }
    (Value::Object(document), metadata)
}

/// What the file writes; where a resource names the issuer, that of the vector's document, else one on the host of the resource.
fn named(registration: &Registration, vector: &Vector) -> Result<Metadata, Error> {
    let written = Metadata::written(registration)?;
    let Some(resource) = written.protected_resource(registration)? else { return Ok(written) };
    let origin = resource[..Position::BeforePath].to_owned();
    let issuer = vector.discovery.get("issuer").and_then(Value::as_str).unwrap_or(&origin);
    written.of_resource(&resource, issuer)
}

/// What a client takes from the document; nothing where it must refuse it.
fn discovered(written: &Metadata, registration: &Registration, document: &Map<String, Value>) -> Metadata {
    if registration.provider.metadata.discovery.is_none() {
        return written.clone();
    }
    ServerMetadata::parse(&Value::Object(document.clone()))
        .ok()
        .and_then(|document| written.with_discovered(registration, document).ok())
        .unwrap_or_else(|| written.clone())
}
