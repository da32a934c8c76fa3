//! A provider file from a response: the profile as far as it can be told, and everything else for a person to decide.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cli::new::form::is_web;
use crate::cli::new::guess::{Guess, Guesses};
use crate::cli::new::leaf::{Step, call_of};
use crate::cli::new::{sample, yaml};
use crate::flow::profile;
use crate::oauth::Secret;
use crate::provider::{Provider, Registration, RegistrationValues, load_value};
use crate::yaml::{Document, Limits};

/// The column that comments stand in.
const COMMENT: usize = 50;

/// The text of a provider file whose userinfo endpoint answers as `response` does.
pub fn file(id: &str, name: &str, response: &Value) -> String {
    let (guesses, call) = (Guesses::of(response), call_of(response));
    let needed: Vec<&[Step]> =
        guesses.claims.iter().chain(&guesses.sub).map(|guess| guess.leaf.path.as_slice()).collect();
    let sample = sample::of(response, &needed);
    let mut text = format!(
        "# Written by `authcfg new` from a sample response. What says \"decide:\" wants a person.\n\
         id: {id}\n\
         name: {}\n\
         # decide: the page that says how the provider signs people in, and the day you compared this file with it\n\
         # docs: https://provider.example/docs/oauth\n\
         # verified: {{on: 2026-11-24, how: docs}}\n\
         # decide: the addresses\n\
         authorization_endpoint: https://provider.example/oauth/authorize\n\
         token_endpoint: https://provider.example/oauth/token\n\
         {}\n\
         # decide: how the client authenticates, where it is not client_secret_basic, the default\n\
         # token_endpoint_auth_method: client_secret_post\n\
         # decide: a code challenge (PKCE, S256) is sent; write this only for a provider that refuses it\n\
         # pkce: none\n\
         # decide: what a sign-in asks for\n\
         # scopes: {{default: [profile, email]}}\n",
        yaml::text(name),
        endpoint(call)
    );
    let profile = profile_text(&guesses, call);
    text += &profile;
    text += &tests(&mapped(&profile, call, &sample), call, &sample);
    text
}

/// Where the response comes from.
fn endpoint(call: &str) -> String {
    match call {
        "userinfo" => "userinfo_endpoint: https://provider.example/userinfo".to_owned(),
        call => format!("userinfo: [{{as: {call}, endpoint: https://provider.example/userinfo}}]"),
    }
}

fn profile_text(guesses: &Guesses, call: &str) -> String {
    let mut lines = vec![];
    match &guesses.sub {
        Some(guess) => lines.push(line(guess)),
        None => lines.push((
            format!("sub: $.{call}.id"),
            Some("decide: nothing in the response looks like a lasting id of the person".to_owned()),
        )),
    }
    let user = guesses.get("preferred_username");
    let parts: Vec<String> = ["given_name", "family_name"]
        .iter()
        .filter_map(|claim| guesses.get(claim)?.leaf.expression())
        .collect();
    match (guesses.get("name"), user) {
        (None, _) if !parts.is_empty() => {
            let template = format!("{{{{ [{}] | join_nonempty(' ') }}}}", parts.join(", "));
            lines.push((format!("name: {}", Value::String(template)), None));
        }
        (None, Some(user)) => {
            let comment = "decide: there is no name in the response; this is the user name";
            lines.push((format!("name: {}", yaml_path(&user.leaf.source())), Some(comment.to_owned())));
        }
        _ => {}
    }
    for guess in &guesses.claims {
        lines.push(match user.filter(|_| guess.claim == "name" && guess.leaf.value.is_null()) {
            Some(user) => nameless(guess, user),
            None => line(guess),
        });
        if guess.claim == "email" && guesses.get("email_verified").is_none() {
            lines.push(unverified(guesses));
        }
    }
    let mut text = String::from("profile:\n");
    for (line, comment) in lines {
        match comment {
            Some(comment) => {
                let _ = writeln!(text, "  {line:<0$} # {comment}", COMMENT);
            }
            None => {
                let _ = writeln!(text, "  {line}");
            }
        }
    }
    text
}

