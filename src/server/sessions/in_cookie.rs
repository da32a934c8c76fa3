//! Sessions in their cookie: a token in the format of Auth.js. Nothing is kept here, and nothing is asked.

use http::HeaderValue;
use serde_json::{Map, Value};

use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::server::failure::Failure;
use crate::server::sessions::{Renewed, body, is_over, lifetime};
use crate::server::state::{Inner, Site};

/// When the person signed in, in the token: only there where the deployment ends sessions after a time.
const SIGNED_IN_AT: &str = "signed_in_at";

/// The cookies of a new session.
///
/// # Errors
/// [`Failure::configuration`] where it does not fit into cookies.
pub(super) fn begin(
    call: &Call<'_>,
    cookies: &Cookies<'_>,
    provider: &str,
    mut claims: Map<String, Value>,
) -> Result<Vec<HeaderValue>, Failure> {
    let settings = &call.server.config.session;
    let now = call.server.clock.now();
    if settings.absolute.is_some() {
        claims.insert(SIGNED_IN_AT.into(), now.into());
    }
    let seal = |claims: &Map<String, Value>| {
        let token = call.site.cookies.session.seal(claims, settings.lifetime(), now, &*call.server.rng);
        call.site.cookies.session_cookies(&token, now + settings.lifetime(), cookies)
    };
    if let Some(cookies) = seal(&claims) {
        return Ok(cookies);
    }
    // A picture in the token itself is the first thing to go.
    if claims.get("picture").and_then(Value::as_str).is_some_and(|picture| picture.starts_with("data:")) {
        claims.shift_remove("picture");
        tracing::info!(provider, "the picture is too large for a cookie and was left out");
    }
    seal(&claims).ok_or_else(|| {
        let reason = "the session does not fit into five cookies: name fewer claims in `session.claims`, or keep it in a store";
        Failure::configuration(provider, "session", "session_too_large", reason)
    })
}

/// The claims of a request's session.
pub(super) fn claims(server: &Inner, site: &Site, cookies: &Cookies<'_>) -> Option<Map<String, Value>> {
    let now = server.clock.now();
    let claims = site.cookies.session.open_only(&cookies.session_tokens(), now)?;
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    // A token of another server may live longer than this deployment wants.
    let renewed = time("iat").unwrap_or_default();
    let over = is_over(&server.config.session, now, renewed, time(SIGNED_IN_AT).unwrap_or(renewed));
    (!over).then_some(claims)
}

/// The session, and its cookies with a new end.
///
/// Claims that another reader of the format has put into the token stay in it.
pub(super) fn renew(call: &Call<'_>, cookies: &Cookies<'_>) -> Option<Renewed> {
    let settings = &call.server.config.session;
    let now = call.server.clock.now();
    let mut claims = claims(call.server, call.site, cookies)?;
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    let began = time(SIGNED_IN_AT).or(time("iat")).unwrap_or(now);
    if settings.absolute.is_some() {
        claims.insert(SIGNED_IN_AT.into(), began.into());
    }
    let lifetime = lifetime(settings, now, began);
    let body = body(&claims, now + lifetime, &settings.claims, Map::new()).into();
    let token = call.site.cookies.session.seal(&claims, lifetime, now, &*call.server.rng);
    let cookies = call.site.cookies.session_cookies(&token, now + lifetime, cookies)?;
    Some(Renewed { body, cookies })
}
