//! Sign-ins under way: a cookie each, so that ten tabs all finish; used once, also where the cookie was copied.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use http::HeaderValue;

use crate::client::Client;
use crate::config::Fingerprint;
use crate::flow::{CallbackParams, Pending};
use crate::oauth::Secret;
use crate::server::call::{Call, Visit};
use crate::server::clients::Configured;
use crate::server::cookies::Cookies;
use crate::server::failure::Failure;
use crate::session::Transaction;
use crate::session::store::Key;
use crate::session::transaction::{LIFETIME, cookie_suffix, state_hash};

/// Sign-ins under way in one browser; the oldest makes room.
const MAX_UNDER_WAY: usize = 12;
/// Used states that are remembered.
const MAX_USED: usize = 100_000;

/// The cookies of a new sign-in: its own, and those that make room for it.
///
/// # Errors
/// [`Failure::sign_in`] where its inputs are too large for a cookie.
pub(super) fn begin(
    call: &Call<'_>,
    visit: &Visit<'_>,
    client: &Client,
    pending: Pending,
) -> Result<Vec<HeaderValue>, Failure> {
    let keys = &call.site.cookies;
    let state_hash = state_hash(pending.state.expose());
    let transaction = Transaction {
        nonce: pending.nonce,
        code_verifier: pending.code_verifier,
        dpop_key: pending.dpop_key,
        configuration: call.server.clients.fingerprint(&pending.provider_id).to_bytes(),
        provider: pending.provider_id,
        issuer: pending.issuer,
        client_hash: pending.client_id_hash,
        state_hash,
        request: pending.request,
        target: visit.callback_url.clone(),
        created: pending.created,
    };
    let name = keys.transaction_name(&cookie_suffix(&state_hash));
    let value = keys.transaction.seal(&transaction, &name, &*call.server.rng);
    if value.len() > 3_900 {
        return Err(Failure::sign_in(
            &transaction.provider,
            "the inputs of the sign-in are too large to be remembered",
        ));
    }
    let mut cookies = room(call, &visit.cookies);
    let cross_site = client.provider().authorize.response_mode.is_posted();
    cookies.push(keys.transaction_cookie(&name, &value, LIFETIME, transaction.created, cross_site));
    Ok(cookies)
}

/// Clears what is no sign-in of ours any more, and the oldest ones where there are too many.
fn room(call: &Call<'_>, cookies: &Cookies<'_>) -> Vec<HeaderValue> {
    let keys = &call.site.cookies;
    let now = call.server.clock.now();
    let mut under_way: Vec<(u64, &str)> = cookies
        .transactions()
        .take(64)
        .map(|(name, value)| {
            (keys.transaction.open(value, name, now).map_or(0, |transaction| transaction.created), name)
        })
        .collect();
    if under_way.len() < MAX_UNDER_WAY {
        return vec![];
    }
    under_way.sort_unstable();
    let surplus = under_way.len() + 1 - MAX_UNDER_WAY;
    under_way.into_iter().take(surplus).map(|(_, name)| keys.cleared(name)).collect()
}

/// The sign-in that a callback belongs to, not yet used up.
pub(super) struct Found {
    transaction: Transaction,
    state: Secret,
    cookie: String,
}

/// A sign-in that was used up.
pub(super) struct Taken {
    pub pending: Pending,
    /// Where the browser goes afterwards.
    pub target: String,
    /// Clears its cookie.
    pub cleared: HeaderValue,
}

