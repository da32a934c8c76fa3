//! An authorization response that is a JWT (JWT Secured Authorization Response Mode, JARM, §2): its signature, then whose word it
//! is, for whom, and until when. Only then is it a callback like any other.

use serde_json::{Map, Value};

use crate::flow::callback::CallbackParams;
use crate::flow::error::{Error, Mismatch};
use crate::flow::id_token::claims::{self, wrong};
use crate::flow::id_token::{Expected, IdTokenError, SignedIdToken, invalid, verify_signature};
use crate::flow::verify::{Against, Refusal};
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JwkSet};

impl Against<'_> {
    /// The parameters that the JWT in `response` holds; any other parameter of the callback is left unread (JARM §2.4).
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] where other keys may help; else what is wrong.
    pub fn callback(&self, params: &CallbackParams, keys: &JwkSet) -> Result<CallbackParams, Refusal> {
        let raw = params.response().ok_or_else(|| refused("there is no `response`, or several"))?;
        let callback = &self.registration.provider.callback;
        let alg = Alg::from(callback.authorization_signed_response_alg);
        let signed = verify_signature(&Secret::from(raw), keys, &[alg], self.hmac_secret(&[alg]));
        let signed = signed.map_err(|error| match error {
            IdTokenError::UnknownKey(_) => {
                Refusal::UnknownKey(Error::CallbackRejected(Mismatch::Response(error.to_string())))
            }
            error => refused(&error.to_string()),
        })?;
        check(self, &signed).map_err(|error| refused(&error.to_string()))?;
        let texts = signed.claims().iter().filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str()));
        let texts = texts.map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            Value::Bool(_) | Value::Number(_) => Ok((name.clone(), value.to_string())),
            _ => Err(wrong(name, Some(value), "a text")),
        });
        let texts = texts.collect::<Result<Vec<_>, _>>().map_err(|error| refused(&error.to_string()))?;
        Ok(CallbackParams::signed(texts))
    }
}

fn check(against: &Against<'_>, signed: &SignedIdToken) -> Result<(), IdTokenError> {
    let claims: &Map<String, Value> = signed.claims();
    let issuers: Vec<String> = against.metadata.issuer.iter().cloned().collect();
    let expected = Expected::of(&issuers, against.registration, against.now, against.clock_skew);
    claims::check_issuer(claims, &expected)?;
    claims::check_audience(claims, &expected)?;
    let exp = claims::date(claims, "exp")?.ok_or_else(|| invalid("`exp` is missing"))?;
    if exp.saturating_add(against.clock_skew) <= against.now {
        return Err(invalid(format!("`exp` was {} s ago", against.now.saturating_sub(exp))));
    }
    Ok(())
}

/// Claims that are about the JWT, not about the sign-in. `iss` is both (RFC 9207).
const OF_THE_JWT: [&str; 5] = ["aud", "exp", "iat", "jti", "nbf"];

fn refused(why: &str) -> Refusal {
    Refusal::Final(Error::CallbackRejected(Mismatch::Response(why.to_owned())))
}
