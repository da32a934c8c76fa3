//! Sessions in a store: the cookie holds a random id, the store what belongs to it, sealed.
//!
//! As with the database strategy of Auth.js, each read gives the cookie a new end, and the record one where it is due.

use std::sync::Arc;

use http::HeaderValue;
use serde_json::{Map, Value};

use crate::flow::TokenSet;
use crate::oauth::Secret;
use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::server::sessions::record::Held;
use crate::server::sessions::refresh::{fresh, revoke};
use crate::server::sessions::tokens::Tokens;
use crate::server::sessions::{Ended, Renewed, body, by_person, by_provider, is_over, lifetime};
use crate::server::state::Inner;
use crate::session::store::{Key, StoreError};
use crate::session::{RecordKeys, Session, SessionStore, new_session_id};

/// A change that others were faster than is tried again so often.
const ATTEMPTS: usize = 32;

/// Where sessions are kept.
pub(in crate::server) struct Kept {
    pub store: Arc<dyn SessionStore>,
    pub keys: RecordKeys,
    /// A session that is read is written again so many seconds after it was last written.
    pub update_age: u64,
}

/// A session as it was read.
#[derive(Clone)]
pub(super) struct Found {
    pub key: Key,
    version: u64,
    pub expires: u64,
    pub held: Held,
}

