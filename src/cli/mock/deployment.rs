//! What an `authcfg.yaml` has to say so that `authcfg serve` signs in at the mock.
//!
//! Where the deployment may choose the issuer, that is all. Where the file writes its endpoints, they are overridden. Where
//! the issuer is fixed, the file's keys are laid over the generic provider, whose issuer is free.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::provider::catalog::Entry;
use crate::provider::{Protocol, Provider, Registration, RegistrationValues};

/// Keys of a file that are about the file, or about addresses that the generic provider discovers.
const LEFT_OUT: [&str; 23] = [
    "aliases",
    "authorization_endpoint",
    "brand",
    "categories",
    "client",
    "client_secret",
    "device_authorization_endpoint",
    "discovery",
    "docs",
    "end_session_endpoint",
    "extends",
    "id",
    "introspection_endpoint",
    "issuer",
    "jwks_uri",
    "protocol",
    "revocation_endpoint",
    "sources",
    "status",
    "successor",
    "tests",
    "token_endpoint",
    "verified",
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
    let vars = provider.tests.iter().find(|vector| vector.error.is_none()).map(|vector| vector.vars.clone());
    let mut vars = vars.unwrap_or_default();
    vars.retain(|name, _| provider.vars.get(name).is_some_and(|variable| variable.default.is_none()));
    if provider.protocol == Protocol::Oidc {
        if takes_issuer(provider, issuer, &vars) {
            vars.shift_remove("issuer");
            return with_vars(json!({"issuer": issuer}), vars);
        }
        return generic(file, issuer);
    }
    let mut deployed = Map::new();
    for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] {
        if let Some(endpoint) = settings["endpoints"].get(name).filter(|_| file.get(name).is_some()) {
            deployed.insert(name.into(), endpoint.clone());
        }
    }
    if let Some(userinfo) = userinfo(file, &settings["endpoints"]) {
        deployed.insert("userinfo".into(), userinfo);
    }
    if let Some(token) = exchanges(file, &settings["endpoints"]) {
        deployed.insert("token".into(), token);
    }
    if let Some(endpoint) = settings["endpoints"].get("refresh_endpoint") {
        deployed.insert("refresh".into(), json!({"endpoint": endpoint}));
    }
    if let Some(issuer) = vars.shift_remove("issuer") {
        deployed.insert("issuer".into(), issuer.into());
    }
    with_vars(Value::Object(deployed), vars)
}

fn with_vars(mut deployed: Value, vars: IndexMap<String, String>) -> Value {
    if !vars.is_empty() {
        deployed["vars"] = json!(vars);
    }
    deployed
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

/// The file's own keys over the generic provider.
fn generic(file: &Value, issuer: &str) -> Value {
    let mut deployed = Map::new();
    deployed.insert("use".into(), "oidc".into());
    deployed.insert("issuer".into(), issuer.into());
    for (name, value) in file.as_object().into_iter().flatten() {
        let value = match name.as_str() {
            name if LEFT_OUT.contains(&name) || name == "vars" => continue,
            "scopes" => match value.get("default") {
                Some(scopes) => scopes.clone(),
                None => continue,
            },
            // Whose id_tokens are taken is what differs here.
            "id_token" => {
                let mut policy = value.as_object().cloned().unwrap_or_default();
                policy.retain(|name, _| !["issuer", "issuers"].contains(&name.as_str()));
                if policy.is_empty() {
                    continue;
                }
                Value::Object(policy)
            }
            _ => value.clone(),
        };
        deployed.insert(name.clone(), value);
    }
    Value::Object(deployed)
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
    fn a_fixed_issuer_needs_the_generic_provider() {
        let file = file(json!({
            "protocol": "oidc", "discovery": true, "issuer": "https://acme.example", "profile": {"org": "$.claims.org"},
            "id_token": {"issuers": ["https://acme.example"]}, "scopes": {"default": ["openid"]},
        }));
        let settings = json!({"issuer": "http://127.0.0.1:9400/acme"});
        assert_eq!(
            deployment(&provider(&file), &file, &settings),
            json!({"use": "oidc", "issuer": "http://127.0.0.1:9400/acme", "name": "Acme", "profile": {"org": "$.claims.org"}, "scopes": ["openid"]})
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
