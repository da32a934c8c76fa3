//! A validator's error becomes defects that a person can act on: of alternatives, the one that was meant.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::diagnostic::nearest;
use crate::spec::schema::ENOUGH;

/// Something that does not fit, at the JSON Pointer (RFC 6901) of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Defect {
    /// The value.
    pub pointer: String,
    /// The schema's rule, as a JSON Pointer in the schema.
    pub rule: String,
    /// What does not fit.
    pub kind: DefectKind,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq)]
pub enum DefectKind {
    /// A needed key that is not there.
    Missing { key: String },
    /// A value that is not one of those there are.
    NotOneOf { options: Vec<String>, nearest: Option<String> },
    /// Anything else, in words.
    Other { message: String },
    /// A text that does not match.
    Pattern { pattern: String, words: Vec<String>, nearest: Option<String> },
    /// A secret in the file, where only a reference to one may stand.
    PlainSecret,
    /// A key that nobody knows.
    Unknown { key: String, nearest: Option<String> },
    /// A value of another type.
    WrongType { expected: Vec<&'static str> },
}

/// The defects that an error of the validator stands for.
pub fn of(error: &ValidationError<'_>, schema: &Value) -> Vec<Defect> {
    let one = |kind| vec![defect(error, kind)];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = keys_beside(schema, error.schema_path().as_str());
            let unknown = |(number, key): (usize, &String)| {
                // Of a file of nothing but wrong keys nobody reads what each might have been.
                let nearest = if number < ENOUGH { similar(key, &known) } else { None };
                DefectKind::Unknown { key: key.clone(), nearest }
            };
            unexpected.iter().enumerate().map(|key| defect(error, unknown(key))).collect()
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            alternatives(error, context, schema)
        }
        ValidationErrorKind::Constant { expected_value } => {
            one(not_one_of(error, vec![word(expected_value)]))
        }
        ValidationErrorKind::Enum { options } => {
            one(not_one_of(error, options.as_array().into_iter().flatten().map(word).collect()))
        }
        ValidationErrorKind::Pattern { pattern } => {
            let words = words_of(pattern);
            let nearest = error.instance().as_str().and_then(|text| similar(text, &words));
            one(DefectKind::Pattern { pattern: pattern.clone(), words, nearest })
        }
        ValidationErrorKind::Required { property } => one(DefectKind::Missing { key: word(property) }),
        ValidationErrorKind::Type { kind } => one(wrong_type(error, schema, types(kind))),
        kind => one(DefectKind::Other { message: limit(kind) }),
    }
}

/// Leaves out what is only the consequence of another defect: a key that is missing because it is misspelt.
pub fn drop_consequences(defects: &mut Vec<Defect>) {
    let misspelt: Vec<(String, String)> = defects
        .iter()
        .filter_map(|defect| match &defect.kind {
            DefectKind::Unknown { nearest: Some(nearest), .. } => {
                Some((defect.pointer.clone(), nearest.clone()))
            }
            _ => None,
        })
        .collect();
    defects.retain(|defect| match &defect.kind {
        DefectKind::Missing { key } => !misspelt.contains(&(defect.pointer.clone(), key.clone())),
        _ => true,
    });
}

