//! Sessions: begun from a profile, renewed at every read, ended by time.

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};

use crate::oauth::Profile;
use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::server::failure::Failure;
use crate::server::state::{Inner, Site};
use crate::session::{Session, iso_date};

/// When the person signed in, in the token: only there where the deployment ends sessions after a time.
const SIGNED_IN_AT: &str = "signed_in_at";
/// A claim longer than this does not go into a token.
const MAX_CLAIM: usize = 8 * 1024;

/// The cookies of a new session.
///
/// # Errors
/// [`Failure::configuration`] where it does not fit into cookies.
pub(super) fn begin(
    call: &Call<'_>,
    cookies: &Cookies<'_>,
    provider: &str,
    profile: &Profile,
) -> Result<Vec<HeaderValue>, Failure> {
    let settings = &call.server.config.session;
    let now = call.server.clock.now();
    let mut claims = Map::new();
    for name in ["name", "email", "picture"] {
        claims.extend(
            profile
                .text(name)
                .filter(|value| value.len() <= MAX_CLAIM)
                .map(|value| (name.to_owned(), value.into())),
        );
    }
    claims.insert("sub".into(), format!("{provider}:{}", profile.sub()).into());
    for name in &settings.claims {
        let value = profile.claims().get(name).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|value| fits(name, value)) {
            claims.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
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
        let reason = "the session does not fit into five cookies: name fewer claims in `session.claims`";
        Failure::configuration(provider, "session", "session_too_large", reason)
    })
}

fn fits(name: &str, value: &Value) -> bool {
    let fits = value.as_str().map_or_else(|| value.to_string().len(), str::len) <= MAX_CLAIM;
    if !fits {
        tracing::info!(claim = name, "a claim is too large for a token and was left out");
    }
    fits
}

/// The session of a request, as it is.
pub(super) fn current(server: &Inner, site: &Site, cookies: &Cookies<'_>) -> Option<Session> {
    claims(server, site, cookies).map(Session::of_claims)
}

fn claims(server: &Inner, site: &Site, cookies: &Cookies<'_>) -> Option<Map<String, Value>> {
    let now = server.clock.now();
    let claims = site.cookies.session.open_only(&cookies.session_tokens(), now)?;
    let settings = &server.config.session;
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    // A token of another server may live longer than this deployment wants.
    let idle_for = now.saturating_sub(time("iat").unwrap_or_default());
    let signed_in_for = now.saturating_sub(time(SIGNED_IN_AT).or(time("iat")).unwrap_or_default());
    let ended = settings.idle.is_some_and(|idle| idle_for > idle)
        || settings.absolute.is_some_and(|absolute| signed_in_for > absolute);
    (!ended).then_some(claims)
}

/// The body of `/session` and the renewed cookies; `None` where nobody is signed in.
///
/// Claims that another reader of the format has put into the token stay in it.
pub(super) fn renew(call: &Call<'_>, cookies: &Cookies<'_>) -> Option<(Bytes, Vec<HeaderValue>)> {
    let settings = &call.server.config.session;
    let now = call.server.clock.now();
    let mut claims = claims(call.server, call.site, cookies)?;
    let mut lifetime = settings.lifetime();
    if let Some(absolute) = settings.absolute {
        let began = claims
            .get(SIGNED_IN_AT)
            .and_then(Value::as_u64)
            .or_else(|| claims.get("iat").and_then(Value::as_u64));
        let began = began.unwrap_or(now);
        claims.insert(SIGNED_IN_AT.into(), began.into());
        lifetime = lifetime.min(began.saturating_add(absolute).saturating_sub(now).max(1));
    }
    let body = body(&claims, now + lifetime, &settings.claims);
    let token = call.site.cookies.session.seal(&claims, lifetime, now, &*call.server.rng);
    let cookies = call.site.cookies.session_cookies(&token, now + lifetime, cookies)?;
    Some((body.into(), cookies))
}

/// What Auth.js answers: name, e-mail and image as they stand in the token, and what the deployment shows besides.
fn body(claims: &Map<String, Value>, expires: u64, shown: &[String]) -> String {
    let mut user = Map::new();
    for (claim, member) in [("name", "name"), ("email", "email"), ("picture", "image")] {
        user.extend(claims.get(claim).map(|value| (member.to_owned(), value.clone())));
    }
    for name in shown {
        if let Some(value) = claims.get(name) {
            user.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    format!(r#"{{"user":{},"expires":"{}"}}"#, Value::Object(user), iso_date(expires))
}
