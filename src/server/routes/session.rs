//! `/session`: who is signed in; `null` where nobody is. Every read renews the session. 503 where nobody knows.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::{Call, Visit};
use crate::server::sessions;

const UNAVAILABLE: &str = r#"{"message":"The session cannot be read at the moment."}"#;

/// GET: the session.
pub async fn read(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    answer(call, visit).await.never_cached()
}

/// POST: the same for an application that asks for a fresh one; what it sends besides the token changes nothing.
pub async fn update(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    if !visit.csrf_verified || !call.comes_from_us() {
        return Answer::json(StatusCode::BAD_REQUEST, "null");
    }
    answer(call, visit).await
}

async fn answer(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    match sessions::renew(call, &visit.cookies).await {
        Ok(Some(renewed)) => {
            Answer::json(StatusCode::OK, renewed.body).cookies(visit.set).cookies(renewed.cookies)
        }
        Ok(None) => {
            let cleared = visit.cookies.cleared_session(&call.site.cookies);
            Answer::json(StatusCode::OK, "null").cookies(visit.set).cookies(cleared)
        }
        // Nobody knows: that is neither a session nor the end of one, and no cookie is touched.
        Err(error) => {
            tracing::error!(%error, "a session could not be read");
            Answer::json(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
        }
    }
}
