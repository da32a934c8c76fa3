//! `/providers`: what a client needs to show the buttons itself.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::{Call, Visit};

pub fn run(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    Answer::json(StatusCode::OK, call.site.providers.clone()).cookies(visit.set)
}
