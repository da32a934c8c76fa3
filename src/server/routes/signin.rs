//! `/signin`: the page to choose on, and the form that begins a sign-in.

use http::StatusCode;

use crate::config::ConfiguredProvider;
use crate::server::answer::Answer;
use crate::server::call::{Call, Visit, with_params};
use crate::server::failure::Failure;
use crate::server::pages::SignInPage;
use crate::server::realm::{self, Realm};
use crate::server::transactions;

/// GET: the page, or the application's own.
pub fn page(call: &Call<'_>, visit: Visit<'_>) -> Answer {
    let error = call.query("error");
    if let Some(page) = &call.server.config.pages.sign_in {
        let mut params = vec![("callbackUrl", visit.callback_url.as_str())];
        params.extend(error.as_deref().map(|error| ("error", error)));
        return Answer::redirect(with_params(page, &params)).cookies(visit.set);
    }
    let html = call.server.pages.sign_in(&SignInPage {
        base: call.base(),
        csrf_token: &visit.csrf_token,
        callback_url: &visit.callback_url,
        error: error.as_deref(),
    });
    Answer::html(StatusCode::OK, html).cookies(visit.set)
}

/// POST: sends the browser to the provider, and remembers the sign-in in a cookie of its own.
pub async fn begin(
    call: &Call<'_>,
    visit: Visit<'_>,
    provider: Option<(&str, &ConfiguredProvider)>,
) -> Result<Answer, Failure> {
    visit.verified(call)?;
    let config = &call.server.config;
    let realm = match (provider, call.body.get("email")) {
        (Some((id, provider)), _) => realm::of_provider(config, id, provider, call.query),
        (None, Some(email)) => realm::of_email(config, &email).map_err(|why| Failure::sign_in("", why))?,
        (None, None) => {
            return Ok(Answer::redirect(format!("{}/signin", call.base().href())).cookies(visit.set));
        }
    };
    let Realm { id, request, .. } = realm;
    let client = call
        .server
        .clients
        .get(id)
        .ok_or_else(|| Failure::configuration(id, "routing", "unknown_provider", "no client"))?;
    let redirect_uri = call.base().callback_url(id);
    let authorization =
        client.authorize(&redirect_uri, &request).await.map_err(|error| Failure::of_client(id, &error))?;
    let cookies = transactions::begin(call, &visit, client, authorization.pending)?;
    Ok(Answer::redirect(authorization.url).cookies(visit.set).cookies(cookies))
}
