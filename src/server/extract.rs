//! The session in an application's own handlers: an extractor for axum.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, LOCATION};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::server::call::with_params;
use crate::server::cookies::Cookies;
use crate::server::dispatch::site;
use crate::server::sessions;
use crate::server::state::{Server, Site};
use crate::session::Session;

/// Nobody is signed in: a page request is sent to the sign-in page and comes back afterwards, any other gets 401.
#[derive(Debug)]
pub struct SignedOut {
    sign_in: Option<String>,
}

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        match self.sign_in {
            Some(address) => (StatusCode::FOUND, [(LOCATION, address)]).into_response(),
            None => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
}

impl<S> FromRequestParts<S> for Session
where
    Server: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = SignedOut;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Session, SignedOut> {
        let server = Server::from_ref(state);
        server.session(parts).ok_or_else(|| SignedOut { sign_in: server.sign_in_address(parts) })
    }
}

impl<S> OptionalFromRequestParts<S> for Session
where
    Server: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Session>, Self::Rejection> {
        Ok(Server::from_ref(state).session(parts))
    }
}

impl Server {
    /// The session of a request, for frameworks other than axum and for middleware.
    pub fn session(&self, parts: &Parts) -> Option<Session> {
        let site = self.site_of(parts)?;
        let cookies = Cookies::read(&parts.headers, &site.cookies);
        sessions::current(&self.inner, site, &cookies)
    }

    fn site_of(&self, parts: &Parts) -> Option<&Site> {
        let peer = parts
            .extensions
            .get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()
            .map(|info| info.0.ip());
        site(&self.inner, &parts.headers, &parts.uri, peer).ok()
    }

    /// Where to sign in and come back; `None` for a request that is no page.
    fn sign_in_address(&self, parts: &Parts) -> Option<String> {
        let accepts = parts.headers.get(ACCEPT)?.to_str().ok()?;
        let base = &self.site_of(parts)?.base;
        let back = format!("{}{}", base.origin, parts.uri.path_and_query().map_or("/", |path| path.as_str()));
        let is_page = parts.method == Method::GET && accepts.contains("text/html");
        is_page.then(|| with_params(&format!("{}/signin", base.href()), &[("callbackUrl", &back)]))
    }
}
