//! `/csrf`: the token that a form must carry.

use http::StatusCode;
use serde_json::json;

use crate::server::answer::Answer;
use crate::server::call::Visit;

pub fn run(visit: Visit<'_>) -> Answer {
    Answer::json(StatusCode::OK, json!({"csrfToken": visit.csrf_token}).to_string())
        .never_cached()
        .cookies(visit.set)
}
