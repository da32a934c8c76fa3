//! Where a provider's endpoints are on this machine: the paths that they really have, below `/ID`.
//!
//! Two hosts of one provider can have the same path: then the host of the second stands before its path. With its host
//! before it every endpoint is reachable, as an address that is put together from an answer needs it.

use url::{Position, Url};

use crate::flow::metadata::{EndpointName, Metadata};
use crate::flow::{pushed, refresh, then, userinfo};
use crate::mock::service::scenario::Scenario;

/// What an endpoint is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Authorization,
    Call(String),
    EndSession,
    Introspection,
    Jwks,
    Metadata,
    Pushed,
    Refresh,
    Revocation,
    Then(usize),
    Token,
}

impl Role {
    /// The name of the step, as `expect` of a vector and the list of requests have it.
    pub fn step(&self) -> &str {
        match self {
            Role::Authorization => "authorization",
            Role::Call(name) => name,
            Role::EndSession => "end_session",
            Role::Introspection => "introspection",
            Role::Jwks => "jwks",
            Role::Metadata => "discovery",
            Role::Pushed => pushed::STEP,
            Role::Refresh => "refresh",
            Role::Revocation => "revocation",
            Role::Then(_) => "then",
            Role::Token => "token",
        }
    }

    /// The name of the endpoint's address in metadata; that of a further call is made up.
    pub fn member(&self) -> String {
        match self {
            Role::Jwks => "jwks_uri".into(),
            Role::Then(index) if *index > 0 => format!("then_{}_endpoint", index + 1),
            role => format!("{}_endpoint", role.step()),
        }
    }
}

/// An endpoint.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Its path below `/ID`.
    pub path: String,
    /// Its address at the provider.
    pub real: Url,
    pub role: Role,
}

/// The endpoints of one provider.
pub(super) struct Addresses {
    routes: Vec<Route>,
    /// The client id that stands in the paths that have one. A request may have any other there.
    client_id: String,
}

impl Addresses {
    /// The endpoints of all scenarios; those of the first one have the first choice of a path.
    pub fn of<'a>(client_id: &str, scenarios: impl Iterator<Item = &'a Scenario>) -> Addresses {
        let mut addresses = Addresses { routes: vec![], client_id: client_id.to_owned() };
        for scenario in scenarios {
            for (role, real) in endpoints(scenario) {
                addresses.add(role, real);
            }
        }
        addresses
    }

    fn add(&mut self, role: Role, real: Url) {
        if self.routes.iter().any(|route| route.role == role && route.real == real) {
            return;
        }
        let taken = self.routes.iter().any(|route| {
            route.path == real.path() && authority(&route.real) != authority(&real) && route.role != role
        });
        let path = if taken { with_host(&real) } else { real.path().to_owned() };
        self.routes.push(Route { path, real, role });
    }

    /// The endpoints that a request to `path`, below `/ID`, can be meant for.
    pub fn at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Route> {
        let found = self.routes.iter().filter(move |route| self.is_at(&route.path, path));
        found.chain(
            self.routes.iter().filter(move |route| {
                !self.is_at(&route.path, path) && self.is_at(&with_host(&route.real), path)
            }),
        )
    }

    fn is_at(&self, known: &str, path: &str) -> bool {
        let (known, path) = (known.split('/'), path.split('/'));
        known.clone().count() == path.clone().count()
            && known
                .zip(path)
                .all(|(known, part)| known == part || (known == self.client_id && !part.is_empty()))
    }

    /// Every endpoint once, with its place below `/ID`; its own query belongs to it.
    pub fn all(&self) -> Vec<(&Role, String)> {
        let mut all: Vec<(&Role, String)> = vec![];
        for route in &self.routes {
            if !all.iter().any(|(role, _)| **role == route.role) {
                all.push((&route.role, local(route)));
            }
        }
        all
    }

    /// Where an address that an answer names is, below `/ID`: an endpoint, or the bare origin of one.
    pub fn translate(&self, text: &str) -> Option<String> {
        let url = Url::parse(text).ok()?;
        if let Some(route) = self.routes.iter().find(|route| route.real == url) {
            return Some(local(route));
        }
        let bare = text == &url[..Position::BeforePath];
        let known = self.routes.iter().any(|route| authority(&route.real) == authority(&url));
        (bare && known).then(|| format!("/{}", authority(&url)))
    }
}

/// A path with its host before it.
pub(super) fn with_host(url: &Url) -> String {
    format!("/{}{}", authority(url), url.path())
}

fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

fn local(route: &Route) -> String {
    match route.real.query() {
        Some(query) => format!("{}?{query}", route.path),
        None => route.path.clone(),
    }
}

