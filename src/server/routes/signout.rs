//! `/signout`: a page to confirm, and the form that ends the session.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::{Call, Visit};
use crate::server::failure::Failure;
use crate::server::sessions;

/// GET: the page. A link alone signs nobody out.
pub fn page(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    if let Some(page) = &call.server.config.pages.sign_out {
        return Answer::redirect(page.clone()).cookies(visit.set);
    }
    Answer::html(StatusCode::OK, call.server.pages.sign_out(call.base(), &visit.csrf_token))
        .cookies(visit.set)
}

/// POST: ends the session, and clears every cookie of it that was sent.
pub async fn run(call: &Call<'_>, visit: Visit<'_>) -> Result<Answer, Failure> {
    visit.verified(call)?;
    let ended = sessions::sign_out(call, &visit.cookies).await;
    let cleared = ended.map_err(|error| Failure::store("", &error))?;
    Ok(Answer::redirect(visit.callback_url).cookies(visit.set).cookies(cleared))
}
