//! What is known of a provider before any request: its metadata, variables, client, sign-in and profile, each with its place.

use serde_json::{Map, Value, json};

use crate::cli::effective::Effective;
use crate::cli::map::written;
use crate::cli::show::metadata::metadata;
use crate::cli::show::plan::Plan;
use crate::expr::Template;
use crate::flow::sections;
use crate::provider::Protocol;
use crate::provider::finding::segment;
use crate::provider::token::RefreshRequires;

/// Facts of one kind.
pub struct Section {
    /// The member of the JSON document that holds them; empty where they stand at its top.
    pub key: &'static str,
    /// What it is called in front of a person.
    pub title: &'static str,
    /// The facts in order.
    pub facts: Vec<Fact>,
}

/// Something that is known.
pub struct Fact {
    /// Its name.
    pub name: String,
    /// For a person, one line or more.
    pub text: Vec<String>,
    /// For a program.
    pub json: Value,
    /// Who says so.
    pub place: String,
}

impl Fact {
    /// A fact of one line.
    pub fn new(
        name: &str,
        text: impl Into<String>,
        json: impl Into<Value>,
        place: impl Into<String>,
    ) -> Fact {
        Fact { name: name.to_owned(), text: vec![text.into()], json: json.into(), place: place.into() }
    }
}

/// Everything, in the order in which it is shown.
pub fn of(effective: &Effective, plan: &Plan) -> Vec<Section> {
    let mut sections = vec![
        metadata(effective, plan),
        Section { key: "vars", title: "Variables", facts: variables(effective, plan) },
        Section { key: "client", title: "Client", facts: client(effective) },
        Section { key: "", title: "Sign-in", facts: sign_in(effective) },
        Section { key: "inputs", title: "Inputs of a sign-in", facts: inputs(effective) },
    ];
    if effective.provider.protocol == Protocol::Oidc {
        sections.push(Section { key: "id_token", title: "id_token", facts: id_token(effective) });
    }
    sections.push(Section { key: "profile", title: "Profile", facts: profile(effective) });
    sections.retain(|section| !section.facts.is_empty());
    sections
}

/// The place of a key, else the section that gives its default.
pub fn place(effective: &Effective, pointer: &str, default: &str) -> String {
    let standard = || sections::key(default).unwrap_or_default().to_owned();
    effective.place(pointer).unwrap_or_else(standard)
}

fn variables(effective: &Effective, plan: &Plan) -> Vec<Fact> {
    let registration = &plan.client.registration;
    let fact = |(name, constraint): (&String, &crate::provider::variable::Constraint)| {
        let pointer = format!("/vars/{}", segment(name));
        let given = plan.vars.get(name);
        let value = match constraint.secret {
            true => name.to_uppercase(),
            false => registration.var(name).unwrap_or_default().to_owned(),
        };
        let (rule, title) = rule(effective, &pointer);
        let mut json = members(effective, &pointer);
        json.insert("value".into(), value.as_str().into());
        let default = effective.place(&format!("{pointer}/default")).or_else(|| effective.place(&pointer));
        let place = given.map(|given| given.place.clone()).or(default).unwrap_or_default();
        let text = match value.as_str() {
            "" if effective.provider.learned.contains_key(name) => "(from the sign-in)",
            "" => "(empty)",
            value => value,
        };
        let mut fact = Fact::new(name, text, json, place);
        fact.text.extend([title, rule].into_iter().filter(|line| !line.is_empty()));
        fact
    };
    effective.provider.vars.iter().map(fact).collect()
}

/// What the deployment gives besides id and secret.
fn client(effective: &Effective) -> Vec<Fact> {
    let mut facts = vec![];
    for name in effective.provider.client.keys() {
        let pointer = format!("/client/{}", segment(name));
        let (rule, title) = rule(effective, &pointer);
        let mut fact = Fact::new(
            name,
            name.to_uppercase(),
            members(effective, &pointer),
            place(effective, &pointer, ""),
        );
        fact.text.extend([title, rule].into_iter().filter(|line| !line.is_empty()));
        facts.push(fact);
    }
    facts
}