fn line(guess: &Guess) -> (String, Option<String>) {
    let source = yaml_path(&guess.leaf.source());
    let flag = guess.claim.ends_with("_verified") && !guess.leaf.value.is_boolean();
    let line = match flag {
        true => format!("{}: {{from: {source}, as: bool}}", guess.claim),
        false => format!("{}: {source}", guess.claim),
    };
    (line, comment(guess))
}

/// The sample is of somebody without a name.
fn nameless(name: &Guess, user: &Guess) -> (String, Option<String>) {
    let quoted =
        |source: String| if source.contains('[') { Value::String(source).to_string() } else { source };
    let sources = [name, user].map(|guess| quoted(guess.leaf.source()));
    let comment = "decide: the user name, where there is no name as in the response";
    (format!("name: [{}]", sources.join(", ")), Some(comment.to_owned()))
}

/// What a person should look at.
fn comment(guess: &Guess) -> Option<String> {
    let others: Vec<String> = guess.alternatives.iter().map(|leaf| leaf.source()).collect();
    match (others.is_empty(), guess.claim) {
        (false, "sub") => Some(format!("decide: or {}: the id that never changes", others.join(", "))),
        (false, _) => Some(format!("decide: or {}", others.join(", "))),
        (true, _) if !guess.unsure => None,
        (true, "sub") if guess.leaf.in_list() => {
            Some("decide: the first of a list: is it always the person who signs in?".into())
        }
        (true, "sub") if guess.leaf.text().is_some_and(is_web) => {
            Some("decide: an address: is it the person's for good?".into())
        }
        (true, "sub") => Some("decide: is this the person's for good, and nobody else's later?".into()),
        (true, _) if guess.leaf.in_list() => Some("decide: the first of a list".into()),
        (true, _) => Some("decide: is it this?".into()),
    }
}

fn unverified(guesses: &Guesses) -> (String, Option<String>) {
    let maybe: Vec<String> = guesses.maybe_verified.iter().map(|leaf| leaf.source()).collect();
    let comment = match maybe.is_empty() {
        true => "decide: the response does not say whether the address is verified".to_owned(),
        false => format!("decide: {}, if it is about the e-mail address", maybe.join(" or ")),
    };
    ("email_verified: false".to_owned(), Some(comment))
}

/// A path as YAML: in quotes where it holds what YAML reads as something else.
fn yaml_path(source: &str) -> String {
    let plain = source.chars().all(|c| c.is_ascii_alphanumeric() || "$._[]".contains(c));
    if plain { source.to_owned() } else { Value::String(source.to_owned()).to_string() }
}

/// What comes of the mapping; none where there is no subject.
fn mapped(profile: &str, call: &str, sample: &Value) -> Option<Map<String, Value>> {
    let registration = registration(profile, call)?;
    let mut context = registration.context();
    context.set(call, sample.clone());
    profile::map(&registration, &context).ok().map(|profile| profile.into_json())
}

fn registration(profile: &str, call: &str) -> Option<Registration> {
    let text = format!(
        "id: a\nname: A\nauthorization_endpoint: https://a.example/a\ntoken_endpoint: https://a.example/t\n{}\n{profile}",
        endpoint(call)
    );
    let document = Document::parse("a", text.as_bytes(), Limits::PROVIDER).ok()?;
    let provider: Arc<Provider> = load_value(document.to_json()).0?.into();
    let values = RegistrationValues {
        client_id: "CLIENT_ID".into(),
        client_secret: Some(Secret::from("CLIENT_SECRET")),
        ..RegistrationValues::default()
    };
    Registration::new("a", provider, values).ok()
}