/// The cookies of a new session.
///
/// # Errors
/// [`StoreError`]: there is none.
pub(super) async fn begin(
    call: &Call<'_>,
    kept: &Kept,
    cookies: &Cookies<'_>,
    claims: Map<String, Value>,
    tokens: Tokens,
) -> Result<Vec<HeaderValue>, StoreError> {
    for id in ids(cookies) {
        kept.store.delete(&Key::of(id.expose())).await?;
    }
    let now = call.server.clock.now();
    let id = new_session_id(&*call.server.rng);
    let key = Key::of(id.expose());
    let expires = now + lifetime(&call.server.config.session, now, now);
    let held = Held { claims, began: now, renewed: now, tokens: Some(tokens) };
    let value = held.seal(&kept.keys, &key, &*call.server.rng);
    if !kept.store.create(&key, value, expires).await? {
        return Err(StoreError::new("a new session id was there already"));
    }
    // Before anybody has its id.
    let by_provider = async {
        match &held.tokens {
            Some(tokens) => by_provider::know(kept, &key, tokens).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(by_provider, by_person::know(kept, &key, &held.claims))?;
    Ok(call.site.cookies.session_cookies(id.expose(), expires, cookies).unwrap_or_default())
}

/// The session of a request, as it is.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn current(
    server: &Arc<Inner>,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<Session>, StoreError> {
    let Some(found) = find_fresh(server, kept, cookies).await? else { return Ok(None) };
    let mut claims = found.held.claims;
    claims.insert("iat".into(), found.held.renewed.into());
    claims.insert("exp".into(), found.expires.into());
    Ok(Some(Session::of_claims(claims)))
}

/// The tokens of a request's session, but for the refresh token.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn tokens(
    server: &Arc<Inner>,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<TokenSet>, StoreError> {
    let Some(found) = find_fresh(server, kept, cookies).await? else { return Ok(None) };
    Ok(found.held.tokens.map(|tokens| tokens.for_the_application()))
}

async fn find_fresh(
    server: &Arc<Inner>,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<Found>, StoreError> {
    match find(server, kept, cookies).await? {
        Some((_, found)) => fresh(server, kept, found).await,
        None => Ok(None),
    }
}

/// The session of a request, and its cookie with a new end.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn renew(
    call: &Call<'_>,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<Renewed>, StoreError> {
    let settings = &call.server.config.session;
    let now = call.server.clock.now();
    let Some((id, found)) = find(call.server, kept, cookies).await? else { return Ok(None) };
    let Some(found) = fresh(call.server, kept, found).await? else { return Ok(None) };
    let Some(found) = keep_alive(call.server, kept, found).await? else { return Ok(None) };
    let cookie_expires = now + lifetime(settings, now, found.held.began);
    let cookies = call.site.cookies.session_cookies(id.expose(), cookie_expires, cookies);
    let shown = found.held.tokens.as_ref().map(|tokens| {
        let client = tokens.client(&call.server.clients);
        let requires = client.map(|client| client.provider().refresh.requires).unwrap_or_default();
        tokens.shown(settings.store.as_ref(), requires, now)
    });
    let shown = shown.unwrap_or_default();
    let body = body(&found.held.claims, found.expires, &settings.claims, shown).into();
    Ok(Some(Renewed { body, cookies: cookies.unwrap_or_default() }))
}

/// Ends the session of a request. Its tokens are revoked meanwhile: whoever signs out does not wait for the provider.
///
/// # Errors
/// [`StoreError`] where it may not be over.
pub(super) async fn sign_out(
    server: &Arc<Inner>,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<Ended>, StoreError> {
    let mut ended = None;
    for id in ids(cookies) {
        let key = Key::of(id.expose());
        let found = load(server, kept, key).await?;
        kept.store.delete(&key).await?;
        let Some(found) = found else { continue };
        ended = Ended::new(&found.held.claims, found.held.tokens.as_ref());
        if let Some(tokens) = found.held.tokens {
            let server = server.clone();
            tokio::spawn(async move { revoke(&server, &tokens).await });
        }
    }
    Ok(ended)
}

/// The one session that a request's cookies name, and its id; `None` where there is none, or several: nobody knows whose is
/// whose.
async fn find(
    server: &Inner,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<(Secret, Found)>, StoreError> {
    let mut only = None;
    for id in ids(cookies) {
        if let Some(found) = load(server, kept, Key::of(id.expose())).await? {
            match only {
                None => only = Some((id, found)),
                Some(_) => return Ok(None),
            }
        }
    }
    Ok(only)
}

/// The session of a key.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn load(server: &Inner, kept: &Kept, key: Key) -> Result<Option<Found>, StoreError> {
    let Some(record) = kept.store.load(&key).await? else { return Ok(None) };
    // A record that does not open was sealed with a secret that is no longer one of ours.
    let Some(held) = Held::open(&kept.keys, &key, &record) else { return Ok(None) };
    let over = is_over(&server.config.session, server.clock.now(), held.renewed, held.began);
    let found = Found { key, version: record.version, expires: record.expires, held };
    Ok((!over).then_some(found))
}

/// Changes a session, whatever others do to it meanwhile. `make` looks at it as it is now and says whether it is still to be
/// changed; `None` where it is not, or is over.
///
/// # Errors
/// [`StoreError`] where nobody knows whether it was changed.
pub(super) async fn change(
    server: &Inner,
    kept: &Kept,
    mut found: Found,
    make: impl Fn(&mut Found) -> bool,
) -> Result<Option<Found>, StoreError> {
    for _ in 0..ATTEMPTS {
        if !make(&mut found) {
            return Ok(None);
        }
        let value = found.held.seal(&kept.keys, &found.key, &*server.rng);
        if kept.store.replace(&found.key, found.version, value, found.expires).await? {
            found.version += 1;
            return Ok(Some(found));
        }
        // Somebody else has changed it, or ended it.
        match load(server, kept, found.key).await? {
            Some(newer) => found = newer,
            None => return Ok(None),
        }
    }
    Err(StoreError::new("a session is changed faster than it can be written"))
}

/// Gives a session a new end where that is due; `None` where it ended meanwhile.
async fn keep_alive(server: &Inner, kept: &Kept, found: Found) -> Result<Option<Found>, StoreError> {
    let now = server.clock.now();
    let is_due = |found: &Found| found.held.renewed.saturating_add(kept.update_age) <= now;
    if !is_due(&found) {
        return Ok(Some(found));
    }
    let key = found.key;
    let kept_alive = change(server, kept, found, |found| {
        let due = is_due(found);
        if due {
            found.held.renewed = now;
            found.expires = now + lifetime(&server.config.session, now, found.held.began);
        }
        due
    });
    match kept_alive.await? {
        Some(found) => Ok(Some(found)),
        None => load(server, kept, key).await,
    }
}

/// What may be the id of a session among a request's cookies.
fn ids(cookies: &Cookies<'_>) -> Vec<Secret> {
    let is_id = |text: &str| {
        text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    cookies.session_tokens().iter().filter(|text| is_id(text)).map(|text| Secret::from(&**text)).collect()
}
