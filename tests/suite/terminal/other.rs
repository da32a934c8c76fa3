//! `authcfg introspect` and `authcfg exchange`.

use serde_json::{Value, json};

use super::person::{Person, signs_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_looked_into() {
    let person = Person::at(signs_in(json!({}), json!({}))).await;
    person.run(&["introspect", "acme"]).refused(4, "nobody is signed in");
    person.log_in(&["--quiet"]).await;
    let told = person.run(&["introspect", "acme"]).json();
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!("17")));
    let told =
        person.run_with(&["introspect", "acme", "--token", "-"], &format!("{}\n", person.token())).json();
    assert_eq!(told["active"], true);
    assert_eq!(person.run_with(&["introspect", "acme", "--token", "-"], "another").json()["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_no_argument() {
    let person = Person::at(signs_in(json!({}), json!({}))).await;
    for (command, option) in
        [("introspect", "--token"), ("revoke", "--token"), ("exchange", "--subject-token")]
    {
        let ended = person.run(&[command, "acme", option, "canary-of-a-token"]);
        ended.refused(2, "an argument can be read by everybody");
        assert!(!ended.said.contains("canary"), "{}", ended.said);
        for nothing in ["", "\n", "two words"] {
            person
                .run_with(&[command, "acme", option, "-"], nothing)
                .refused(2, "no token on standard input");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_provider_has_no_endpoint_that_is_said() {
    let none = json!({"revocation_endpoint": null, "introspection_endpoint": null});
    let person = Person::at(none).await;
    for command in ["introspect", "revoke"] {
        person.run_with(&[command, "acme", "--token", "-"], "x").refused(2, "_endpoint");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_exchanged() {
    let answer = json!({"access_token": "ET", "token_type": "N_A", "issued_token_type": "urn:ietf:params:oauth:token-type:jwt", "expires_in": 60});
    let person = Person::at(signs_in(json!({}), json!({"token_exchange_response": answer}))).await;
    person.log_in(&["--quiet"]).await;
    let token = person.token();
    let args = [
        "exchange",
        "acme",
        "--audience",
        "a",
        "--audience",
        "b",
        "--scope",
        "read",
        "--requested-token-type",
        "jwt",
    ];
    let ended = person.run(&args);
    assert!(
        ended.code == Some(0) && ended.printed.lines().count() == 1 && ended.printed.trim() != token,
        "{}",
        ended.said
    );
    let told = person
        .run_with(
            &[
                "exchange",
                "acme",
                "--subject-token",
                "-",
                "--subject-token-type",
                "id_token",
                "--format",
                "json",
            ],
            "IDT",
        )
        .json();
    assert_eq!(
        (&told["token_type"], &told["issued_token_type"]),
        (&json!("N_A"), &json!("urn:ietf:params:oauth:token-type:jwt"))
    );
    person.run_with(&["exchange", "acme", "--actor-token", "-", "--actor-token-type", "urn:x"], "ACT");
    let asked = person.asked("urn:ietf:params:oauth:grant-type:token-exchange").await;
    let body = |index: usize, name: &str| asked[index]["body"][name].clone();
    assert_eq!((body(0, "subject_token"), body(0, "audience")), (json!(token), json!(["a", "b"])));
    assert_eq!(
        (body(0, "scope"), body(0, "requested_token_type")),
        (json!("read"), json!("urn:ietf:params:oauth:token-type:jwt"))
    );
    assert_eq!(
        (body(1, "subject_token"), body(1, "subject_token_type")),
        (json!("IDT"), json!("urn:ietf:params:oauth:token-type:id_token"))
    );
    assert_eq!((body(2, "actor_token"), body(2, "actor_token_type")), (json!("ACT"), json!("urn:x")));
    assert_eq!((body(2, "subject_token"), asked.len()), (json!(token), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_refused_says_why() {
    let person = Person::at(signs_in(json!({}), json!({}))).await;
    person.log_in(&["--quiet"]).await;
    person.run(&["exchange", "acme"]).refused(4, "unsupported_grant_type");
    person.run(&["exchange", "acme", "--resource", "calendar"]).refused(2, "RFC 8707");
    person.run(&["exchange", "acme", "--actor-token", "-"]).refused(2, "--actor-token-type");
    assert_eq!(person.asked("urn:ietf:params:oauth:grant-type:token-exchange").await.len(), 1);
    let _: Value = person.run(&["introspect", "acme"]).json();
}
