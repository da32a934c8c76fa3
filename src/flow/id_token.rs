//! The id_token (OpenID Connect Core §3.1.3.7): its signature, then every claim, before anybody believes a word of it.
//!
//! In: the token as it came and the provider's keys, then what is [`Expected`]. Out: a [`VerifiedIdToken`], which nothing
//! else makes. A claim of the wrong type counts as wrong, never as absent.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;
use serde_json::{Map, Value};

use crate::oauth::jose::{Alg, JwkSet, Jws, VerifyError};
use crate::oauth::{Secret, json};

/// How far a provider's clock may be off, in seconds, unless the deployment says otherwise.
pub const DEFAULT_CLOCK_SKEW: u64 = 60;
/// An id_token that was issued longer ago than this is not of this sign-in, in seconds.
const MAX_AGE: u64 = 600;
/// The longest subject (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

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
    /// Now, in seconds since 1970.
    pub now: u64,
    /// How far the provider's clock may be off, in seconds.
    pub clock_skew: u64,
}

/// An id_token whose signature is right. Whether it is for us, and of this sign-in, is not known yet.
#[derive(Clone, Debug)]
pub struct SignedIdToken {
    claims: Map<String, Value>,
    alg: Alg,
}

/// An id_token that was verified.
#[derive(Clone, Debug)]
pub struct VerifiedIdToken {
    claims: Map<String, Value>,
    sub: String,
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

/// Why an id_token is not believed.
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
    UnknownKey(VerifyError),
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
    let jws = Jws::parse(raw.expose()).map_err(|error| invalid(error.to_string()))?;
    let (payload, alg) = keys.verify(&jws, algs, hmac_secret).map_err(|error| match error {
        VerifyError::UnknownKey { .. } => IdTokenError::UnknownKey(error),
        error => invalid(error.to_string()),
    })?;
    match json::parse(payload) {
        Ok(Value::Object(claims)) => Ok(SignedIdToken { claims, alg }),
        Ok(_) => Err(invalid("the claims are no JSON object")),
        Err(error) => Err(invalid(format!("the claims are not JSON: {error}"))),
    }
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
        let claims = &self.claims;
        check_issuer(claims, expected)?;
        check_audience(claims, expected)?;
        check_times(claims, expected)?;
        check_nonce(claims, expected)?;
        check_at_hash(claims, self.alg, expected)?;
        for (name, pattern) in expected.require {
            match claims.get(name).and_then(Value::as_str) {
                Some(text) if pattern.is_match(text) => {}
                Some(_) => {
                    return Err(invalid(format!("`{name}` does not match what the provider file requires")));
                }
                None => return Err(invalid(format!("`{name}` is missing, or is no text"))),
            }
        }
        let sub = subject(claims)?;
        Ok(VerifiedIdToken { claims: self.claims, sub })
    }
}

fn check_issuer(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let iss = claims
        .get("iss")
        .and_then(Value::as_str)
        .ok_or_else(|| invalid("`iss` is missing, or is no text"))?;
    if expected.issuers.iter().any(|issuer| !issuer.is_empty() && issuer == iss) {
        return Ok(());
    }
    let expected = if expected.issuers.is_empty() { "none".into() } else { expected.issuers.join(" or ") };
    Err(invalid(format!("`iss` is {:?}, expected is {expected}", cut(iss))))
}

/// `aud` must have us; whoever else it has must be one we trust, unless `azp` says that it was issued to us.
fn check_audience(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let is_trusted = |text: &str| {
        !text.is_empty()
            && (text == expected.client_id || expected.audiences.iter().any(|known| known == text))
    };
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(audience)) => vec![audience],
        Some(Value::Array(audiences)) => audiences
            .iter()
            .map(|audience| audience.as_str().ok_or_else(|| invalid("`aud` has something that is no text")))
            .collect::<Result<_, _>>()?,
        _ => return Err(invalid("`aud` is missing, or is neither text nor list")),
    };
    if !audiences.iter().any(|audience| is_trusted(audience)) {
        return Err(invalid("`aud` is not our client id"));
    }
    match claims.get("azp") {
        Some(Value::String(azp)) if is_trusted(azp) => Ok(()),
        Some(_) => Err(invalid("`azp` is not our client id")),
        None if audiences.iter().all(|audience| is_trusted(audience)) => Ok(()),
        None => Err(invalid("`aud` has others besides us, and there is no `azp`")),
    }
}

