//! `/frontchannel-logout/:provider`: a frame of the provider's page says that somebody has signed out there (OpenID Connect
//! Front-Channel Logout §2).

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::body;
use crate::server::call::Call;
use crate::server::routes::backchannel_logout::told;
use crate::server::sessions;

/// GET: ends the sessions whose id_token had this `iss` and `sid`, in every browser. 200 whether there was one or not, so that nobody
/// learns which there are; 400 without one of the two: nothing is signed here, and to know the `sid` is all that is proven. So
/// tokens are forgotten and not revoked. No cookie is looked at, since a frame of another site comes without ours. Sessions in
/// cookies cannot be found: 404.
pub async fn run(call: &Call<'_>, provider: Option<&str>) -> Answer {
    let Some(kept) = &call.server.kept else {
        return told(StatusCode::NOT_FOUND, "the sessions are in their cookies: nobody else can end them");
    };
    let param = |name| body::only(call.query, name).filter(|value| !value.is_empty());
    let (Some(provider), Some(issuer), Some(sid)) = (provider, param("iss"), param("sid")) else {
        return told(StatusCode::BAD_REQUEST, "a provider, one `iss` and one `sid` are needed");
    };
    match sessions::end_of_sid(kept, provider, &issuer, &sid).await {
        Ok(sessions) => {
            tracing::info!(provider, sessions, "signed out by a frame of the provider");
            let event = Event::of(Kind::SessionEnded).at(provider).because("frontchannel_logout");
            call.note(Event { issuer: Some(issuer), sessions: Some(sessions), ..event });
            Answer::json(StatusCode::OK, "{}")
        }
        Err(error) => {
            tracing::warn!(provider, %error, "a session may not be over");
            told(StatusCode::BAD_REQUEST, "a session may not be over")
        }
    }
}
