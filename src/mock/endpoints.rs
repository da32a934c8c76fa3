//! Which endpoint a request was meant for, and so which step it is.

use http::header::HOST;
use http::request;
use url::Url;

use crate::expr::Context;
use crate::flow::grant::Grant;
use crate::flow::later::Later;
use crate::flow::metadata::{EndpointName, Metadata};
use crate::flow::{refresh, then, userinfo};
use crate::mock::grant;
use crate::mock::record::Recorded;
use crate::provider::Registration;
use crate::provider::token::Then;
use crate::provider::userinfo::UserinfoCall;

/// The header in which the transport says where a request was meant to go.
pub const REAL_URL: &str = "x-authcfg-url";
/// Which certificate the client would have shown there, in the header of a request.
pub const SHOWN_CERTIFICATE: &str = "x-authcfg-client-certificate";

/// The endpoints of a provider, as its client knows them.
pub(super) struct Endpoints {
    pub registration: Registration,
    pub metadata: Metadata,
    /// What is known when a sign-in begins: the deployment's values, and the inputs.
    pub context: Context,
}

/// A request, as far as it decides which step it is.
pub(super) struct Asked<'a> {
    pub recorded: &'a Recorded,
    /// What is known of the sign-in so far.
    pub context: &'a Context,
    /// The calls that were made already: of two with one address the other one is meant.
    pub called: &'a [String],
    /// How many requests of `token.then` were looked at already.
    pub then: usize,
}

/// A step that a request can belong to.
pub(super) enum Target<'a> {
    Authorization,
    Call(&'a UserinfoCall),
    Discovery,
    Grant(Grant),
    Jwks,
    Later(Later),
    ProtectedResource,
    Pushed,
    Refresh,
    Then(usize, &'a Then),
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

    /// The step that a request belongs to.
    pub fn target(&self, asked: &Asked<'_>) -> Option<Target<'_>> {
        let Endpoints { registration, metadata, .. } = self;
        let (url, context) = (&asked.recorded.url, asked.context);
        let is = |endpoint: &Url| same_address(endpoint, url);
        let at = |name| {
            let endpoint = metadata.endpoint(name, registration, context).ok().flatten();
            endpoint.is_some_and(|endpoint| is(&endpoint.url))
        };
        let named = metadata.protected_resource(registration).is_ok_and(|resource| resource.is_some());
        if metadata.discovery_url(registration).ok().flatten().is_some_and(|url| is(&url)) {
            return Some(if named { Target::ProtectedResource } else { Target::Discovery });
        }
        if named && metadata.well_known().iter().any(is) {
            return Some(Target::Discovery);
        }
        if at(EndpointName::Jwks) {
            return Some(Target::Jwks);
        }
        if at(EndpointName::PushedAuthorizationRequest) {
            return Some(Target::Pushed);
        }
        if self.authorization().is_some_and(|url| is(&url)) {
            return Some(Target::Authorization);
        }
        let signed_in = context.get("token").is_some();
        let is_token = at(EndpointName::Token);
        let theirs = |name: &'static str| registration.provider.rename.get(name).map_or(name, String::as_str);
        let grant_type = asked.recorded.param(theirs("grant_type")).filter(|_| is_token);
        let grant = grant_type.and_then(|word| grant::asked_for(&registration.provider, word));
        if is_token && !signed_in {
            return Some(grant.map_or(Target::Token, Target::Grant));
        }
        if signed_in && self.is_refresh(asked, is_token) {
            return Some(Target::Refresh);
        }
        if let Some((index, then)) = self.next_then(asked) {
            return Some(Target::Then(index, then));
        }
        if let Some(grant) = grant {
            return Some(Target::Grant(grant));
        }
        if let Some(call) = self.call(asked) {
            return Some(Target::Call(call));
        }
        if at(EndpointName::Revocation) {
            return Some(Target::Later(Later::Revocation));
        }
        if at(EndpointName::Introspection) {
            return Some(Target::Later(Later::Introspection));
        }
        is_token.then_some(Target::Token)
    }

    /// A refresh goes to an endpoint of its own, or says so to the token endpoint.
    fn is_refresh(&self, asked: &Asked<'_>, is_token: bool) -> bool {
        let found = refresh::endpoint(&self.registration, &self.metadata, asked.context);
        if !found.is_ok_and(|endpoint| same_address(&endpoint.url, &asked.recorded.url)) {
            return false;
        }
        let written = &self.registration.provider.refresh.step.params;
        let written = written.iter().find(|(name, _)| name == "grant_type").map(|(_, value)| value.as_ref());
        match written {
            _ if !is_token => true,
            None => asked.recorded.param("grant_type") == Some("refresh_token"),
            Some(Some(param)) => asked.recorded.param("grant_type") == param.constant(),
            Some(None) => asked.recorded.param("refresh_token").is_some(),
        }
    }

    fn next_then(&self, asked: &Asked<'_>) -> Option<(usize, &Then)> {
        let chain = self.registration.provider.then.iter().enumerate().skip(asked.then);
        let is_due = |then: &Then| {
            then::applies(then, asked.context).unwrap_or(false)
                && then::endpoint(then, &self.registration, asked.context)
                    .is_ok_and(|found| same_address(&found.url, &asked.recorded.url))
        };
        chain.into_iter().find(|(_, then)| is_due(then))
    }

    fn call(&self, asked: &Asked<'_>) -> Option<&UserinfoCall> {
        let Endpoints { registration, metadata, .. } = self;
        let calls = userinfo::calls(registration, metadata, asked.context).unwrap_or_default();
        let matching = |call: &&UserinfoCall| {
            let found = userinfo::endpoint(call, registration, metadata, asked.context);
            found.is_ok_and(|found| same_address(&found.url, &asked.recorded.url))
        };
        let fresh = calls.iter().filter(matching).find(|call| !asked.called.contains(&call.name));
        fresh.or(calls.iter().find(matching))
    }

    /// The authorization endpoint.
    pub fn authorization(&self) -> Option<Url> {
        let found = self.metadata.endpoint(EndpointName::Authorization, &self.registration, &self.context);
        found.ok().flatten().map(|endpoint| endpoint.url)
    }
}

fn same_address(a: &Url, b: &Url) -> bool {
    (a.scheme(), a.host(), a.port_or_known_default(), a.path())
        == (b.scheme(), b.host(), b.port_or_known_default(), b.path())
}
