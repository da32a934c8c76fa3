//! Forward authentication, compiled: the headers that an application gets, and who may go where.
//!
//! In: `forward_auth` of the deployment file, its addresses and providers. Out: a [`ForwardAuth`] that is asked for each request.

mod compile;
pub mod path;

use http::HeaderName;

use crate::config::allow::Allow;
use crate::config::forward_auth::path::{Reading, RequestPath, RulePath};

pub(super) use compile::compile;

/// Whom a proxy lets through, and what it tells the application about them.
#[derive(Clone, Debug)]
pub struct ForwardAuth {
    /// The headers, each with the claim that it holds.
    pub headers: Vec<(HeaderName, String)>,
    /// One for each path of each host; `None` where everybody who is signed in may go everywhere.
    pub routes: Option<Vec<ForwardRoute>>,
}

/// A part of an application, and who may go there.
#[derive(Clone, Debug)]
pub struct ForwardRoute {
    /// Host and port, as an origin has them; every one where it is absent.
    pub host: Option<String>,
    /// The path, with all below it.
    pub path: RulePath,
    /// Who may go there.
    pub access: Access,
}

/// Who may go somewhere.
#[derive(Clone, Debug)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever is signed in and is let in by these rules.
    SignedIn(Allow),
}

/// Everybody who is signed in.
static EVERYBODY: Access = Access::SignedIn(Allow::everyone());

impl ForwardAuth {
    /// Who may go to a path of a host; `None` where nobody may: no route matches, or another one in another reading of the path.
    pub fn access(&self, authority: &str, path: &RequestPath) -> Option<&Access> {
        let Some(routes) = &self.routes else { return Some(&EVERYBODY) };
        let find = |reading| {
            let matching = routes.iter().filter(|route| {
                route.host.as_deref().is_none_or(|host| host == authority)
                    && path.is_below(&route.path, reading)
            });
            matching.max_by_key(|route| (route.host.is_some(), route.path.depth()))
        };
        let (narrow, wide) = (find(Reading::Narrow)?, find(Reading::Wide)?);
        std::ptr::eq(narrow, wide).then_some(&narrow.access)
    }

    /// The claims that a session has to hold for it.
    pub(super) fn claims(&self) -> impl Iterator<Item = String> {
        let verified = self.headers.iter().any(|(_, claim)| claim == "email").then_some("email_verified");
        let in_headers = self.headers.iter().map(|(_, claim)| claim.as_str()).filter(|claim| *claim != "sub");
        let rules = self.routes.iter().flatten().filter_map(|route| match &route.access {
            Access::Public => None,
            Access::SignedIn(allow) => Some(allow.claims()),
        });
        in_headers.chain(verified).chain(rules.flatten()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(host: Option<&str>, path: &str, is_public: bool) -> ForwardRoute {
        let access = if is_public { Access::Public } else { Access::SignedIn(Allow::default()) };
        ForwardRoute { host: host.map(str::to_owned), path: RulePath::parse(path).unwrap(), access }
    }

    fn is_public(routes: &[(Option<&str>, &str, bool)], authority: &str, path: &str) -> Option<bool> {
        let routes = routes.iter().map(|(host, path, is_public)| route(*host, path, *is_public)).collect();
        let auth = ForwardAuth { headers: vec![], routes: Some(routes) };
        auth.access(authority, &RequestPath::parse(path)?).map(|access| matches!(access, Access::Public))
    }

    #[test]
    fn the_longest_path_counts_and_a_host_before_that() {
        let routes = [
            (None, "/", false),
            (None, "/assets", true),
            (Some("wiki.example"), "/", true),
            (Some("wiki.example"), "/edit", false),
        ];
        for (authority, path, expected) in [
            ("app.example", "/x", false),
            ("app.example", "/assets/x.css", true),
            ("wiki.example", "/assets", true),
            ("wiki.example", "/edit/1", false),
            ("wiki.example:8443", "/edit/1", false),
        ] {
            assert_eq!(is_public(&routes, authority, path), Some(expected), "{authority}{path}");
        }
    }

    #[test]
    fn nobody_goes_where_no_route_leads() {
        let routes = [(None, "/app", false), (Some("wiki.example"), "/", false)];
        assert_eq!(is_public(&routes, "app.example", "/"), None);
        assert_eq!(is_public(&routes, "app.example", "/application"), None);
        assert_eq!(is_public(&[], "app.example", "/"), None);
    }

    #[test]
    fn nobody_goes_where_two_readings_lead_to_two_routes() {
        let routes = [(None, "/", true), (None, "/admin", false)];
        for path in
            ["//admin", "/ADMIN", "/admin;x", "/%2561dmin", "/x%2f..%2fadmin", "/;/admin", "/%2fadmin"]
        {
            assert_eq!(is_public(&routes, "app.example", path), None, "{path}");
        }
        for path in ["//x", "/X;y", "/%252561"] {
            assert_eq!(is_public(&routes, "app.example", path), Some(true), "{path}");
        }
        assert_eq!(is_public(&routes, "app.example", "/admin//x;y"), Some(false));
    }

    #[test]
    fn everybody_who_is_signed_in_where_there_are_no_routes() {
        let auth = ForwardAuth { headers: vec![], routes: None };
        let access = auth.access("app.example", &RequestPath::parse("//any;thing").unwrap());
        assert!(matches!(access, Some(Access::SignedIn(_))));
    }
}
