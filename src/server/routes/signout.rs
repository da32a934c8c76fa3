//! `/signout`: a page to confirm, and the form that ends the session.

use http::{HeaderValue, StatusCode};

use crate::flow::end_session::{EndSessionRequest, WayBack};
use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::call::{Call, Visit};
use crate::server::failure::Failure;
use crate::server::sessions::{self, Ended};
use crate::server::sign_outs;

/// GET: the page. A link alone signs nobody out.
pub fn page(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    if let Some(page) = &call.server.config.pages.sign_out {
        return Answer::redirect(page.clone()).cookies(visit.set);
    }
    Answer::html(StatusCode::OK, call.server.pages.sign_out(call.base(), &visit.csrf_token))
        .cookies(visit.set)
}

/// POST: ends the session, and clears every cookie of it that was sent. Where the deployment says so, the browser goes on to
/// the provider and signs out there.
pub async fn run(call: &Call<'_>, visit: Visit<'_>) -> Result<Answer, Failure> {
    visit.verified(call)?;
    let ended = sessions::sign_out(call, &visit.cookies).await;
    let (cleared, ended) = ended.map_err(|error| Failure::store("", &error))?;
    if let Some(ended) = &ended {
        call.note(Event { sub: Some(ended.sub.clone()), ..Event::of(Kind::SignOut).at(&ended.provider) });
    }
    let at_provider = match ended.filter(|_| call.server.config.session.logout_at_provider) {
        Some(ended) => at_provider(call, &visit.callback_url, ended).await,
        None => None,
    };
    Ok(match at_provider {
        Some((url, cookie)) => Answer::redirect(url).cookie(cookie),
        None => Answer::redirect(visit.callback_url),
    }
    .cookies(visit.set)
    .cookies(cleared))
}

/// Where the provider ends its own session, and the cookie of the way back. The session here is over already: a provider
/// that cannot be asked, or has no such address, changes nothing about that.
async fn at_provider(call: &Call<'_>, target: &str, ended: Ended) -> Option<(String, HeaderValue)> {
    let client = call.server.clients.of_party(&ended.provider, ended.party.as_deref())?;
    let (state, cookie) = sign_outs::begin(call, &ended.provider, target);
    let request = EndSessionRequest {
        id_token_hint: ended.id_token,
        logout_hint: ended.logout_hint,
        back: Some(WayBack { post_logout_redirect_uri: call.base().signed_out_url(), state }),
    };
    match client.end_session(ended.token.as_ref(), &request).await {
        Ok(url) => Some((url?.into(), cookie)),
        Err(error) => {
            tracing::warn!(provider = %ended.provider, %error, "signed out here, and not at the provider");
            None
        }
    }
}
