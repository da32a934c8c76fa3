//! What `authcfg mock` prints at its start: the settings to use, for people.

use serde_json::{Map, Value, json};

use crate::mock::ServiceOptions;

/// The settings of every provider, and where the mock listens.
pub(super) fn text(settings: &Value, options: &ServiceOptions) -> String {
    let mut screen = String::new();
    let mut deployed = Map::new();
    for (id, provider) in settings["providers"].as_object().into_iter().flatten() {
        let name = provider["name"].as_str().unwrap_or(id);
        screen += &format!("{name} (`{id}`)\n");
        let mut rows: Vec<(&str, &str)> = vec![];
        for name in ["issuer", "discovery"] {
            rows.extend(provider[name].as_str().map(|value| (name, value)));
        }
        let endpoints = provider["endpoints"].as_object().into_iter().flatten();
        rows.extend(endpoints.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))));
        rows.extend(provider["requests"].as_str().map(|value| ("requests", value)));
        let rules = &options.rules;
        rows.push(("client_id", rules.client_id.as_deref().unwrap_or("any")));
        rows.push(("client_secret", if rules.client_secret.is_some() { "as given" } else { "any" }));
        screen += &table(&rows);
        screen += "\n  Who signs in, or what goes wrong:\n";
        let scenarios = provider["scenarios"].as_array().into_iter().flatten();
        let rows: Vec<(&str, &str)> = scenarios.filter_map(row).collect();
        screen += &table(&rows);
        screen.push('\n');
        deployed.insert(id.clone(), provider["deployment"].clone());
    }
    screen += "In the environment of an application with Auth.js, or of authcfg serve:\n";
    for (id, provider) in settings["providers"].as_object().into_iter().flatten() {
        let prefix = format!("AUTH_{}", id.to_uppercase().replace('-', "_"));
        let id = options.rules.client_id.as_deref().unwrap_or("mock");
        let secret = if options.rules.client_secret.is_some() { "…" } else { "mock" };
        screen += &format!("  {prefix}_ID={id} {prefix}_SECRET={secret}");
        if let Some(issuer) = provider["discovery"].as_str().and(provider["issuer"].as_str()) {
            screen += &format!(" {prefix}_ISSUER={issuer}");
        }
        screen.push('\n');
    }
    screen += "\nIn authcfg.yaml, for authcfg serve:\n";
    let yaml = serde_yaml::to_string(&json!({"providers": deployed})).unwrap_or_default();
    for line in yaml.lines() {
        screen += &format!("  {line}\n");
    }
    let base = settings["base"].as_str().unwrap_or_default();
    screen += &format!("\nlistening on {base}\n");
    screen
}

fn row(scenario: &Value) -> Option<(&str, &str)> {
    let name = scenario["name"].as_str()?;
    let who = ["error", "email", "person"].into_iter().find_map(|member| scenario[member].as_str());
    Some((name, who.unwrap_or_default()))
}

/// Two columns.
fn table(rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let line =
        |(name, value): &(&str, &str)| format!("  {name:width$}  {value}").trim_end().to_owned() + "\n";
    rows.iter().map(line).collect()
}
