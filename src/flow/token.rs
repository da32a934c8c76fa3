//! The token request and its answer (RFC 6749 §4.1.3, §5).
//!
//! The `oauth2` crate makes the request that the RFC describes and reads the answer that the RFC describes; in between
//! stand the provider's deviations: applied to the request, undone on the answer. Its HTTP client is a closure: the first
//! time it keeps the request and answers nothing, the second time it hands over the normalised answer.

use std::cell::RefCell;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use oauth2::basic::{BasicClient, BasicTokenType};
use oauth2::{
    AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, TokenResponse as _, TokenUrl,
};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::clock::Clock;
use crate::expr::{Context, is_empty};
use crate::flow::callback::AuthorizationResponse;
use crate::flow::client_auth::{ClientCredentials, TokenResponse, basic_unencoded_header};
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind, Misuse};
use crate::flow::pending::Pending;
use crate::flow::step::{Answer, Draft};
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::client_auth::TokenEndpointAuthMethod as Method;
use crate::rng::Rng;

/// What a token endpoint gave, under the standard names (RFC 6749 §5.1).
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// The access token.
    pub access_token: Secret,
    /// When it expires, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// The id_token, not yet verified (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Secret>,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// What was granted.
    pub scope: Option<String>,
}

/// Builds the token request.
///
/// # Errors
/// A template that cannot be rendered, a key that cannot sign.
pub fn request(
    registration: &Registration,
    endpoint: Url,
    response: &AuthorizationResponse,
    pending: &Pending,
    context: &Context,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<Request<Bytes>, Error> {
    let step = &registration.provider.token;
    let credentials = ClientCredentials::new(registration, step.auth.as_ref(), context, clock, rng)?;
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
    if let Some(value) = &mut authorization {
        value.set_sensitive(true);
    }
    Draft { name: "token", url: endpoint, params, authorization, header: None, query: vec![] }.build(
        step,
        &registration.provider.rename,
        context,
    )
}

/// Reads the token response, and puts it into `context` as `token`.
///
/// # Errors
/// [`MisbehaviourKind::TokenResponseInvalid`], with the provider's own error where it named one.
pub fn response(
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<TokenSet, Error> {
    let step = &registration.provider.token;
    let answer = Answer::read(step, response, context, "token")?;
    let invalid = |detail: String, answer: &Answer| {
        Error::ProviderMisbehaved(Misbehaviour {
            step: "token".into(),
            kind: MisbehaviourKind::TokenResponseInvalid,
            detail,
            response: answer.error.clone(),
        })
    };
    if !answer.success {
        return Err(invalid(
            format!("the token endpoint answered {} with an error", answer.status.as_u16()),
            &answer,
        ));
    }
    if let Some(why) = &answer.unreadable {
        return Err(invalid(why.clone(), &answer));
    }
    let Value::Object(body) = &answer.body else {
        return Err(invalid("the answer is no JSON object".into(), &answer));
    };
    let has_own_ok = step.response.ok.is_some();
    if !has_own_ok && answer.error.is_some() {
        return Err(invalid("the answer names an error".into(), &answer));
    }
    let normalised = normalise(registration, body, context).map_err(|why| invalid(why, &answer))?;
    let standard = standard_response(&normalised).map_err(|why| invalid(why, &answer))?;
    let member = |name: &str| normalised.get(name).and_then(Value::as_str).map(Secret::from);
    let expires_in = standard.expires_in().map(|duration| duration.as_secs());
    let expires_at = normalised
        .get("expires_at")
        .and_then(Value::as_u64)
        .or(expires_in.map(|seconds| clock.now().saturating_add(seconds)));

    let mut token = normalised.clone();
    token.insert("raw".into(), answer.body.clone());
    context.set("token", Value::Object(token));
    Ok(TokenSet {
        access_token: Secret::from(standard.access_token().secret().clone()),
        expires_at,
        id_token: member("id_token"),
        refresh_token: standard.refresh_token().map(|token| Secret::from(token.secret().clone())),
        scope: normalised.get("scope").and_then(Value::as_str).map(str::to_owned),
    })
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

/// The answer that the RFC describes, read by the `oauth2` crate.
fn standard_response(normalised: &Map<String, Value>) -> Result<TokenResponse, String> {
    let client = BasicClient::new(ClientId::new(String::new()))
        .set_token_uri(TokenUrl::new("https://localhost/".into()).expect("a constant URL"));
    let body = Value::Object(normalised.clone()).to_string().into_bytes();
    let answer = |_: HttpRequest| -> Result<HttpResponse, Kept> {
        Ok(Response::builder()
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.clone())
            .expect("a constant header"))
    };
    client.exchange_code(AuthorizationCode::new(String::new())).request(&answer).map_err(
        |error| match error {
            RequestTokenError::Parse(error, _) => format!("`{}`: {}", error.path(), error.inner()),
            _ => "the answer is no token response".into(),
        },
    )
}

/// The closure's way to say that it answers nothing.
#[derive(Debug, thiserror::Error)]
#[error("the request was kept")]
struct Kept;

/// The members of a token response under their standard names, empty ones left out.
fn normalise(
    registration: &Registration,
    body: &Map<String, Value>,
    context: &Context,
) -> Result<Map<String, Value>, String> {
    let map = &registration.provider.token.response.map;
    let mut normalised = Map::new();
    for name in
        ["access_token", "token_type", "refresh_token", "id_token", "scope", "expires_in", "expires_at"]
    {
        let value = match map.get(name) {
            Some(read) => read.value(context).map_err(|error| format!("`{name}`: {}", error.message))?,
            None if name == "expires_at" => None,
            None => body.get(name).cloned(),
        };
        let default = match map.get(name) {
            Some(crate::provider::read::Read::Literal(_)) if name == "expires_in" => body.get(name).cloned(),
            _ => None,
        };
        if let Some(value) = default.or(value).filter(|value| !is_empty(value)) {
            normalised.insert(name.to_owned(), value);
        }
    }
    for name in ["access_token", "refresh_token", "id_token", "token_type"] {
        if normalised.get(name).is_some_and(|value| !value.is_string()) {
            return Err(format!("`{name}` is no text"));
        }
    }
    if !normalised.contains_key("access_token") {
        return Err("there is no access_token".into());
    }
    let token_type = normalised.entry("token_type").or_insert_with(|| "bearer".into());
    if !token_type.as_str().is_some_and(|word| word.eq_ignore_ascii_case("bearer")) {
        return Err("the token_type is not bearer".into());
    }
    *token_type = Value::from(BasicTokenType::Bearer.as_ref().to_owned());
    if let Some(Value::Array(scopes)) = normalised.get("scope") {
        let scopes: Option<Vec<&str>> = scopes.iter().map(Value::as_str).collect();
        let joined = scopes.ok_or("`scope` is no list of texts")?.join(" ");
        normalised.insert("scope".into(), joined.into());
    }
    if normalised.get("expires_in").is_some_and(|value| value.as_u64().is_none()) {
        return Err(
            "`expires_in` is no number of seconds; where the provider sends text, map it with `as: int`"
                .into(),
        );
    }
    Ok(normalised)
}
