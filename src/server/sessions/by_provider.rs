//! Sessions as the provider knows them: by the subject and by its own session, so that it can end them.

use serde_json::json;

use crate::flow::logout_token::VerifiedLogoutToken;
use crate::server::sessions::in_store::Kept;
use crate::server::sessions::tokens::Tokens;
use crate::session::store::{Key, StoreError};

/// What a session is found by at a provider of the deployment.
fn group(claim: &str, provider: &str, issuer: &str, value: &str) -> Key {
    Key::of(&json!([claim, provider, issuer, value]).to_string())
}

/// Makes a session known under the `sub` and the `sid` of its id_token (OpenID Connect Back-Channel Logout §2.4).
///
/// # Errors
/// [`StoreError`] where it may not be found.
pub(super) async fn know(kept: &Kept, key: &Key, tokens: &Tokens) -> Result<(), StoreError> {
    let Some(issuer) = tokens.claim("iss") else { return Ok(()) };
    for claim in ["sub", "sid"] {
        if let Some(value) = tokens.claim(claim) {
            kept.store.link(key, &group(claim, &tokens.provider, issuer, value)).await?;
        }
    }
    Ok(())
}

/// Ends the sessions that a logout token is about: those of its `sid`, where it has one, else all of its `sub`. How many that
/// were; `None` where the token came before.
///
/// # Errors
/// [`StoreError`] where one may not be over. The token may then come again.
pub(in crate::server) async fn end(
    kept: &Kept,
    provider: &str,
    token: &VerifiedLogoutToken,
) -> Result<Option<usize>, StoreError> {
    let used = group("jti", provider, token.issuer(), token.jti());
    if !kept.store.create(&used, vec![], token.expires().saturating_add(1)).await? {
        return Ok(None);
    }
    let ended = end_all(kept, provider, token).await;
    if ended.is_err()
        && let Err(error) = kept.store.delete(&used).await
    {
        tracing::warn!(%error, "a logout token that had no effect counts as used");
    }
    ended.map(Some)
}

async fn end_all(kept: &Kept, provider: &str, token: &VerifiedLogoutToken) -> Result<usize, StoreError> {
    let of = |claim: &str, value: &str| group(claim, provider, token.issuer(), value);
    let mut keys = match (token.sid(), token.sub()) {
        (Some(sid), _) => kept.store.linked(&of("sid", sid)).await?,
        (None, Some(sub)) => kept.store.linked(&of("sub", sub)).await?,
        (None, None) => vec![],
    };
    if let (Some(_), Some(sub)) = (token.sid(), token.sub()) {
        // The session of somebody else is not theirs to end.
        let theirs = kept.store.linked(&of("sub", sub)).await?;
        keys.retain(|key| theirs.contains(key));
    }
    delete(kept, &keys).await
}

/// Ends the sessions whose id_token had this `iss` and `sid`; how many that were.
///
/// # Errors
/// [`StoreError`] where one may not be over.
pub(in crate::server) async fn end_of_sid(
    kept: &Kept,
    provider: &str,
    issuer: &str,
    sid: &str,
) -> Result<usize, StoreError> {
    let keys = kept.store.linked(&group("sid", provider, issuer, sid)).await?;
    delete(kept, &keys).await
}

async fn delete(kept: &Kept, keys: &[Key]) -> Result<usize, StoreError> {
    for key in keys {
        kept.store.delete(key).await?;
    }
    Ok(keys.len())
}
