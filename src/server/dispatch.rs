//! One request of the protocol: which address it is for, which action it names, and what is true of every answer.
//!
//! The rules of paths and methods are those of Auth.js: one segment is an action, two are an action and a provider; what
//! is neither, and any method but GET and POST, is a bad request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use tracing::Instrument;

use crate::config::ForwardAuth;
use crate::server::answer::{Answer, secure};
use crate::server::body::{self, Body};
use crate::server::call::{Call, Visit};
use crate::server::failure::Failure;
use crate::server::forwarded::Forwarded;
use crate::server::limits::Wait;
use crate::server::origin;
use crate::server::routes;
use crate::server::state::{Inner, Server, Site};
use crate::server::turned_away;
use crate::server::visitor::Visitor;

/// A form that a provider posts may carry an id_token and a person.
const MAX_CALLBACK_BODY: usize = 128 * 1024;
/// Any other form of ours is small.
const MAX_BODY: usize = 16 * 1024;

/// Answers a request under a base path.
pub(super) async fn handle(server: Server, request: Request) -> Response {
    let inner = &server.current();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let visitor = Visitor::of(request.headers(), peer, &inner.config.trusted_proxies, &*inner.rng);
    // Every line of the log that a request causes has its id, whatever is logged.
    let span = tracing::error_span!("request", id = %visitor.request_id);
    let mut response = answer(inner, &visitor, peer, request).instrument(span).await;
    visitor.mark(response.headers_mut());
    response
}

async fn answer(inner: &Arc<Inner>, visitor: &Visitor, peer: Option<IpAddr>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let site = match site(inner, &parts.headers, &parts.uri, peer) {
        Ok(site) => site,
        Err(status) => return plain(inner, status),
    };
    let Some(path) = parts
        .uri
        .path()
        .strip_prefix(site.base.path.as_str())
        .filter(|path| path.is_empty() || path.starts_with('/'))
    else {
        // Another address of the deployment has this path.
        return plain(inner, StatusCode::NOT_FOUND);
    };
    if let (Some(auth), Some(behind)) = (&inner.config.forward_auth, verified(path)) {
        return verify(inner, visitor, site, auth, &parts, behind, peer).await;
    }
    let Some((action, provider)) = action(path, &parts.method) else {
        return Answer::bad_request().into_response(false, &inner.csp);
    };
    let limit = if action == Action::Callback { MAX_CALLBACK_BODY } else { MAX_BODY };
    let bytes = match parts.method {
        Method::POST => match body::collect(body, limit).await {
            Some(bytes) => bytes,
            None => return plain(inner, StatusCode::PAYLOAD_TOO_LARGE),
        },
        _ => Bytes::new(),
    };
    let call = Call {
        server: inner,
        visitor,
        site,
        is_post: parts.method == Method::POST,
        query: parts.uri.query().unwrap_or_default(),
        body: Body::read(&parts.headers, &bytes),
        headers: &parts.headers,
    };
    if let Err(wait) = within_limits(&call, action) {
        return turned_away::too_many(&call, &wait).into_response(false, &inner.csp);
    }
    // A header for the client of version 5, a field for that of version 4.
    let as_json =
        parts.headers.contains_key("x-auth-return-redirect") || (call.is_post && call.body.wants_json());
    let outcome = run(&call, action, provider).await;
    outcome.unwrap_or_else(|failure| call.failed(&failure)).into_response(as_json, &inner.csp)
}

/// What stands behind `/verify`, where the path is that.
fn verified(path: &str) -> Option<&str> {
    path.strip_prefix("/verify").filter(|behind| behind.is_empty() || behind.starts_with('/'))
}

/// Answers a proxy that asks about a request, of whatever method and with whatever body: neither is the proxy's own.
async fn verify(
    inner: &Arc<Inner>,
    visitor: &Visitor,
    site: &Site,
    auth: &ForwardAuth,
    parts: &Parts,
    behind: &str,
    peer: Option<IpAddr>,
) -> Response {
    let Parts { headers, uri, method, .. } = parts;
    let request = Forwarded::read(headers, uri, behind, peer, &inner.config.trusted_proxies);
    let answer = match request {
        Err(unknown) => routes::verify::refused(unknown.reason()),
        Ok(request) => {
            let named = request.origin.as_ref();
            match named
                .map_or(Some(site), |origin| inner.sites.iter().find(|site| site.base.origin == *origin))
            {
                None => routes::verify::refused("the request goes to no address of this server"),
                Some(site) => {
                    let query = uri.query().unwrap_or_default();
                    let call = Call {
                        server: inner,
                        visitor,
                        site,
                        is_post: false,
                        query,
                        body: Body::default(),
                        headers,
                    };
                    routes::verify::run(&call, auth, &request, method).await
                }
            }
        }
    };
    answer.into_response(false, &inner.csp)
}

/// Counts a request of a client.
///
/// # Errors
/// [`Wait`] where it has come too often.
fn within_limits(call: &Call<'_>, action: Action) -> Result<(), Wait> {
    let (rates, limits) = (&call.server.config.limits, &call.server.limits);
    let (rate, buckets) = match action {
        Action::SignIn if call.is_post => (rates.sign_in, &limits.sign_in),
        Action::Callback => (rates.callback, &limits.callback),
        Action::Session => (rates.session, &limits.session),
        _ => return Ok(()),
    };
    match rate {
        Some(rate) => buckets.take(call.visitor.address, rate, call.server.clock.now_millis()),
        None => Ok(()),
    }
}

/// The address that a request is for.
pub(super) fn site<'a>(
    inner: &'a Inner,
    headers: &HeaderMap,
    uri: &http::Uri,
    peer: Option<IpAddr>,
) -> Result<&'a Site, StatusCode> {
    let base_urls = inner.sites.iter().map(|site| &site.base);
    let index = origin::pick(base_urls, headers, uri, peer, &inner.config.trusted_proxies)?;
    inner.sites.get(index).ok_or(StatusCode::MISDIRECTED_REQUEST)
}

