//! The JSON Schema of a file, read along a path: which keys there are, which values, and what is said about them.

use std::sync::OnceLock;

use serde_json::Value;

use crate::spec::schema::Kind;
use crate::spec::{deployment_schema, provider_schema};

/// References and alternatives within each other.
const MAX_DEPTH: usize = 12;

/// One step into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(String),
    /// A member of a list.
    Member,
}

/// The schema of a kind of file.
pub fn of(kind: Kind) -> &'static Value {
    static DEPLOYMENT: OnceLock<Value> = OnceLock::new();
    static PROVIDER: OnceLock<Value> = OnceLock::new();
    match kind {
        Kind::Deployment => DEPLOYMENT.get_or_init(deployment_schema),
        Kind::Provider | Kind::Vectors => PROVIDER.get_or_init(provider_schema),
    }
}

/// What may stand at a path: every alternative, the one that is nearest to the path first.
pub fn at<'a>(schema: &'a Value, path: &[Step]) -> Vec<&'a Value> {
    let mut here = vec![schema];
    for step in path {
        let all = expand(schema, &here);
        let named: Vec<&Value> = match step {
            Step::Key(key) => all.iter().filter_map(|at| at.get("properties")?.get(key)).collect(),
            Step::Member => all.iter().filter_map(|at| at.get("items")).collect(),
        };
        here = match step {
            Step::Key(_) if named.is_empty() => all
                .iter()
                .filter_map(|at| at.get("additionalProperties"))
                .filter(|at| at.is_object())
                .collect(),
            _ => named,
        };
    }
    here
}

/// The keys of a mapping at a path, each with its own schema, in the order of the reference.
pub fn keys<'a>(schema: &'a Value, path: &[Step]) -> Vec<(&'a str, &'a Value)> {
    let mut keys: Vec<(&str, &Value)> = vec![];
    for alternative in expand(schema, &at(schema, path)) {
        let properties = alternative.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            if !keys.iter().any(|(known, _)| known == key) {
                keys.push((key, property));
            }
        }
    }
    keys
}

/// The words that may stand at a path, each with what it means.
pub fn values(schema: &Value, path: &[Step]) -> Vec<(String, Option<String>)> {
    let mut values: Vec<(String, Option<String>)> = vec![];
    let mut add = |value: &Value, meaning: Option<&Value>| {
        let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !value.is_null() && !values.iter().any(|(known, _)| *known == word) {
            values.push((word, meaning.and_then(Value::as_str).map(str::to_owned)));
        }
    };
    for alternative in expand(schema, &at(schema, path)) {
        if let Some(value) = alternative.get("const") {
            add(value, alternative.get("description"));
        }
        alternative.get("enum").and_then(Value::as_array).into_iter().flatten().for_each(|it| add(it, None));
        let kind = alternative.get("type");
        if kind.is_some_and(|kind| {
            kind == "boolean" || kind.as_array().is_some_and(|all| all.contains(&"boolean".into()))
        }) {
            add(&Value::Bool(true), None);
            add(&Value::Bool(false), None);
        }
    }
    values
}

/// What the schema says about the value at a path: its own words before those about its type.
pub fn description<'a>(schema: &'a Value, path: &[Step]) -> Option<&'a str> {
    let here = at(schema, path);
    let own = here.iter().find_map(|at| at.get("description"));
    own.or_else(|| expand(schema, &here).into_iter().find_map(|at| at.get("description")))?.as_str()
}

/// The default of the value at a path, where it is one word.
pub fn default(schema: &Value, path: &[Step]) -> Option<String> {
    let default = at(schema, path).into_iter().find_map(|at| at.get("default"))?;
    match default {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(default.to_string()),
        _ => None,
    }
}

/// Schemas with their references followed and their alternatives spread out.
fn expand<'a>(schema: &'a Value, nodes: &[&'a Value]) -> Vec<&'a Value> {
    let mut all = vec![];
    nodes.iter().for_each(|node| spread(schema, node, MAX_DEPTH, &mut all));
    all
}

fn spread<'a>(schema: &'a Value, node: &'a Value, depth: usize, all: &mut Vec<&'a Value>) {
    if depth == 0 {
        return;
    }
    let target = node.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    match target {
        Some(target) => {
            if let Some(target) = schema.pointer(target) {
                spread(schema, target, depth - 1, all);
            }
        }
        None => all.push(node),
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        let branches = node.get(word).and_then(Value::as_array).into_iter().flatten();
        branches.for_each(|branch| spread(schema, branch, depth - 1, all));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &str) -> Vec<Step> {
        let step = |step: &str| if step == "-" { Step::Member } else { Step::Key(step.to_owned()) };
        steps.split_whitespace().map(step).collect()
    }

    #[test]
    fn finds_keys_values_and_words_along_references_and_alternatives() {
        let schema = of(Kind::Provider);
        let names = |at: &str| keys(schema, &path(at)).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert!(names("").starts_with(&["id", "name"]));
        for (at, key) in
            [("vars tenant", "pattern"), ("userinfo", "as"), ("userinfo -", "when"), ("tests -", "expect")]
        {
            assert!(names(at).contains(&key), "{at}: {:?}", names(at));
        }
        assert!(names("id").is_empty() && names("nothing of it").is_empty() && names("profile").is_empty());
        let words =
            |at: &str| values(schema, &path(at)).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
        assert_eq!(words("pkce"), ["S256", "plain", "none"]);
        assert_eq!(words("vars tenant secret"), ["true", "false"]);
        assert!(words("id").is_empty());
        assert!(description(schema, &path("pkce")).unwrap().starts_with("Proof Key"));
        assert_eq!(default(schema, &path("pkce")).as_deref(), Some("S256"));
        assert_eq!(default(schema, &path("vars")), None);
    }

    #[test]
    fn a_provider_of_a_deployment_takes_the_keys_of_its_file() {
        let schema = of(Kind::Deployment);
        let keys = keys(schema, &path("providers acme"));
        assert!(
            keys.iter().any(|(key, _)| *key == "client_id") && keys.iter().any(|(key, _)| *key == "token")
        );
    }
}
