//! A response as it may stand in a file: short enough, and without what lets somebody in.

use serde_json::{Map, Value};

use crate::cli::new::leaf::{Step, plain};

/// Elements of a list that are kept.
const MAX_ITEMS: usize = 3;
/// Deeper than this nothing is kept.
const MAX_DEPTH: usize = 8;
/// Characters of a text that are kept.
const MAX_TEXT: usize = 300;
/// Members of an object that are kept.
const MAX_MEMBERS: usize = 60;
/// Words that stand for something else in a test.
const PLACEHOLDERS: [&str; 9] = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CODE",
    "CODE_CHALLENGE",
    "CODE_VERIFIER",
    "ID_TOKEN",
    "NONCE",
    "REDIRECT_URI",
    "STATE",
];
/// Stands for a secret.
const REMOVED: &str = "REMOVED";

/// The part of a response that shows what it is like, `needed` included.
pub fn of(response: &Value, needed: &[&[Step]]) -> Value {
    shortened(response, 0, needed)
}

fn shortened(value: &Value, depth: usize, needed: &[&[Step]]) -> Value {
    // What of the needed leads on from here, by its next step.
    let below = |wanted: &dyn Fn(&Step) -> bool| -> Vec<&[Step]> {
        needed
            .iter()
            .filter_map(|path| path.split_first().filter(|(step, _)| wanted(step)).map(|(_, rest)| rest))
            .collect()
    };
    match value {
        Value::Array(items) if depth < MAX_DEPTH => {
            let is = |item: &Value, step: &Step| match step {
                Step::First => items.first() == Some(item),
                Step::Marked(mark) => item.get(mark) == Some(&Value::Bool(true)),
                Step::Member(_) => false,
            };
            let kept = items.iter().enumerate().filter_map(|(number, item)| {
                let needed = below(&|step| is(item, step));
                (number < MAX_ITEMS || !needed.is_empty()).then(|| shortened(item, depth + 1, &needed))
            });
            kept.collect()
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            let mut room = MAX_MEMBERS;
            let mut kept = Map::new();
            for (name, member) in members {
                let needed = below(&|step| matches!(step, Step::Member(member) if member == name));
                room = room.saturating_sub(1);
                if room == 0 && needed.is_empty() {
                    continue;
                }
                let secret = is_secret(name) && member.as_str().is_some_and(|text| !text.is_empty());
                let member = if secret { REMOVED.into() } else { shortened(member, depth + 1, &needed) };
                kept.insert(name.clone(), member);
            }
            Value::Object(kept)
        }
        Value::Array(_) | Value::Object(_) => Value::Null,
        Value::String(text) if text.chars().count() > MAX_TEXT => {
            text.chars().take(MAX_TEXT).chain(['…']).collect::<String>().into()
        }
        Value::String(text) if stands_for_something(text) => text.to_lowercase().into(),
        scalar => scalar.clone(),
    }
}

fn stands_for_something(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| PLACEHOLDERS.contains(&word))
}

/// Whether a member is called like something that opens a door.
fn is_secret(name: &str) -> bool {
    let name = plain(name);
    ["token", "secret", "password", "apikey", "privatekey", "sessionid", "sessionkey", "cookie"]
        .iter()
        .any(|word| name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        let response = json!({"id": 1, "accessToken": "s3cr3t", "a": {"refresh_token": "s3cr3t"}, "token_type": "bearer", "api_key": null});
        let sample = of(&response, &[]);
        assert!(!sample.to_string().contains("s3cr3t"), "{sample}");
        assert_eq!(
            (&sample["id"], &sample["token_type"], &sample["api_key"]),
            (&1.into(), &"bearer".into(), &Value::Null)
        );
    }

    #[test]
    fn no_text_is_a_placeholder() {
        let sample = of(&json!({"a": "STATE", "b": "to CODE: x", "c": "STATES"}), &[]);
        assert_eq!(sample, json!({"a": "state", "b": "to code: x", "c": "STATES"}));
    }

    #[test]
    fn what_is_needed_stays() {
        let mut response: Map<String, Value> = (0..200).map(|n| (format!("k{n}"), json!(n))).collect();
        response.insert("id".into(), json!("7"));
        response.insert("list".into(), json!([{}, {}, {}, {}, {"primary": true, "v": 1}]));
        let id = [Step::Member("id".into())];
        let marked = [Step::Member("list".into()), Step::Marked("primary".into()), Step::Member("v".into())];
        let response = Value::Object(response);
        let sample = of(&response, &[&id, &marked]);
        assert_eq!((&sample["id"], sample["list"].as_array().unwrap().len()), (&json!("7"), 4));
        assert!(of(&response, &[]).get("id").is_none());
    }

    #[test]
    fn what_is_long_is_cut() {
        let mut deep = json!(1);
        for _ in 0..20 {
            deep = json!({"a": deep});
        }
        let response = json!({"list": vec![1; 50], "text": "é".repeat(1000), "deep": deep});
        let sample = of(&response, &[]);
        assert_eq!(sample["list"], json!([1, 1, 1]));
        assert_eq!(sample["text"].as_str().unwrap().chars().count(), MAX_TEXT + 1);
        assert!(sample.to_string().len() < 2000);
    }
}
