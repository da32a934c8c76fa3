//! Answers that somebody has recorded, with a note of what they are.

use serde_json::Value;

/// What a recorded answer, `{"kind": "userinfo", "sample": …}`, is of, and the answer itself.
pub fn recorded(body: &Value) -> Option<(&str, &Value)> {
    body.get("kind").and_then(Value::as_str).zip(body.get("sample"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_says_what_it_is_of_is_a_record() {
        let record = json!({"kind": "userinfo", "sample": {"id": 1}});
        assert_eq!(recorded(&record), Some(("userinfo", &json!({"id": 1}))));
        for body in [json!({"kind": 1, "sample": {}}), json!({"kind": "user"}), json!([1])] {
            assert_eq!(recorded(&body), None, "{body}");
        }
    }
}
