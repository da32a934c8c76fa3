//! `/signed-out`: where a provider sends the browser back to that has signed out there (OpenID Connect RP-Initiated Logout §3).

use crate::server::answer::Answer;
use crate::server::call::Call;
use crate::server::sign_outs;

/// On to where the sign-out was to end. The session here was over before the browser left, so a browser that comes with
/// another state has nothing to lose: it gets the sign-in page.
pub fn run(call: &Call<'_>) -> Answer {
    match sign_outs::take(call) {
        Ok((target, cleared)) => Answer::redirect(target).cookie(cleared),
        Err(reason) => {
            tracing::info!(reason, "a browser came back from a sign-out that is not its own");
            let own = call.server.config.pages.sign_in.clone();
            Answer::redirect(own.unwrap_or_else(|| format!("{}/signin", call.base().href())))
        }
    }
}
