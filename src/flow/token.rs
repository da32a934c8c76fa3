//! The token request and its answer (RFC 6749 §4.1.3, §5).
//!
//! The `oauth2` crate makes the request that the RFC describes; then the provider's deviations are applied to it. Its HTTP
//! client is a closure that keeps the request and answers nothing.

use std::cell::RefCell;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    TokenUrl,
};
use url::{Url, form_urlencoded};

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::callback::AuthorizationResponse;
use crate::flow::caller::Caller;
use crate::flow::client_auth::{ClientCredentials, basic_unencoded_header};
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misuse};
use crate::flow::pending::Pending;
use crate::flow::token_set::{self, Reads, TokenSet};
use crate::flow::variables;
use crate::provider::Registration;
use crate::provider::client_auth::TokenEndpointAuthMethod as Method;
use crate::provider::learned::Stage;

/// Builds the token request.
///
/// # Errors
/// A template that cannot be rendered, a key that cannot sign.
pub fn request(
    caller: &Caller<'_>,
    endpoint: Url,
    response: &AuthorizationResponse,
    pending: &Pending,
) -> Result<Request<Bytes>, Error> {
    let registration = caller.registration;
    let step = &registration.provider.token;
    let credentials = ClientCredentials::new(caller, step.auth.as_ref())?;
    let standard = standard_request(registration, &endpoint, &response.code, pending, &credentials)?;
    let mut params: Vec<(String, String)> = form_urlencoded::parse(standard.body()).into_owned().collect();
    let mut authorization = standard.headers().get(AUTHORIZATION).cloned();
    if let (Some(Method::ClientSecretBasicUnencoded), Some(secret)) =
        (credentials.method, &credentials.secret)
    {
        authorization = Some(basic_unencoded_header(&registration.client_id, secret));
        params.retain(|(name, _)| name != "client_id");
    }
    if credentials.method.is_none() {
        params.retain(|(name, _)| name != "client_id");
    }
    params.extend(credentials.assertion_params());
    if let Some(value) = &mut authorization {
        value.set_sensitive(true);
    }
    Draft { authorization, params, ..Draft::new("token", endpoint) }.build(
        step,
        &registration.provider.rename,
        caller.context,
    )
}

/// Reads the token response, and puts it into `context` as `token`.
///
/// # Errors
/// [`TokenResponseInvalid`](crate::flow::error::MisbehaviourKind::TokenResponseInvalid), with the provider's own error where
/// it named one.
pub fn response(
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<TokenSet, Error> {
    let step = &registration.provider.token;
    let read = token_set::read("token", step, response, context, clock, Reads::Whole)?;
    read.put(context);
    if registration.provider.then.is_empty() {
        variables::learn(registration, Stage::Token, context)?;
    } else {
        variables::learn_early(registration, context);
    }
    Ok(read.into_token_set(context))
}

/// The request that the RFC describes.
fn standard_request(
    registration: &Registration,
    endpoint: &Url,
    code: &AuthorizationCode,
    pending: &Pending,
    credentials: &ClientCredentials,
) -> Result<HttpRequest, Error> {
    let redirect_uri = RedirectUrl::new(pending.redirect_uri.clone())
        .map_err(|_| Error::Misuse(Misuse::Configuration("the redirect URI is no address".into())))?;
    let mut client = BasicClient::new(ClientId::new(registration.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(endpoint.clone()))
        .set_redirect_uri(redirect_uri)
        .set_auth_type(credentials.auth_type());
    if let Some(secret) = &credentials.secret
        && credentials.method != Some(Method::ClientSecretBasicUnencoded)
    {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    let mut exchange = client.exchange_code(code.clone());
    if let Some(verifier) = &pending.code_verifier {
        exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
    }
    let kept = RefCell::new(None);
    let keep = |request: HttpRequest| -> Result<HttpResponse, Kept> {
        kept.replace(Some(request));
        Err(Kept)
    };
    // The answer is always `Kept`: the request is what this call is for.
    let _ = exchange.request(&keep);
    kept.into_inner()
        .ok_or_else(|| Error::Misuse(Misuse::Configuration("the token request cannot be written".into())))
}

/// The closure's way to say that it answers nothing.
#[derive(Debug, thiserror::Error)]
#[error("the request was kept")]
struct Kept;
