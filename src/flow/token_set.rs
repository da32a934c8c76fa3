//! What a token endpoint gave, under the standard names (RFC 6749 §5.1).

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use http::Response;
use oauth2::basic::BasicClient;
use oauth2::{AuthorizationCode, ClientId, HttpRequest, HttpResponse, RequestTokenError, TokenUrl};
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::expr::{Context, is_empty};
use crate::flow::answer::Answer;
use crate::flow::client_auth::TokenResponse;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::id_token::VerifiedIdToken;
use crate::oauth::Secret;
use crate::provider::step::{Step, TokenType};

/// What a token endpoint gave.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// The access token.
    pub access_token: Secret,
    /// When it expires, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// The id_token (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Secret>,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The key that the access token is bound to (RFC 9449), as [`dpop::new_key`](crate::flow::dpop::new_key) made it: every
    /// request with the token has a proof by it. `None` where whoever holds the token may use it.
    pub dpop_key: Option<Secret>,
    /// What was granted.
    pub scope: Option<String>,
    /// What a later request may need besides.
    pub remembered: Remembered,
}

/// What may be needed of a sign-in after it. It may hold secrets: `Debug` shows nothing of it.
#[derive(Clone, Default)]
pub struct Remembered {
    /// The token response: `token.raw`.
    pub raw: Map<String, Value>,
    /// The variables: `vars`.
    pub vars: Map<String, Value>,
    /// The redirect URI of the sign-in: `flow.redirect_uri`; empty where nobody signed in.
    pub redirect_uri: String,
    /// What only the sign-in brought, for a profile that is mapped again: `request`, `callback`, `captured`, `claims` of the last
    /// id_token, and of `token` the members that no standard names.
    pub sign_in: Map<String, Value>,
    /// The claims of the first id_token by which a later one is known to be of the same sign-in (OpenID Connect Core §12.2).
    pub first_id_token: Map<String, Value>,
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The members of a token response that a standard names.
const STANDARD: [&str; 7] =
    ["access_token", "expires_at", "expires_in", "id_token", "refresh_token", "scope", "token_type"];
/// The members of a callback that are of no use after it.
const CALLBACK_ONCE: [&str; 3] = ["code", "iss", "state"];

impl TokenSet {
    /// Takes from a sign-in what its profile may be mapped from again, and what a later id_token is held against.
    pub(crate) fn remember(&mut self, context: &Context, id_token: Option<&VerifiedIdToken>) {
        let without = |name: &str, left_out: &[&str]| {
            let mut members = context.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
            members.retain(|name, _| !left_out.contains(&name.as_str()));
            members
        };
        let mut token = self.remembered.raw.clone();
        token.retain(|name, _| !STANDARD.contains(&name.as_str()));
        let mut sign_in = Map::new();
        sign_in.insert("request".into(), without("request", &[]).into());
        sign_in.insert("callback".into(), without("callback", &CALLBACK_ONCE).into());
        sign_in.insert("captured".into(), without("captured", &[]).into());
        sign_in.insert("token".into(), token.into());
        if let Some(id_token) = id_token {
            sign_in.insert("claims".into(), id_token.claims().clone().into());
            self.remembered.first_id_token = id_token.of_the_sign_in();
        }
        self.remembered.sign_in = sign_in;
    }

    /// The members as templates and paths see them, at `now` in seconds since 1970.
    pub fn members(&self, now: u64) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("access_token".into(), self.access_token.expose().into());
        let token_type = if self.dpop_key.is_some() { TokenType::DPoP } else { TokenType::Bearer };
        members.insert("token_type".into(), token_type.as_str().into());
        if let Some(expires_at) = self.expires_at {
            members.insert("expires_at".into(), expires_at.into());
            members.insert("expires_in".into(), expires_at.saturating_sub(now).into());
        }
        for (name, secret) in [("refresh_token", &self.refresh_token), ("id_token", &self.id_token)] {
            if let Some(secret) = secret {
                members.insert(name.into(), secret.expose().into());
            }
        }
        if let Some(scope) = &self.scope {
            members.insert("scope".into(), scope.as_str().into());
        }
        members.insert("raw".into(), Value::Object(self.remembered.raw.clone()));
        members
    }
}

fn redirect_uri(context: &Context) -> Option<&str> {
    context.get("flow")?.get("redirect_uri")?.as_str()
}

/// A token response that was read.
pub(super) struct Granted {
    /// Its members under their standard names.
    pub members: Map<String, Value>,
    /// Its members as the provider sent them.
    pub raw: Map<String, Value>,
}

impl Granted {
    /// Lays it over an earlier one: another access token has another lifetime.
    pub fn over(self, earlier: &Map<String, Value>) -> Granted {
        let mut members = earlier.clone();
        let mut raw = match members.shift_remove("raw") {
            Some(Value::Object(raw)) => raw,
            _ => Map::new(),
        };
        if self.members.contains_key("access_token") {
            members.shift_remove("expires_in");
            members.shift_remove("expires_at");
        }
        members.extend(self.members);
        raw.extend(self.raw);
        Granted { members, raw }
    }

