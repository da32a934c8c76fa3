//! The schema that editors and CI check with, and the decoder that the engine reads with, must take the same files.

use std::sync::LazyLock;

use authcfg::spec::{decode_provider, provider_schema};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::FILES;

static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&provider_schema()).expect("the schema is one"));

/// What a schema says of a text, a number or a list that a Rust type does not.
const NARROWER: [&str; 6] = ["pattern", "minLength", "maxLength", "minimum", "maximum", "minItems"];

/// A value that somebody may write in the wrong place.
fn stray() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!(1.5)),
        Just(json!("")),
        "[a-z$:. {}_]{1,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["a", 1, null])),
        Just(json!([{"as": "a", "endpoint": "https://a.example"}])),
        Just(json!({"from": "$.userinfo.id", "as": "string"})),
        Just(json!({"value": {"a": [1]}})),
        Just(json!({"method": "GET", "params": {"a": null, "b": true}, "raw": ["a"]})),
        Just(json!({"pattern": "^a$", "send": false})),
    ]
}

/// One change of a file, at a place that a number picks.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Replace(Value),
    Rename(String),
    Insert(String, Value),
    Wrap,
}

fn change() -> impl Strategy<Value = Change> {
    let name = || {
        prop_oneof![
            "[a-z_]{1,10}",
            prop::sample::select(vec![
                "method", "auth", "params", "query", "body", "raw", "response", "map", "as", "endpoint",
                "when", "from", "then", "keep", "rotates", "requires", "fragment", "extends", "http",
                "status", "default", "enum",
            ])
            .prop_map(str::to_owned),
        ]
    };
    prop_oneof![
        Just(Change::Remove),
        stray().prop_map(Change::Replace),
        name().prop_map(Change::Rename),
        (name(), stray()).prop_map(|(name, value)| Change::Insert(name, value)),
        Just(Change::Wrap),
    ]
}

/// The pointers of all values, the root's excepted.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => return,
    };
    for (segment, child) in children {
        let at = format!("{at}/{segment}");
        places(child, &at, found);
        found.push(at);
    }
}

fn apply(file: &mut Value, pick: usize, change: Change) {
    let mut found = vec![];
    places(file, "", &mut found);
    let Some(at) = found.get(pick % found.len().max(1)) else { return };
    let (parent, last) = at.rsplit_once('/').expect("a pointer has a slash");
    let key = last.replace("~1", "/").replace("~0", "~");
    match change {
        Change::Replace(value) => *file.pointer_mut(at).expect("it was there") = value,
        Change::Wrap => {
            let value = file.pointer_mut(at).expect("it was there");
            *value = json!([value.take()]);
        }
        Change::Insert(name, stray) => {
            if let Some(Value::Object(members)) = file.pointer_mut(at) {
                members.insert(name, stray);
            }
        }
        Change::Remove => match file.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.shift_remove(&key)),
            Some(Value::Array(items)) => drop(items.remove(key.parse().expect("an index"))),
            _ => {}
        },
        Change::Rename(name) => {
            if let Some(Value::Object(members)) = file.pointer_mut(parent) {
                let renamed = |(old, value)| if old == key { (name.clone(), value) } else { (old, value) };
                *members = std::mem::take(members).into_iter().map(renamed).collect::<Map<_, _>>();
            }
        }
    }
}

/// Whether a schema's complaint is about the form of a value alone, alternatives included.
fn is_narrower(error: &jsonschema::ValidationError<'_>) -> bool {
    let path = error.schema_path().to_string();
    let keyword = path.rsplit('/').next().unwrap_or_default();
    NARROWER.contains(&keyword) || ["anyOf", "oneOf"].contains(&keyword)
}

/// The catalogue, and a file with the words that it does not use.
static GROWN: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut files: Vec<Value> = FILES.iter().map(|(file, _)| file.clone()).collect();
    files.push(json!({
        "id": "everything", "name": "Everything", "extends": "oidc", "client_assertion": {"alg": "ES256", "ttl": 60},
        "userinfo_signed_response_alg": "RS256", "vars": {"shop": {"from": ["config", "$.request.shop"]}},
        "authorization": {"raw": ["scope"], "fragment": "x"},
        "token": {"body": "query", "then": [{"endpoint": "https://a.example", "when": "true", "auth": "none"}]},
        "refresh": {"endpoint": "https://a.example", "requires": "access_token", "rotates": true, "keep": ["x"]},
        "revocation": {"method": "DELETE"}, "introspection": {}, "client_credentials": {},
        "jwt_bearer": {"assertion": {"alg": "ES256", "kid": "x", "claims": {"iss": "x"}, "ttl": 60}},
        "token_exchange": {"response": {"map": {"issued_token_type": "x"}}},
        "userinfo": [{"response": {"format": "jwt"}}, {"as": "photo", "endpoint": "https://a.example", "response": {"format": "bytes"}}],
        "tests": [{"then": [{}], "refresh_response": {}, "refreshed": {}, "expect": {"then": [{}]}}],
    }));
    files
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn schema_and_decoder_take_the_same_files(
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), change()), 0..4),
    ) {
        let mut value = GROWN[file.index(GROWN.len())].clone();
        for (pick, change) in changes {
            apply(&mut value, pick, change);
        }
        let decoded = decode_provider(&value);
        let complaints: Vec<_> = SCHEMA.iter_errors(&value).collect();
        match decoded {
            Err(error) => prop_assert!(
                !complaints.is_empty(),
                "the schema takes what the decoder refuses: {error:?}\n{value:#}"
            ),
            Ok(_) => {
                let wider: Vec<String> = complaints
                    .iter()
                    .filter(|complaint| !is_narrower(complaint))
                    .map(|complaint| format!("{}: {complaint}", complaint.schema_path()))
                    .collect();
                prop_assert!(wider.is_empty(), "the decoder takes what the schema refuses: {wider:?}\n{value:#}");
            }
        }
    }
}

#[test]
fn the_catalogue_and_all_the_words_are_taken_by_both() {
    for file in GROWN.iter() {
        assert!(
            SCHEMA.is_valid(file),
            "{}: {:?}",
            file["id"],
            SCHEMA.iter_errors(file).next().map(|e| e.to_string())
        );
        assert!(decode_provider(file).is_ok(), "{}", file["id"]);
    }
}
