//! A JWT that is made anew for every request and signed with the client's own key: a client secret, or an assertion.

use serde_json::{Map, Value};

use crate::flow::caller::Caller;
use crate::flow::draft::render;
use crate::flow::error::{Error, Misuse};
use crate::oauth::Secret;
use crate::oauth::jose::{self, SigningKey};
use crate::provider::client_auth::MintedJwt;
use crate::rng;

/// Makes the JWT for one request. `key` is where the provider file has it, for errors.
///
/// # Errors
/// A template that cannot be rendered, a key that is missing or cannot sign.
pub fn mint(minted: &MintedJwt, key: &str, caller: &Caller<'_>) -> Result<Secret, Error> {
    let misconfigured = |why: String| Error::Misuse(Misuse::Configuration(format!("{key}: {why}")));
    let mut claims = Map::new();
    for (name, template) in &minted.claims {
        claims.insert(name.clone(), render(template, caller.context, key)?.into());
    }
    let now = caller.clock.now();
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + minted.ttl).into());
    claims.entry("jti").or_insert_with(|| Value::String(rng::uuid(caller.rng)));
    let kid = minted.kid.as_ref().map(|kid| render(kid, caller.context, key)).transpose()?;
    let pem = caller
        .registration
        .client_member("private_key")
        .ok_or_else(|| misconfigured("there is no private key".into()))?;
    let signing_key = SigningKey::from_text(minted.alg.into(), pem.expose())
        .map_err(|error| misconfigured(error.to_string()))?;
    let jwt = jose::sign(&signing_key, kid.as_deref(), &claims)
        .map_err(|error| misconfigured(error.to_string()))?;
    Ok(Secret::from(jwt))
}
