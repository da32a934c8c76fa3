//! `/backchannel-logout/:provider`: a provider says that somebody has signed out there (OpenID Connect Back-Channel Logout §2.5).

use http::StatusCode;
use serde_json::json;

use crate::flow::logout_token::VerifiedLogoutToken;
use crate::oauth::Secret;
use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::body::{self, Body};
use crate::server::call::Call;
use crate::server::sessions::{self, Kept};

/// POST: ends the sessions that the logout token is about, in every browser. 200 where none is left, also where there was none;
/// 400 where the token is not accepted or a session may still be there (§2.8). Sessions in cookies cannot be found: 404.
pub async fn run(call: &Call<'_>, provider: Option<&str>) -> Answer {
    let Some(kept) = &call.server.kept else {
        return told(StatusCode::NOT_FOUND, "the sessions are in their cookies: nobody else can end them");
    };
    let provider = provider.unwrap_or_default();
    match end(call, kept, provider).await {
        Ok((sessions, token)) => {
            tracing::info!(provider, sessions, "signed out by the provider");
            let event = Event::of(Kind::SessionEnded).at(provider).because("backchannel_logout");
            call.note(Event {
                issuer: Some(token.issuer().to_owned()),
                sub: token.sub().map(str::to_owned),
                sessions: Some(sessions),
                ..event
            });
            Answer::json(StatusCode::OK, "{}")
        }
        Err((reason, told_as)) => {
            tracing::warn!(provider, reason, "a logout token was refused");
            let known = call.server.clients.get(provider).map_or("", |_| provider);
            let event = Event::of(Kind::Refusal).at(known).because("logout_token_refused");
            call.note(Event { step: Some("backchannel_logout".into()), ..event });
            told(StatusCode::BAD_REQUEST, told_as)
        }
    }
}

/// How many sessions were ended, by which token; else the reason for the log, and that for whoever sent it.
async fn end(
    call: &Call<'_>,
    kept: &Kept,
    provider: &str,
) -> Result<(usize, VerifiedLogoutToken), (String, &'static str)> {
    let plain = |why: &'static str| (why.to_owned(), why);
    let client = call.server.clients.get(provider).ok_or_else(|| plain("there is no such provider"))?;
    let raw = match &call.body {
        Body::Form(form) => body::only(form, "logout_token"),
        _ => None,
    };
    let raw = raw.ok_or_else(|| plain("the body is no form with one `logout_token`"))?;
    let token = client.logout_token(&Secret::from(raw)).await;
    let token = token.map_err(|error| (error.to_string(), "the logout token is not accepted"))?;
    let ended = sessions::end_by_provider(kept, provider, &token).await;
    match ended.map_err(|error| (error.to_string(), "a session may not be over"))? {
        Some(sessions) => Ok((sessions, token)),
        None => Err(plain("the logout token was used before")),
    }
}

/// A refusal for whoever asked, who is no browser of a person.
pub(super) fn told(status: StatusCode, why: &str) -> Answer {
    let body = json!({"error": "invalid_request", "error_description": why});
    Answer::json(status, body.to_string())
}
