//! A test at the end of those of a file, every other byte as it was.

use serde_json::{Map, Value};

use crate::cli::new::yaml;
use crate::yaml::{Document, Limits, NodeValue};

/// The text of the file with the test.
///
/// # Errors
/// A text that is no YAML mapping, or has something else than tests under `tests`.
pub fn appended(text: &str, test: &Map<String, Value>) -> Result<String, String> {
    let document = Document::parse("", text.as_bytes(), Limits::DEPLOYMENT);
    let document = document.map_err(|_| "the file is no YAML".to_owned())?;
    let Some(tests) = document.node("/tests") else {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Ok(format!("{text}{end}tests:\n{}", item(test, 2)));
    };
    let NodeValue::Sequence(items) = &tests.value else { return Err("`tests` is no list".into()) };
    let start = tests.span.start;
    if text[start..].starts_with('[') {
        let close = text[..tests.span.end].rfind(']').ok_or("`tests` has no end")?;
        let before = text[..close].trim_end();
        let comma = if items.is_empty() || before.ends_with(',') { "" } else { ", " };
        return Ok(format!("{before}{comma}{}{}", yaml::flow(&Value::Object(test.clone())), &text[close..]));
    }
    // Where the dash of the first one stands.
    let first = items.first().map_or(start, |item| item.span.start);
    let line = text[..first].rfind('\n').map_or(0, |line| line + 1);
    let indent = text[line..first].find('-').unwrap_or(first - line);
    let last = items.last().map_or(start, |item| item.span.end);
    let last = text[..last].trim_end().len();
    let end = text[last..].find('\n').map_or(text.len(), |line| last + line);
    let (before, after) = text.split_at(end);
    let after = after.strip_prefix('\n').unwrap_or_default();
    Ok(format!("{before}\n{}{after}", item(test, indent)))
}

/// The test as an item of a list, a member a line.
pub fn item(test: &Map<String, Value>, indent: usize) -> String {
    let lines: String = test.iter().map(|(name, value)| yaml::block(name, value, indent + 2)).collect();
    let margin = " ".repeat(indent);
    format!("{margin}- {}", lines.strip_prefix(&format!("{margin}  ")).unwrap_or(&lines))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn test() -> Map<String, Value> {
        json!({"name": "new", "userinfo": {"id": 7}}).as_object().unwrap().clone()
    }

    #[test]
    fn every_other_byte_stays() {
        for (before, after) in [
            ("id: a # b\n", "id: a # b\ntests:\n  - name: new\n    userinfo:\n      id: 7\n"),
            (
                "tests:   # c\n  - {name: one} # d\n\n  # e\nid: a\n",
                "tests:   # c\n  - {name: one} # d\n  - name: new\n    userinfo:\n      id: 7\n\n  # e\nid: a\n",
            ),
            (
                "tests:\n- name: one\n  error: any",
                "tests:\n- name: one\n  error: any\n- name: new\n  userinfo:\n    id: 7\n",
            ),
            (
                "tests: [{name: one}]\nid: a\n",
                "tests: [{name: one}, {name: new, userinfo: {id: 7}}]\nid: a\n",
            ),
            ("tests: []\n", "tests: [{name: new, userinfo: {id: 7}}]\n"),
        ] {
            let found = appended(before, &test()).unwrap();
            assert_eq!(found, after);
            let document = Document::parse("", found.as_bytes(), Limits::PROVIDER).unwrap();
            assert_eq!(
                document.to_json()["tests"].as_array().unwrap().last().unwrap(),
                &Value::Object(test())
            );
        }
    }

    #[test]
    fn what_holds_no_tests_is_left() {
        for text in ["tests: {}\n", "tests: 1\n", "{", "a: 1\na: 2\n"] {
            assert!(appended(text, &test()).is_err(), "{text}");
        }
    }
}
