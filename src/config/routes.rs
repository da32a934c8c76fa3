//! Home-realm discovery: from an e-mail domain to the provider that signs its people in. The longest match wins.

use std::collections::HashMap;

use indexmap::IndexMap;

/// Who signs in the people of a domain, with which inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The provider, as the deployment calls it.
    pub provider: String,
    /// Inputs of the sign-in.
    pub request: IndexMap<String, String>,
}

/// All routes, by domain.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    routes: Vec<Route>,
    exact: HashMap<String, usize>,
    below: HashMap<String, usize>,
}

/// A domain of a route: one domain, or all below one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DomainPattern {
    /// `*.acme.example`: one label or more in front.
    Below(String),
    /// `acme.example`.
    Exact(String),
}

impl DomainPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<DomainPattern, &'static str> {
        let problem = "it must be a domain such as acme.example, or *.acme.example";
        match text.strip_prefix("*.") {
            Some(domain) => normalized(domain).map(DomainPattern::Below).ok_or(problem),
            None => normalized(text).map(DomainPattern::Exact).ok_or(problem),
        }
    }
}

impl Routes {
    /// Adds a route for several domains; a domain that is there already is returned.
    pub fn add(&mut self, domains: Vec<DomainPattern>, route: Route) -> Vec<DomainPattern> {
        let index = self.routes.len();
        self.routes.push(route);
        let mut taken = vec![];
        for pattern in domains {
            let (map, domain) = match &pattern {
                DomainPattern::Below(domain) => (&mut self.below, domain),
                DomainPattern::Exact(domain) => (&mut self.exact, domain),
            };
            if map.contains_key(domain) {
                taken.push(pattern);
            } else {
                map.insert(domain.clone(), index);
            }
        }
        taken
    }

    /// The route of a domain: label by label, the longest match first.
    pub fn find(&self, domain: &str) -> Option<&Route> {
        let domain = normalized(domain)?;
        if let Some(index) = self.exact.get(&domain) {
            return self.routes.get(*index);
        }
        let mut rest = domain.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(index) = self.below.get(parent) {
                return self.routes.get(*index);
            }
            rest = parent;
        }
        None
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

/// A domain as DNS compares it: lower case, A-labels (RFC 5890), no dot at the end. `None` where it is none.
pub fn normalized(domain: &str) -> Option<String> {
    if domain.len() > 253 || domain.contains(['/', '@', ':', '%', '\\', ' ', '?', '#', '[', '*']) {
        return None;
    }
    match url::Host::parse(domain).ok()? {
        url::Host::Domain(domain) => crate::provider::variable::is_hostname(&domain).then_some(domain),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let mut routes = Routes::default();
        for (domains, provider) in [
            (&["acme.example", "*.acme.example"][..], "a"),
            (&["*.eu.acme.example"], "b"),
            (&["*.example"], "c"),
        ] {
            let patterns = domains.iter().map(|text| DomainPattern::parse(text).unwrap()).collect();
            assert!(
                routes
                    .add(patterns, Route { provider: provider.into(), request: IndexMap::new() })
                    .is_empty()
            );
        }
        routes
    }

    fn provider(domain: &str) -> Option<String> {
        routes().find(domain).map(|route| route.provider.clone())
    }

    #[test]
    fn the_longest_match_wins() {
        assert_eq!(provider("acme.example").as_deref(), Some("a"));
        assert_eq!(provider("ACME.example").as_deref(), Some("a"));
        assert_eq!(provider("x.y.acme.example").as_deref(), Some("a"));
        assert_eq!(provider("x.eu.acme.example").as_deref(), Some("b"));
        assert_eq!(provider("eu.acme.example").as_deref(), Some("a"));
        assert_eq!(provider("other.example").as_deref(), Some("c"));
    }

    #[test]
    fn compares_label_by_label() {
        assert_eq!(provider("evil-acme.example").as_deref(), Some("c"));
        assert_eq!(provider("acme.example.evil"), None);
        assert_eq!(provider("example"), None);
        for domain in [
            "",
            ".",
            "acme.example.",
            "acme..example",
            "a@acme.example",
            "127.0.0.1",
            "acme.example/x",
            "*.acme.example",
        ] {
            assert_eq!(provider(domain), None, "{domain}");
        }
    }

    #[test]
    fn one_domain_has_one_route() {
        let mut routes = routes();
        let pattern = DomainPattern::parse("acme.example").unwrap();
        let taken =
            routes.add(vec![pattern.clone()], Route { provider: "z".into(), request: IndexMap::new() });
        assert_eq!(taken, [pattern]);
    }
}
