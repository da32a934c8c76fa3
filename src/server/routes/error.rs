//! `/error`: the end of a sign-in that failed.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::{Call, Visit, with_params};

pub fn run(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    let code = call.query("error");
    if let Some(page) = &call.server.config.pages.error {
        let params: Vec<(&str, &str)> = code.iter().map(|code| ("error", code.as_str())).collect();
        return Answer::redirect(with_params(page, &params)).cookies(visit.set);
    }
    let (status, html) = call.server.pages.error(call.base(), code.as_deref());
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer::html(status, html).cookies(visit.set)
}
