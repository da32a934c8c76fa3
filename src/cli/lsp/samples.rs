//! What the answers in a file's own tests hold: the names behind a path that nothing declares.

use serde_json::Value;

use crate::cli::lsp::names::Name;

/// More are not proposed, and more tests not looked at.
const MAX_NAMES: usize = 200;
/// A sample is cut to this many characters.
const SHOWN: usize = 60;

/// The keys behind `userinfo`, `token.raw.team` and the like, each with a sample; of a list, those of its members.
pub fn members(file: &Value, of: &str) -> Vec<Name> {
    let mut steps = of.split('.');
    let root = steps.next().unwrap_or_default();
    let steps: Vec<&str> = steps.filter(|step| !step.is_empty()).collect();
    let (keys, steps): (&[&str], &[&str]) = match (root, steps.as_slice()) {
        // The members of the token response have the names of the RFC, but for what came as it came.
        ("token", ["raw", rest @ ..]) => (&["token_response"], rest),
        ("token" | "vars" | "client" | "request" | "captured" | "flow", _) => return vec![],
        ("claims", steps) => (&["claims", "userinfo"], steps),
        ("body", steps) => (&["userinfo", "token_response"], steps),
        (root, steps) => (&[root], steps),
    };
    let tests = file.get("tests").and_then(Value::as_array).into_iter().flatten().take(MAX_NAMES);
    let mut names: Vec<Name> = vec![];
    for answer in tests.flat_map(|test| keys.iter().filter_map(|key| test.get(*key))) {
        for place in follow(body(answer), steps) {
            for (key, value) in place.as_object().into_iter().flatten() {
                let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_');
                if plain && names.len() < MAX_NAMES && !names.iter().any(|(known, _)| known == key) {
                    names.push((key.clone(), Some(format!("`{}` in a test", sample(value)))));
                }
            }
        }
    }
    names
}

/// What an answer says, without the status and headers around it.
fn body(answer: &Value) -> &Value {
    match answer.get("http") {
        Some(http) => http.get("body").unwrap_or(&Value::Null),
        None => answer,
    }
}

fn follow<'a>(value: &'a Value, steps: &[&str]) -> Vec<&'a Value> {
    let mut places = spread(value);
    for step in steps {
        places = places.into_iter().filter_map(|place| place.get(step)).flat_map(spread).collect();
    }
    places
}

fn spread(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().take(MAX_NAMES).collect(),
        value => vec![value],
    }
}

fn sample(value: &Value) -> String {
    let text = value.to_string().replace('`', "'");
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn follows_a_path_through_the_answers_of_all_tests() {
        let file = json!({"tests": [
            {"userinfo": {"id": 1, "org": {"name": "a"}, "no-name": 1}, "emails": [{"email": "a"}, {"verified": true}]},
            {"userinfo": {"http": {"status": 200, "body": {"id": 2, "login": "x"}}}, "claims": {"sub": "s"}},
            {"token_response": {"access_token": "AT", "team": {"id": 1}}, "vars": {"a": "b"}},
        ]});
        let names = |of: &str| members(&file, of).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("userinfo"), ["id", "org", "login"]);
        assert_eq!(names("userinfo.org"), ["name"]);
        assert_eq!(names("emails"), ["email", "verified"]);
        assert_eq!(names("token.raw"), ["access_token", "team"]);
        assert_eq!(names("token.raw.team"), ["id"]);
        assert!(
            names("claims").starts_with(&["id".to_owned()]) && names("claims").contains(&"sub".to_owned())
        );
        for nothing in ["", "userinfo.id", "userinfo.nobody", "token", "vars", "nobody.a.b"] {
            assert!(names(nothing).is_empty(), "{nothing}");
        }
        assert_eq!(members(&file, "userinfo")[1].1.as_deref(), Some("`{\"name\":\"a\"}` in a test"));
        assert!(members(&json!({"tests": "x"}), "userinfo").is_empty());
    }
}
