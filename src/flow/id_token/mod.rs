//! The id_token (OpenID Connect Core §3.1.3.7): its signature, then every claim, before anybody believes a word of it.
//!
//! In: the token as it came and the provider's keys, then what is [`Expected`]. Out: a [`VerifiedIdToken`], which nothing
//! else makes. A claim of the wrong type counts as wrong, never as absent.

pub(super) mod claims;
mod renewed;

use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JoseError, JwkSet, Jws};
use crate::provider::Registration;

/// How far a provider's clock may be off, in seconds, unless the deployment says otherwise.
pub const DEFAULT_CLOCK_SKEW: u64 = 60;
/// Types of tokens that are signed with the same keys and are no id_token (RFC 8725 §3.11): an access token, a logout
/// token, a security event, a proof of possession.
const OTHER_TYPES: [&str; 5] =
    ["at+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "token-introspection+jwt"];

/// What the claims of an id_token must be like.
pub struct Expected<'a> {
    /// The values of `iss` that are right.
    pub issuers: &'a [String],
    /// Our client id.
    pub client_id: &'a str,
    /// Values of `aud` that are right besides the client id.
    pub audiences: &'a [String],
    /// The nonce of the authorization request, where one was sent that must come back.
    pub nonce: Option<&'a Secret>,
    /// The access token that came beside it, for `at_hash`.
    pub access_token: Option<&'a Secret>,
    /// Claims that must be there, and match.
    pub require: &'a [(String, Regex)],
    /// How long ago the person may have proven who they are, where the authorization request said so.
    pub max_age: Option<u64>,
    /// Claims that the authorization request asked for as essential, and the values of which each must have one.
    pub requested: &'a [RequestedClaim],
    /// Now, in seconds since 1970.
    pub now: u64,
    /// How far the provider's clock may be off, in seconds.
    pub clock_skew: u64,
}

impl<'a> Expected<'a> {
    /// What any token of a provider must be like that is for us.
    pub fn of(
        issuers: &'a [String],
        registration: &'a Registration,
        now: u64,
        clock_skew: u64,
    ) -> Expected<'a> {
        Expected {
            issuers,
            client_id: &registration.client_id,
            audiences: &[],
            nonce: None,
            access_token: None,
            require: &[],
            max_age: None,
            requested: &[],
            now,
            clock_skew,
        }
    }
}

/// A claim that must have one of these values (OpenID Connect Core §5.5.1).
pub type RequestedClaim = (String, Vec<Value>);

/// An id_token whose signature is right. Whether it is for us, and of this sign-in, is not known yet.
#[derive(Clone)]
pub struct SignedIdToken {
    claims: Map<String, Value>,
    alg: Alg,
}

/// An id_token that was verified.
#[derive(Clone)]
pub struct VerifiedIdToken {
    claims: Map<String, Value>,
    sub: String,
}

/// Why an id_token is not believed. Never holds a token or a nonce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// Its form, signature or a claim is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Its nonce is missing or another's.
    #[error("`nonce` is not that of this sign-in")]
    NonceMismatch,
    /// The key set has no such key; a newer one may.
    #[error("{0}")]
    UnknownKey(JoseError),
}

/// Verifies the signature of an id_token, before any claim of it is looked at. `hmac_secret` is the client secret, where
/// HS256 is one of `algs`.
///
/// # Errors
/// [`IdTokenError::UnknownKey`] where newer keys may help; else what is wrong.
pub fn verify_signature(
    raw: &Secret,
    keys: &JwkSet,
    algs: &[Alg],
    hmac_secret: Option<&Secret>,
) -> Result<SignedIdToken, IdTokenError> {
    let verified =
        Jws::parse(raw.expose()).and_then(|jws| jws.verify(keys, algs, hmac_secret)).map_err(|error| {
            match error {
                JoseError::UnknownKey { .. } => IdTokenError::UnknownKey(error),
                error => invalid(error.to_string()),
            }
        })?;
    let typ = verified.typ().unwrap_or_default().to_ascii_lowercase();
    if OTHER_TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ)) {
        return Err(invalid(format!("it is a token of type `{typ}`, not an id_token")));
    }
    Ok(SignedIdToken { alg: verified.alg(), claims: verified.into_claims() })
}

impl SignedIdToken {
    /// Its claims, as the provider signed them.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Checks every claim.
    ///
    /// # Errors
    /// The first one that is wrong.
    pub fn check(self, expected: &Expected<'_>) -> Result<VerifiedIdToken, IdTokenError> {
        claims::check_issuer(&self.claims, expected)?;
        claims::check_audience(&self.claims, expected)?;
        claims::check_times(&self.claims, expected)?;
        claims::check_nonce(&self.claims, expected)?;
        claims::check_at_hash(&self.claims, self.alg, expected)?;
        claims::check_required(&self.claims, expected)?;
        claims::check_requested(&self.claims, expected)?;
        let sub = claims::subject(&self.claims)?;
        Ok(VerifiedIdToken { claims: self.claims, sub })
    }
}

impl VerifiedIdToken {
    /// Its claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Who it is about.
    pub fn sub(&self) -> &str {
        &self.sub
    }
}

impl fmt::Debug for SignedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIdToken").finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifiedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedIdToken").finish_non_exhaustive()
    }
}

pub(super) fn invalid(detail: impl Into<String>) -> IdTokenError {
    IdTokenError::Invalid(detail.into())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde_json::json;

    use super::*;
    use crate::oauth::jose::{SigningKey, sign, sign_as};

    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).expect("a key"));

    #[test]
    fn refuses_tokens_of_another_type() {
        let keys = JwkSet::parse(&json!({"keys": [KEY.public_jwk("k")]})).unwrap();
        let verify = |typ: &str| {
            let token = sign_as(&KEY, Some("k"), typ, &Map::new()).unwrap();
            verify_signature(&Secret::from(token), &keys, &[Alg::ES256], None)
        };
        assert!(verify("JWT").is_ok() && verify("jwt").is_ok());
        for typ in ["at+jwt", "application/AT+jwt", "logout+jwt", "dpop+jwt", "token-introspection+jwt"] {
            assert!(matches!(verify(typ), Err(IdTokenError::Invalid(_))), "{typ}");
        }
    }

    #[test]
    fn tells_a_key_that_is_unknown_from_a_wrong_signature() {
        let token = Secret::from(sign(&KEY, Some("new"), &Map::new()).unwrap());
        let with = |kid: &str, key: &SigningKey| {
            let keys = JwkSet::parse(&json!({"keys": [key.public_jwk(kid)]})).unwrap();
            verify_signature(&token, &keys, &[Alg::ES256], None)
        };
        assert!(with("new", &KEY).is_ok());
        assert!(matches!(with("old", &KEY), Err(IdTokenError::UnknownKey(_))));
        let other = SigningKey::generate(Alg::ES256).unwrap();
        assert!(matches!(with("new", &other), Err(IdTokenError::Invalid(_))));
    }
}
