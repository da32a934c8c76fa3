//! Values as YAML that two parsers read alike.

use serde_json::Value;

use crate::yaml::is_hidden;

/// A key or a text: without quotes where it is plain beyond doubt.
pub fn text(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !is_word_of_yaml(text);
    if plain { text.to_owned() } else { Value::String(visible(text)).to_string() }
}

/// A value in flow style, on one line.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}: {}", text(name), flow(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// A value below its key: an object member by member, each on a line of its own, anything else on the key's line.
pub fn block(key: &str, value: &Value, indent: usize) -> String {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let lines = members.iter().map(|(name, value)| match flow(value) {
                line if line.len() + indent < 110 => format!("{margin}  {}: {line}\n", text(name)),
                _ => block(&text(name), value, indent + 2),
            });
            format!("{margin}{key}:\n{}", lines.collect::<String>())
        }
        value => format!("{margin}{key}: {}\n", flow(value)),
    }
}

/// What some reader of YAML takes for something else than text.
fn is_word_of_yaml(text: &str) -> bool {
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str())
}

/// A text without what cannot be seen: a provider file may not hold it.
fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml::{Document, Limits};

    #[test]
    fn reads_back_as_it_was() {
        let value = json!({
            "a": "no", "b": "1", "c": "1.5", "d": "null", "e": "a: b # c", "f": "- x", "g": "", "h": " x ", "i": "é\n\"'\\",
            "j": [1, -2, 1.5, true, null, [], {}], "k": {"x y": {"z": "2026-11-24"}}, "l": "https://acme.example/?a=b&c",
            "m": 18446744073709551615u64, "n": "{{ x }}", "o": "x".repeat(200), "true": "012", "~": "@", "p": "[a", "q": "1e3",
        });
        let text = block("root", &value, 0);
        let document = Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER).expect(&text);
        assert_eq!(document.to_json()["root"], value, "{text}");
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(text("a\u{202e}b\u{200b}c d"), "\"abc d\"");
    }
}
