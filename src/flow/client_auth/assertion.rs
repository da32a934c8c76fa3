//! The assertion of `private_key_jwt` and `client_secret_jwt` (OpenID Connect Core §9, RFC 7523 §3): a JWT for one request.

use serde_json::{Map, Value};

use crate::flow::caller::Caller;
use crate::flow::draft::render;
use crate::flow::error::{Error, Misuse};
use crate::flow::metadata::EndpointName;
use crate::oauth::Secret;
use crate::oauth::jose::{self, SigningKey};
use crate::provider::client_auth::TokenEndpointAuthMethod as Method;
use crate::rng;

/// `client_assertion_type` (RFC 7523 §2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Makes the assertion for one request.
///
/// # Errors
/// A key that is missing or cannot sign.
pub fn make(method: Method, caller: &Caller<'_>) -> Result<Secret, Error> {
    let misconfigured =
        |why: String| Error::Misuse(Misuse::Configuration(format!("client_assertion: {why}")));
    let registration = caller.registration;
    let assertion = &registration.provider.client_auth.assertion;
    let key = if method == Method::ClientSecretJwt {
        let secret = registration.client_secret.as_ref();
        SigningKey::from_secret(secret.ok_or_else(|| misconfigured("there is no client secret".into()))?)
    } else {
        let pem = registration.client_member("private_key");
        let pem = pem.ok_or_else(|| misconfigured("there is no private key".into()))?;
        SigningKey::from_text(assertion.alg.into(), pem.expose())
            .map_err(|error| misconfigured(error.to_string()))?
    };
    let render = |template| render(template, caller.context, "client_assertion");
    let now = caller.clock.now();
    let mut claims = Map::new();
    claims.insert("iss".into(), registration.client_id.as_str().into());
    claims.insert("sub".into(), registration.client_id.as_str().into());
    let aud = match &assertion.aud {
        Some(template) => render(template)?,
        None => audience(caller)?,
    };
    claims.insert("aud".into(), aud.into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + assertion.ttl).into());
    claims.insert("jti".into(), Value::String(rng::uuid(caller.rng)));
    let kid = assertion.kid.as_ref().map(render).transpose()?;
    let jwt = jose::sign(&key, kid.as_deref(), &claims).map_err(|error| misconfigured(error.to_string()))?;
    Ok(Secret::from(jwt))
}

/// The issuer: no other server takes it for its own. The token endpoint where there is none.
fn audience(caller: &Caller<'_>) -> Result<String, Error> {
    if let Some(issuer) = &caller.metadata.issuer {
        return Ok(issuer.clone());
    }
    let endpoint = caller.metadata.endpoint(EndpointName::Token, caller.registration, caller.context)?;
    Ok(endpoint.map(|endpoint| endpoint.url.to_string()).unwrap_or_default())
}
