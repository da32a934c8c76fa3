//! `/callback/:provider`: where the provider sends the browser back to.

use crate::flow::CallbackParams;
use crate::provider::Provider;
use crate::server::answer::Answer;
use crate::server::audit::{Event, Kind};
use crate::server::body::Body;
use crate::server::call::Call;
use crate::server::clients::Configured;
use crate::server::cookies::Cookies;
use crate::server::failure::{Failure, Who};
use crate::server::{sessions, transactions};

/// Ends a sign-in. Its cookie is gone afterwards, whatever the outcome.
///
/// The CSRF and `callbackUrl` cookies are neither read nor set: a form that a provider posts comes without them, and a new
/// token here would break the page in the next tab.
pub async fn run(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let params = CallbackParams::parse(sent(call, id)?);
    let cookies = Cookies::read(call.headers, &call.site.cookies);
    let found = transactions::find(call, &cookies, id, &params)?;
    let unknown = || Failure::configuration(id, "routing", "unknown_provider", "there is no such provider");
    let Configured { client, party, .. } = found.provider(call).ok_or_else(unknown)?;
    came_as_asked(call, id, client.provider())?;
    let transaction = found.take(call).await?;
    let outcome = client.callback(transaction.pending, params).await;
    let session = match outcome.map_err(|error| Failure::of_client(id, &error)) {
        Ok(sign_in) => {
            let who = Who::of(&sign_in);
            let begun = match call.server.config.allow.admits(id, &sign_in.profile) {
                true => sessions::begin(call, &cookies, id, party, &sign_in).await,
                false => Err(Failure::access_denied(id)),
            };
            match begun {
                Ok(session) => Ok((session, who)),
                Err(failure) => Err(Failure { who: Some(who.into()), ..failure }),
            }
        }
        Err(failure) => Err(failure),
    };
    Ok(match session {
        Ok((session, Who { issuer, sub, email })) => {
            tracing::info!(provider = id, "signed in");
            call.note(Event { issuer, sub, email, ..Event::of(Kind::SignIn).at(id) });
            Answer::redirect(transaction.target).cookie(transaction.cleared).cookies(session)
        }
        Err(failure) => call.failed(&failure).cookie(transaction.cleared),
    })
}

/// What the provider answered: the query, or the form that it posted.
fn sent<'a>(call: &'a Call<'_>, id: &str) -> Result<&'a str, Failure> {
    match (call.is_post, &call.body) {
        (false, _) => Ok(call.query),
        (true, Body::Form(form)) => Ok(form),
        (true, _) => Err(refused(id, "the body is no form")),
    }
}

/// The answer counts where the provider was asked to put it, and nowhere else.
fn came_as_asked(call: &Call<'_>, id: &str, provider: &Provider) -> Result<(), Failure> {
    match (provider.authorize.response_mode.is_posted(), call.is_post) {
        (true, false) => Err(refused(id, "the provider was asked for a form post, and there was none")),
        (false, true) => Err(refused(id, "the provider was not asked for a form post, and there was one")),
        _ => Ok(()),
    }
}

fn refused(id: &str, reason: &str) -> Failure {
    Failure::configuration(id, "callback", "callback_refused", reason)
}