fn tests(profile: &Option<Map<String, Value>>, call: &str, sample: &Value) -> String {
    let mut text = String::from(
        "tests:\n\
         \x20 - name: the sample response\n\
         \x20   token_response: {access_token: AT, token_type: bearer}\n\
         \x20   # decide: this is the response as it came; take out what is personal\n",
    );
    text += &yaml::block(call, sample, 4);
    match profile {
        Some(profile) => text += &yaml::block("profile", &Value::Object(profile.clone()), 4),
        None => text += "    error: sub_missing                             # decide: until `sub` is right\n",
    }
    text + "  - name: a code that was used before\n    token_response: {http: {status: 400, body: {error: invalid_grant}}}\n    error: invalid_grant\n"
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::provider::load;

    /// The profile section of a file that has no finding at all.
    fn profile_of(response: Value) -> String {
        let text = file("acme", "Acme", &response);
        let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER)
            .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let (provider, findings) = load(&document, |_| None);
        assert!(provider.is_some() && findings.is_empty(), "{findings:?}\n{text}");
        let profile = text.split("profile:\n").nth(1).unwrap_or_default();
        profile.split("tests:\n").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_is_plain_has_no_comment() {
        let response =
            json!({"sub": "7", "name": "Ada", "email": "ada@acme.example", "email_verified": true});
        assert_eq!(
            profile_of(response),
            "  sub: $.userinfo.sub\n  name: $.userinfo.name\n  email: $.userinfo.email\n  email_verified: $.userinfo.email_verified\n"
        );
    }

    #[test]
    fn what_is_not_is_a_persons_to_decide() {
        for (response, expected) in [
            (json!({"login": "ada"}), "sub: $.userinfo.id # decide: nothing in the response"),
            (
                json!({"user_id": 1, "account_id": 2}),
                "# decide: or $.userinfo.account_id: the id that never changes",
            ),
            (
                json!({"id": 1, "email": "a@acme.example"}),
                "email_verified: false # decide: the response does not say",
            ),
            (
                json!({"id": 1, "email": "a@acme.example", "verified": true}),
                "# decide: $.userinfo.verified, if it is about",
            ),
            (json!({"id": 1, "login": "ada"}), "name: $.userinfo.login # decide: there is no name"),
            (
                json!({"id": 1, "login": "ada", "name": null}),
                "name: [$.userinfo.name, $.userinfo.login] # decide: the user name, where",
            ),
            (json!([{"id": 1}]), "sub: $.me[0].id # decide: the first of a list"),
        ] {
            let profile = profile_of(response).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(profile.contains(expected), "{profile}");
        }
    }

    #[test]
    fn parts_of_a_name_make_one() {
        let profile = profile_of(json!({"id": 1, "first-name": "Ada", "name": {"last": "Lovelace"}}));
        assert!(
            profile.contains(
                "name: \"{{ [userinfo['first-name'], userinfo.name.last] | join_nonempty(' ') }}\""
            ),
            "{profile}"
        );
        let quoted = profile_of(json!({"id": 1, "first'name": "Ada"}));
        assert!(
            quoted.contains(r#"name: "{{ [userinfo['first\\'name']] | join_nonempty(' ') }}""#),
            "{quoted}"
        );
        let flag = profile_of(json!({"id": 1, "email": "a@acme.example", "email_verified": "1"}));
        assert!(
            flag.contains("email_verified: {from: $.userinfo.email_verified, as: bool}")
                || flag.contains("email_verified: false"),
            "{flag}"
        );
    }

    fn any_response() -> impl Strategy<Value = Value> {
        let name = prop_oneof![
            "[a-z_]{1,8}",
            "(id|user|name|email|verified|emails|primary|url|avatar)",
            any::<String>()
        ];
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            any::<String>().prop_map(Value::from),
            "(no|1e3|~|- a|a: b|CODE|ada@acme[.]example|https://acme[.]example/a)".prop_map(Value::from),
        ];
        let inner = scalar.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((name.clone(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        vec(("(id|login|a b|[a-z]{1,6})", inner), 1..6)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn whatever_is_answered_a_usable_file_comes_of_it(response in any_response()) {
            profile_of(response);
        }
    }
}