fn check_times(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Expected { now, clock_skew, .. } = *expected;
    let exp = date(claims, "exp")?.ok_or_else(|| invalid("`exp` is missing"))?;
    if exp.saturating_add(clock_skew) <= now {
        return Err(invalid(format!(
            "it expired {} s ago; is this machine's clock right?",
            now.saturating_sub(exp)
        )));
    }
    let iat = date(claims, "iat")?.ok_or_else(|| invalid("`iat` is missing"))?;
    if iat > now.saturating_add(clock_skew) {
        return Err(invalid(format!(
            "it was issued {} s ahead of now; is this machine's clock right?",
            iat - now
        )));
    }
    if iat.saturating_add(MAX_AGE + clock_skew) < now {
        return Err(invalid(format!("it was issued {} s ago, before this sign-in", now - iat)));
    }
    if date(claims, "nbf")?.is_some_and(|nbf| nbf > now.saturating_add(clock_skew)) {
        return Err(invalid("`nbf` is ahead of now"));
    }
    if let Some(max_age) = expected.max_age {
        let auth_time = date(claims, "auth_time")?
            .ok_or_else(|| invalid("`auth_time` is missing, though max_age was sent"))?;
        if auth_time.saturating_add(max_age).saturating_add(clock_skew) < now {
            return Err(invalid("`auth_time` is longer ago than max_age"));
        }
    }
    Ok(())
}

/// A NumericDate (RFC 7519 §2), whole seconds; a fraction is dropped.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, IdTokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let fraction = || {
                number.as_f64().filter(|seconds| (0.0..1e15).contains(seconds)).map(|seconds| seconds as u64)
            };
            number.as_u64().or_else(fraction).map(Some).ok_or_else(|| invalid(format!("`{name}` is no date")))
        }
        Some(_) => Err(invalid(format!("`{name}` is no number"))),
    }
}

fn check_nonce(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Some(nonce) = expected.nonce else { return Ok(()) };
    match claims.get("nonce") {
        Some(Value::String(found)) if nonce.ct_eq(&Secret::from(found.as_str())) => Ok(()),
        _ => Err(IdTokenError::NonceMismatch),
    }
}

