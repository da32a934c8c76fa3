//! Providers as a service on loopback, for any client: `authcfg mock`.
//!
//! In: provider files. The endpoints have the paths that they really have, below `/ID`; what they answer is what a vector
//! of the file says, with codes and tokens of this sign-in's own. Out: an `axum::Router`, and the list of what was asked.

mod addresses;
mod authorize;
mod client_auth;
mod ending;
mod grants;
mod issue;
mod journal;
mod later;
mod method;
mod page;
mod played;
mod pushed;
mod refusal;
mod request;
mod resource;
mod scenario;
mod settings;
mod strict;
mod token;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN};
use http::header::{CACHE_CONTROL, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::mock::answer;
use crate::mock::service::played::Played;
use crate::mock::service::scenario::Scenario;
use crate::oauth::Secret;
use crate::provider::Provider;
use crate::rng::Rng;

pub use journal::Exchange;

/// Client id and secret that are suggested where any will do.
const ANY: &str = "mock";
/// The most bytes that a request may have.
const MAX_BODY: usize = 1024 * 1024;

/// Sees each request when it has been answered.
pub type Watcher = Arc<dyn Fn(&Exchange) + Send + Sync>;

/// What requests must have beyond what the standards say.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The client id that requests must have; any where it is absent.
    pub client_id: Option<String>,
    /// The client secret that token requests must have; any where it is absent.
    pub client_secret: Option<Secret>,
    /// Whether requests must be as the provider file's own client writes them.
    pub strict: bool,
}

impl Rules {
    /// The client id that addresses have, where they have one.
    fn client_id(&self) -> &str {
        self.client_id.as_deref().unwrap_or(ANY)
    }

    /// The secret that callbacks are signed with, where they are signed.
    fn client_secret(&self) -> &str {
        self.client_secret.as_ref().map_or(ANY, Secret::expose)
    }
}

/// How a [`Service`] behaves.
#[derive(Clone, Default)]
pub struct ServiceOptions {
    /// Whether it answers without asking who signs in.
    pub auto: bool,
    /// The scenario that is played where nobody chooses, by its name or the person's e-mail address; then nobody is asked.
    pub vector: Option<String>,
    /// What requests must have.
    pub rules: Rules,
    /// Sees each request.
    pub watcher: Option<Watcher>,
}

/// Why a service cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No provider has the scenario that was asked for.
    #[error("no test is called `{name}`; there are:\n  {}", known.join("\n  "))]
    NoSuchVector {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The provider's file has nothing to play.
    #[error("the file of `{0}` has no test to play")]
    NothingToPlay(String),
}

/// Providers that are played for any client.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    played: Vec<Played>,
    address: SocketAddr,
    watcher: Option<Watcher>,
}

impl Service {
    /// A service of these providers. `address` is where it will listen.
    ///
    /// # Errors
    /// A provider with nothing to play, a scenario that none of them has.
    pub fn new(
        providers: &[Arc<Provider>],
        address: SocketAddr,
        options: ServiceOptions,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Service, ServiceError> {
        let all: Vec<(Arc<Provider>, Vec<Scenario>)> = providers
            .iter()
            .map(|provider| (provider.clone(), Scenario::all(provider, &options.rules)))
            .collect();
        let wanted = options.vector.as_deref();
        let called = |scenarios: &[Scenario]| {
            wanted.and_then(|word| scenarios.iter().position(|scenario| scenario.is_called(word)))
        };
        if let Some(word) = wanted.filter(|_| !all.iter().any(|(_, scenarios)| called(scenarios).is_some())) {
            let known = all.iter().flat_map(|(_, scenarios)| scenarios).map(|scenario| scenario.name.clone());
            return Err(ServiceError::NoSuchVector { name: word.to_owned(), known: known.collect() });
        }
        let mut played = vec![];
        for (provider, scenarios) in all {
            let first = called(&scenarios).or_else(|| scenarios.iter().position(Scenario::succeeds));
            let first = first.ok_or_else(|| ServiceError::NothingToPlay(provider.id.clone()))?;
            let asks = !options.auto && wanted.is_none();
            let how = (asks, options.rules.clone());
            played.push(Played::new(provider, scenarios, first, how, clock.clone(), rng.clone()));
        }
        Ok(Service { inner: Arc::new(Inner { played, address, watcher: options.watcher }) })
    }

    /// The routes of the service.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.inner.clone())
    }

    /// Where everything is: `{base, providers: {ID: {name, issuer, discovery, endpoints, requests, scenarios}}}`.
    pub fn settings(&self) -> Value {
        settings::settings(&self.inner.played, &format!("http://{}", self.inner.address))
    }
}

async fn handle(State(inner): State<Arc<Inner>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut response = match to_bytes(body, MAX_BODY).await {
        Ok(body) => inner.answer(&parts, &body),
        Err(_) => answer::plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large".into()),
    };
    // Clients that run in a browser read these answers from another origin.
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response.map(Body::from)
}

impl Inner {
    fn answer(&self, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        if parts.method == Method::OPTIONS {
            let mut response = answer::plain(StatusCode::NO_CONTENT, String::new());
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
            let asked = parts.headers.get("access-control-request-headers").cloned();
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(HeaderValue::from_static("*")));
            return response;
        }
        let base = self.base(parts);
        let path = parts.uri.path();
        if path == "/" {
            return answer::json(StatusCode::OK, &settings::settings(&self.played, &base));
        }
        let found = self.played.iter().find_map(|played| Some((played, below(path, &played.provider.id)?)));
        let Some((played, rest)) = found else {
            let ids: Vec<&str> = self.played.iter().map(|played| played.provider.id.as_str()).collect();
            let known = format!("this mock plays {}: {base}/{}", ids.join(", "), ids.first().unwrap_or(&""));
            return answer::error(StatusCode::NOT_FOUND, "not_found", &known);
        };
        let id = &played.provider.id;
        let (response, exchange) = played.answer(&format!("{base}/{id}"), &rest, parts, body);
        if let (Some(exchange), Some(watcher)) = (exchange, &self.watcher) {
            watcher(&exchange);
        }
        response
    }

    /// The address under which the request found the service: `localhost` stays `localhost`, so that an issuer is the one
    /// that the client was given. Any other host is not of this machine's making.
    fn base(&self, parts: &Parts) -> String {
        let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let url = named.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
        let is_loopback = |url: &Url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.filter(is_loopback) {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.address),
        }
    }
}

/// The path below `/ID`; the metadata of RFC 8414 §3.1 has its well-known part before that.
fn below(path: &str, id: &str) -> Option<String> {
    let well_known = "/.well-known/oauth-authorization-server";
    let is_id = |rest: &str| rest.strip_prefix('/').and_then(|rest| rest.strip_prefix(id)).map(str::to_owned);
    let ends = |rest: &String| rest.is_empty() || rest.starts_with('/');
    match path.strip_prefix(well_known) {
        Some(rest) => is_id(rest).filter(ends).map(|_| well_known.to_owned()),
        None => is_id(path).filter(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_one_provider() {
        assert_eq!(below("/acme/token", "acme").as_deref(), Some("/token"));
        assert_eq!(below("/acme", "acme").as_deref(), Some(""));
        assert_eq!(below("/acme-2/token", "acme"), None);
        let well_known = "/.well-known/oauth-authorization-server";
        assert_eq!(below(&format!("{well_known}/acme/oauth"), "acme").as_deref(), Some(well_known));
        assert_eq!(below(&format!("{well_known}/other"), "acme"), None);
    }
}
