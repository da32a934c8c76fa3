//! `/session`: who is signed in; `null` where nobody is. Every read renews the session.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::{Call, Visit};
use crate::server::failure::Failure;
use crate::server::sessions;

/// GET: the session.
pub fn read(call: &Call<'_>, visit: Visit<'_>) -> Result<Answer, Failure> {
    Ok(answer(call, visit).never_cached())
}

/// POST: the same for an application that asks for a fresh one; what it sends besides the token changes nothing.
pub fn update(call: &Call<'_>, visit: Visit<'_>) -> Result<Answer, Failure> {
    if !visit.csrf_verified || !call.comes_from_us() {
        return Ok(Answer::json(StatusCode::BAD_REQUEST, "null"));
    }
    Ok(answer(call, visit))
}

fn answer(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    match sessions::renew(call, &visit.cookies) {
        Some((body, cookies)) => Answer::json(StatusCode::OK, body).cookies(visit.set).cookies(cookies),
        None => {
            let cleared = visit.cookies.cleared_session(&call.site.cookies);
            Answer::json(StatusCode::OK, "null").cookies(visit.set).cookies(cleared)
        }
    }
}
