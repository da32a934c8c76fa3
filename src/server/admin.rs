//! What whoever runs the server may ask of it, with a credential of its own: the sessions of a person, and their end.
//!
//! `GET` and `DELETE /admin/sessions`, with `provider` and `sub` (and `issuer`), or `email`, or `session` in the query. The token
//! comes as a bearer token (RFC 6750 §2.1). Where the deployment has no `admin` the answer is 404.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::oauth::Secret;
use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::sessions::{self, Kept, Selected};
use crate::server::state::{Inner, Server};
use crate::session::store::{Key, StoreError};

/// Where it is, beside the base path.
const PATH: &str = "/admin/sessions";

/// Its routes.
pub(super) fn router<S: Clone + Send + Sync + 'static>(server: Server) -> Router<S> {
    Router::new().route(PATH, get(list).delete(end)).with_state(server)
}

async fn list(State(server): State<Server>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let inner = &server.current();
    let listed = match allowed(inner, &query, &headers) {
        Ok((kept, selected)) => sessions::list(inner, kept, &selected).await,
        Err(refusal) => return refused(inner, refusal),
    };
    answer(inner, listed.map(|sessions| json!({"sessions": sessions})))
}

async fn end(State(server): State<Server>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let inner = &server.current();
    let (kept, selected) = match allowed(inner, &query, &headers) {
        Ok(allowed) => allowed,
        Err(refusal) => return refused(inner, refusal),
    };
    let ended = sessions::end(inner, kept, &selected).await;
    if let Ok(ended) = &ended {
        tracing::info!(ended, "sessions were ended by whoever runs the server");
        inner.note(ended_by_operator(selected, *ended));
    }
    answer(inner, ended.map(|ended| json!({"ended": ended})))
}

fn ended_by_operator(selected: Selected, sessions: usize) -> Event {
    let event = Event { sessions: Some(sessions), ..Event::of(Kind::SessionEnded).because("operator") };
    match selected {
        Selected::Email(email) => Event { email: Some(email), ..event },
        Selected::Person { provider, issuer, sub } => Event { issuer, sub: Some(sub), ..event.at(&provider) },
        Selected::Session(_) => event,
    }
}

type Refusal = (StatusCode, &'static str);

/// Whose sessions a request is about, where it may ask.
fn allowed<'a>(
    inner: &'a Inner,
    query: &Option<String>,
    headers: &HeaderMap,
) -> Result<(&'a Kept, Selected), Refusal> {
    let Some(token) = &inner.config.admin else {
        return Err((StatusCode::NOT_FOUND, "the deployment has no `admin`"));
    };
    if !has_token(token, headers) {
        tracing::warn!("a request for sessions came without the token for it");
        return Err((StatusCode::UNAUTHORIZED, "the token is missing, or another one"));
    }
    let selected = selected(query.as_deref().unwrap_or_default());
    let selected = selected.map_err(|why| (StatusCode::BAD_REQUEST, why))?;
    let kept = inner.kept.as_ref().ok_or((StatusCode::NOT_FOUND, "sessions are in their cookies"))?;
    Ok((kept, selected))
}

fn refused(inner: &Inner, (status, why): Refusal) -> Response {
    let mut response = told(inner, status, json!({"error": why}));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn has_token(token: &Secret, headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return false };
    let given = value.to_str().ok().and_then(|text| text.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && Secret::from(given.trim()).ct_eq(token)
    })
}

/// Whose sessions a query names. One way, each parameter once: half a name must not be the name of somebody else.
fn selected(query: &str) -> Result<Selected, &'static str> {
    let (mut provider, mut issuer, mut sub, mut email, mut session) = (None, None, None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match &*name {
            "email" => &mut email,
            "issuer" => &mut issuer,
            "provider" => &mut provider,
            "session" => &mut session,
            "sub" => &mut sub,
            _ => return Err("there is no such parameter: `provider` and `sub`, `email`, or `session`"),
        };
        if value.is_empty() || slot.replace(value.into_owned()).is_some() {
            return Err("a parameter is empty, or comes twice");
        }
    }
    match (provider, issuer, sub, email, session) {
        (Some(provider), issuer, Some(sub), None, None) => Ok(Selected::Person { provider, issuer, sub }),
        (None, None, None, Some(email), None) => Ok(Selected::Email(email)),
        (None, None, None, None, Some(session)) => Key::from_text(&session)
            .map(Selected::Session)
            .ok_or("`session` is no reference that a list has given"),
        _ => Err("whose sessions: `provider` and `sub`, `email`, or `session`"),
    }
}

fn answer(inner: &Inner, outcome: Result<Value, StoreError>) -> Response {
    match outcome {
        Ok(body) => told(inner, StatusCode::OK, body),
        Err(error) => {
            tracing::error!(%error, "sessions could not be listed or ended");
            told(
                inner,
                StatusCode::SERVICE_UNAVAILABLE,
                json!({"error": "the session store does not answer"}),
            )
        }
    }
}

fn told(inner: &Inner, status: StatusCode, body: Value) -> Response {
    Answer::json(status, body.to_string()).into_response(false, &inner.csp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_somebody_in_one_way() {
        let person = |issuer: Option<&str>| Selected::Person {
            provider: "acme".into(),
            issuer: issuer.map(str::to_owned),
            sub: "a&b".into(),
        };
        assert_eq!(selected("provider=acme&sub=a%26b"), Ok(person(None)));
        assert_eq!(selected("sub=a%26b&issuer=https://a&provider=acme"), Ok(person(Some("https://a"))));
        assert_eq!(selected("email=ada%40acme.example"), Ok(Selected::Email("ada@acme.example".into())));
        let key = Key::of("id");
        assert_eq!(selected(&format!("session={}", key.to_text())), Ok(Selected::Session(key)));
        for query in [
            "",
            "provider=acme",
            "sub=7",
            "issuer=https://a&sub=7",
            "provider=acme&sub=",
            "provider=acme&sub=7&sub=8",
            "provider=acme&sub=7&email=a@b",
            "email=a@b&issuer=https://a",
            "session=short",
            "provider=acme&sub=7&user=8",
        ] {
            assert!(selected(query).is_err(), "{query}");
        }
    }
}