/// The addresses that a client of this scenario calls.
fn endpoints(scenario: &Scenario) -> Vec<(Role, Url)> {
    let Scenario { client, metadata, document, .. } = scenario;
    let registration = &client.registration;
    let context = scenario.whole_context();
    let mut found = vec![];
    let mut add = |role: Role, url: Option<Url>| found.extend(url.map(|url| (role, url)));
    let endpoint = |metadata: &Metadata, name| {
        metadata.endpoint(name, registration, &context).ok().flatten().map(|endpoint| endpoint.url)
    };
    let documented = |role: &Role| Url::parse(document.get(&role.member())?.as_str()?).ok();
    add(Role::Authorization, endpoint(metadata, EndpointName::Authorization));
    add(Role::Token, endpoint(metadata, EndpointName::Token));
    for call in userinfo::calls(registration, metadata, &context).unwrap_or_default() {
        let url = userinfo::endpoint(call, registration, metadata, &context).ok();
        add(Role::Call(call.name.clone()), url.map(|endpoint| endpoint.url));
    }
    let has_keys = scenario.vector.claims.is_some();
    if has_keys {
        add(Role::Jwks, endpoint(metadata, EndpointName::Jwks).or_else(|| documented(&Role::Jwks)));
    }
    for (index, then) in registration.provider.then.iter().enumerate() {
        add(
            Role::Then(index),
            then::endpoint(then, registration, &context).ok().map(|endpoint| endpoint.url),
        );
    }
    if registration.provider.refresh.endpoint.is_some() {
        let url = refresh::endpoint(registration, metadata, &context).ok();
        add(Role::Refresh, url.map(|endpoint| endpoint.url));
    }
    // A client that discovers can ask for more than the provider file does.
    let userinfo = Role::Call("userinfo".into());
    let further = scenario.vector.discovery.get(&userinfo.member()).and_then(|_| documented(&userinfo));
    add(userinfo, further);
    let end_session = registration.provider.metadata.end_session_endpoint.as_ref();
    let end_session = end_session.and_then(|template| template.render_url(&context).ok());
    for (role, written) in [
        (Role::Pushed, endpoint(metadata, EndpointName::PushedAuthorizationRequest)),
        (Role::Revocation, endpoint(metadata, EndpointName::Revocation)),
        (Role::Introspection, endpoint(metadata, EndpointName::Introspection)),
        (Role::EndSession, end_session.and_then(|url| Url::parse(&url).ok())),
    ] {
        let url = written.or_else(|| documented(&role));
        add(role, url);
    }
    add(Role::Metadata, metadata.discovery_url(registration).ok().flatten());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(endpoints: &[(Role, &str)]) -> Addresses {
        let mut addresses = Addresses { routes: vec![], client_id: "mock".into() };
        for (role, url) in endpoints {
            addresses.add(role.clone(), Url::parse(url).unwrap());
        }
        addresses
    }

    #[test]
    fn an_endpoint_keeps_its_path_unless_two_hosts_share_it() {
        let call = |name: &str| Role::Call(name.into());
        let addresses = addresses(&[
            (Role::Authorization, "https://acme.example/authorize"),
            (call("userinfo"), "https://api.acme.example/me?v=2"),
            (call("other"), "https://graph.acme.example/me"),
            (call("userinfo"), "https://api.eu.acme.example/me?v=2"),
        ]);
        let all = addresses.all();
        let all: Vec<_> = all.iter().map(|(role, path)| (role.step(), path.as_str())).collect();
        assert_eq!(
            all,
            [("authorization", "/authorize"), ("userinfo", "/me?v=2"), ("other", "/graph.acme.example/me")]
        );
        let at = |path| addresses.at(path).map(|route| route.role.step().to_owned()).collect::<Vec<_>>();
        assert_eq!(at("/me"), ["userinfo", "userinfo"]);
        assert_eq!(at("/api.acme.example/me"), ["userinfo"]);
        assert_eq!(at("/graph.acme.example/me"), ["other"]);
        assert!(at("/you").is_empty());
    }

    #[test]
    fn a_client_id_in_a_path_is_any() {
        let addresses = addresses(&[(Role::Revocation, "https://acme.example/apps/mock/token")]);
        for (path, there) in [
            ("/apps/mock/token", 1),
            ("/apps/other/token", 1),
            ("/apps//token", 0),
            ("/app/mock/token", 0),
            ("/apps/mock", 0),
        ] {
            assert_eq!(addresses.at(path).count(), there, "{path}");
        }
    }

    #[test]
    fn an_answer_s_addresses_lead_here() {
        let addresses = addresses(&[(Role::Call("userinfo".into()), "https://api.acme.example/id/1")]);
        assert_eq!(addresses.translate("https://api.acme.example/id/1").unwrap(), "/id/1");
        assert_eq!(addresses.translate("https://api.acme.example").unwrap(), "/api.acme.example");
        for other in ["https://api.acme.example/picture.png", "https://acme.example", "ada"] {
            assert_eq!(addresses.translate(other), None);
        }
    }
}
