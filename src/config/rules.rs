//! Rules over people: which provider a domain goes to, and who may sign in.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::config::allow::{Allow, EmailPattern, Rule};
use crate::config::findings::Findings;
use crate::config::providers::On;
use crate::config::routes::{DomainPattern, Route, Routes};
use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::finding::{Finding, segment};
use crate::spec::DeploymentSpec;
use crate::spec::deployment::{AllowRule, RouteSpec};

/// The routes by domain.
pub(super) fn routes(
    spec: &DeploymentSpec,
    providers: &IndexMap<String, On>,
    findings: &mut Findings<'_>,
) -> Routes {
    let mut routes = Routes::default();
    let mut first: HashMap<DomainPattern, String> = HashMap::new();
    for (index, route) in spec.routes.iter().enumerate() {
        let at = format!("/routes/{index}");
        let mut request = IndexMap::new();
        match providers.get(&route.provider) {
            None => {
                let known = providers.keys().map(String::as_str);
                findings.add(unknown_provider(&format!("{at}/provider"), &route.provider, known));
            }
            // What is wrong with the provider itself is told already.
            Some(On { provider: None, .. }) => {}
            Some(On { provider: Some(provider), .. }) => {
                request = inputs(&route.request, provider, &format!("{at}/request"), findings);
                open_choice(route, spec, provider, &at, findings);
            }
        }
        if route.domains.is_empty() {
            findings.add(Finding::error(code::NO_EFFECT, format!("{at}/domains"), "the route has no domain"));
        }
        let mut patterns = vec![];
        for (position, domain) in route.domains.iter().enumerate() {
            let place = format!("{at}/domains/{position}");
            match DomainPattern::parse(domain) {
                Ok(pattern) => patterns.push((pattern, place)),
                Err(why) => {
                    findings.add(Finding::error(code::INVALID_VALUE, place, "this is no domain").label(why))
                }
            }
        }
        for (pattern, place) in patterns {
            let route = Route { provider: route.provider.clone(), request: request.clone() };
            match routes.add(vec![pattern.clone()], route).is_empty() {
                true => drop(first.insert(pattern, place)),
                false => findings.add(
                    Finding::error(code::DUPLICATE_NAME, place, "this domain has a route already")
                        .label("only one can count")
                        .other(first.get(&pattern).cloned().unwrap_or_default(), "here"),
                ),
            }
        }
    }
    routes
}

/// A list of inputs of which exactly one is needed, and of which a route gives none: whoever types an address is sent nowhere.
fn open_choice(
    route: &RouteSpec,
    spec: &DeploymentSpec,
    provider: &Provider,
    at: &str,
    findings: &mut Findings<'_>,
) {
    let deployed = spec.providers.get(&route.provider).map(|deployed| &deployed.request);
    let mut names = route.request.keys().chain(deployed.into_iter().flat_map(|request| request.keys()));
    if names.any(|name| !provider.authorize.inputs.contains_key(name)) {
        // A name that is told to be wrong may be the one.
        return;
    }
    let given = |name: &String| {
        // The server fills it in from the address.
        name == "login_hint"
            || route.request.contains_key(name)
            || deployed.is_some_and(|request| request.contains_key(name))
    };
    for group in provider.authorize.one_of.iter().filter(|group| !group.is_empty()) {
        if group.iter().any(given) {
            continue;
        }
        let place = format!("{at}/request");
        let is_written = findings.has(&place);
        let place = if is_written { place } else { format!("{at}/provider") };
        let one_of = group.join(", ");
        let finding = Finding::warning(code::NO_EFFECT, place, format!("the route gives none of {one_of}"))
            .label(format!("`{}` needs exactly one of them", route.provider))
            .note("a sign-in that brings none itself goes no further than the sign-in page")
            .help(format!("write one of them under `request` here, or of `providers.{}`", route.provider));
        findings.add(if is_written { finding.on_key() } else { finding });
    }
}

/// Inputs that a deployment gives a provider: declared ones, each as the provider file wants it, one of each `one_of` list.
pub(super) fn inputs(
    request: &IndexMap<String, String>,
    provider: &Provider,
    at: &str,
    findings: &mut Findings<'_>,
) -> IndexMap<String, String> {
    let authorize = &provider.authorize;
    for (name, value) in request {
        let place = format!("{at}/{}", segment(name));
        let Some(input) = authorize.inputs.get(name) else {
            let finding = Finding::error(code::UNKNOWN_NAME, place, format!("unknown input `{name}`"))
                .on_key()
                .label("the provider file does not declare it under `authorization.inputs`");
            let known = authorize.inputs.keys().map(String::as_str);
            let list = known.clone().collect::<Vec<_>>().join(", ");
            let finding = match list.is_empty() {
                true => finding.note("the provider file declares no input"),
                false => finding.note(format!("declared there: {list}")),
            };
            findings.add(finding.propose("a declared input is similar", name, known));
            continue;
        };
        if let Err(why) = input.constraint.check(value) {
            findings.add(
                Finding::error(code::INVALID_VALUE, place, format!("`{name}` is not accepted")).label(why),
            );
        } else if let Some(why) = &input.deprecated {
            let title = format!("`{name}` is deprecated");
            findings.add(Finding::warning(code::INVALID_VALUE, place, title).on_key().label(why.clone()));
        }
    }
    for group in &authorize.one_of {
        let given: Vec<&String> = group.iter().filter(|name| request.contains_key(*name)).collect();
        if let [_, second, ..] = given[..] {
            let finding = Finding::error(
                code::NO_EFFECT,
                format!("{at}/{}", segment(second)),
                "only one of these inputs may be given",
            );
            findings.add(finding.on_key().label(format!("exactly one of {}", group.join(", "))));
        }
    }
    request.clone()
}

