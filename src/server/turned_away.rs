//! Whoever may come again in a while: a page for a browser, JSON for anything else, and `Retry-After` (RFC 9110 §10.2.3).

use http::StatusCode;
use http::header::ACCEPT;
use serde_json::json;

use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::call::Call;
use crate::server::limits::Wait;

/// A provider that has enough to do is left alone for about so many seconds.
const OVERLOAD: u64 = 5;

/// 429: a client asks more often than `limits` of the deployment lets it (RFC 6585 §4). Neither a cookie nor a store was looked at.
/// It is told once for each time that a client begins to, so that a flood of requests is none of lines.
pub(super) fn too_many(call: &Call<'_>, wait: &Wait) -> Answer {
    if wait.is_first {
        tracing::warn!(client = ?call.visitor.address, "a client asks too often");
        let event = Event::of(Kind::Refusal).because("too_many_requests");
        call.note(Event { step: Some("limits".into()), ..event });
    }
    let why = "There were too many attempts from your network.";
    answer(call, StatusCode::TOO_MANY_REQUESTS, "Too many attempts", why, wait.seconds)
}

/// 503: the provider has enough to do, and was not asked.
pub(super) fn overloaded(call: &Call<'_>) -> Answer {
    let why = "The sign-in service has too much to do or cannot be reached.";
    answer(call, StatusCode::SERVICE_UNAVAILABLE, "Unable to sign in now", why, OVERLOAD)
}

fn answer(call: &Call<'_>, status: StatusCode, heading: &str, why: &str, seconds: u64) -> Answer {
    let accepts = call.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let answer = match accepts.contains("text/html") {
        true => Answer::html(status, call.server.pages.turned_away(call.base(), heading, why)),
        false => Answer::json(
            status,
            json!({"message": format!("{why} Wait for as long as Retry-After says.")}).to_string(),
        ),
    };
    answer.retry_after(seconds)
}
