//! `/verify`: whether a request may go through to an application, for a proxy that asks before each (forward authentication).
//!
//! 200 with the headers that say who it is; 401 where nobody is signed in, or a redirect to the sign-in page where the proxy hands
//! it on to the browser; 403 where the rules refuse; 503 where nobody knows. The proxy's own request decides nothing: what counts
//! is the one that it asks about.

use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};

use crate::config::forward_auth::path::RequestPath;
use crate::config::forward_auth::{Access, ForwardAuth};
use crate::oauth::Profile;
use crate::server::answer::Answer;
use crate::server::call::{Call, with_params};
use crate::server::cookies::Cookies;
use crate::server::forwarded::Forwarded;
use crate::server::identity;
use crate::server::sessions;
use crate::session::Session;

const FORBIDDEN: &str = r#"{"message":"You may not go there."}"#;
const SIGNED_OUT: &str = r#"{"message":"Nobody is signed in."}"#;
const UNAVAILABLE: &str = r#"{"message":"The session cannot be read at the moment."}"#;

/// Answers for a request that a proxy asks about; `own` is the method that the proxy asks with.
pub async fn run(call: &Call<'_>, auth: &ForwardAuth, request: &Forwarded<'_>, own: &Method) -> Answer {
    let access = RequestPath::parse(request.path).and_then(|path| auth.access(&call.base().authority, &path));
    let allow = match access {
        None => return refused("no route of `forward_auth` is for this path, or it can be read as another"),
        Some(Access::Public) => return let_through(auth, None),
        Some(Access::SignedIn(allow)) => allow,
    };
    let cookies = Cookies::read(call.headers, &call.site.cookies);
    let session = match sessions::current(call.server, call.site, &cookies).await {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "a session could not be read");
            return Answer::json(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE);
        }
    };
    // A session of another server's making does not say at which provider it began.
    let known = session.and_then(|session| Some((person(&session)?, session)));
    let Some(((provider, profile), session)) = known else {
        return signed_out(call, request, own);
    };
    if !allow.admits(&provider, &profile) {
        return refused("no rule of `allow` holds for this person");
    }
    let renewed = renewed(call, &cookies, &session).await;
    let_through(auth, Some(&session.claims)).cookies(renewed)
}

/// A request that nobody can tell anything about.
pub fn refused(reason: &'static str) -> Answer {
    tracing::info!(reason, "a request behind a proxy was refused");
    Answer::json(StatusCode::FORBIDDEN, FORBIDDEN)
}

fn let_through(auth: &ForwardAuth, claims: Option<&Map<String, Value>>) -> Answer {
    Answer::empty(StatusCode::OK).headers(identity::headers(&auth.headers, claims))
}

/// The provider that a session was begun at, and the profile as far as the session has it.
fn person(session: &Session) -> Option<(String, Profile)> {
    let (provider, subject) = session.sub.as_deref()?.split_once(':')?;
    Some((provider.to_owned(), Profile::new(subject.to_owned(), session.claims.clone())))
}

/// A page request is told where to sign in, and comes back; any other one only that nobody is signed in.
fn signed_out(call: &Call<'_>, request: &Forwarded<'_>, own: &Method) -> Answer {
    if !(request.is_get(own) && wants_page(call.headers)) {
        return Answer::json(StatusCode::UNAUTHORIZED, SIGNED_OUT);
    }
    let base = call.base();
    let back = call.target(&format!("{}{}", base.origin, request.target)).or_origin(base);
    let sign_in = with_params(&format!("{}/signin", base.href()), &[("callbackUrl", &back)]);
    match request.hands_on {
        true => Answer::redirect(sign_in),
        false => Answer::json(StatusCode::UNAUTHORIZED, SIGNED_OUT).location(sign_in),
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}

/// The cookie with a new end, where that is due: after a thirtieth of the session's lifetime, a day at most.
///
/// A proxy passes one cookie on and not several, and half of a session is none: one that takes several is renewed at `/session`.
async fn renewed(call: &Call<'_>, cookies: &Cookies<'_>, session: &Session) -> Option<http::HeaderValue> {
    let due = call.server.config.session.update_age();
    if session.iat.saturating_add(due) > call.server.clock.now() {
        return None;
    }
    // That nobody knows now changes nothing: somebody knew a moment ago.
    let renewed = sessions::renew(call, cookies).await.ok()??;
    let mut cookies = renewed.cookies.into_iter();
    cookies.next().filter(|_| cookies.next().is_none())
}
