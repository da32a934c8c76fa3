//! Sessions: begun from a profile, renewed at every read, ended by time or a sign-out; in their cookie or in a store.

mod by_person;
mod by_provider;
mod in_cookie;
mod in_store;
mod record;
mod refresh;
mod tokens;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};

use crate::client::SignIn;
use crate::config::SessionSettings;
use crate::flow::TokenSet;
use crate::oauth::{Profile, Secret};
use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::server::failure::Failure;
use crate::server::sessions::tokens::Tokens;
use crate::server::state::{Inner, Site};
use crate::session::store::StoreError;
use crate::session::{Session, iso_date};

pub(super) use by_person::{Selected, end, list};
pub(super) use by_provider::{end as end_by_provider, end_of_sid};
pub(super) use in_store::Kept;
pub(super) use refresh::Refreshes;

/// A claim longer than this does not go into a session.
const MAX_CLAIM: usize = 8 * 1024;
/// The claim of a profile that goes to the provider as the parameter of that name when the person signs out there.
const LOGOUT_HINT: &str = "logout_hint";

/// A session that was read.
pub(super) struct Renewed {
    /// The body of `/session`.
    pub body: Bytes,
    /// Its cookies, with a new end.
    pub cookies: Vec<HeaderValue>,
}

/// The cookies of a new session. One that this browser had before is over.
///
/// # Errors
/// [`Failure::configuration`] where it does not fit into cookies, or the store does not answer.
pub(super) async fn begin(
    call: &Call<'_>,
    cookies: &Cookies<'_>,
    provider: &str,
    party: &str,
    sign_in: &SignIn,
) -> Result<Vec<HeaderValue>, Failure> {
    let claims = claims(&call.server.config.session, provider, &sign_in.profile);
    match &call.server.kept {
        None => in_cookie::begin(call, cookies, provider, claims),
        Some(kept) => {
            let now = call.server.clock.now();
            let tokens = Tokens::new(provider, Some(party), sign_in.token.clone(), now);
            let begun = in_store::begin(call, kept, cookies, claims, tokens).await;
            begun.map_err(|error| Failure::store(provider, &error))
        }
    }
}

/// The session of a request, as it is.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn current(
    server: &Arc<Inner>,
    site: &Site,
    cookies: &Cookies<'_>,
) -> Result<Option<Session>, StoreError> {
    match &server.kept {
        None => Ok(in_cookie::claims(server, site, cookies).map(Session::of_claims)),
        Some(kept) => in_store::current(server, kept, cookies).await,
    }
}

/// The tokens of a request's session, but for the refresh token.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn tokens(
    server: &Arc<Inner>,
    cookies: &Cookies<'_>,
) -> Result<Option<TokenSet>, StoreError> {
    match &server.kept {
        None => Ok(None),
        Some(kept) => in_store::tokens(server, kept, cookies).await,
    }
}

/// The session of a request, which lives on from now; `None` where nobody is signed in.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn renew(call: &Call<'_>, cookies: &Cookies<'_>) -> Result<Option<Renewed>, StoreError> {
    match &call.server.kept {
        None => Ok(in_cookie::renew(call, cookies)),
        Some(kept) => in_store::renew(call, kept, cookies).await,
    }
}

/// A session that was ended.
pub(super) struct Ended {
    /// The provider that it was begun at.
    pub provider: String,
    /// The subject there.
    pub sub: String,
    /// As which party that knows us, where tokens were kept.
    pub party: Option<String>,
    /// Its id_token, where one was kept and verified.
    pub id_token: Option<Secret>,
    /// What the provider gave, where that was kept.
    pub token: Option<TokenSet>,
    /// Who it was, as the provider wants to be told when they sign out.
    pub logout_hint: Option<String>,
}

impl Ended {
    fn new(claims: &Map<String, Value>, tokens: Option<&Tokens>) -> Option<Ended> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let (provider, sub) = text("sub")?.split_once(':')?;
        Some(Ended {
            provider: provider.to_owned(),
            sub: sub.to_owned(),
            party: tokens.and_then(|tokens| tokens.party.clone()),
            id_token: tokens.and_then(Tokens::id_token).cloned(),
            token: tokens.map(|tokens| tokens.set.clone()),
            logout_hint: text(LOGOUT_HINT).map(str::to_owned),
        })
    }
}

/// Ends the session of a request, and its tokens at the provider: the cookies that clear it, and what it was.
///
/// # Errors
/// [`StoreError`] where it may not be over.
pub(super) async fn sign_out(
    call: &Call<'_>,
    cookies: &Cookies<'_>,
) -> Result<(Vec<HeaderValue>, Option<Ended>), StoreError> {
    let ended = match &call.server.kept {
        None => {
            in_cookie::claims(call.server, call.site, cookies).and_then(|claims| Ended::new(&claims, None))
        }
        Some(kept) => in_store::sign_out(call.server, kept, cookies).await?,
    };
    Ok((cookies.cleared_session(&call.site.cookies), ended))
}

/// What a session keeps of a profile.
fn claims(settings: &SessionSettings, provider: &str, profile: &Profile) -> Map<String, Value> {
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
    let hint = settings.logout_at_provider.then(|| LOGOUT_HINT.to_owned());
    for name in settings.claims.iter().chain(&settings.kept).chain(&hint) {
        let value = profile.claims().get(name).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|value| fits(name, value)) {
            claims.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    claims
}

fn fits(name: &str, value: &Value) -> bool {
    let fits = value.as_str().map_or_else(|| value.to_string().len(), str::len) <= MAX_CLAIM;
    if !fits {
        tracing::info!(claim = name, "a claim is too large for a session and was left out");
    }
    fits
}

/// Whether a session has ended before its time: it was not read for too long, or it began too long ago.
fn is_over(settings: &SessionSettings, now: u64, renewed: u64, began: u64) -> bool {
    settings.idle.is_some_and(|idle| now.saturating_sub(renewed) > idle)
        || settings.absolute.is_some_and(|absolute| now.saturating_sub(began) > absolute)
}

/// How long a session lives that is renewed now.
fn lifetime(settings: &SessionSettings, now: u64, began: u64) -> u64 {
    let left = |absolute: u64| began.saturating_add(absolute).saturating_sub(now).max(1);
    settings.absolute.map_or(u64::MAX, left).min(settings.lifetime())
}

/// What Auth.js answers: name, e-mail and image as the session has them, and what the deployment shows besides; of the tokens,
/// `more`.
fn body(claims: &Map<String, Value>, expires: u64, shown: &[String], more: Map<String, Value>) -> String {
    let mut user = Map::new();
    for (claim, member) in [("name", "name"), ("email", "email"), ("picture", "image")] {
        user.extend(claims.get(claim).map(|value| (member.to_owned(), value.clone())));
    }
    for name in shown {
        if let Some(value) = claims.get(name) {
            user.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut body = Map::new();
    body.insert("user".into(), user.into());
    body.insert("expires".into(), iso_date(expires).into());
    body.extend(more);
    Value::Object(body).to_string()
}
