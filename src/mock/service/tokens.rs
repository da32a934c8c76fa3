//! Token responses: the vector's body with tokens of this sign-in's own, so that each is known when it comes back.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::mock::answer;
use crate::mock::record::text;
use crate::rng::{self, Rng};

/// The members of an answer, also of one that is written as text: a form, or JSON that calls itself something else.
pub(super) fn members(answer: &Value) -> Option<Map<String, Value>> {
    match body(answer) {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(members) => Some(members),
            Err(_) => answer::members(answer).filter(|_| text.contains('=')),
        },
        _ => answer::members(answer),
    }
}

/// The same answer with other members, written as it was.
pub(super) fn with_members(scripted: &Value, members: Map<String, Value>) -> Value {
    let written = match body(scripted) {
        Value::String(written) if serde_json::from_str::<Map<String, Value>>(written).is_err() => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in &members {
                form.append_pair(name, &text(value));
            }
            Value::String(form.finish())
        }
        Value::String(_) => Value::String(Value::Object(members).to_string()),
        _ => Value::Object(members),
    };
    match is_spelled_out(scripted) {
        true => {
            let mut spelled_out = scripted.clone();
            spelled_out["http"]["body"] = written;
            spelled_out
        }
        false => written,
    }
}

/// Whether an answer is the `{http: {…}}` form.
pub(super) fn is_spelled_out(answer: &Value) -> bool {
    answer.as_object().is_some_and(|members| members.len() == 1 && members.contains_key("http"))
}

fn body(answer: &Value) -> &Value {
    if is_spelled_out(answer) { &answer["http"]["body"] } else { answer }
}

/// A new token that looks like the vector's: it keeps a prefix such as `xyz_`.
pub(super) fn mint(like: &str, rng: &dyn Rng) -> String {
    let prefix = like.find(['_', '.']).map_or("", |at| &like[..=at]);
    let known = prefix.len() < 12 && !prefix.starts_with("eyJ");
    format!("{}{}", if known { prefix } else { "" }, rng::token(rng, 24))
}

/// Puts `new` in the place of every text that is `old`.
pub(super) fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => *text = new.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, old, new)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn an_answer_keeps_the_way_it_is_written() {
        let other: Map<String, Value> = json!({"access_token": "b c"}).as_object().unwrap().clone();
        for (answer, expected) in [
            (json!({"access_token": "a"}), json!({"access_token": "b c"})),
            (
                json!({"http": {"body": {"access_token": "a"}}}),
                json!({"http": {"body": {"access_token": "b c"}}}),
            ),
            (json!({"http": {"body": "access_token=a"}}), json!({"http": {"body": "access_token=b+c"}})),
            (
                json!({"http": {"body": "{\"access_token\":\"a\"}"}}),
                json!({"http": {"body": "{\"access_token\":\"b c\"}"}}),
            ),
        ] {
            assert_eq!(members(&answer).unwrap()["access_token"], "a");
            assert_eq!(with_members(&answer, other.clone()), expected);
        }
        assert!(members(&json!({"http": {"status": 500, "body": "sorry"}})).is_none());
    }

    #[test]
    fn a_token_keeps_its_prefix() {
        assert!(mint("abc_16C7e42F", &SystemRng).starts_with("abc_"));
        assert!(!mint("eyJhbG.x", &SystemRng).contains('.'));
        assert_eq!(mint("AT", &SystemRng).len(), 32);
        assert_ne!(mint("AT", &SystemRng), mint("AT", &SystemRng));
    }

    #[test]
    fn a_token_is_replaced_wherever_it_stands_alone() {
        let mut value =
            json!({"access_token": "AT", "user": {"token": "AT", "text": "AT AT"}, "list": ["AT", 1]});
        replace(&mut value, "AT", "new");
        assert_eq!(
            value,
            json!({"access_token": "new", "user": {"token": "new", "text": "AT AT"}, "list": ["new", 1]})
        );
    }
}
