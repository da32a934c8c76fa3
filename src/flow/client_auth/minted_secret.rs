//! A client secret that is a JWT, made anew for every request and signed with the client's own key.

use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::draft::render;
use crate::flow::error::{Error, Misuse};
use crate::oauth::Secret;
use crate::oauth::jose::{self, SigningKey};
use crate::provider::Registration;
use crate::provider::client_auth::MintedSecret;
use crate::rng::{self, Rng};

/// Makes the secret for one request.
pub fn mint(
    minted: &MintedSecret,
    registration: &Registration,
    context: &Context,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<Secret, Error> {
    let misconfigured =
        |why: String| Error::Misuse(Misuse::Configuration(format!("client_secret.jwt: {why}")));
    let mut claims = Map::new();
    for (name, template) in &minted.claims {
        claims.insert(name.clone(), render(template, context, "client_secret.jwt")?.into());
    }
    let now = clock.now();
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + minted.ttl).into());
    claims.entry("jti").or_insert_with(|| Value::String(rng::uuid(rng)));
    let kid = minted.kid.as_ref().map(|kid| render(kid, context, "client_secret.jwt")).transpose()?;
    let pem = registration
        .client_member("private_key")
        .ok_or_else(|| misconfigured("there is no private key".into()))?;
    let key = SigningKey::from_pem(minted.alg.into(), pem.expose())
        .map_err(|error| misconfigured(error.to_string()))?;
    let jwt = jose::sign(&key, kid.as_deref(), &claims).map_err(|error| misconfigured(error.to_string()))?;
    Ok(Secret::from(jwt))
}
