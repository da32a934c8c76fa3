//! What can be done with a token after the sign-in: revocation (RFC 7009) and introspection (RFC 7662).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::expr::Context;
use crate::flow::answer::Answer;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::metadata::{Endpoint, EndpointName};
use crate::flow::token_set::TokenSet;
use crate::provider::Registration;
use crate::provider::step::{Auth, ResponseFormat, Step};

/// A step after the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// The end of an access token that outlives its refresh token (RFC 7009 §2.1).
    AccessTokenRevocation,
    /// What the provider knows of a token (RFC 7662 §2.1).
    Introspection,
    /// The end of a token (RFC 7009 §2.1).
    Revocation,
}

impl Later {
    /// Its name in a provider file.
    pub fn as_str(self) -> &'static str {
        match self {
            Later::AccessTokenRevocation => "access_token_revocation",
            Later::Introspection => "introspection",
            Later::Revocation => "revocation",
        }
    }

    /// How its request deviates.
    pub fn step(self, registration: &Registration) -> &Step {
        match self {
            Later::Introspection => &registration.provider.introspection,
            Later::AccessTokenRevocation | Later::Revocation => &registration.provider.revocation.step,
        }
    }

    /// Where its request goes.
    ///
    /// # Errors
    /// An address that is unknown or cannot be rendered.
    pub fn endpoint(self, caller: &Caller<'_>) -> Result<Endpoint, Error> {
        let name = match self {
            Later::Introspection => EndpointName::Introspection,
            Later::AccessTokenRevocation | Later::Revocation => EndpointName::Revocation,
        };
        caller.metadata.needed(name, caller.registration, caller.context)
    }

    /// The parameters of its RFC. A refresh token is what is revoked or looked into where there is one: with it goes all that
    /// was granted.
    fn params(self, token: &TokenSet) -> Vec<(String, String)> {
        let (hint, secret) = match &token.refresh_token {
            Some(refresh_token) if self == Later::Revocation => ("refresh_token", refresh_token),
            _ => ("access_token", &token.access_token),
        };
        vec![("token".into(), secret.expose().to_owned()), ("token_type_hint".into(), hint.into())]
    }

    /// Builds the request.
    ///
    /// # Errors
    /// A template that cannot be rendered, a key that cannot sign.
    pub fn request(self, token: &TokenSet, caller: &Caller<'_>) -> Result<Request<Bytes>, Error> {
        let registration = caller.registration;
        let step = self.step(registration);
        let mut draft = Draft::new(self.as_str(), self.endpoint(caller)?.url);
        draft.params = self.params(token);
        let default = Auth::Client(registration.provider.client_auth.method);
        authenticate(&mut draft, step.auth.as_ref().unwrap_or(&default), Some(&token.access_token), caller)?;
        draft.build(step, &registration.provider.rename, caller.context)
    }
}

/// Reads the answer to a revocation of either token: any success will do (RFC 7009 §2.2).
///
/// # Errors
/// [`MisbehaviourKind::TokenResponseInvalid`], with the provider's own error where it named one.
pub fn revoked(
    later: Later,
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
) -> Result<(), Error> {
    let answer = Answer::read(later.step(registration), response, context, later.as_str())?;
    if answer.success { Ok(()) } else { Err(refused(later, answer)) }
}

/// Reads the answer to an introspection: an object with `active` (RFC 7662 §2.2), or the text of a JWT that holds it, which is to
/// be verified (RFC 9701 §5).
///
/// # Errors
/// [`MisbehaviourKind::TokenResponseInvalid`] where it is none.
pub fn introspected(
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
) -> Result<Value, Error> {
    let step = Later::Introspection.step(registration);
    let answer = Answer::read(step, response, context, "introspection")?;
    let is_signed = step.response.format == ResponseFormat::Jwt;
    match answer.body.get("active") {
        Some(Value::Bool(_)) if answer.success => Ok(answer.body),
        _ if is_signed && answer.success => Ok(answer.body),
        _ => Err(refused(Later::Introspection, answer)),
    }
}

fn refused(step: Later, answer: Answer) -> Error {
    let detail = match answer.success {
        true => "the answer is not what its RFC says".into(),
        false => format!("the endpoint answered {} with an error", answer.status.as_u16()),
    };
    Error::ProviderMisbehaved(Misbehaviour {
        step: step.as_str().into(),
        kind: MisbehaviourKind::TokenResponseInvalid,
        detail,
        response: answer.error,
        status: Some(answer.status),
    })
}
