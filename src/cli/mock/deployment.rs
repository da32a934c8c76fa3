//! What an `authcfg.yaml` has to say so that `authcfg serve` signs in at the mock.
//!
//! Where the deployment may choose the issuer, that is all. Else the endpoints are overridden, and for id_tokens who issues
//! them.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::provider::catalog::Entry;
use crate::provider::learned::Stage;
use crate::provider::{Protocol, Provider, Registration, RegistrationValues, Vector};

/// The addresses that a file, or what it discovers, has at the top.
const ENDPOINTS: [&str; 5] = [
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
];

/// The settings, with the `deployment` of each provider.
pub(super) fn with_deployments(mut settings: Value, entries: &[Arc<Entry>]) -> Value {
    for entry in entries {
        let Some(provider) = entry.provider() else { continue };
        let file = entry.document().map(|document| document.to_json()).unwrap_or_default();
        let deployed = deployment(provider, &file, &settings["providers"][&entry.id]);
        settings["providers"][&entry.id]["deployment"] = deployed;
    }
    settings
}

/// The keys under `providers.ID`.
fn deployment(provider: &Arc<Provider>, file: &Value, settings: &Value) -> Value {
    let issuer = settings["issuer"].as_str().unwrap_or_default();
    let vector = provider.tests.iter().find(|vector| vector.error.is_none());
    let vector = vector.cloned().unwrap_or_default();
    let mut deployed = Map::new();
    let mut vars = vector.vars.clone();
    vars.retain(|name, _| provider.vars.get(name).is_some_and(|variable| variable.default.is_none()));
    let discovers = provider.metadata.discovery.is_some();
    if discovers && takes_issuer(provider, issuer, &vars) {
        vars.shift_remove("issuer");
        deployed.insert("issuer".into(), issuer.into());
    } else {
        deployed.extend(overridden(provider, file, settings));
        deployed.extend(vars.shift_remove("issuer").map(|issuer| ("issuer".into(), issuer.into())));
    }
    deployed.extend(
        [
            ("vars", json!(vars)),
            ("client", client(provider, &vector)),
            ("request", request(provider, &vector)),
        ]
        .into_iter()
        .filter(|(_, value)| value.as_object().is_some_and(|members| !members.is_empty()))
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Value::Object(deployed)
}

/// The file's addresses with those of this machine in their place.
fn overridden(provider: &Provider, file: &Value, settings: &Value) -> Map<String, Value> {
    let endpoints = &settings["endpoints"];
    let discovers = provider.metadata.discovery.is_some();
    let asks =
        provider.userinfo.as_ref().is_none_or(|calls| calls.iter().any(|call| call.name == "userinfo"));
    let mut deployed = Map::new();
    for name in ENDPOINTS {
        let used = file.get(name).is_some() || (discovers && (name != "userinfo_endpoint" || asks));
        deployed
            .extend(endpoints.get(name).filter(|_| used).map(|endpoint| (name.to_owned(), endpoint.clone())));
    }
    if provider.protocol == Protocol::Oidc {
        if discovers {
            deployed.insert("discovery".into(), Value::Null);
        }
        deployed.extend(endpoints.get("jwks_uri").map(|endpoint| ("jwks_uri".into(), endpoint.clone())));
        let mut policy = json!({"issuers": [settings["issuer"]]});
        if provider.id_token.issuer.is_some() {
            policy["issuer"] = Value::Null;
        }
        deployed.insert("id_token".into(), policy);
    }
    deployed.extend(userinfo(file, endpoints).map(|calls| ("userinfo".into(), calls)));
    deployed.extend(exchanges(file, endpoints).map(|token| ("token".into(), token)));
    let refresh = endpoints.get("refresh_endpoint").map(|endpoint| json!({"endpoint": endpoint}));
    deployed.extend(refresh.map(|refresh| ("refresh".into(), refresh)));
    deployed
}

/// The members of the client that are no secret: the vector's.
fn client(provider: &Provider, vector: &Vector) -> Value {
    let own = vector
        .client
        .iter()
        .filter(|(name, _)| provider.client.get(*name).is_some_and(|member| !member.secret));
    json!(own.collect::<IndexMap<_, _>>())
}

/// The inputs that no sign-in can do without: the vector's.
fn request(provider: &Provider, vector: &Vector) -> Value {
    if provider.learned.values().any(|variable| variable.stage == Stage::Request) {
        return json!(vector.request);
    }
    let needed = provider.authorize.one_of.iter().flatten();
    let given = needed.filter_map(|name| Some((name, vector.request.get(name)?)));
    json!(given.collect::<IndexMap<_, _>>())
}

/// Whether the deployment may choose this issuer.
fn takes_issuer(provider: &Arc<Provider>, issuer: &str, vars: &IndexMap<String, String>) -> bool {
    if !provider.vars.contains_key("issuer") {
        return false;
    }
    let mut vars = vars.clone();
    vars.insert("issuer".into(), issuer.into());
    let values = RegistrationValues { client_id: "mock".into(), vars, ..RegistrationValues::default() };
    match Registration::new(provider.id.clone(), provider.clone(), values) {
        Ok(_) => true,
        Err(errors) => !errors.iter().any(|error| error.section == "vars" && error.name == "issuer"),
    }
}

/// The calls of the file with this machine's addresses; nothing where none has an address of its own.
fn userinfo(file: &Value, endpoints: &Value) -> Option<Value> {
    let mut calls = file.get("userinfo")?.as_array()?.clone();
    let mut changed = false;
    for call in &mut calls {
        let name = call.get("as").and_then(Value::as_str).map(|name| format!("{name}_endpoint"));
        if let Some(endpoint) = name.and_then(|name| endpoints.get(&name)) {
            call["endpoint"] = endpoint.clone();
            changed = true;
        }
    }
    changed.then_some(Value::Array(calls))
}

/// The requests that turn a token into the one to use, with this machine's addresses.
fn exchanges(file: &Value, endpoints: &Value) -> Option<Value> {
    let mut then = file.get("token")?.get("then")?.as_array()?.clone();
    for (index, one) in then.iter_mut().enumerate() {
        let number = if index == 0 { String::new() } else { format!("{}_", index + 1) };
        one["endpoint"] = endpoints.get(format!("then_{number}endpoint"))?.clone();
    }
    Some(json!({"then": then}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(file: &Value) -> Arc<Provider> {
        let (provider, findings) = crate::provider::load_value(file.clone());
        Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}")))
    }

    fn file(more: Value) -> Value {
        let mut file = json!({"id": "acme", "name": "Acme", "docs": "https://acme.example", "verified": {"on": "2026-11-24", "how": "docs"}});
        crate::provider::merge(file.as_object_mut().unwrap(), more.as_object().unwrap());
        file
    }

    #[test]
    fn an_issuer_that_may_be_chosen_is_all() {
        let file = file(
            json!({"protocol": "oidc", "discovery": true, "issuer": "{{ vars.issuer }}", "vars": {"issuer": {"format": "https-url"}}}),
        );
        let settings = json!({"issuer": "http://127.0.0.1:9400/acme"});
        assert_eq!(
            deployment(&provider(&file), &file, &settings),
            json!({"issuer": "http://127.0.0.1:9400/acme"})
        );
    }

    #[test]
    fn of_a_fixed_issuer_endpoints_and_policy_are_overridden() {
        let file = file(json!({
            "protocol": "oidc", "discovery": true, "issuer": "https://acme.example", "userinfo": [],
            "id_token": {"issuer": "https://acme.example/{{ claims.tid }}"},
            "client": {"team_id": {}, "key": {"secret": true}}, "authorization": {"inputs": {"org": {}, "hint": {}}, "one_of": [["org"]]},
            "tests": [{"client": {"team_id": "T1", "key": "K1"}, "request": {"org": "o1", "hint": "h"}, "claims": {"sub": "1"}, "profile": {"sub": "1"}}],
        }));
        let here = |path: &str| format!("http://127.0.0.1:9400/acme{path}");
        let endpoints = json!({
            "authorization_endpoint": here("/a"), "token_endpoint": here("/t"), "userinfo_endpoint": here("/me"), "jwks_uri": here("/k"),
        });
        assert_eq!(
            deployment(&provider(&file), &file, &json!({"issuer": here(""), "endpoints": endpoints})),
            json!({
                "authorization_endpoint": here("/a"), "token_endpoint": here("/t"), "discovery": null, "jwks_uri": here("/k"),
                "id_token": {"issuers": [here("")], "issuer": null}, "client": {"team_id": "T1"}, "request": {"org": "o1"},
            })
        );
    }

    #[test]
    fn written_endpoints_are_overridden() {
        let file = file(json!({
            "authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t",
            "userinfo_endpoint": "https://acme.example/me", "profile": {"sub": "$.userinfo.id"},
            "userinfo": [{}, {"as": "emails", "endpoint": "https://acme.example/emails", "optional": true}],
            "token": {"then": [{"endpoint": "https://acme.example/exchange", "params": {"a": "b"}}]},
            "refresh": {"endpoint": "https://acme.example/renew"},
        }));
        let here = |path: &str| format!("http://127.0.0.1:9400/acme{path}");
        let settings = json!({"endpoints": {
            "authorization_endpoint": here("/a"), "token_endpoint": here("/t"), "userinfo_endpoint": here("/me"),
            "emails_endpoint": here("/emails"), "then_endpoint": here("/exchange"), "refresh_endpoint": here("/renew"),
        }});
        let mut expected = settings["endpoints"].clone();
        for name in ["emails_endpoint", "then_endpoint", "refresh_endpoint"] {
            expected.as_object_mut().unwrap().shift_remove(name);
        }
        expected["token"] = json!({"then": [{"endpoint": here("/exchange"), "params": {"a": "b"}}]});
        expected["refresh"] = json!({"endpoint": here("/renew")});
        expected["userinfo"] = json!([{}, {"as": "emails", "endpoint": here("/emails"), "optional": true}]);
        assert_eq!(deployment(&provider(&file), &file, &settings), expected);
    }
}
