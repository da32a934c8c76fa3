//! `/callback/:provider`: where the provider sends the browser back to.

use crate::config::ConfiguredProvider;
use crate::flow::CallbackParams;
use crate::server::answer::Answer;
use crate::server::body::Body;
use crate::server::call::Call;
use crate::server::cookies::Cookies;
use crate::server::failure::Failure;
use crate::server::{sessions, transactions};

/// Ends a sign-in. Its cookie is gone afterwards, whatever the outcome.
///
/// The CSRF and `callbackUrl` cookies are neither read nor set: a form that a provider posts comes without them, and a new
/// token here would break the page in the next tab.
pub async fn run(call: &Call<'_>, id: &str, provider: &ConfiguredProvider) -> Result<Answer, Failure> {
    let params = CallbackParams::parse(params(call, id, provider)?);
    let cookies = Cookies::read(call.headers, &call.site.cookies);
    let transaction = transactions::take(call, &cookies, id, &params).await?;
    let outcome = match call.server.clients.get(id) {
        Some(client) => {
            client.callback(transaction.pending, params).await.map_err(|error| Failure::of_client(id, &error))
        }
        None => Err(Failure::configuration(id, "routing", "unknown_provider", "no client")),
    };
    let session = match outcome {
        Ok(sign_in) if call.server.config.allow.admits(id, &sign_in.profile) => {
            sessions::begin(call, &cookies, id, &sign_in).await
        }
        Ok(_) => Err(Failure::access_denied(id)),
        Err(failure) => Err(failure),
    };
    Ok(match session {
        Ok(session) => {
            tracing::info!(provider = id, "signed in");
            Answer::redirect(transaction.target).cookie(transaction.cleared).cookies(session)
        }
        Err(failure) => call.failed(&failure).cookie(transaction.cleared),
    })
}

/// Where the provider was asked to put its answer, and nowhere else.
fn params<'a>(call: &'a Call<'_>, id: &str, provider: &ConfiguredProvider) -> Result<&'a str, Failure> {
    let refuse = |reason: &str| Err(Failure::configuration(id, "callback", "callback_refused", reason));
    let is_asked = provider.registration.provider.authorize.response_mode.is_posted();
    match (is_asked, call.is_post, &call.body) {
        (false, false, _) => Ok(call.query),
        (true, true, Body::Form(form)) => Ok(form),
        (true, true, _) => refuse("the body is no form"),
        (true, false, _) => refuse("the provider was asked for a form post, and there was none"),
        (false, true, _) => refuse("the provider was not asked for a form post, and there was one"),
    }
}
