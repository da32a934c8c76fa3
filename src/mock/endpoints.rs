//! Which endpoint a request was meant for, and so which step it is.

use http::header::HOST;
use http::request;
use url::Url;

use crate::expr::Context;
use crate::flow::metadata::{EndpointName, Metadata};
use crate::flow::userinfo;
use crate::provider::Registration;
use crate::provider::userinfo::UserinfoCall;

/// The header in which the transport says where a request was meant to go.
pub const REAL_URL: &str = "x-authcfg-url";

/// The endpoints of a provider, as its client knows them.
pub(super) struct Endpoints {
    pub registration: Registration,
    pub metadata: Metadata,
}

/// A step that a request can belong to.
pub(super) enum Target<'a> {
    Authorization,
    Call(&'a UserinfoCall),
    Discovery,
    Jwks,
    Token,
}

impl Endpoints {
    /// The address that a request was meant for.
    pub fn meant_url(&self, parts: &request::Parts) -> Option<Url> {
        if let Some(url) = parts.headers.get(REAL_URL) {
            return Url::parse(url.to_str().ok()?).ok();
        }
        let host = parts.headers.get(HOST)?.to_str().ok()?;
        let mut url = Url::parse(&format!("http://{host}")).ok()?.join(parts.uri.path()).ok()?;
        if let Some(endpoint) = self.authorization().filter(|endpoint| endpoint.path() == parts.uri.path()) {
            url = endpoint;
        }
        let own = url.query().map(|query| format!("{query}&")).unwrap_or_default();
        url.set_query(parts.uri.query().map(|query| format!("{own}{query}")).as_deref());
        Some(url)
    }

    /// The step that a request to `url` belongs to. `called` are the calls that were made in this sign-in already: of two
    /// with one address the other one is meant.
    pub fn target(&self, url: &Url, context: &Context, called: &[String]) -> Option<Target<'_>> {
        let Endpoints { registration, metadata } = self;
        let is = |endpoint: &Url| same_address(endpoint, url);
        let endpoint =
            |name| metadata.endpoint(name, registration, context).ok().flatten().map(|found| found.url);
        if metadata.discovery_url(registration).ok().flatten().is_some_and(|url| is(&url)) {
            return Some(Target::Discovery);
        }
        if endpoint(EndpointName::Jwks).is_some_and(|url| is(&url)) {
            return Some(Target::Jwks);
        }
        if self.authorization().is_some_and(|url| is(&url)) {
            return Some(Target::Authorization);
        }
        let is_token = endpoint(EndpointName::Token).is_some_and(|url| is(&url));
        if is_token && context.get("token").is_none() {
            return Some(Target::Token);
        }
        let calls = userinfo::calls(registration, metadata, context).unwrap_or_default();
        let matching = |call: &&UserinfoCall| {
            userinfo::endpoint(call, registration, metadata, context).is_ok_and(|found| is(&found.url))
        };
        let fresh = calls.iter().filter(matching).find(|call| !called.contains(&call.name));
        match fresh.or(calls.iter().find(matching)) {
            Some(call) => Some(Target::Call(call)),
            None => is_token.then_some(Target::Token),
        }
    }

    /// The authorization endpoint.
    pub fn authorization(&self) -> Option<Url> {
        let context = self.registration.context();
        let found = self.metadata.endpoint(EndpointName::Authorization, &self.registration, &context);
        found.ok().flatten().map(|endpoint| endpoint.url)
    }
}

fn same_address(a: &Url, b: &Url) -> bool {
    (a.scheme(), a.host(), a.port_or_known_default(), a.path())
        == (b.scheme(), b.host(), b.port_or_known_default(), b.path())
}
