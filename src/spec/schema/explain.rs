//! A defect as a person is told: what is wrong, why here, and the change to make.

use serde_json::Value;

use crate::diagnostic::{Applicability, Code, Diagnostic, Help, Label, Severity, Source, code, sureness};
use crate::spec::schema::Kind;
use crate::spec::schema::defect::{Defect, DefectKind, keys_beside};
use crate::yaml::{Document, Node, NodeValue, Span};

/// The finding that a defect is, at its key or value.
pub fn diagnostic(
    defect: &Defect,
    document: &Document,
    source: &Source,
    schema: &Value,
    kind: Kind,
) -> Diagnostic {
    let place = document.nearest(&defect.pointer);
    let on_value =
        if place.value.start == place.value.end { place.key.unwrap_or(place.value) } else { place.value };
    let name = name(&defect.pointer, kind);
    let written = document.text().get(on_value.start..on_value.end).unwrap_or_default();
    let patch = |text: &str, span, replacement: String, applicability| {
        Some(Help::Patch { text: text.into(), source: source.clone(), span, replacement, applicability })
    };
    let mut finding = Finding::new(code::INVALID_VALUE, on_value);
    match &defect.kind {
        DefectKind::Missing { key } => {
            finding.code = code::MISSING_FIELD;
            finding.span = place.key.unwrap_or(place.value);
            finding.title = format!("{name} needs `{key}`");
            finding.label = format!("`{key}` is missing");
            finding.note =
                description(schema, &defect.rule, Some(key)).map(|text| format!("`{key}`: {text}"));
        }
        DefectKind::NotOneOf { options, nearest } => {
            finding.title = format!("{name} cannot be `{}`", unquoted(written));
            finding.label =
                format!("must be {}{}", if options.len() > 1 { "one of " } else { "" }, list(options, ""));
            finding.help = nearest.as_ref().and_then(|nearest| {
                let sure = sureness(unquoted(written).as_str(), options.iter().map(String::as_str));
                patch("a value with a similar name exists", on_value, quoted_like(written, nearest), sure)
            });
        }
        DefectKind::Other { message } => {
            finding.title = format!("{name} {message}");
            finding.note = description(schema, &defect.rule, None);
        }
        DefectKind::Pattern { pattern, words, nearest } => {
            finding.title = format!("{name} cannot be `{}`", unquoted(written));
            finding.note = description(schema, &defect.rule, None);
            finding.label = match pattern.len() > 60 && finding.note.is_some() {
                true => "not of the form that is needed".into(),
                false => format!("must match `{pattern}`"),
            };
            finding.help = nearest.as_ref().and_then(|nearest| {
                let sure = sureness(unquoted(written).as_str(), words.iter().map(String::as_str));
                patch("a value with a similar name exists", on_value, quoted_like(written, nearest), sure)
            });
        }
        DefectKind::PlainSecret => {
            finding.code = code::PLAIN_SECRET;
            finding.title = format!("{name} stands in the file itself");
            finding.label = "everybody who reads the file has it".into();
            finding.help = Some(Help::Note(match kind {
                Kind::Deployment => {
                    "name an environment variable, `{env: NAME}`, or a file, `{file: PATH}`".into()
                }
                Kind::Provider | Kind::Vectors => {
                    "give credentials in the deployment file or the environment".into()
                }
            }));
        }
        DefectKind::Unknown { key, nearest } => {
            let known = keys_beside(schema, &defect.rule);
            let pointer = format!("{}/{}", defect.pointer, key.replace('~', "~0").replace('/', "~1"));
            finding.code = code::UNKNOWN_FIELD;
            finding.span = document.nearest(&pointer).key.unwrap_or(on_value);
            finding.title = format!("unknown field `{}`", unquoted(key));
            finding.label = format!("not a field of {name}");
            match nearest {
                Some(nearest) => {
                    let taken = document.place(&format!("{}/{nearest}", defect.pointer)).is_some();
                    let value = document.node(&pointer).map(Node::to_json).unwrap_or_default();
                    let object = defect.rule.rsplit_once('/').and_then(|(object, _)| schema.pointer(object));
                    let target = object.and_then(|object| object.get("properties")?.get(nearest));
                    let sure = match taken || !takes(schema, target, &value, 8) {
                        true => Applicability::Likely,
                        false => sureness(key, known.iter().map(String::as_str)),
                    };
                    let text = "a field with a similar name exists";
                    let written = document.text().get(finding.span.start..finding.span.end);
                    let replacement = quoted_like(written.unwrap_or_default(), nearest);
                    finding.help = patch(text, finding.span, replacement, sure);
                }
                None if known.len() <= 12 => {
                    finding.note = Some(format!("its fields are {}", list(&known, " and")))
                }
                None => {}
            }
        }
        DefectKind::WrongType { expected } => {
            finding.code = code::WRONG_TYPE;
            finding.title = format!("{name} must be {}", type_names(expected));
            finding.label = format!("this is {}", found(document, &defect.pointer));
            let value = document.node(&defect.pointer).map(|node| &node.value);
            if expected.contains(&"string")
                && matches!(value, Some(NodeValue::Bool(_) | NodeValue::Number(_)))
            {
                finding.help =
                    patch("put it in quotes", on_value, format!("\"{written}\""), Applicability::Certain);
            } else {
                finding.note = description(schema, &defect.rule, None);
                if let Some(items) = as_list(defect, document, schema, expected) {
                    let sure = match items.len() {
                        1 => Applicability::Certain,
                        _ => Applicability::Likely,
                    };
                    let list = format!("[{}]", items.join(", "));
                    finding.help = patch("write it as a list", on_value, list, sure);
                }
            }
        }
    }
    finding.diagnostic(source.clone())
}

