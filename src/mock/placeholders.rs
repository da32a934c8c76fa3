//! Names in a vector for what differs from run to run: `STATE`, `NONCE`, `CODE` and the others of the format.

use serde_json::Value;

/// The placeholders of one sign-in and what they stand for by now.
#[derive(Clone, Default)]
pub(super) struct Placeholders {
    values: Vec<(&'static str, String)>,
}

impl Placeholders {
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.values.retain(|(existing, _)| *existing != name);
        self.values.push((name, value.into()));
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(existing, _)| *existing == name).map(|(_, value)| value.as_str())
    }

    /// Fills in every text of `value`; what is not known yet stays as it is written.
    pub fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill_text(text)),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// Fills in one text. A placeholder is a whole word: `CODE` is not part of `CODE_VERIFIER`.
    pub fn fill_text(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let in_word = rest.starts_with(is_word);
            let end = rest.find(|c: char| is_word(c) != in_word).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            filled.push_str(self.get(part).unwrap_or(part));
            rest = after;
        }
        filled
    }
}

/// Whether `name` stands anywhere in `value` as a whole word.
pub(super) fn mentions(value: &Value, name: &'static str) -> bool {
    let mut probe = Placeholders::default();
    probe.set(name, "");
    probe.fill(value) != *value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_placeholder_is_a_whole_word() {
        let mut placeholders = Placeholders::default();
        placeholders.set("CODE", "c0");
        placeholders.set("CODE_VERIFIER", "v");
        assert_eq!(placeholders.fill_text("CODE CODE_VERIFIER x/CODE?XCODE"), "c0 v x/c0?XCODE");
        assert_eq!(placeholders.fill(&json!({"a": ["STATE", "CODE", 1]})), json!({"a": ["STATE", "c0", 1]}));
    }

    #[test]
    fn finds_a_placeholder_anywhere() {
        assert!(mentions(&json!({"a": {"id_token": "ID_TOKEN"}}), "ID_TOKEN"));
        assert!(!mentions(&json!({"a": "AN_ID_TOKEN"}), "ID_TOKEN"));
    }
}
