//! Where everything is, for the one who sets up a client.

use serde_json::{Map, Value, json};

use crate::mock::service::addresses::Role;
use crate::mock::service::played::Played;
use crate::provider::Protocol;

/// The settings of all providers.
pub(super) fn settings(played: &[Played], base: &str) -> Value {
    let providers: Map<String, Value> = played
        .iter()
        .map(|played| (played.provider.id.clone(), of(played, &format!("{base}/{}", played.provider.id))))
        .collect();
    json!({"base": base, "providers": providers})
}

fn of(played: &Played, base: &str) -> Value {
    let provider = &played.provider;
    let mut settings = Map::new();
    settings.insert("name".into(), provider.name.as_str().into());
    if let Some(issuer) = played.issuer(base) {
        settings.insert("issuer".into(), issuer.into());
    }
    if provider.protocol == Protocol::Oidc {
        settings.insert("discovery".into(), format!("{base}/.well-known/openid-configuration").into());
    }
    let endpoints: Map<String, Value> = played
        .addresses
        .all()
        .into_iter()
        .filter(|(role, _)| **role != Role::Metadata)
        .map(|(role, path)| (role.member(), format!("{base}{path}").into()))
        .collect();
    settings.insert("endpoints".into(), Value::Object(endpoints));
    settings.insert("requests".into(), format!("{base}/authcfg/requests").into());
    let scenario = |scenario: &crate::mock::service::Scenario| {
        let mut shown = json!({"name": scenario.name});
        let person = scenario.person().filter(|_| scenario.succeeds());
        for (name, value) in [("email", scenario.email()), ("person", person), ("error", scenario.error())] {
            if let Some(value) = value {
                shown[name] = value.into();
            }
        }
        shown
    };
    settings.insert("scenarios".into(), played.scenarios.iter().map(scenario).collect());
    Value::Object(settings)
}
