//! The request object (RFC 9101): the parameters of an authorization request as a JWT that the client signs, so that nobody on
//! the way can change one.

use serde_json::Value;

use crate::flow::caller::Caller;
use crate::flow::draft::{once_each, render};
use crate::flow::error::{Error, Misuse};
use crate::oauth::jose::{self, SigningKey};
use crate::provider::client_auth::JwtAlg;
use crate::provider::param::Param;
use crate::rng;

/// `typ` of a request object (RFC 9101 §10.8).
pub const TYPE: &str = "oauth-authz-req+jwt";
/// How long it is valid, in seconds: the browser is on its way to the provider.
const TTL: u64 = 300;

/// The parameters that are sent instead of `params`: the client id, and the object that holds all of them (RFC 9101 §5). The key
/// is `client.private_key`, its `kid` that of `client_assertion`.
///
/// # Errors
/// A key that is missing or cannot sign, a provider without an issuer.
pub fn instead_of(
    params: Vec<(String, String)>,
    alg: JwtAlg,
    caller: &Caller<'_>,
) -> Result<Vec<(String, String)>, Error> {
    let misconfigured =
        |why: &str| Error::Misuse(Misuse::Configuration(format!("the request object: {why}")));
    let registration = caller.registration;
    let issuer = caller.metadata.issuer.as_ref();
    let issuer = issuer.ok_or_else(|| misconfigured("the provider has no issuer to write it to"))?;
    let client_id = ("client_id".to_owned(), registration.client_id.clone());
    let mut claims = once_each(params.into_iter().map(|(name, text)| claim(caller, name, text)));
    let now = caller.clock.now();
    let about: [(&str, Value); 6] = [
        ("iss", registration.client_id.as_str().into()),
        ("aud", issuer.as_str().into()),
        ("iat", now.into()),
        ("nbf", now.into()),
        ("exp", (now + TTL).into()),
        ("jti", rng::uuid(caller.rng).into()),
    ];
    claims.extend(about.map(|(name, value)| (name.to_owned(), value)));
    let pem = registration.client_member("private_key");
    let pem = pem.ok_or_else(|| misconfigured("there is no private key"))?;
    let key =
        SigningKey::from_text(alg.into(), pem.expose()).map_err(|error| misconfigured(&error.to_string()))?;
    let kid = registration.provider.client_auth.assertion.kid.as_ref();
    let kid = kid.map(|kid| render(kid, caller.context, "client_assertion")).transpose()?;
    let jwt = jose::sign_as(&key, kid.as_deref(), TYPE, &claims);
    let jwt = jwt.map_err(|error| misconfigured(&error.to_string()))?;
    Ok(vec![client_id, ("request".to_owned(), jwt)])
}

/// A parameter as a claim, under the provider's name for it: what the file writes as a mapping is JSON, `max_age` a number (OpenID
/// Connect Core §6.1).
fn claim(caller: &Caller<'_>, name: String, text: String) -> (String, Value) {
    let provider = &caller.registration.provider;
    let mut written = provider.authorize.params.iter();
    let is_json = written.any(|(written, param)| *written == name && matches!(param, Some(Param::Json(_))));
    let value = match &*name {
        _ if is_json => serde_json::from_str(&text).ok(),
        "max_age" => text.parse::<u64>().ok().map(Value::from),
        _ => None,
    };
    let theirs = provider.rename.get(&name).cloned().unwrap_or(name);
    (theirs, value.unwrap_or_else(|| text.into()))
}
