//! The refresh of a token (RFC 6749 §6).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, ErrorResponse, Misuse};
use crate::flow::metadata::{Endpoint, EndpointName, Metadata};
use crate::flow::token_set::{self, Reads, TokenSet};
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::step::Auth;
use crate::provider::token::{Refresh, RefreshRequires};

/// Where a refresh goes.
///
/// # Errors
/// An address that is unknown or cannot be rendered.
pub fn endpoint(
    registration: &Registration,
    metadata: &Metadata,
    context: &Context,
) -> Result<Endpoint, Error> {
    if let Some(template) = &registration.provider.refresh.endpoint {
        return Endpoint::written(template, context, registration.provider.client_auth.certificate);
    }
    metadata.needed(EndpointName::Token, registration, context)
}

/// Builds the request; [`later_context`](crate::flow::caller::later_context) gives the caller's context.
///
/// # Errors
/// Tokens that cannot be refreshed, a template that cannot be rendered, a key that cannot sign.
pub fn request(token: &TokenSet, caller: &Caller<'_>) -> Result<Request<Bytes>, Error> {
    let provider = &caller.registration.provider;
    let endpoint = endpoint(caller.registration, caller.metadata, caller.context)?;
    let mut draft = Draft::new("refresh", endpoint.url);
    draft.params.push(("grant_type".into(), "refresh_token".into()));
    if provider.refresh.requires == RefreshRequires::RefreshToken {
        let refresh_token = token
            .refresh_token
            .as_ref()
            .map(Secret::expose)
            .ok_or_else(|| Error::Misuse(Misuse::Configuration("there is no refresh token".into())))?;
        draft.params.push(("refresh_token".into(), refresh_token.to_owned()));
    }
    let auth = provider.refresh.step.auth.clone().unwrap_or(Auth::Client(provider.client_auth.method));
    authenticate(&mut draft, &auth, Some(&token.access_token), caller)?;
    draft.build(&provider.refresh.step, &provider.rename, caller.context)
}

/// Reads the answer. What it leaves out stays as it was: the refresh token and the scope (RFC 6749 §6), and what the file
/// says to keep.
///
/// # Errors
/// [`TokenResponseInvalid`](crate::flow::error::MisbehaviourKind::TokenResponseInvalid), with the provider's own error where
/// it named one.
pub fn response(
    earlier: &TokenSet,
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<TokenSet, Error> {
    let refresh = &registration.provider.refresh;
    let mut read = token_set::read("refresh", &refresh.step, response, context, clock, Reads::Whole)
        .map_err(|error| ended(refresh, context, error))?;
    let stays = [
        ("refresh_token", earlier.refresh_token.as_ref().map(Secret::expose)),
        ("id_token", earlier.id_token.as_ref().map(Secret::expose)),
        ("scope", earlier.scope.as_deref()),
    ];
    for (name, value) in stays {
        if let Some(value) = value {
            read.members.entry(name).or_insert_with(|| value.into());
        }
    }
    for name in &refresh.keep {
        if let Some(value) = earlier.remembered.raw.get(name).filter(|value| !value.is_null()) {
            match read.raw.get(name) {
                None | Some(Value::Null) => drop(read.raw.insert(name.clone(), value.clone())),
                Some(_) => {}
            }
        }
    }
    let mut renewed = read.into_token_set(context);
    renewed.dpop_key = earlier.dpop_key.clone();
    renewed.remembered.sign_in = earlier.remembered.sign_in.clone();
    renewed.remembered.first_id_token = earlier.remembered.first_id_token.clone();
    Ok(renewed)
}

/// An error that the file knows for the end of the grant, under the name that the standard has for it.
fn ended(refresh: &Refresh, context: &Context, error: Error) -> Error {
    match (error, &refresh.ended) {
        (Error::ProviderMisbehaved(mut misbehaviour), Some(ended))
            if ended.holds(context).unwrap_or(false) =>
        {
            let theirs = misbehaviour.response.as_ref().map(|response| response.error.as_str());
            misbehaviour.response = Some(ErrorResponse::new("invalid_grant", theirs));
            Error::ProviderMisbehaved(misbehaviour)
        }
        (error, _) => error,
    }
}
