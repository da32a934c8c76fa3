//! `/verify-request`: the page of sign-ins by mail. There are none here; whoever comes is told what Auth.js tells.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::{Call, Visit};

pub fn run(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    Answer::html(StatusCode::OK, call.server.pages.verify_request(call.base())).cookies(visit.set)
}
