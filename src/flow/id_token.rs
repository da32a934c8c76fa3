//! The id_token (OpenID Connect Core §3.1.3.7): its signature, then every claim, before anybody believes a word of it.
//!
//! In: the token as it came, the provider's keys, and what is [`Expected`]. Out: a [`VerifiedIdToken`], which nothing else
//! makes. A claim of the wrong type counts as wrong, never as absent.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::expr::{Context, Template};
use crate::flow::error::{self, Misbehaviour, MisbehaviourKind};
use crate::flow::metadata::Metadata;
use crate::flow::pending::Pending;
use crate::flow::token::TokenSet;
use crate::oauth::jose::{Alg, JwkSet, Jws, VerifyError};
use crate::oauth::{Secret, json};
use crate::provider::Registration;
use crate::provider::id_token::IdTokenPolicy;

/// How far a provider's clock may be off, in seconds, unless the deployment says otherwise.
pub const DEFAULT_CLOCK_SKEW: u64 = 60;
/// An id_token that was issued longer ago than this is not of this sign-in, in seconds.
const MAX_AGE: u64 = 600;
/// The longest subject (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// What an id_token must be like.
pub struct Expected<'a> {
    /// The provider file's rules.
    pub policy: &'a IdTokenPolicy,
    /// The issuer identifier of the provider.
    pub issuer: Option<&'a str>,
    /// Our client id.
    pub client_id: &'a str,
    /// Our client secret, for HS256.
    pub client_secret: Option<&'a Secret>,
    /// The nonce of the authorization request, where one was sent that must come back.
    pub nonce: Option<&'a Secret>,
    /// The access token that came beside it, for `at_hash`.
    pub access_token: &'a Secret,
    /// How long ago the person may have proven who they are, where the authorization request said so.
    pub max_age: Option<u64>,
    /// What templates of the policy see.
    pub context: &'a Context,
    /// Now, in seconds since 1970.
    pub now: u64,
    /// How far the provider's clock may be off, in seconds.
    pub clock_skew: u64,
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
    Nonce,
    /// The key set has no such key; a newer one may.
    #[error("{0}")]
    UnknownKey(VerifyError),
}

impl From<IdTokenError> for error::Error {
    fn from(error: IdTokenError) -> error::Error {
        let kind = match error {
            IdTokenError::Nonce => MisbehaviourKind::NonceMismatch,
            IdTokenError::Invalid(_) | IdTokenError::UnknownKey(_) => MisbehaviourKind::IdTokenInvalid,
        };
        Misbehaviour::new("id_token", kind, error.to_string())
    }
}

/// Verifies the id_token of a sign-in.
///
/// # Errors
/// Why it is not believed.
#[allow(clippy::too_many_arguments)]
pub fn check(
    raw: &Secret,
    keys: &JwkSet,
    registration: &Registration,
    metadata: &Metadata,
    pending: &Pending,
    token: &TokenSet,
    context: &Context,
    now: u64,
    clock_skew: u64,
) -> Result<VerifiedIdToken, IdTokenError> {
    let policy = &registration.provider.id_token;
    let max_age = pending.request.get("max_age").and_then(Value::as_str).and_then(|seconds| seconds.parse().ok());
    let expected = Expected {
        policy,
        issuer: metadata.issuer.as_deref(),
        client_id: &registration.client_id,
        client_secret: registration.client_secret.as_ref(),
        nonce: pending.nonce.as_ref().filter(|_| policy.nonce),
        access_token: &token.access_token,
        max_age,
        context,
        now,
        clock_skew,
    };
    verify(raw.expose(), keys, &expected)
}

