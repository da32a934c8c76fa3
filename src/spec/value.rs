//! The two notations of a file: what goes out ([`Scalar`]) and what comes in ([`Incoming`]).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A section that null empties: in a file that `extends` another, null removes what that one says.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A mapping whose null members are left out: in a file that `extends` another, null removes what that one says.
pub(super) fn without_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, T>, D::Error> {
    let members = Option::<IndexMap<String, Option<T>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// A value that goes out: a template such as `{{ vars.tenant }}`, or a plain text, number or boolean.
///
/// A parameter that renders to the empty string is left out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`, sent as that word.
    Bool(bool),
    /// An integer, sent as its digits.
    Integer(i64),
    /// A template; text without `{{` is sent as it stands.
    Text(String),
}

impl Scalar {
    /// The template source of this value.
    pub fn source(&self) -> String {
        match self {
            Scalar::Bool(value) => value.to_string(),
            Scalar::Integer(value) => value.to_string(),
            Scalar::Text(text) => text.clone(),
        }
    }
}

/// The value of a parameter: a [`Scalar`], several of them, or JSON.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ParamValue {
    /// `true` or `false`, sent as that word.
    Bool(bool),
    /// An integer, sent as its digits.
    Integer(i64),
    /// A template; text without `{{` is sent as it stands.
    Text(String),
    /// A list: the parameter is sent once for each of them, as `resource` may be (RFC 8707 §2).
    Many(Vec<Scalar>),
    /// A mapping: sent as JSON, such as `claims` (OpenID Connect Core §5.5). Its texts are templates.
    Json(IndexMap<String, Value>),
}

impl ParamValue {
    /// The values that are sent as they are written; none for JSON.
    pub fn scalars(&self) -> Vec<Scalar> {
        match self {
            ParamValue::Bool(value) => vec![Scalar::Bool(*value)],
            ParamValue::Integer(value) => vec![Scalar::Integer(*value)],
            ParamValue::Text(text) => vec![Scalar::Text(text.clone())],
            ParamValue::Many(values) => values.clone(),
            ParamValue::Json(_) => vec![],
        }
    }

    /// Whether a text in it has `word`.
    pub fn mentions(&self, word: &str) -> bool {
        match self {
            ParamValue::Json(members) => members.values().any(|value| value.to_string().contains(word)),
            other => other.scalars().iter().any(|value| value.source().contains(word)),
        }
    }
}

/// A value that comes in: a path (`$.userinfo.id`), a template, a literal, or a list of these of which the first
/// that is not empty counts.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Incoming {
    /// `true` or `false`, as it stands.
    Bool(bool),
    /// A number, as it stands.
    Number(serde_json::Number),
    /// `$…` is a path, `{{ … }}` or `{% … %}` a template, anything else a literal.
    Text(String),
    /// The first member that is not empty (missing, null or `""`).
    FirstOf(Vec<Incoming>),
    /// A path with a coercion.
    Coerced(Coerced),
    /// A literal that would otherwise be read as a path or a template.
    Literal(Literal),
}

/// `{from: PATH, as: TYPE}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coerced {
    /// The path whose first non-empty node is read (with `as: list`, all of them).
    pub from: String,
    /// What it becomes.
    #[serde(rename = "as")]
    pub coercion: Coercion,
}

/// `{value: …}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Literal {
    /// The literal, taken as it stands.
    pub value: Value,
}

/// What a value that came in is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coercion {
    /// Text, exactly: an integer keeps every digit.
    String,
    /// `true`, `false`, `"true"`, `"false"`, `1`, `0`.
    Bool,
    /// An integer, also from its digits.
    Int,
    /// Seconds since 1970-01-01T00:00:00Z.
    Unix,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    UnixMs,
    /// A date and time as RFC 3339 writes it; becomes seconds since 1970.
    Rfc3339,
    /// A text that holds JSON; becomes what it says.
    Json,
    /// All nodes of the path, as a list.
    List,
}
