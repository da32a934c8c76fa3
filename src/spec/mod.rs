//! What a file may say: serde types whose doc comments are the schema's descriptions, the editor's hover and the reference.
//!
//! In: the JSON form of a [`yaml::Document`](crate::yaml::Document). Out: [`ProviderSpec`] or [`DeploymentSpec`], and
//! their JSON Schemas (2020-12). What the words mean is [`provider`](crate::provider)'s business.

pub mod authorize;
pub mod callback;
pub mod client_auth;
pub mod deployment;
pub mod forward_auth;
pub mod id_token;
pub mod identity;
pub mod provider;
#[cfg(feature = "schema")]
pub mod schema;
pub mod scopes;
pub mod step;
pub mod token;
pub mod userinfo;
pub mod value;
pub mod variable;
pub mod vector;
pub mod vector_file;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use deployment::DeploymentSpec;
pub use provider::ProviderSpec;
pub use vector_file::VectorFile;

/// Keys of a provider file that a deployment cannot override: they say what the file is, or stand for values that the
/// deployment gives under the same name.
pub const NOT_OVERRIDABLE: [&str; 8] =
    ["id", "aliases", "extends", "vars", "client", "tests", "issuer", "client_secret"];

/// Keys of a provider file that one which `extends` it does not take over: they are about that file.
pub const NOT_INHERITED: [&str; 9] =
    ["id", "name", "aliases", "docs", "sources", "verified", "status", "successor", "tests"];

/// A place in a file where the decoder stopped, as a JSON Pointer (RFC 6901), and why.
#[derive(Debug)]
pub struct DecodeError {
    /// The place.
    pub pointer: String,
    /// Why.
    pub message: String,
}

/// Reads a provider file's JSON form.
///
/// # Errors
/// The first place that does not fit; the JSON Schema finds them all.
pub fn decode_provider(value: &Value) -> Result<ProviderSpec, DecodeError> {
    decode(value)
}

/// Reads a deployment file's JSON form.
///
/// # Errors
/// The first place that does not fit; the JSON Schema finds them all.
pub fn decode_deployment(value: &Value) -> Result<DeploymentSpec, DecodeError> {
    decode(value)
}

/// Reads the JSON form of a file of further tests.
///
/// # Errors
/// The first place that does not fit; the JSON Schema finds them all.
pub fn decode_vectors(value: &Value) -> Result<VectorFile, DecodeError> {
    decode(value)
}

/// The JSON Schema of a provider file, as `schema/provider.schema.json`.
pub fn provider_schema() -> Value {
    titled(schemars::schema_for!(ProviderSpec), "provider")
}

/// The JSON Schema of a file of further tests.
pub fn vectors_schema() -> Value {
    titled(schemars::schema_for!(VectorFile), "vectors")
}

/// The JSON Schema of a deployment file, as `schema/config.schema.json`.
///
/// A provider of a deployment takes the keys of the provider file, none of them needed, beside its own.
pub fn deployment_schema() -> Value {
    let mut schema = titled(schemars::schema_for!(DeploymentSpec), "config");
    let provider = provider_schema();
    let definitions = schema["$defs"].as_object_mut().expect("a deployment has nested types");
    for (name, definition) in provider["$defs"].as_object().into_iter().flatten() {
        definitions.entry(name.clone()).or_insert_with(|| definition.clone());
    }
    let entry = definitions["ProviderDeployment"].as_object_mut().expect("a schema of a struct is an object");
    entry.insert("additionalProperties".into(), json!(false));
    let own = entry["properties"].as_object_mut().expect("a struct has properties");
    for (name, property) in provider["properties"].as_object().into_iter().flatten() {
        if !NOT_OVERRIDABLE.contains(&name.as_str()) && !own.contains_key(name) {
            own.insert(name.clone(), nullable(property));
        }
    }
    // `acme:` alone switches a provider on, as `acme: {}` does.
    let entry = &mut schema["properties"]["providers"]["additionalProperties"];
    *entry = nullable(entry);
    schema
}

fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, DecodeError> {
    // Keeping track of the place costs as much as the reading: only what fails is read that way.
    if let Ok(decoded) = T::deserialize(value) {
        return Ok(decoded);
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            use serde_path_to_error::Segment;
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } => {
                    pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
                }
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        DecodeError { pointer, message: error.inner().to_string() }
    })
}

fn titled(schema: schemars::Schema, name: &str) -> Value {
    let mut schema: Value = schema.into();
    drop_integer_formats(&mut schema);
    let mut document = Map::new();
    for (key, value) in schema.as_object().cloned().unwrap_or_default() {
        document.insert(key.clone(), value);
        if key == "$schema" {
            document.insert("$id".into(), json!(format!("https://authcfg.dev/schema/v1/{name}.schema.json")));
        }
    }
    Value::Object(document)
}

/// `uint64` and its like are no formats of JSON Schema; a strict validator refuses them.
fn drop_integer_formats(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int")) {
                members.remove("format");
            }
            members.values_mut().for_each(drop_integer_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_integer_formats),
        _ => {}
    }
}

/// In an override null removes what the provider file says.
fn nullable(property: &Value) -> Value {
    let described = property.get("description").cloned();
    let mut nullable = json!({"anyOf": [property, {"type": "null"}]});
    if let Some(description) = described {
        nullable["description"] = description;
    }
    nullable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_described() {
        for schema in [provider_schema(), deployment_schema()] {
            let mut missing = vec![];
            undescribed(&schema, String::new(), &mut missing);
            assert_eq!(missing, Vec::<String>::new());
        }
    }

    fn undescribed(schema: &Value, at: String, missing: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                if property.get("description").is_none() {
                    missing.push(format!("{at}/{name}"));
                }
            }
        }
        for (name, definition) in schema.get("$defs").and_then(Value::as_object).into_iter().flatten() {
            undescribed(definition, format!("{at}/{name}"), missing);
        }
    }

    /// `AUTHCFG_BLESS=1 cargo test --lib schema_files` writes them.
    #[test]
    fn schema_files_are_what_the_types_say() {
        for (name, schema) in [("provider", provider_schema()), ("config", deployment_schema())] {
            let path = format!("{}/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
            let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            if std::env::var_os("AUTHCFG_BLESS").is_some() {
                std::fs::create_dir_all(format!("{}/schema", env!("CARGO_MANIFEST_DIR"))).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path} is out of date");
        }
    }

    #[test]
    fn a_decode_error_names_its_place() {
        let error =
            decode_provider(&json!({"id": "a", "name": "A", "scopes": {"default": [1]}})).unwrap_err();
        assert_eq!(error.pointer, "/scopes/default/0");
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(decode_provider(&json!({"id": "a", "name": "A", "tokn": {}})).is_err());
        assert!(decode_provider(&json!({"id": "a", "name": "A"})).is_ok());
    }
}