/// Verifies an id_token: the signature first, so that no claim of a stranger's is looked at.
///
/// # Errors
/// Why it is not believed.
pub fn verify(raw: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<VerifiedIdToken, IdTokenError> {
    let jws = Jws::parse(raw).map_err(|error| invalid(error.to_string()))?;
    let algs: Vec<Alg> = expected.policy.algs.iter().filter_map(|alg| Alg::parse(&format!("{alg:?}"))).collect();
    let (payload, alg) = keys.verify(&jws, &algs, expected.client_secret).map_err(|error| match error {
        VerifyError::UnknownKey { .. } => IdTokenError::UnknownKey(error),
        error => invalid(error.to_string()),
    })?;
    let claims = match json::parse(payload) {
        Ok(Value::Object(claims)) => claims,
        Ok(_) => return Err(invalid("the claims are no JSON object")),
        Err(error) => return Err(invalid(format!("the claims are not JSON: {error}"))),
    };
    check_issuer(&claims, expected)?;
    check_audience(&claims, expected)?;
    check_times(&claims, expected)?;
    check_nonce(&claims, expected)?;
    check_at_hash(&claims, alg, expected)?;
    for (name, pattern) in &expected.policy.require {
        match claims.get(name).and_then(Value::as_str) {
            Some(text) if pattern.is_match(text) => {}
            Some(_) => return Err(invalid(format!("`{name}` does not match what the provider file requires"))),
            None => return Err(invalid(format!("`{name}` is missing, or is no text"))),
        }
    }
    let sub = subject(&claims)?;
    Ok(VerifiedIdToken { claims, sub })
}

fn check_issuer(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let iss = claims.get("iss").and_then(Value::as_str).ok_or_else(|| invalid("`iss` is missing, or is no text"))?;
    let policy = expected.policy;
    let render = |template: &Template, context: &Context| {
        template.render(context).map_err(|error| invalid(format!("the expected issuer cannot be told: {}", error.message)))
    };
    let allowed = if let Some(template) = &policy.issuer {
        let mut context = expected.context.clone();
        context.set("claims", Value::Object(claims.clone()));
        vec![render(template, &context)?]
    } else if let Some(templates) = &policy.issuers {
        templates.iter().map(|template| render(template, expected.context)).collect::<Result<_, _>>()?
    } else {
        expected.issuer.map(str::to_owned).into_iter().collect()
    };
    if allowed.iter().any(|allowed| !allowed.is_empty() && allowed == iss) {
        return Ok(());
    }
    Err(invalid(format!("`iss` is {:?}, expected is {}", cut(iss), if allowed.is_empty() { "none".into() } else { allowed.join(" or ") })))
}

/// `aud` must have us; whoever else it has must be one we trust, unless `azp` says that it was issued to us.
fn check_audience(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let mut trusted = vec![expected.client_id.to_owned()];
    for template in &expected.policy.audiences {
        trusted.push(template.render(expected.context).map_err(|error| invalid(error.message))?);
    }
    let is_trusted = |text: &str| !text.is_empty() && trusted.iter().any(|known| known == text);
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
        return Err(invalid(format!("it expired {} s ago; is this machine's clock right?", now.saturating_sub(exp))));
    }
    let iat = date(claims, "iat")?.ok_or_else(|| invalid("`iat` is missing"))?;
    if iat > now.saturating_add(clock_skew) {
        return Err(invalid(format!("it was issued {} s ahead of now; is this machine's clock right?", iat - now)));
    }
    if iat.saturating_add(MAX_AGE + clock_skew) < now {
        return Err(invalid(format!("it was issued {} s ago, before this sign-in", now - iat)));
    }
    if date(claims, "nbf")?.is_some_and(|nbf| nbf > now.saturating_add(clock_skew)) {
        return Err(invalid("`nbf` is ahead of now"));
    }
    if let Some(max_age) = expected.max_age {
        let auth_time = date(claims, "auth_time")?.ok_or_else(|| invalid("`auth_time` is missing, though max_age was sent"))?;
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
            let fraction = || number.as_f64().filter(|seconds| (0.0..1e15).contains(seconds)).map(|seconds| seconds as u64);
            number.as_u64().or_else(fraction).map(Some).ok_or_else(|| invalid(format!("`{name}` is no date")))
        }
        Some(_) => Err(invalid(format!("`{name}` is no number"))),
    }
}

fn check_nonce(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Some(nonce) = expected.nonce else { return Ok(()) };
    match claims.get("nonce") {
        Some(Value::String(found)) if nonce.ct_eq(&Secret::from(found.as_str())) => Ok(()),
        _ => Err(IdTokenError::Nonce),
    }
}

/// `at_hash` may be absent; where it is there, it must be the hash of the access token (OpenID Connect Core §3.1.3.6).
fn check_at_hash(claims: &Map<String, Value>, alg: Alg, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Some(found) = claims.get("at_hash") else { return Ok(()) };
    let hash = digest::digest(alg.hash(), expected.access_token.expose().as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
    if found.as_str() == Some(half.as_str()) { Ok(()) } else { Err(invalid("`at_hash` is not that of the access token")) }
}

fn subject(claims: &Map<String, Value>) -> Result<String, IdTokenError> {
    match claims.get("sub").and_then(Value::as_str) {
        None => Err(invalid("`sub` is missing, or is no text")),
        Some("") => Err(invalid("`sub` is empty")),
        Some(sub) if sub.len() > MAX_SUB || sub.chars().any(char::is_control) => Err(invalid("`sub` is too long, or has control characters")),
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