    /// Puts it into the context as `token`.
    pub fn put(&self, context: &mut Context) {
        let mut token = self.members.clone();
        token.insert("raw".into(), Value::Object(self.raw.clone()));
        context.set("token", Value::Object(token));
    }

    /// The tokens; `context` has the variables that were learned.
    pub fn into_token_set(self, context: &Context) -> TokenSet {
        let text = |name: &str| self.members.get(name).and_then(Value::as_str);
        TokenSet {
            access_token: Secret::from(text("access_token").unwrap_or_default()),
            expires_at: self.members.get("expires_at").and_then(Value::as_u64),
            id_token: text("id_token").map(Secret::from),
            refresh_token: text("refresh_token").map(Secret::from),
            dpop_key: None,
            scope: text("scope").map(str::to_owned),
            remembered: Remembered {
                vars: context.get("vars").and_then(Value::as_object).cloned().unwrap_or_default(),
                redirect_uri: redirect_uri(context).unwrap_or_default().to_owned(),
                raw: self.raw,
                ..Remembered::default()
            },
        }
    }
}

/// The `token_type` of a token that is no access token (RFC 8693 §2.2.1).
pub(super) const NOT_APPLICABLE: &str = "N_A";

/// What an answer that holds tokens must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// A token of any kind, and which kind (RFC 8693 §2.2.1).
    Exchanged,
    /// Anything: it is laid over an earlier one.
    Part,
    /// An access token (RFC 6749 §5.1).
    Whole,
}

/// Reads an answer that holds tokens.
///
/// # Errors
/// [`MisbehaviourKind::TokenResponseInvalid`], with the provider's own error where it named one.
pub(super) fn read(
    name: &str,
    step: &Step,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
    reads: Reads,
) -> Result<Granted, Error> {
    let answer = Answer::read(step, response, context, name)?;
    let invalid = |detail: String| {
        Error::ProviderMisbehaved(Misbehaviour {
            step: name.to_owned(),
            kind: MisbehaviourKind::TokenResponseInvalid,
            detail,
            response: answer.error.clone(),
            status: Some(answer.status),
        })
    };
    if !answer.success {
        return Err(invalid(format!("the endpoint answered {} with an error", answer.status.as_u16())));
    }
    if let Some(why) = &answer.unreadable {
        return Err(invalid(why.clone()));
    }
    let Value::Object(body) = &answer.body else {
        return Err(invalid("the answer is no JSON object".into()));
    };
    if step.response.ok.is_none() && answer.error.is_some() {
        return Err(invalid("the answer names an error".into()));
    }
    let mut members = normalise(step, body, context, reads).map_err(invalid)?;
    if members.contains_key("access_token") {
        standard_response(&members).map_err(invalid)?;
    }
    if let Some(seconds) = members.get("expires_in").and_then(Value::as_u64) {
        members.entry("expires_at").or_insert_with(|| clock.now().saturating_add(seconds).into());
    }
    Ok(Granted { members, raw: body.clone() })
}

/// The answer that the RFC describes, read by the `oauth2` crate: its HTTP client is a closure that hands the answer over.
fn standard_response(normalised: &Map<String, Value>) -> Result<TokenResponse, String> {
    let client = BasicClient::new(ClientId::new(String::new()))
        .set_token_uri(TokenUrl::new("https://localhost/".into()).expect("a constant URL"));
    let body = Value::Object(normalised.clone()).to_string().into_bytes();
    let answer = |_: HttpRequest| -> Result<HttpResponse, Infallible> {
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

/// The members of a token response under their standard names, empty ones left out.
fn normalise(
    step: &Step,
    body: &Map<String, Value>,
    context: &Context,
    reads: Reads,
) -> Result<Map<String, Value>, String> {
    let map = &step.response.map;
    let mut normalised = Map::new();
    let exchanged = (reads == Reads::Exchanged).then_some("issued_token_type");
    let standard =
        ["access_token", "token_type", "refresh_token", "id_token", "scope", "expires_in", "expires_at"];
    for name in standard.into_iter().chain(exchanged) {
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
    for name in ["access_token", "refresh_token", "id_token", "token_type"].into_iter().chain(exchanged) {
        if normalised.get(name).is_some_and(|value| !value.is_string()) {
            return Err(format!("`{name}` is no text"));
        }
    }
    if reads != Reads::Part && !normalised.contains_key("access_token") {
        return Err("there is no access_token".into());
    }
    if normalised.contains_key("access_token") {
        let wanted = step.response.token_type;
        let found = match (normalised.get("token_type").and_then(Value::as_str), wanted) {
            (None, TokenType::Bearer) => wanted.as_str(),
            (found, _) => found.unwrap_or("missing"),
        };
        let is = |word: &str| found.eq_ignore_ascii_case(word);
        let token_type = match reads {
            _ if is(wanted.as_str()) => wanted.as_str(),
            Reads::Exchanged if is(NOT_APPLICABLE) => NOT_APPLICABLE,
            _ => return Err(wanted.missed().into()),
        };
        normalised.insert("token_type".into(), token_type.into());
    }
    if exchanged.is_some_and(|name| !normalised.contains_key(name)) {
        return Err("there is no issued_token_type (RFC 8693 §2.2.1)".into());
    }
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
