//! A sign-out under way at a provider: one cookie a browser, good for one return.

use http::HeaderValue;

use crate::oauth::Secret;
use crate::rng;
use crate::server::body;
use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::session::csrf::equal;
use crate::session::transaction::{LIFETIME, Transaction, state_hash};

/// The cookie of a sign-out that begins, and the state that must come back with the browser.
pub(super) fn begin(call: &Call<'_>, provider: &str, target: &str) -> (Secret, HeaderValue) {
    let keys = &call.site.cookies;
    let state = rng::token(&*call.server.rng, 32);
    let now = call.server.clock.now();
    let transaction = Transaction {
        provider: provider.to_owned(),
        issuer: String::new(),
        client_hash: String::new(),
        configuration: [0; 16],
        state_hash: state_hash(&state),
        nonce: None,
        code_verifier: None,
        dpop_key: None,
        request: serde_json::Map::new(),
        target: target.to_owned(),
        created: now,
    };
    let name = keys.logout_name();
    let value = keys.transaction.seal(&transaction, name, &*call.server.rng);
    (Secret::from(state), keys.transaction_cookie(name, &value, LIFETIME, now, false))
}

/// Where a browser goes that comes back, and what clears its cookie; `Err` says why it is not the one that left.
pub(super) fn take(call: &Call<'_>) -> Result<(String, HeaderValue), &'static str> {
    let keys = &call.site.cookies;
    let name = keys.logout_name();
    let state = body::only(call.query, "state").ok_or("there is no `state`, or several")?;
    let cookies = Cookies::read(call.headers, keys);
    let value = cookies.transaction(name).ok_or("this browser has begun no sign-out, or it is over")?;
    let transaction = keys.transaction.open(&value, name, call.server.clock.now());
    let transaction = transaction.ok_or("the sign-out is not ours, or over")?;
    if !equal(transaction.state_hash, state_hash(&state)) {
        return Err("`state` differs");
    }
    Ok((transaction.target, keys.cleared(name)))
}
