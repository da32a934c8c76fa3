//! What this provider's id_tokens must look like in this sign-in, and the check itself (OpenID Connect Core §3.1.3.7, §12.2).

use serde_json::{Map, Value};

use crate::expr::Context;
use crate::flow::draft::render;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind, Misuse};
use crate::flow::id_token::{Expected, IdTokenError, RequestedClaim, VerifiedIdToken, verify_signature};
use crate::flow::metadata::Metadata;
use crate::flow::token_set::TokenSet;
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JwkSet};
use crate::provider::Registration;

/// The id_token of a sign-in, and all that it is held against.
pub struct Check<'a> {
    /// Our registration.
    pub registration: &'a Registration,
    /// The provider's metadata.
    pub metadata: &'a Metadata,
    /// The nonce of the authorization request, where the token is its answer.
    pub nonce: Option<&'a Secret>,
    /// How long ago the person may have proven who they are, where the authorization request said so.
    pub max_age: Option<u64>,
    /// Claims that the authorization request asked for as essential, where the token is its answer.
    pub requested: &'a [RequestedClaim],
    /// The token response that it came with.
    pub token: &'a TokenSet,
    /// Seconds since 1970.
    pub now: u64,
    /// How far the provider's clock may be off, in seconds.
    pub clock_skew: u64,
}

/// What any other token is held against that the provider signs: a callback, an introspection, a logout token.
#[derive(Clone, Copy)]
pub struct Against<'a> {
    /// Our registration.
    pub registration: &'a Registration,
    /// The provider's metadata.
    pub metadata: &'a Metadata,
    /// Seconds since 1970.
    pub now: u64,
    /// How far the provider's clock may be off, in seconds.
    pub clock_skew: u64,
}

impl Against<'_> {
    /// The HMAC secret, where a token may be signed with it.
    pub(super) fn hmac_secret(&self, algs: &[Alg]) -> Option<&Secret> {
        self.registration.client_secret.as_ref().filter(|_| algs.contains(&Alg::HS256))
    }
}

/// Why a token does not count.
#[derive(Debug)]
pub enum Refusal {
    /// Its key is none of those at hand: they may have been renewed.
    UnknownKey(Error),
    /// Anything else.
    Final(Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::UnknownKey(error) | Refusal::Final(error) => error,
        }
    }
}

impl Check<'_> {
    /// Verifies signature and claims.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] where other keys may help; else what is wrong, as an [`Error`].
    pub fn verify(&self, raw: &Secret, keys: &JwkSet, context: &Context) -> Result<VerifiedIdToken, Refusal> {
        let policy = &self.registration.provider.id_token;
        let algs: Vec<Alg> = policy.algs.iter().copied().map(Alg::from).collect();
        let hmac_secret = self.registration.client_secret.as_ref().filter(|_| algs.contains(&Alg::HS256));
        let signed = verify_signature(raw, keys, &algs, hmac_secret)?;

        let mut context = context.clone();
        context.set("claims", Value::Object(signed.claims().clone()));
        let issuers = issuers(self.registration, self.metadata, &context)?;
        let audiences = audiences(self.registration, &context)?;
        let expected = Expected {
            issuers: &issuers,
            client_id: &self.registration.client_id,
            audiences: &audiences,
            nonce: self.nonce.filter(|_| policy.nonce),
            access_token: Some(&self.token.access_token),
            require: &policy.require,
            max_age: self.max_age,
            requested: self.requested,
            now: self.now,
            clock_skew: self.clock_skew,
        };
        Ok(signed.check(&expected)?)
    }

    /// Checks that an id_token is of the sign-in whose first one had these claims.
    ///
    /// # Errors
    /// What differs.
    pub fn same_sign_in(&self, verified: &VerifiedIdToken, first: &Map<String, Value>) -> Result<(), Error> {
        if first.is_empty() {
            return Ok(());
        }
        verified.check_renewed(first).map_err(|error| Refusal::from(error).into())
    }
}

/// The values of `aud` that are right besides the client id.
///
/// # Errors
/// A template that cannot be rendered.
pub(super) fn audiences(registration: &Registration, context: &Context) -> Result<Vec<String>, Refusal> {
    let templates = registration.provider.id_token.audiences.iter();
    templates
        .map(|template| render(template, context, "id_token"))
        .collect::<Result<_, _>>()
        .map_err(Refusal::Final)
}

/// The values of `iss` that are right; `context` has the claims of the token.
///
/// # Errors
/// A template that cannot be rendered.
pub(super) fn issuers(
    registration: &Registration,
    metadata: &Metadata,
    context: &Context,
) -> Result<Vec<String>, Refusal> {
    let policy = &registration.provider.id_token;
    if let Some(template) = &policy.issuer {
        // What the template reads may be missing from this token: that is the token's fault.
        let issuer = render(template, context, "id_token").map_err(|error| match error {
            Error::Misuse(Misuse::Configuration(why)) => {
                Refusal::Final(Misbehaviour::error("id_token", MisbehaviourKind::IdTokenInvalid, why))
            }
            other => Refusal::Final(other),
        })?;
        return Ok(vec![issuer]);
    }
    match &policy.issuers {
        Some(issuers) => issuers
            .iter()
            .map(|template| render(template, context, "id_token"))
            .collect::<Result<_, _>>()
            .map_err(Refusal::Final),
        None => Ok(metadata.issuer.iter().cloned().collect()),
    }
}

impl From<IdTokenError> for Refusal {
    fn from(error: IdTokenError) -> Refusal {
        let kind = match error {
            IdTokenError::NonceMismatch => MisbehaviourKind::NonceMismatch,
            _ => MisbehaviourKind::IdTokenInvalid,
        };
        let refusal = Misbehaviour::error("id_token", kind, error.to_string());
        match error {
            IdTokenError::UnknownKey(_) => Refusal::UnknownKey(refusal),
            _ => Refusal::Final(refusal),
        }
    }
}
