//! `forward_auth` of the deployment file, checked: header names, claims, hosts, paths, rules.

use http::HeaderName;
use indexmap::IndexMap;

use crate::config::BaseUrl;
use crate::config::findings::Findings;
use crate::config::forward_auth::path::RulePath;
use crate::config::forward_auth::{Access, ForwardAuth, ForwardRoute};
use crate::config::providers::On;
use crate::config::rules;
use crate::diagnostic::code;
use crate::provider::finding::{Finding, segment};
use crate::spec::DeploymentSpec;
use crate::spec::forward_auth::{ForwardAuthSpec, ForwardRouteSpec};

/// The headers where the file names none.
const HEADERS: [(&str, &str); 4] =
    [("remote-user", "sub"), ("remote-name", "name"), ("remote-email", "email"), ("remote-groups", "groups")];

/// Headers that mean something to HTTP, a proxy or this server: none of them says who somebody is.
const RESERVED: [&str; 28] = [
    "accept",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "location",
    "origin",
    "pragma",
    "range",
    "referer",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
];

/// Compiles it; `None` where the file has none.
pub fn compile(
    spec: &DeploymentSpec,
    base_urls: &[BaseUrl],
    providers: &IndexMap<String, On>,
    findings: &mut Findings<'_>,
) -> Option<ForwardAuth> {
    let forward_auth = spec.forward_auth.as_ref()?;
    if spec.trusted_proxies.as_deref().unwrap_or_default().is_empty() {
        let title = "no proxy may ask: `trusted_proxies` is missing";
        let finding = Finding::error(code::MISSING_FIELD, "/forward_auth", title).on_key();
        let finding =
            finding.label("the proxy says which request it asks about, and only a trusted one is believed");
        findings.add(
            finding.help("write `trusted_proxies: [127.0.0.1]`, with the address that the proxy comes from"),
        );
    }
    let headers = headers(forward_auth, providers, findings);
    let routes = forward_auth.routes.as_ref().map(|routes| {
        if routes.is_empty() {
            let finding = Finding::error(code::NO_EFFECT, "/forward_auth/routes", "nobody gets through");
            let help = "without `routes`, everybody who is signed in may go everywhere";
            findings.add(finding.label("the list has no route").help(help));
        }
        let mut compiler = Compiler { spec, base_urls, providers, findings, routes: vec![] };
        routes.iter().enumerate().for_each(|(index, route)| compiler.route(index, route));
        compiler.routes.into_iter().map(|(route, _)| route).collect()
    });
    Some(ForwardAuth { headers, routes })
}

fn headers(
    spec: &ForwardAuthSpec,
    providers: &IndexMap<String, On>,
    findings: &mut Findings<'_>,
) -> Vec<(HeaderName, String)> {
    let Some(written) = &spec.headers else {
        return HEADERS.map(|(name, claim)| (HeaderName::from_static(name), claim.to_owned())).into();
    };
    let mut headers: Vec<(HeaderName, String)> = vec![];
    for (text, claim) in written {
        let at = format!("/forward_auth/headers/{}", segment(text));
        rules::claim(&at, claim, false, providers.values(), findings);
        match header_name(text) {
            Err(why) => {
                let title = format!("`{text}` cannot say who somebody is");
                findings.add(Finding::error(code::INVALID_VALUE, at, title).on_key().label(why));
            }
            Ok(name) if headers.iter().any(|(other, _)| *other == name) => {
                let title = format!("the header `{text}` comes twice");
                let finding = Finding::error(code::DUPLICATE_NAME, at, title).on_key();
                findings.add(finding.label("case does not tell headers apart"));
            }
            Ok(name) => headers.push((name, claim.clone())),
        }
    }
    headers
}

/// A name that a proxy cannot take for another one: some applications read `_` as `-`.
fn header_name(text: &str) -> Result<HeaderName, &'static str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = HeaderName::try_from(text).ok().filter(|_| is_plain && text.len() <= 64);
    let name = name.ok_or("a header's name here has letters, digits and hyphens, such as `Remote-User`")?;
    let taken = ["access-control-", "sec-", "proxy-", "if-", "x-forwarded-", "x-original-"];
    match RESERVED.contains(&name.as_str()) || taken.iter().any(|prefix| name.as_str().starts_with(prefix)) {
        true => Err("this header has a meaning of its own"),
        false => Ok(name),
    }
}

