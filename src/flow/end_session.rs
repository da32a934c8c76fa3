//! The end of a session at the provider (OpenID Connect RP-Initiated Logout §2): where the browser goes to sign out there, and
//! comes back from.

use url::Url;

use crate::flow::caller::Caller;
use crate::flow::draft::append_query;
use crate::flow::error::Error;
use crate::flow::metadata::EndpointName;
use crate::oauth::Secret;

/// A logout request.
#[derive(Clone, Debug, Default)]
pub struct EndSessionRequest {
    /// The id_token of the sign-in that ends. Where there is none, `client_id` says who asks.
    pub id_token_hint: Option<Secret>,
    /// Who signs out, as the provider knows them.
    pub logout_hint: Option<String>,
    /// The way back; `None` leaves the browser there.
    pub back: Option<WayBack>,
}

/// Where a browser comes back to from a sign-out.
#[derive(Clone, Debug)]
pub struct WayBack {
    /// The address.
    pub post_logout_redirect_uri: String,
    /// Comes back with the browser.
    pub state: Secret,
}

/// The address to send the browser to; `None` where the provider has none. It holds an id_token: it is no text for a log.
///
/// # Errors
/// An address that cannot be rendered, or is neither https nor of this machine.
pub fn url(request: &EndSessionRequest, caller: &Caller<'_>) -> Result<Option<Url>, Error> {
    let registration = caller.registration;
    let endpoint = caller.metadata.endpoint(EndpointName::EndSession, registration, caller.context)?;
    let Some(endpoint) = endpoint else { return Ok(None) };
    let client = match &request.id_token_hint {
        Some(id_token) => ("id_token_hint", id_token.expose()),
        None => ("client_id", registration.client_id.as_str()),
    };
    let hint = request.logout_hint.as_deref().map(|hint| ("logout_hint", hint));
    let back = request.back.iter().flat_map(|back| {
        let WayBack { post_logout_redirect_uri, state } = back;
        [("post_logout_redirect_uri", post_logout_redirect_uri.as_str()), ("state", state.expose())]
    });
    let rename = &registration.provider.rename;
    let standard = std::iter::once(client).chain(hint).chain(back);
    let params: Vec<(String, String)> = standard
        .map(|(name, value)| (rename.get(name).map_or(name, String::as_str).to_owned(), value.to_owned()))
        .collect();
    let mut url = endpoint.url;
    let mut all: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    all.retain(|(name, _)| !params.iter().any(|(own, _)| own == name));
    all.extend(params);
    url.set_query(None);
    append_query(&mut url, &all, &[]);
    Ok(Some(url))
}