/// The items of a text that stands where a list of texts is wanted: its words, as items without quotes where they need none.
fn as_list(defect: &Defect, document: &Document, schema: &Value, expected: &[&str]) -> Option<Vec<String>> {
    let Some(NodeValue::String(text)) = document.node(&defect.pointer).map(|node| &node.value) else {
        return None;
    };
    let parent = defect.rule.rsplit_once('/').and_then(|(parent, _)| schema.pointer(parent))?;
    let is_item = |word: &str| takes(schema, parent.get("items"), &Value::from(word), 8);
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let is_list = *expected == ["array"] && parent.get("items").is_some();
    (is_list && !words.is_empty() && words.iter().all(|word| plain(word) && is_item(word)))
        .then(|| words.iter().map(|word| quoted(word)).collect())
}

/// A word as YAML reads it as a text.
fn quoted(word: &str) -> String {
    let reads_as_text = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&&*word.to_ascii_lowercase());
    if reads_as_text { word.to_owned() } else { format!("\"{word}\"") }
}

/// Whether a schema takes values of this type; what it leaves open may be anything.
fn takes(schema: &Value, at: Option<&Value>, value: &Value, depth: usize) -> bool {
    let Some(at) = at.filter(|_| depth > 0) else { return true };
    if let Some(target) = at.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#')) {
        return takes(schema, schema.pointer(target), value, depth - 1);
    }
    let branches = at.get("anyOf").or(at.get("oneOf")).and_then(Value::as_array);
    if let Some(branches) = branches {
        return branches.iter().any(|branch| takes(schema, Some(branch), value, depth - 1));
    }
    let is = |name: &Value| match name.as_str() {
        Some("array") => value.is_array(),
        Some("boolean") => value.is_boolean(),
        Some("integer" | "number") => value.is_number(),
        Some("null") => value.is_null(),
        Some("object") => value.is_object(),
        Some("string") => value.is_string(),
        _ => true,
    };
    match at.get("type") {
        Some(Value::Array(names)) => names.iter().any(is),
        Some(name) => is(name),
        None => true,
    }
}

/// A finding with one place.
struct Finding {
    code: Code,
    span: Span,
    title: String,
    label: String,
    note: Option<String>,
    help: Option<Help>,
}

impl Finding {
    fn new(code: Code, span: Span) -> Finding {
        Finding { code, span, title: String::new(), label: String::new(), note: None, help: None }
    }

    fn diagnostic(self, source: Source) -> Diagnostic {
        Diagnostic {
            code: self.code,
            severity: Severity::Error,
            title: self.title,
            labels: vec![Label { source, span: self.span, text: self.label, primary: true }],
            notes: self.note.into_iter().collect(),
            help: self.help,
        }
    }
}

/// What a person calls a place: its key, or its number in a list.
fn name(pointer: &str, kind: Kind) -> String {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return match kind {
            Kind::Deployment => "a deployment file".into(),
            Kind::Provider => "a provider file".into(),
            Kind::Vectors => "a file of tests".into(),
        };
    };
    match last.parse::<usize>() {
        Ok(index) => format!("member {} of {}", index + 1, name(parent, kind)),
        Err(_) => format!("`{}`", last.replace("~1", "/").replace("~0", "~")),
    }
}

/// The first sentence of what the schema says about the value of a rule, or about a key of it.
fn description(schema: &Value, rule: &str, key: Option<&str>) -> Option<String> {
    let (parent, _) = rule.rsplit_once('/')?;
    let mut at = schema.pointer(parent)?;
    if let Some(key) = key {
        at = at.get("properties")?.get(key)?;
    }
    let text = at.get("description")?.as_str()?.replace('\n', " ");
    let end = text.find(". ").unwrap_or(text.trim_end_matches('.').len());
    Some(text[..end].to_owned())
}

fn type_names(types: &[&str]) -> String {
    const ORDER: [&str; 7] = ["string", "number", "integer", "object", "array", "boolean", "null"];
    let names: Vec<&str> =
        ORDER.iter().filter(|name| types.contains(name)).map(|name| type_name(name)).collect();
    match names.as_slice() {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [first, second] if !first.contains(" or ") => format!("{first} or {second}"),
        [others @ .., last] => format!("{}, or {last}", others.join(", ")),
    }
}

fn type_name(name: &str) -> &'static str {
    match name {
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "integer" => "an integer",
        "null" => "empty",
        "number" => "a number",
        "object" => "a mapping",
        _ => "text",
    }
}

fn found(document: &Document, pointer: &str) -> &'static str {
    match document.node(pointer).map(|node| &node.value) {
        Some(NodeValue::Bool(true)) => "`true`",
        Some(NodeValue::Bool(false)) => "`false`",
        Some(NodeValue::Mapping(_)) => "a mapping",
        Some(NodeValue::Null) | None => "empty",
        Some(NodeValue::Number(_)) => "a number",
        Some(NodeValue::Sequence(_)) => "a list",
        Some(NodeValue::String(_)) => "text",
    }
}

fn list(words: &[String], and: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [others @ .., last] if !others.is_empty() => {
            format!("{}{} {last}", others.join(", "), if and.is_empty() { "," } else { and })
        }
        words => words.concat(),
    }
}

/// A scalar without its quotes, on one line and not longer than a title should be.
fn unquoted(written: &str) -> String {
    let line = written.lines().next().unwrap_or_default();
    let bare = line.trim_matches(['"', '\'']);
    match bare.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &bare[..at]),
        None => bare.to_owned(),
    }
}

/// The replacement in the quotes that stood there.
fn quoted_like(written: &str, replacement: &str) -> String {
    match written.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{replacement}{quote}"),
        _ => replacement.to_owned(),
    }
}