/// Of several alternatives: the one with the fewest defects; where the value is of no alternative's type, all types.
fn alternatives(
    error: &ValidationError<'_>,
    branches: &[Vec<ValidationError<'static>>],
    schema: &Value,
) -> Vec<Defect> {
    let here = error.instance_path().as_str();
    let branches: Vec<Vec<Defect>> =
        branches.iter().map(|errors| errors.iter().flat_map(|error| of(error, schema)).collect()).collect();
    let (mismatched, fitting): (Vec<_>, Vec<_>) = branches.into_iter().partition(|defects| {
        defects.iter().any(|at| {
            at.pointer == here && matches!(at.kind, DefectKind::WrongType { .. } | DefectKind::PlainSecret)
        })
    });
    let words = words(&fitting, here);
    if words.len() > 1 {
        return vec![defect(error, not_one_of(error, words))];
    }
    if let Some(best) = fitting.into_iter().min_by_key(|defects| cost(defects)) {
        return best;
    }
    let mut expected: Vec<&'static str> = vec![];
    if mismatched.iter().flatten().any(|at| at.pointer == here && at.kind == DefectKind::PlainSecret) {
        // Unless text is among the alternatives, text in this place is a secret.
        expected.push("object");
    }
    for defect in mismatched.iter().flatten().filter(|defect| defect.pointer == here) {
        if let DefectKind::WrongType { expected: types } = &defect.kind {
            expected.extend(types);
        }
    }
    vec![defect(error, wrong_type(error, schema, without_null(expected)))]
}

/// The words of alternatives that are words: an enumeration whose members are described one by one.
fn words(branches: &[Vec<Defect>], here: &str) -> Vec<String> {
    branches
        .iter()
        .flatten()
        .filter(|defect| defect.pointer == here)
        .filter_map(|defect| match &defect.kind {
            DefectKind::NotOneOf { options, .. } => Some(options.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

/// How far a value is from an alternative: what is near a known word counts less.
fn cost(defects: &[Defect]) -> usize {
    let cost = |defect: &Defect| match &defect.kind {
        DefectKind::Unknown { nearest: Some(_), .. } | DefectKind::NotOneOf { nearest: Some(_), .. } => 1,
        DefectKind::Missing { .. } | DefectKind::Unknown { .. } => 3,
        _ => 2,
    };
    // A key that is misspelt is not missing besides.
    let mut defects = defects.to_vec();
    drop_consequences(&mut defects);
    defects.iter().map(cost).sum()
}

fn defect(error: &ValidationError<'_>, kind: DefectKind) -> Defect {
    let pointer = error.instance_path().as_str().to_owned();
    Defect { pointer, rule: error.schema_path().as_str().to_owned(), kind }
}

fn not_one_of(error: &ValidationError<'_>, options: Vec<String>) -> DefectKind {
    let nearest = error.instance().as_str().and_then(|text| similar(text, &options));
    DefectKind::NotOneOf { options, nearest }
}

/// The option that differs in case alone, else the nearest.
fn similar(text: &str, options: &[String]) -> Option<String> {
    let same = options.iter().find(|option| option.eq_ignore_ascii_case(text));
    same.cloned().or_else(|| nearest(text, options.iter().map(String::as_str)).map(str::to_owned))
}

/// The alternatives of a pattern such as `^(bearer|none|query:[a-z]+)$` that are words.
fn words_of(pattern: &str) -> Vec<String> {
    let inner = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$")).unwrap_or_default();
    let is_word = |text: &&str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    match inner.contains(['(', ')']) {
        true => vec![],
        false => inner.split('|').filter(is_word).map(str::to_owned).collect(),
    }
}

/// The keys of the object schema that a rule such as `…/additionalProperties` belongs to.
pub fn keys_beside(schema: &Value, rule: &str) -> Vec<String> {
    let object = rule.rsplit_once('/').and_then(|(object, _)| schema.pointer(object));
    let properties = object.and_then(|object| object.get("properties")).and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// A value as it is written in a file.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn types(kind: &TypeKind) -> Vec<&'static str> {
    let names: Vec<&'static str> = match kind {
        TypeKind::Single(kind) => vec![kind.as_str()],
        TypeKind::Multiple(set) => set.iter().map(|kind| kind.as_str()).collect(),
    };
    without_null(names)
}

/// That a key may be left empty is no advice for somebody who filled it in.
fn without_null(mut names: Vec<&'static str>) -> Vec<&'static str> {
    if names.iter().any(|name| *name != "null") {
        names.retain(|name| *name != "null");
    }
    names
}

fn wrong_type(error: &ValidationError<'_>, schema: &Value, expected: Vec<&'static str>) -> DefectKind {
    let written = matches!(**error.instance(), Value::String(_) | Value::Number(_));
    let rule = error.schema_path().as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
    let place = error.instance_path().as_str();
    let secret = place.ends_with("/client_secret") || takes(schema, schema.pointer(rule), "SecretRef", 8);
    if written && secret && !expected.contains(&"string") {
        return DefectKind::PlainSecret;
    }
    DefectKind::WrongType { expected }
}

/// Whether a definition is among the alternatives of a schema.
fn takes(schema: &Value, at: Option<&Value>, definition: &str, depth: usize) -> bool {
    let Some(at) = at.filter(|_| depth > 0) else { return false };
    let wanted = format!("/$defs/{definition}");
    let target = at.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    let alternatives = at.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    Some(at) == schema.pointer(&wanted)
        || target.is_some_and(|target| {
            target == wanted || takes(schema, schema.pointer(target), definition, depth - 1)
        })
        || alternatives.into_iter().any(|branch| takes(schema, Some(branch), definition, depth - 1))
}

/// The rules about size, in words.
fn limit(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::MaxItems { limit } => format!("has more than {limit} members"),
        ValidationErrorKind::MaxLength { limit } => format!("is longer than {limit} characters"),
        ValidationErrorKind::Maximum { limit } => format!("is greater than {limit}"),
        ValidationErrorKind::MinItems { limit: 1 } => "is empty".to_owned(),
        ValidationErrorKind::MinItems { limit } => format!("needs at least {limit} members"),
        ValidationErrorKind::MinLength { limit: 1 } => "is empty".to_owned(),
        ValidationErrorKind::MinLength { limit } => format!("is shorter than {limit} characters"),
        ValidationErrorKind::Minimum { limit } => format!("is less than {limit}"),
        ValidationErrorKind::UniqueItems => "has a member twice".to_owned(),
        kind => format!("does not fit the rule `{}` of the schema", kind.keyword()),
    }
}