struct Compiler<'a, 'd> {
    spec: &'a DeploymentSpec,
    base_urls: &'a [BaseUrl],
    providers: &'a IndexMap<String, On>,
    findings: &'a mut Findings<'d>,
    /// With the place of each.
    routes: Vec<(ForwardRoute, String)>,
}

impl Compiler<'_, '_> {
    fn route(&mut self, index: usize, route: &ForwardRouteSpec) {
        let at = format!("/forward_auth/routes/{index}");
        if route.public && route.allow.is_some() {
            let finding =
                Finding::error(code::NO_EFFECT, format!("{at}/allow"), "`allow` has no effect").on_key();
            let finding =
                finding.label("everybody may go there").other(format!("{at}/public"), "because of this");
            self.findings.add(finding.help("leave one of them out"));
        }
        let allow = rules::allow(
            &format!("{at}/allow"),
            route.allow.as_deref(),
            self.spec,
            self.providers,
            self.findings,
        );
        let access = if route.public { Access::Public } else { Access::SignedIn(allow) };
        let hosts = self.hosts(&at, route.hosts.as_deref());
        let paths = self.paths(&at, route.paths.as_deref());
        for host in &hosts {
            for (path, place) in &paths {
                let route = ForwardRoute { host: host.clone(), path: path.clone(), access: access.clone() };
                self.add(route, place.clone());
            }
        }
    }

    fn add(&mut self, route: ForwardRoute, place: String) {
        let same = |(other, _): &&(ForwardRoute, String)| {
            other.host == route.host && other.path.is_same(&route.path)
        };
        match self.routes.iter().find(same) {
            None => self.routes.push((route, place)),
            Some((_, first)) => {
                let finding = Finding::error(code::DUPLICATE_NAME, place, "this path has a route already");
                self.findings.add(finding.label("only one can count").other(first.clone(), "here"));
            }
        }
    }

    /// Hosts as origins have them; one that stands for all where none is named.
    fn hosts(&mut self, at: &str, hosts: Option<&[String]>) -> Vec<Option<String>> {
        let Some(hosts) = hosts else { return vec![None] };
        if hosts.is_empty() {
            self.findings.add(Finding::error(
                code::NO_EFFECT,
                format!("{at}/hosts"),
                "the route has no host",
            ));
        }
        let mut found = vec![];
        for (index, host) in hosts.iter().enumerate() {
            match self.base_urls.iter().find(|base| base.answers_to(host)) {
                Some(base) => found.push(Some(base.authority.clone())),
                // What is wrong with the addresses is told already.
                None if self.base_urls.is_empty() => {}
                None => {
                    let known: Vec<&str> =
                        self.base_urls.iter().map(|base| base.authority.as_str()).collect();
                    let title = format!("`{host}` is no host of this server");
                    let finding = Finding::error(code::UNKNOWN_NAME, format!("{at}/hosts/{index}"), title)
                        .label("no `base_url` has it")
                        .note(format!("its hosts are: {}", known.join(", ")));
                    self.findings.add(finding.propose("one with a similar name is there", host, known));
                }
            }
        }
        found
    }

    fn paths(&mut self, at: &str, paths: Option<&[String]>) -> Vec<(RulePath, String)> {
        let root = ["/".to_owned()];
        if paths.is_some_and(<[String]>::is_empty) {
            self.findings.add(Finding::error(
                code::NO_EFFECT,
                format!("{at}/paths"),
                "the route has no path",
            ));
        }
        let mut found = vec![];
        for (index, text) in paths.unwrap_or(&root).iter().enumerate() {
            let place = if paths.is_some() { format!("{at}/paths/{index}") } else { at.to_owned() };
            match RulePath::parse(text) {
                Ok(path) => found.push((path, place)),
                Err(why) => self
                    .findings
                    .add(Finding::error(code::INVALID_VALUE, place, "this is no path of a route").label(why)),
            }
        }
        found
    }
}