/// Who may sign in, or go somewhere: the list of rules at `list`.
pub(super) fn allow(
    list: &str,
    rules: Option<&[AllowRule]>,
    spec: &DeploymentSpec,
    providers: &IndexMap<String, On>,
    findings: &mut Findings<'_>,
) -> Allow {
    let Some(rules) = rules else { return Allow::new(None) };
    if rules.is_empty() {
        let (nobody, everybody) = match list {
            "/allow" => ("nobody could sign in", "without `allow`, everybody may sign in"),
            _ => ("nobody could go there", "without `allow`, everybody who is signed in may go there"),
        };
        let finding = Finding::error(code::NO_EFFECT, list, nobody);
        findings.add(finding.label("the list has no rule").help(everybody));
    }
    let rules = rules.iter().enumerate().map(|(index, rule)| {
        let at = format!("{list}/{index}");
        let named = |id: &String| rule.providers.as_ref().is_none_or(|named| named.contains(id));
        for name in rule.profile.iter().flatten().map(|(name, _)| name) {
            let on = providers.iter().filter(|(id, _)| named(id)).map(|(_, on)| on);
            claim(&format!("{at}/profile/{}", segment(name)), name, true, on, findings);
        }
        allow_rule(rule, &at, spec, findings)
    });
    Allow::new(Some(rules.collect()))
}

fn allow_rule(rule: &AllowRule, at: &str, spec: &DeploymentSpec, findings: &mut Findings<'_>) -> Rule {
    let empty = |place: String| Finding::error(code::NO_EFFECT, place, "nobody matches an empty list");
    if rule.providers.is_none() && rule.emails.is_none() && rule.profile.is_none() {
        let finding = Finding::error(code::NO_EFFECT, at, "the rule has no condition");
        findings.add(finding.label("everybody would match it"));
    }
    for (index, provider) in rule.providers.iter().flatten().enumerate() {
        if !spec.providers.is_empty() && !spec.providers.contains_key(provider) {
            let known = spec.providers.keys().map(String::as_str);
            findings.add(unknown_provider(&format!("{at}/providers/{index}"), provider, known));
        }
    }
    if rule.providers.as_ref().is_some_and(Vec::is_empty) {
        findings.add(empty(format!("{at}/providers")));
    }
    let emails = rule.emails.as_ref().map(|emails| {
        if emails.is_empty() {
            findings.add(empty(format!("{at}/emails")));
        }
        let mut patterns = vec![];
        for (index, text) in emails.iter().enumerate() {
            match EmailPattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => {
                    let finding = Finding::error(
                        code::INVALID_VALUE,
                        format!("{at}/emails/{index}"),
                        "this is no e-mail address",
                    );
                    findings.add(finding.label(why));
                }
            }
        }
        patterns
    });
    let profile = rule.profile.clone().unwrap_or_default();
    if rule.profile.is_some() && profile.is_empty() {
        findings.add(empty(format!("{at}/profile")));
    }
    for (claim, _) in profile.iter().filter(|(_, values)| values.is_empty()) {
        findings.add(empty(format!("{at}/profile/{}", segment(claim))));
    }
    Rule { providers: rule.providers.clone(), emails, profile }
}

/// A claim that no provider gives, where all of them are known.
pub(super) fn claim<'a>(
    at: &str,
    name: &str,
    is_key: bool,
    mut providers: impl Iterator<Item = &'a On> + Clone,
    findings: &mut Findings<'_>,
) {
    let mut known = vec!["sub"];
    if providers.clone().next().is_none() || providers.clone().any(|on| on.provider.is_none()) {
        return;
    }
    let profiles = providers.by_ref().filter_map(|on| on.provider.as_ref());
    profiles.for_each(|provider| known.extend(provider.profile.keys().map(String::as_str)));
    if known.contains(&name) {
        return;
    }
    known.sort_unstable();
    known.dedup();
    let mut finding =
        Finding::warning(code::UNKNOWN_NAME, at, format!("no provider here gives the claim `{name}`"))
            .label(if is_key { "nobody can match it" } else { "is never there" })
            .note(format!("what they give: {}", known.join(", ")));
    finding.on_key = is_key;
    findings.add(finding.propose("a claim with a similar name is given", name, known));
}

fn unknown_provider<'a>(at: &str, id: &str, known: impl Iterator<Item = &'a str> + Clone) -> Finding {
    let list = known.clone().collect::<Vec<_>>().join(", ");
    let finding = Finding::error(code::UNKNOWN_PROVIDER, at, format!("no provider `{id}` is on"))
        .label("`providers` does not list it");
    let finding = if list.is_empty() { finding } else { finding.note(format!("on are: {list}")) };
    finding.propose("one with a similar id is on", id, known)
}
