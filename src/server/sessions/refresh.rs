//! Tokens that are about to expire are renewed when their session is read: once, whoever asks, in whatever process.
//!
//! In a process, whoever comes while a session's tokens are being renewed waits for that; a caller that goes away does not end
//! it. Of several processes the one with the store's lease asks the provider. Tokens are in the store before anybody has them,
//! and take the place of no others than those they were asked for with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;

use crate::client::Client;
use crate::server::audit::{Event, Kind};
use crate::server::sessions::claims;
use crate::server::sessions::in_store::{Found, Kept, change, load};
use crate::server::sessions::tokens::Tokens;
use crate::server::state::Inner;
use crate::session::store::{Key, Owner, StoreError};

/// How long after it began a refresh is waited for whose session has an access token that is still good.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long where it has expired: longer than a lease, so that a process that died is outlived.
const LAST_PATIENCE: Duration = Duration::from_secs(25);
/// A process that says nothing for so many seconds has died, and another may ask the provider.
const LEASE: u64 = 10;
/// It says something this often.
const PROLONG: Duration = Duration::from_secs(3);
/// How often another process looks whether it is done.
const LOOK: Duration = Duration::from_millis(50);
/// New tokens that the store does not take are offered again so often.
const OFFERS: usize = 20;
/// After this long.
const OFFER_AGAIN: Duration = Duration::from_millis(500);

/// One refresh: since when, and what came of it, once it is there.
#[derive(Clone)]
struct UnderWay {
    began: Instant,
    landed: watch::Receiver<Option<Result<(), StoreError>>>,
}

/// What is being renewed in this process, by session.
#[derive(Default)]
pub(in crate::server) struct Refreshes {
    under_way: Mutex<HashMap<Key, UnderWay>>,
}

