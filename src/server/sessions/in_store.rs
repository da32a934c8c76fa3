//! Sessions in a store: the cookie holds a random id, the store what belongs to it, sealed.
//!
//! As with the database strategy of Auth.js, each read gives the cookie a new end, and the record one where it is due.

use std::sync::Arc;

use http::HeaderValue;
use serde_json::{Map, Value};

use crate::oauth::Secret;
use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::server::sessions::record::Held;
use crate::server::sessions::{Renewed, body, is_over, lifetime};
use crate::server::state::Inner;
use crate::session::store::{Key, StoreError};
use crate::session::{RecordKeys, Session, SessionStore, new_session_id};

/// A change that others were faster than is tried again so often.
const ATTEMPTS: usize = 8;

/// Where sessions are kept.
pub(in crate::server) struct Kept {
    pub store: Arc<dyn SessionStore>,
    pub keys: RecordKeys,
    /// A session that is read is written again so many seconds after it was last written.
    pub update_age: u64,
}

/// A session as it was read.
struct Found {
    id: Secret,
    key: Key,
    version: u64,
    expires: u64,
    held: Held,
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
) -> Result<Vec<HeaderValue>, StoreError> {
    end(kept, cookies).await?;
    let now = call.server.clock.now();
    let id = new_session_id(&*call.server.rng);
    let key = Key::of(id.expose());
    let expires = now + lifetime(&call.server.config.session, now, now);
    let value = Held { claims, began: now, renewed: now }.seal(&kept.keys, &key, &*call.server.rng);
    if !kept.store.create(&key, value, expires).await? {
        return Err(StoreError::new("a new session id was there already"));
    }
    Ok(call.site.cookies.session_cookies(id.expose(), expires, cookies).unwrap_or_default())
}

/// The session of a request, as it is.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn current(
    server: &Inner,
    kept: &Kept,
    cookies: &Cookies<'_>,
) -> Result<Option<Session>, StoreError> {
    let Some(found) = find(server, kept, cookies).await? else { return Ok(None) };
    let mut claims = found.held.claims;
    claims.insert("iat".into(), found.held.renewed.into());
    claims.insert("exp".into(), found.expires.into());
    Ok(Some(Session::of_claims(claims)))
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
    let Some(found) = find(call.server, kept, cookies).await? else { return Ok(None) };
    let Some(found) = keep_alive(call.server, kept, found).await? else { return Ok(None) };
    let cookie_expires = now + lifetime(settings, now, found.held.began);
    let cookies = call.site.cookies.session_cookies(found.id.expose(), cookie_expires, cookies);
    let body = body(&found.held.claims, found.expires, &settings.claims).into();
    Ok(Some(Renewed { body, cookies: cookies.unwrap_or_default() }))
}

/// Ends the session of a request.
///
/// # Errors
/// [`StoreError`] where it may not be over.
pub(super) async fn end(kept: &Kept, cookies: &Cookies<'_>) -> Result<(), StoreError> {
    for id in ids(cookies) {
        kept.store.delete(&Key::of(id.expose())).await?;
    }
    Ok(())
}

/// The one session that a request's cookies name; `None` where there is none, or several: nobody knows whose is whose.
async fn find(server: &Inner, kept: &Kept, cookies: &Cookies<'_>) -> Result<Option<Found>, StoreError> {
    let mut only = None;
    for id in ids(cookies) {
        let key = Key::of(id.expose());
        if let Some(found) = load(server, kept, id, key).await? {
            match only {
                None => only = Some(found),
                Some(_) => return Ok(None),
            }
        }
    }
    Ok(only)
}

async fn load(server: &Inner, kept: &Kept, id: Secret, key: Key) -> Result<Option<Found>, StoreError> {
    let Some(record) = kept.store.load(&key).await? else { return Ok(None) };
    // A record that does not open was sealed with a secret that is no longer one of ours.
    let Some(held) = Held::open(&kept.keys, &key, &record) else { return Ok(None) };
    let over = is_over(&server.config.session, server.clock.now(), held.renewed, held.began);
    let found = Found { id, key, version: record.version, expires: record.expires, held };
    Ok((!over).then_some(found))
}

/// Gives a session a new end where that is due; `None` where it ended meanwhile.
async fn keep_alive(server: &Inner, kept: &Kept, mut found: Found) -> Result<Option<Found>, StoreError> {
    let now = server.clock.now();
    for _ in 0..ATTEMPTS {
        if found.held.renewed.saturating_add(kept.update_age) > now {
            return Ok(Some(found));
        }
        found.held.renewed = now;
        found.expires = now + lifetime(&server.config.session, now, found.held.began);
        let value = found.held.seal(&kept.keys, &found.key, &*server.rng);
        if kept.store.replace(&found.key, found.version, value, found.expires).await? {
            found.version += 1;
            return Ok(Some(found));
        }
        // Somebody else has changed it, or ended it.
        match load(server, kept, found.id, found.key).await? {
            Some(newer) => found = newer,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// What may be the id of a session among a request's cookies.
fn ids(cookies: &Cookies<'_>) -> Vec<Secret> {
    let is_id = |text: &str| {
        text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    cookies.session_tokens().iter().filter(|text| is_id(text)).map(|text| Secret::from(&**text)).collect()
}