/// Finds the sign-in of a callback.
///
/// # Errors
/// [`Failure::configuration`]: there is none in this browser, or it is another provider's.
pub(super) fn find(
    call: &Call<'_>,
    cookies: &Cookies<'_>,
    provider: &str,
    params: &CallbackParams,
) -> Result<Found, Failure> {
    let refuse = |reason: &str| Failure::configuration(provider, "callback", "state_mismatch", reason);
    let keys = &call.site.cookies;
    let state = params.state().ok_or_else(|| refuse("the callback has no `state`, or several"))?;
    let state_hash = state_hash(&state);
    let name = keys.transaction_name(&cookie_suffix(&state_hash));
    let value = cookies
        .transaction(&name)
        .ok_or_else(|| refuse("this browser has begun no such sign-in, or it was used"))?;
    let transaction = keys
        .transaction
        .open(&value, &name, call.server.clock.now())
        .ok_or_else(|| refuse("the sign-in is not ours, or over"))?;
    if transaction.state_hash != state_hash {
        return Err(refuse("`state` differs"));
    }
    if transaction.provider != provider {
        return Err(refuse("the sign-in was begun at another provider"));
    }
    Ok(Found { transaction, state: Secret::from(state), cookie: name.to_string() })
}

impl Found {
    /// The provider that ends it, as it was configured when it began.
    pub fn provider<'a>(&self, call: &Call<'a>) -> Option<&'a Configured> {
        let fingerprint = Fingerprint::from_bytes(self.transaction.configuration);
        call.server.clients.of_sign_in(&self.transaction.provider, fingerprint)
    }

    /// Uses it up.
    ///
    /// # Errors
    /// [`Failure::configuration`]: it was used before; [`Failure::store`]: nobody knows.
    pub async fn take(self, call: &Call<'_>) -> Result<Taken, Failure> {
        let Found { transaction, state, cookie } = self;
        let now = call.server.clock.now();
        let provider = &transaction.provider;
        let mut is_first = call.server.used.first_use(transaction.state_hash, now);
        if let Some(kept) = call.server.kept.as_ref().filter(|_| is_first) {
            // Another process may have seen the same cookie.
            let used = Key::of(&format!("state {cookie}"));
            let created = kept.store.create(&used, vec![], now + LIFETIME).await;
            is_first = created.map_err(|error| Failure::store(provider, &error))?;
        }
        if !is_first {
            let reason = "the callback was used before";
            return Err(Failure::configuration(provider, "callback", "state_mismatch", reason));
        }
        let pending = Pending {
            state,
            nonce: transaction.nonce,
            code_verifier: transaction.code_verifier,
            dpop_key: transaction.dpop_key,
            redirect_uri: call.base().callback_url(provider),
            provider_id: transaction.provider,
            issuer: transaction.issuer,
            client_id_hash: transaction.client_hash,
            request: transaction.request,
            created: transaction.created,
        };
        let cleared = call.site.cookies.cleared(&cookie);
        Ok(Taken { pending, target: transaction.target, cleared })
    }
}

/// States whose callback has come: a copied cookie does not make a second sign-in.
#[derive(Default)]
pub(super) struct UsedStates {
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    until: HashMap<[u8; 32], u64>,
    order: VecDeque<[u8; 32]>,
}

impl UsedStates {
    /// Whether this state was not used before; it is from now on.
    pub fn first_use(&self, state_hash: [u8; 32], now: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(oldest) = used.order.front().copied() {
            let over = used.until.get(&oldest).is_none_or(|until| *until < now);
            if !over && used.order.len() < MAX_USED {
                break;
            }
            used.until.remove(&oldest);
            used.order.pop_front();
        }
        if used.until.insert(state_hash, now + LIFETIME).is_some() {
            return false;
        }
        used.order.push_back(state_hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_used_once() {
        let used = UsedStates::default();
        assert!(used.first_use([1; 32], 1_000));
        assert!(used.first_use([2; 32], 1_000));
        assert!(!used.first_use([1; 32], 1_600));
    }

    #[test]
    fn a_state_is_forgotten_when_its_sign_in_is_over() {
        let used = UsedStates::default();
        assert!(used.first_use([1; 32], 1_000));
        assert!(used.first_use([2; 32], 1_601));
        assert_eq!(used.used.lock().unwrap().order.len(), 1);
    }
}
