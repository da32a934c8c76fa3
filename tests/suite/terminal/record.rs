//! `authcfg login --record`: a sign-in becomes a test of the provider's file.

use std::fs;

use authcfg::yaml::{Document, Limits};
use serde_json::{Value, json};

use super::person::{CLIENT_SECRET, Person};

/// What nobody else should get to read.
const CANARIES: [&str; 6] = ["583231", "canary", "Canary", "acme.org", "key-of-the", "1815-12"];

/// A provider with everything that is somebody's, and a file of it whose own tests know nothing of that.
async fn person(change: impl FnOnce(&mut Value)) -> Person {
    let mut file = json!({
        "vars": {"key": {"secret": true}, "region": {"default": "eu", "enum": ["eu", "us"]}},
        "token": {"params": {"key": "{{ vars.key }}", "region": "{{ vars.region }}"}, "then": [{
            "endpoint": "https://acme.example/longer", "params": {"token": "{{ token.access_token }}"}, "response": {"ok": "body.code == 200"},
        }]},
        "userinfo": [{}, {"as": "emails", "endpoint": "https://acme.example/emails/{{ userinfo.id }}"}],
        "profile": {"sub": "$.userinfo.id", "name": "$.userinfo.name", "birthdate": "$.userinfo.born", "email": "$.emails[?@.kind == 'primary'].email"},
        "tests": [{
            "vars": {"key": "key-of-the-deployment"},
            "token_response": {"access_token": "AT_16C7e42F", "token_type": "bearer", "refresh_token": "RT_16C7e42F"},
            "then": [{"code": 200, "access_token": "AT_26C7e42F", "expires_in": 5184000}],
            "userinfo": {"id": 583231, "name": "Canary Person", "born": "1815-12-10", "url": "https://acme.org/583231"},
            "emails": [{"email": "second@acme.org", "kind": "other"}, {"email": "canary@acme.org", "kind": "primary"}],
            "profile": {"sub": "583231", "name": "Canary Person", "birthdate": "1815-12-10", "email": "canary@acme.org", "email_verified": false},
        }],
    });
    change(&mut file);
    let person = Person::at(file.clone()).await;
    let refused = json!({"http": {"status": 400, "body": {"error": "invalid_grant"}}});
    file["tests"] = json!([{"name": "refused", "vars": {"key": "k"}, "token_response": refused, "error": "invalid_grant"}]);
    person.rewrite(file);
    let commented = format!("# of the deployment\n{}\n", fs::read_to_string(person.file()).unwrap());
    fs::write(person.file(), commented).unwrap();
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_becomes_a_test_that_passes_and_gives_nothing_away() {
    let person = person(|_| {}).await;
    let before = fs::read_to_string(person.file()).unwrap();
    let ended = person.log_in(&["--record", "--quiet", "--no-store"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(ended.json()["email"], "canary@acme.org", "the person's own profile is printed");
    let after = fs::read_to_string(person.file()).unwrap();
    let same = before.bytes().zip(after.bytes()).take_while(|(old, new)| old == new).count();
    assert!(after.ends_with(&before[same..]), "every other byte stays: {after}");
    let document = Document::parse("acme.yaml", after.as_bytes(), Limits::PROVIDER).unwrap().to_json();
    let test = &document["tests"][1];
    for canary in CANARIES.into_iter().chain([CLIENT_SECRET]) {
        assert!(!test.to_string().contains(canary), "{canary} in {test}");
    }
    assert!(ended.said.contains("recorded in") && ended.said.contains("token_response"), "{}", ended.said);
    assert_eq!((&test["then"][0]["code"], &test["emails"][1]["kind"]), (&json!(200), &json!("primary")));
    assert_eq!((&test["vars"].get("region"), &test["profile"]["birthdate"]), (&None, &json!("2001-02-03")));
    let sub = test["userinfo"]["id"].to_string();
    assert_eq!(test["profile"]["sub"], sub);
    assert!(test["userinfo"]["url"].as_str().unwrap().ends_with(&format!(".example/{sub}")));
    assert_eq!(test["profile"]["email"], test["emails"][1]["email"]);
    let tested = person.run(&["test", "acme"]);
    assert_eq!(tested.code, Some(0), "{}{}", tested.printed, tested.said);
    assert!(
        tested.printed.contains("2 passed") || tested.said.contains("2 passed"),
        "{}{}",
        tested.printed,
        tested.said
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_pass_is_not_written() {
    let person = person(|file| {
        file["userinfo"][0]["response"] = json!({"ok": "body.level > 50"});
        file["tests"][0]["userinfo"]["level"] = json!(77);
    })
    .await;
    let before = fs::read_to_string(person.file()).unwrap();
    let ended = person.log_in(&["--record", "--quiet", "--no-store"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert!(
        ended.said.contains("nothing is recorded: with made-up values the sign-in fails"),
        "{}",
        ended.said
    );
    assert_eq!(fs::read_to_string(person.file()).unwrap(), before);
}
