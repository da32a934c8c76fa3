//! The session in an application's own handlers: an extractor for axum.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, LOCATION};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::flow::TokenSet;
use crate::server::call::with_params;
use crate::server::cookies::Cookies;
use crate::server::dispatch::site;
use crate::server::sessions;
use crate::server::state::{Inner, Server, Site};
use crate::session::Session;
use crate::session::store::StoreError;

/// Why a handler does not get a session.
#[derive(Debug)]
pub enum NoSession {
    /// Nobody is signed in: a page request is sent to the sign-in page and comes back afterwards, any other gets 401.
    SignedOut {
        /// The sign-in page, for a page request.
        sign_in: Option<String>,
    },
    /// The session store does not answer: 503. Somebody may be signed in.
    Unavailable(StoreError),
}

impl IntoResponse for NoSession {
    fn into_response(self) -> Response {
        match self {
            NoSession::SignedOut { sign_in: Some(address) } => {
                (StatusCode::FOUND, [(LOCATION, address)]).into_response()
            }
            NoSession::SignedOut { sign_in: None } => StatusCode::UNAUTHORIZED.into_response(),
            NoSession::Unavailable(error) => {
                tracing::error!(%error, "a session could not be read");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}

impl<S> FromRequestParts<S> for Session
where
    Server: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = NoSession;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Session, NoSession> {
        let server = Server::from_ref(state);
        let session = server.session(parts).await.map_err(NoSession::Unavailable)?;
        session.ok_or_else(|| NoSession::SignedOut { sign_in: server.sign_in_address(parts) })
    }
}

impl<S> OptionalFromRequestParts<S> for Session
where
    Server: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = NoSession;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Session>, NoSession> {
        Server::from_ref(state).session(parts).await.map_err(NoSession::Unavailable)
    }
}

impl Server {
    /// The session of a request, for frameworks other than axum and for middleware.
    ///
    /// # Errors
    /// [`StoreError`] where nobody knows: that is not the same as nobody.
    pub async fn session(&self, parts: &Parts) -> Result<Option<Session>, StoreError> {
        let current = self.current();
        let Some(site) = site_of(&current, parts) else { return Ok(None) };
        let cookies = Cookies::read(&parts.headers, &site.cookies);
        sessions::current(&current, site, &cookies).await
    }

    /// The tokens of a request's session, to call the provider's API with: renewed where they were about to expire, and without
    /// the refresh token, which is the server's. `None` where nobody is signed in, and where sessions are in their cookies.
    ///
    /// `expires_at` is in the past where the access token could not be renewed.
    ///
    /// # Errors
    /// [`StoreError`] where nobody knows.
    pub async fn tokens(&self, parts: &Parts) -> Result<Option<TokenSet>, StoreError> {
        let current = self.current();
        let Some(site) = site_of(&current, parts) else { return Ok(None) };
        let cookies = Cookies::read(&parts.headers, &site.cookies);
        sessions::tokens(&current, &cookies).await
    }

    /// Where to sign in and come back; `None` for a request that is no page.
    fn sign_in_address(&self, parts: &Parts) -> Option<String> {
        let accepts = parts.headers.get(ACCEPT)?.to_str().ok()?;
        let current = self.current();
        let base = &site_of(&current, parts)?.base;
        let back = format!("{}{}", base.origin, parts.uri.path_and_query().map_or("/", |path| path.as_str()));
        let is_page = parts.method == Method::GET && accepts.contains("text/html");
        is_page.then(|| with_params(&format!("{}/signin", base.href()), &[("callbackUrl", &back)]))
    }
}

fn site_of<'a>(inner: &'a Inner, parts: &Parts) -> Option<&'a Site> {
    let peer =
        parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip());
    site(inner, &parts.headers, &parts.uri, peer).ok()
}