/// The actions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    BackchannelLogout,
    Callback,
    Csrf,
    Error,
    FrontchannelLogout,
    Log,
    Providers,
    Session,
    SignIn,
    SignOut,
    SignedOut,
    Style,
    VerifyRequest,
    WebauthnOptions,
}

/// The action that a path names, and its provider; `None` for what is no request of the protocol.
fn action<'a>(path: &'a str, method: &Method) -> Option<(Action, Option<&'a str>)> {
    if ![Method::GET, Method::POST].contains(method) {
        return None;
    }
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let (name, provider, rest) = (segments.next()?, segments.next(), segments.next());
    let action = match name {
        "callback" => Action::Callback,
        "csrf" => Action::Csrf,
        "error" => Action::Error,
        "providers" => Action::Providers,
        "session" => Action::Session,
        "signin" => Action::SignIn,
        "signout" => Action::SignOut,
        "verify-request" => Action::VerifyRequest,
        "webauthn-options" => Action::WebauthnOptions,
        // Not of Auth.js 5: what the client of version 4 reports to, what a provider says of its own accord, the way back from it, and our
        // own style sheet.
        "_log" if *method == Method::POST => Action::Log,
        "backchannel-logout" if *method == Method::POST => Action::BackchannelLogout,
        "frontchannel-logout" if *method == Method::GET => Action::FrontchannelLogout,
        "signed-out" if *method == Method::GET => Action::SignedOut,
        "style.css" if *method == Method::GET => Action::Style,
        _ => return None,
    };
    let takes_provider = [
        Action::BackchannelLogout,
        Action::Callback,
        Action::FrontchannelLogout,
        Action::SignIn,
        Action::WebauthnOptions,
    ]
    .contains(&action);
    if rest.is_some() || (provider.is_some() && !takes_provider) {
        return None;
    }
    Some((action, provider.filter(|id| *id != "undefined")))
}

async fn run(call: &Call<'_>, action: Action, provider: Option<&str>) -> Result<Answer, Failure> {
    if action == Action::BackchannelLogout {
        return Ok(routes::backchannel_logout::run(call, provider).await);
    }
    if action == Action::FrontchannelLogout {
        return Ok(routes::frontchannel_logout::run(call, provider).await);
    }
    // A sign-in may end at a provider that is not configured any more.
    if let (Action::Callback, Some(id)) = (action, provider.filter(|id| call.server.clients.know(id))) {
        return routes::callback::run(call, id).await;
    }
    let unknown = || Failure::configuration("", "routing", "unknown_provider", "there is no such provider");
    let provider = match provider {
        Some(id) => Some(call.server.config.providers.get_key_value(id).ok_or_else(unknown)?),
        None => None,
    };
    match (action, call.is_post, provider) {
        (Action::Log, ..) => Ok(routes::log::run(call)),
        (Action::SignedOut, ..) => Ok(routes::signed_out::run(call)),
        (Action::Style, ..) => Ok(Answer::css(call.server.pages.css.clone())),
        (Action::Session, false, _) => Ok(routes::session::read(call, Visit::of(call)).await),
        (Action::Session, true, _) => Ok(routes::session::update(call, Visit::of(call)).await),
        (Action::Csrf, false, _) => Ok(routes::csrf::run(Visit::of(call))),
        (Action::Providers, false, _) => Ok(routes::providers::run(call, Visit::of(call))),
        (Action::Error, false, _) => Ok(routes::error::run(call, Visit::of(call))),
        (Action::VerifyRequest, false, _) => Ok(routes::verify_request::run(call, Visit::of(call))),
        (Action::SignIn, false, None) => Ok(routes::signin::page(call, Visit::of(call))),
        (Action::SignIn, true, provider) => {
            routes::signin::begin(
                call,
                Visit::of(call),
                provider.map(|(id, provider)| (id.as_str(), provider)),
            )
            .await
        }
        (Action::SignOut, false, _) => Ok(routes::signout::page(call, Visit::of(call))),
        (Action::SignOut, true, _) => routes::signout::run(call, Visit::of(call)).await,
        _ => Err(Failure::configuration(
            "",
            "routing",
            "unknown_action",
            "the action does not take this method or provider",
        )),
    }
}

/// An answer without a body: there is nothing to tell.
pub(super) fn plain(inner: &Inner, status: StatusCode) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = status;
    secure(response.headers_mut(), &inner.csp);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Option<(Action, Option<&str>)> {
        action(path, &Method::GET)
    }

    #[test]
    fn one_segment_is_an_action_and_two_have_a_provider() {
        assert_eq!(names("/session"), Some((Action::Session, None)));
        assert_eq!(names("/session/"), Some((Action::Session, None)));
        assert_eq!(names("/signin/acme"), Some((Action::SignIn, Some("acme"))));
        assert_eq!(names("//signin///acme/"), Some((Action::SignIn, Some("acme"))));
        assert_eq!(names("/signin/undefined"), Some((Action::SignIn, None)));
    }

    #[test]
    fn anything_else_is_a_bad_request() {
        for path in [
            "",
            "/",
            "/nothing",
            "/session/x",
            "/signin/a/b",
            "/SESSION",
            "/session;x",
            "/%73ession",
            "/_log",
            "/..",
            "/%2e%2e/session",
        ] {
            assert_eq!(names(path), None, "{path}");
        }
        for method in [Method::HEAD, Method::PUT, Method::OPTIONS, Method::DELETE] {
            assert_eq!(action("/session", &method), None, "{method}");
        }
    }
}
