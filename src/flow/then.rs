//! The requests that turn the token into the one to use: each answer is laid over `token`.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misuse};
use crate::flow::metadata::Endpoint;
use crate::flow::token_set::{self, Reads, Remembered, TokenSet};
use crate::flow::variables;
use crate::provider::Registration;
use crate::provider::learned::Stage;
use crate::provider::step::Auth;
use crate::provider::token::Then;

/// The name of the step in errors, logs and vectors.
pub const NAME: &str = "then";

/// Whether this request is made in this sign-in.
///
/// # Errors
/// A `when` that cannot be evaluated.
pub fn applies(then: &Then, context: &Context) -> Result<bool, Error> {
    match &then.when {
        Some(when) => when.holds(context).map_err(|error| {
            Error::Misuse(Misuse::Configuration(format!("token.then.when: {}", error.message)))
        }),
        None => Ok(true),
    }
}

/// Where the request goes.
///
/// # Errors
/// An address that cannot be rendered.
pub fn endpoint(then: &Then, registration: &Registration, context: &Context) -> Result<Endpoint, Error> {
    Endpoint::written(&then.endpoint, context, registration.provider.client_auth.certificate)
}

/// Builds the request: what the file writes, and nothing else.
///
/// # Errors
/// A template that cannot be rendered, a key that cannot sign.
pub fn request(then: &Then, token: &TokenSet, caller: &Caller<'_>) -> Result<Request<Bytes>, Error> {
    let mut draft = Draft::new(NAME, endpoint(then, caller.registration, caller.context)?.url);
    let auth = then.step.auth.as_ref().unwrap_or(&Auth::None);
    authenticate(&mut draft, auth, Some(&token.access_token), caller)?;
    draft.build(&then.step, &caller.registration.provider.rename, caller.context)
}

/// Reads the answer, and lays it over `token`, here and in `context`.
///
/// # Errors
/// [`TokenResponseInvalid`](crate::flow::error::MisbehaviourKind::TokenResponseInvalid), with the provider's own error where
/// it named one.
pub fn response(
    then: &Then,
    token: &TokenSet,
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<TokenSet, Error> {
    let read = token_set::read(NAME, &then.step, response, context, clock, Reads::Part)?;
    let earlier = context.get("token").and_then(Value::as_object).cloned().unwrap_or_default();
    let read = read.over(&earlier);
    read.put(context);
    variables::learn_early(registration, context);
    Ok(TokenSet { dpop_key: token.dpop_key.clone(), ..read.into_token_set(context) })
}

/// After the last of them: every variable that the token response brings must be there.
///
/// # Errors
/// A value that breaks the variable's rule, or none where one is needed.
pub fn finish(
    registration: &Registration,
    token: TokenSet,
    context: &mut Context,
) -> Result<TokenSet, Error> {
    variables::learn(registration, Stage::Token, context)?;
    let vars = context.get("vars").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok(TokenSet { remembered: Remembered { vars, ..token.remembered }, ..token })
}