impl Refreshes {
    /// The one of a session that is under way, else one that begins now.
    fn join(&self, server: &Arc<Inner>, key: Key) -> UnderWay {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            let (tell, landed) = watch::channel(None);
            let (server, done) = (server.clone(), Done { server: server.clone(), key });
            let refresh = async move {
                let outcome = run(&server, key).await;
                drop(done);
                tell.send_replace(Some(outcome));
            };
            tokio::spawn(refresh.in_current_span());
            UnderWay { began: Instant::now(), landed }
        };
        under_way.entry(key).or_insert_with(start).clone()
    }

    /// Whether nothing is under way.
    pub fn are_done(&self) -> bool {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Whatever becomes of a refresh, the next one can begin.
struct Done {
    server: Arc<Inner>,
    key: Key,
}

impl Drop for Done {
    fn drop(&mut self) {
        let refreshes = &self.server.refreshes.under_way;
        refreshes.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// A session with tokens that are good for a while, as far as that can be; `None` where it is over.
///
/// # Errors
/// [`StoreError`] where nobody knows.
pub(super) async fn fresh(
    server: &Arc<Inner>,
    kept: &Kept,
    found: Found,
) -> Result<Option<Found>, StoreError> {
    let Some((_, tokens)) = due(server, &found) else { return Ok(Some(found)) };
    let over = tokens.are_over(server.clock.now());
    let patience = if over { LAST_PATIENCE } else { PATIENCE };
    let UnderWay { began, mut landed } = server.refreshes.join(server, found.key);
    if let Ok(Ok(outcome)) = timeout_at(began + patience, landed.wait_for(Option::is_some)).await {
        match &*outcome {
            Some(Err(error)) if over => return Err(error.clone()),
            Some(Err(error)) => tracing::warn!(%error, "tokens that are still good could not be renewed"),
            _ => {}
        }
    }
    load(server, kept, found.key).await
}

/// The tokens of a session that are to be renewed now, and who can.
fn due<'a>(server: &'a Inner, found: &'a Found) -> Option<(&'a Client, &'a Tokens)> {
    let tokens = found.held.tokens.as_ref()?;
    let client = tokens.client(&server.clients)?;
    let requires = client.provider().refresh.requires;
    tokens.are_due(requires, server.clock.now()).then_some((client, tokens))
}

/// Renews the tokens of a session, or waits for another process that does.
async fn run(server: &Inner, key: Key) -> Result<(), StoreError> {
    let Some(kept) = &server.kept else { return Ok(()) };
    let owner = Owner::new(&*server.rng);
    let deadline = Instant::now() + LAST_PATIENCE;
    while Instant::now() < deadline {
        let Some(found) = load(server, kept, key).await? else { return Ok(()) };
        if due(server, &found).is_none() {
            return Ok(());
        }
        if kept.store.lease(&key, &owner, LEASE).await? {
            let renewed = tokio::select! {
                renewed = renew(server, kept, key) => renewed,
                () = prolong(kept, key, &owner) => return Ok(()),
            };
            if let Err(error) = kept.store.release(&key, &owner).await {
                tracing::warn!(%error, "a lease could not be given back; it ends by itself");
            }
            return match renewed? {
                Some(found) => identify(server, kept, found).await,
                None => Ok(()),
            };
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Keeps a lease for as long as it is needed.
async fn prolong(kept: &Kept, key: Key, owner: &Owner) {
    loop {
        sleep(PROLONG).await;
        match kept.store.lease(&key, owner, LEASE).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(session = ?key, "another process renews the same tokens"),
            Err(error) => tracing::warn!(session = ?key, %error, "a lease could not be prolonged"),
        }
    }
}

/// Asks the provider, once, and keeps what it gives. With the lease: what was true before it may not be any more.
async fn renew(server: &Inner, kept: &Kept, key: Key) -> Result<Option<Found>, StoreError> {
    let Some(found) = load(server, kept, key).await? else { return Ok(None) };
    let Some((client, tokens)) = due(server, &found) else { return Ok(None) };
    let provider = &*tokens.provider;
    match client.refresh(&tokens.set).await {
        Ok(set) => {
            let renewed = tokens.renewed(set, server.clock.now());
            let held = offer(server, kept, &found, tokens, &renewed).await?;
            if held.is_none() {
                // Nobody has the new tokens. To revoke them could end those of a sign-in that has come in its place.
                tracing::info!(provider, session = ?key, "a session ended while its tokens were renewed");
            } else {
                tracing::debug!(provider, session = ?key, "the tokens of a session were renewed");
                server.note(event(Kind::Refresh, &found, provider));
            }
            Ok(held)
        }
        Err(error) if error.ends_sign_in() => {
            tracing::info!(provider, session = ?key, %error, "signed out: the provider has ended the sign-in");
            end(server, kept, key, tokens).await?;
            server.note(event(Kind::SessionEnded, &found, provider).because(error.code()));
            Ok(None)
        }
        Err(error) => {
            tracing::warn!(provider, session = ?key, %error, "the tokens of a session could not be renewed");
            server.note(event(Kind::Refresh, &found, provider).failed().because(error.code()));
            let failed = tokens.failed(server.clock.now());
            let tokens = tokens.clone();
            replace(server, kept, found, &tokens, |found| found.held.tokens = Some(failed.clone())).await?;
            Ok(None)
        }
    }
}

/// Keeps new tokens. The old refresh token may be void, so a store that fails is asked again.
async fn offer(
    server: &Inner,
    kept: &Kept,
    found: &Found,
    tokens: &Tokens,
    renewed: &Tokens,
) -> Result<Option<Found>, StoreError> {
    let mut offers = OFFERS;
    loop {
        let change = |found: &mut Found| found.held.tokens = Some(renewed.clone());
        match replace(server, kept, found.clone(), tokens, change).await {
            Err(error) if offers > 0 => {
                tracing::warn!(%error, "new tokens could not be kept yet");
                offers -= 1;
                sleep(OFFER_AGAIN).await;
            }
            outcome => return outcome,
        }
    }
}

/// Asks who it is now. Another person, or one whom `allow` no longer lets in, is signed out; where nobody can tell, the claims
/// stay as they were.
async fn identify(server: &Inner, kept: &Kept, found: Found) -> Result<(), StoreError> {
    let Some(tokens) = found.held.tokens.clone() else { return Ok(()) };
    let Some(client) = tokens.client(&server.clients) else { return Ok(()) };
    let (key, provider) = (found.key, &*tokens.provider);
    let profile = match client.profile(&tokens.set).await {
        Ok(profile) => profile,
        Err(error) if error.ends_sign_in() => {
            tracing::warn!(provider, session = ?key, %error, "signed out: the new tokens are somebody else's");
            server.note(event(Kind::SessionEnded, &found, provider).because(error.code()));
            return end(server, kept, key, &tokens).await;
        }
        Err(error) => {
            tracing::warn!(provider, session = ?key, %error, "nobody tells who it is now; the claims of a session stay");
            return Ok(());
        }
    };
    let claims = claims(&server.config.session, provider, &profile);
    let same_person = claims.get("sub") == found.held.claims.get("sub");
    if !same_person || !server.config.allow.admits(provider, &profile) {
        let why =
            if same_person { "`allow` no longer lets them in" } else { "the new tokens are somebody else's" };
        tracing::warn!(provider, session = ?key, why, "signed out");
        let reason = if same_person { "access_denied" } else { "sub_mismatch" };
        server.note(event(Kind::SessionEnded, &found, provider).because(reason));
        return end(server, kept, key, &tokens).await;
    }
    if claims != found.held.claims {
        replace(server, kept, found, &tokens, |found| found.held.claims = claims.clone()).await?;
    }
    Ok(())
}

/// What happened to a session.
fn event(kind: Kind, found: &Found, provider: &str) -> Event {
    Event::of(kind).at(provider).of_session(found.held.claims.get("sub").and_then(Value::as_str))
}

/// Changes a session whose tokens are still these; `None` where they are not, or it is over.
async fn replace(
    server: &Inner,
    kept: &Kept,
    found: Found,
    tokens: &Tokens,
    make: impl Fn(&mut Found),
) -> Result<Option<Found>, StoreError> {
    let is_still = |found: &Found| found.held.tokens.as_ref().is_some_and(|held| held.are_still(tokens));
    change(server, kept, found, |found| {
        let still = is_still(found);
        if still {
            make(found);
        }
        still
    })
    .await
}

/// Ends a session, unless its tokens are others by now.
async fn end(server: &Inner, kept: &Kept, key: Key, tokens: &Tokens) -> Result<(), StoreError> {
    let found = load(server, kept, key).await?;
    match found.and_then(|found| found.held.tokens).is_some_and(|held| held.are_still(tokens)) {
        true => kept.store.delete(&key).await,
        false => Ok(()),
    }
}

/// Ends tokens at the provider (RFC 7009), where its file itself says where: a discovery document names an endpoint also where
/// that ends the person's consent, on every device.
pub(super) async fn revoke(server: &Inner, tokens: &Tokens) {
    let Some(client) = tokens.client(&server.clients) else { return };
    if client.provider().metadata.revocation_endpoint.is_none() {
        return;
    }
    if let Err(error) = client.revoke(&tokens.set).await {
        tracing::warn!(provider = %tokens.provider, %error, "the tokens of a session could not be revoked");
    }
}