/// The rule of a variable, a member of the client or an input, in words; and its title.
fn rule(effective: &Effective, pointer: &str) -> (String, String) {
    let key = |name: &str| effective.key(&format!("{pointer}/{name}"));
    let text = |name: &str| key(name).and_then(Value::as_str);
    let mut parts = vec![];
    parts.extend(text("format").map(str::to_owned));
    parts.extend(text("pattern").map(|pattern| format!("matches {pattern}")));
    if let Some(values) = key("enum").and_then(Value::as_array) {
        let words: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        parts.push(format!("one of {}", words.join(", ")));
    }
    for (name, word) in
        [("prefix", "without the prefix"), ("suffix", "without the suffix"), ("default", "default")]
    {
        parts.extend(text(name).map(|value| format!("{word} {value}")));
    }
    for (name, word) in
        [("optional", "optional"), ("secret", "secret"), ("route", "an e-mail domain: `routes` decide")]
    {
        parts.extend(key(name).filter(|value| **value == Value::Bool(true)).map(|_| word.to_owned()));
    }
    parts.extend(key("from").map(|from| {
        let words = from.as_array().map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        let text = words.map(|words| words.join(", else "));
        format!("from {}", text.or(from.as_str().map(str::to_owned)).unwrap_or_else(|| from.to_string()))
    }));
    (parts.join("; "), text("title").unwrap_or_default().to_owned())
}