/// `at_hash` may be absent; where it is there, it must be the hash of the access token (OpenID Connect Core §3.1.3.6).
fn check_at_hash(claims: &Map<String, Value>, alg: Alg, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let (Some(found), Some(access_token)) = (claims.get("at_hash"), expected.access_token) else {
        return Ok(());
    };
    let hash = digest::digest(alg.hash(), access_token.expose().as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
    if found.as_str() == Some(half.as_str()) {
        Ok(())
    } else {
        Err(invalid("`at_hash` is not that of the access token"))
    }
}

fn subject(claims: &Map<String, Value>) -> Result<String, IdTokenError> {
    match claims.get("sub").and_then(Value::as_str) {
        None => Err(invalid("`sub` is missing, or is no text")),
        Some("") => Err(invalid("`sub` is empty")),
        Some(sub) if sub.len() > MAX_SUB || sub.chars().any(char::is_control) => {
            Err(invalid("`sub` is too long, or has control characters"))
        }
        Some(sub) => Ok(sub.to_owned()),
    }
}

fn invalid(detail: impl Into<String>) -> IdTokenError {
    IdTokenError::Invalid(detail.into())
}

/// What a stranger sent, fit for a log.
fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(256).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde_json::json;

    use super::*;
    use crate::oauth::jose::{SigningKey, sign};

    const NOW: u64 = 1_800_000_000;
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).expect("a key"));

    fn half_hash(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
    }

    /// Verifies a token whose claims have `over` laid over them; null takes one away.
    fn verify(over: Value) -> Result<VerifiedIdToken, IdTokenError> {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "client", "sub": "1", "iat": NOW, "exp": NOW + 300, "nonce": "n",
        });
        for (name, value) in over.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().shift_remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let token = Secret::from(sign(&KEY, Some("k"), claims.as_object().unwrap()).unwrap());
        let keys = JwkSet::parse(&json!({"keys": [KEY.public_jwk("k")]})).unwrap();
        let tenant = [("tid".to_owned(), Regex::new("^[0-9]+$").unwrap())];
        let expected = Expected {
            issuers: &["https://id.example".to_owned()],
            client_id: "client",
            audiences: &["service".to_owned()],
            nonce: Some(&Secret::from("n")),
            access_token: Some(&Secret::from("AT")),
            require: if over.get("tid").is_some() { &tenant } else { &[] },
            max_age: over.get("auth_time").map(|_| 3600),
            now: NOW,
            clock_skew: 60,
        };
        verify_signature(&token, &keys, &[Alg::ES256], None)?.check(&expected)
    }

    #[test]
    fn accepts_what_is_right() {
        for over in [
            json!({}),
            json!({"aud": ["client"]}),
            json!({"aud": ["client", "service"]}),
            json!({"aud": ["client", "x"], "azp": "client"}),
            json!({"exp": NOW - 59}),
            json!({"iat": NOW - 600}),
            json!({"iat": NOW + 60}),
            json!({"nbf": NOW}),
            json!({"exp": 1_800_000_300.5}),
            json!({"at_hash": half_hash("AT")}),
            json!({"tid": "12"}),
            json!({"auth_time": NOW - 3600}),
            json!({"sub": "s".repeat(255)}),
        ] {
            assert!(verify(over.clone()).is_ok(), "{over}");
        }
    }

    #[test]
    fn refuses_each_claim_that_is_missing_wrong_or_of_another_type() {
        for over in [
            json!({"iss": null}),
            json!({"iss": ""}),
            json!({"iss": "https://id.example/"}),
            json!({"iss": ["https://id.example"]}),
            json!({"aud": null}),
            json!({"aud": []}),
            json!({"aud": "other"}),
            json!({"aud": [["client"]]}),
            json!({"aud": ["client", 1]}),
            json!({"aud": ["client", "x"]}),
            json!({"aud": ["client", "x"], "azp": "x"}),
            json!({"azp": "x"}),
            json!({"azp": 1}),
            json!({"azp": ""}),
            json!({"exp": null}),
            json!({"exp": NOW - 60}),
            json!({"exp": "never"}),
            json!({"exp": -1}),
            json!({"exp": true}),
            json!({"iat": null}),
            json!({"iat": NOW + 61}),
            json!({"iat": NOW - 661}),
            json!({"iat": "1"}),
            json!({"nbf": NOW + 61}),
            json!({"nbf": "0"}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": 1}),
            json!({"sub": "s".repeat(256)}),
            json!({"sub": "a\u{0}"}),
            json!({"at_hash": "AAAA"}),
            json!({"at_hash": 1}),
            json!({"tid": "a"}),
            json!({"tid": 1}),
            json!({"auth_time": NOW - 3661}),
            json!({"auth_time": "1"}),
        ] {
            assert!(matches!(verify(over.clone()), Err(IdTokenError::Invalid(_))), "{over}");
        }
    }

    #[test]
    fn refuses_a_nonce_of_another_sign_in() {
        for nonce in [json!(null), json!(""), json!("m"), json!(1), json!(["n"])] {
            assert_eq!(verify(json!({"nonce": nonce})).unwrap_err(), IdTokenError::NonceMismatch, "{nonce}");
        }
    }

    #[test]
    fn says_what_came_and_what_was_expected() {
        let error = verify(json!({"iss": "https://evil.example\n"})).unwrap_err();
        assert_eq!(error.to_string(), "`iss` is \"https://evil.example \", expected is https://id.example");
    }
}
