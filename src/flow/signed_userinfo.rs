//! A signed answer of the userinfo endpoint (OpenID Connect Core §5.3.2): its signature, then whose word it is and for whom.

use serde_json::Value;

use crate::flow::draft::render;
use crate::flow::error::{Misbehaviour, MisbehaviourKind};
use crate::flow::id_token::{IdTokenError, verify_signature};
use crate::flow::metadata::Metadata;
use crate::flow::verify::Refusal;
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JwkSet};
use crate::provider::Registration;
use crate::provider::id_token::IdTokenAlg;
use crate::provider::userinfo::UserinfoCall;

/// The claims of a userinfo answer that is a JWT. `iss` and `aud` need not be there, but must not be another's.
///
/// # Errors
/// [`Refusal::UnknownKey`] where other keys may help; else [`MisbehaviourKind::UserinfoInvalid`].
pub fn verify(
    call: &UserinfoCall,
    raw: &Secret,
    keys: &JwkSet,
    registration: &Registration,
    metadata: &Metadata,
) -> Result<Value, Refusal> {
    let refuse = |detail: String| Misbehaviour::error(&*call.name, MisbehaviourKind::UserinfoInvalid, detail);
    let provider = &registration.provider;
    let alg: Alg = provider.userinfo_signed_response_alg.unwrap_or(IdTokenAlg::RS256).into();
    let hmac_secret = registration.client_secret.as_ref().filter(|_| alg == Alg::HS256);
    let signed = verify_signature(raw, keys, &[alg], hmac_secret).map_err(|error| match error {
        IdTokenError::UnknownKey(_) => Refusal::UnknownKey(refuse(error.to_string())),
        _ => Refusal::Final(refuse(error.to_string())),
    })?;
    let claims = signed.claims();
    let varies = provider.id_token.issuer.is_some() || provider.id_token.issuers.is_some();
    let written = call.step.response.issuer.as_ref();
    let written = written.map(|issuer| render(issuer, &registration.context(), &call.name));
    let written = written.transpose().map_err(Refusal::Final)?;
    let varies = varies && written.is_none();
    let issuer = written.as_ref().or(metadata.issuer.as_ref());
    match claims.get("iss") {
        None => {}
        Some(Value::String(iss)) if varies || issuer.is_none_or(|issuer| issuer == iss) => {}
        Some(_) => return Err(Refusal::Final(refuse("`iss` is not the issuer".into()))),
    }
    let is_ours = |value: &Value| value.as_str() == Some(registration.client_id.as_str());
    match claims.get("aud") {
        None => {}
        Some(Value::Array(audiences)) if audiences.iter().any(is_ours) => {}
        Some(aud) if is_ours(aud) => {}
        Some(_) => return Err(Refusal::Final(refuse("`aud` is not our client id".into()))),
    }
    Ok(Value::Object(claims.clone()))
}