fn members(effective: &Effective, pointer: &str) -> Map<String, Value> {
    effective.key(pointer).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn sign_in(effective: &Effective) -> Vec<Fact> {
    let provider = &effective.provider;
    let oidc = provider.protocol == Protocol::Oidc;
    let text = |pointer: &str, default: &str| {
        effective.key(pointer).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    let mut facts = vec![];
    let mut add = |name: &str, text: String, json: Value, pointer: &str, default: &str| {
        facts.push(Fact::new(name, text, json, place(effective, pointer, default)));
    };
    let scopes = &provider.authorize.scope;
    let shown =
        if scopes.is_empty() { "(none)".to_owned() } else { scopes.join(&provider.authorize.separator) };
    add("scopes", shown, json!(scopes), "/scopes/default", if oidc { "scopes.oidc" } else { "scopes" });
    let pkce = text("/pkce", "S256");
    add("pkce", pkce.clone(), pkce.into(), "/pkce", "pkce");
    let method = text("/token_endpoint_auth_method", "client_secret_basic");
    add(
        "token_endpoint_auth_method",
        method.clone(),
        method.into(),
        "/token_endpoint_auth_method",
        "token_endpoint_auth_method",
    );
    if let Some(jwt) = effective.key("/client_secret/jwt") {
        let alg = jwt.get("alg").and_then(Value::as_str).unwrap_or_default();
        add("client_secret", format!("a JWT for each request, {alg}"), jwt.clone(), "/client_secret/jwt", "");
    }
    if let Some(assertion) = effective.key("/client_assertion") {
        let alg = assertion.get("alg").and_then(Value::as_str).unwrap_or("RS256");
        let shown = format!("a JWT for each request, {alg}");
        add("client_assertion", shown, assertion.clone(), "/client_assertion", "");
    }
    for name in ["userinfo_signed_response_alg", "introspection_signed_response_alg"] {
        let pointer = format!("/{name}");
        if let Some(alg) = effective.key(&pointer) {
            add(name, text(&pointer, ""), alg.clone(), &pointer, "");
        }
    }
    if provider.dpop_bound_access_tokens {
        let (name, pointer) = ("dpop_bound_access_tokens", "/dpop_bound_access_tokens");
        add(name, "to a key of each sign-in".into(), true.into(), pointer, name);
    }
    let refresh = &provider.refresh;
    if effective.key("/refresh").is_some() {
        let needs = match refresh.requires {
            RefreshRequires::AccessToken => "with the access token",
            RefreshRequires::RefreshToken => "with the refresh token",
        };
        let rotates = if refresh.rotates { ", which is new each time" } else { "" };
        let json = json!({"requires": refresh.requires, "rotates": refresh.rotates, "keep": refresh.keep, "ended": effective.key("/refresh/ended")});
        add("refresh", format!("{needs}{rotates}"), json, "/refresh", "");
    }
    let mode = text("/authorization/response_mode", "query");
    add("response_mode", mode.clone(), mode.into(), "/authorization/response_mode", "response_mode");
    if !provider.rename.is_empty() {
        let shown: Vec<String> = provider.rename.iter().map(|(from, to)| format!("{from} as {to}")).collect();
        add("rename", shown.join(", "), json!(provider.rename), "/rename", "");
    }
    let one_of = &provider.authorize.one_of;
    if !one_of.is_empty() {
        let groups: Vec<String> = one_of.iter().map(|group| group.join(", ")).collect();
        add("one_of", groups.join("; "), json!(one_of), "/authorization/one_of", "");
    }
    facts
}

/// What one sign-in may pass.
fn inputs(effective: &Effective) -> Vec<Fact> {
    let fact = |(name, input): (&String, &crate::provider::authorize::Input)| {
        let pointer = format!("/authorization/inputs/{}", segment(name));
        let (rule, _) = rule(effective, &pointer);
        let text = if rule.is_empty() { "any text" } else { &rule };
        let standard = || sections::parameter("authorization", name).unwrap_or_default().to_owned();
        let place = effective.place(&pointer).unwrap_or_else(standard);
        let mut fact = Fact::new(name, text, members(effective, &pointer), place);
        fact.text.extend(input.deprecated.iter().map(|why| format!("deprecated: {why}")));
        fact
    };
    effective.provider.authorize.inputs.iter().map(fact).collect()
}

fn id_token(effective: &Effective) -> Vec<Fact> {
    let policy = &effective.provider.id_token;
    let mut facts = vec![];
    let mut add = |name: &str, text: String, json: Value| {
        let place = place(effective, &format!("/id_token/{name}"), &format!("id_token.{name}"));
        facts.push(Fact::new(name, text, json, place));
    };
    match (&policy.issuer, &policy.issuers) {
        (Some(issuer), _) => add("issuer", issuer.source().to_owned(), issuer.source().into()),
        (_, Some(issuers)) => {
            let sources: Vec<&str> = issuers.iter().map(Template::source).collect();
            add("issuers", sources.join(" or "), json!(sources));
        }
        _ => add("issuer", "that of the metadata".into(), Value::Null),
    }
    let mut audiences = vec!["CLIENT_ID"];
    audiences.extend(policy.audiences.iter().map(Template::source));
    add("audiences", audiences.join(" or "), json!(audiences));
    let algs: Vec<String> = policy.algs.iter().map(|alg| format!("{alg:?}")).collect();
    add("algs", algs.join(" "), json!(algs));
    add("nonce", if policy.nonce { "must come back" } else { "is not sent" }.into(), policy.nonce.into());
    for (claim, pattern) in &policy.require {
        let place = place(effective, &format!("/id_token/require/{}", segment(claim)), "");
        facts.push(Fact::new(&format!("require {claim}"), pattern.as_str(), pattern.as_str(), place));
    }
    facts
}

/// The mapping; the claims that are read from where OpenID Connect has them are names in a list, for a person.
fn profile(effective: &Effective) -> Vec<Fact> {
    let mut facts = vec![];
    for (claim, read) in &effective.provider.profile {
        let pointer = format!("/profile/{}", segment(claim));
        let json = effective.key(&pointer).cloned().unwrap_or_else(|| written(read).into());
        facts.push(Fact::new(claim, written(read), json, place(effective, &pointer, "profile")));
    }
    facts
}
