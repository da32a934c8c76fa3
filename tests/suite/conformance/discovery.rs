//! Discovery and the key set (OpenID Connect Discovery §4.3, RFC 8414 §3.3): a document that lies, or is none. T-22.

use serde_json::json;

use super::keys::KEY;
use super::op::{Answer, Behaviour, Op};
use super::{Accepted, Outcome, Refused, cases};

const FAILED: Outcome = Refused("discovery_failed", 0);

fn document(answer: Answer) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.discovery_answer = Some(answer)
}

fn with(members: serde_json::Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.discovery = members
}

cases! {
    refuses_no_issuer: with(json!({"issuer": null})) => FAILED;
    refuses_an_issuer_that_is_no_text: with(json!({"issuer": ["a"]})) => FAILED;
    refuses_a_list: document(Answer::json("[]")) => FAILED;
    refuses_html: document(Answer::new(200, "text/html", "<h1>Not here</h1>")) => FAILED;
    refuses_a_404: document(Answer::new(404, "application/json", "{}")) => FAILED;
    refuses_a_member_that_comes_twice: document(Answer::json(r#"{"issuer":"http://a","issuer":"http://b"}"#)) => FAILED;
    refuses_a_token_endpoint_over_plain_http: with(json!({"token_endpoint": "http://example.com/token"})) => FAILED;
    refuses_a_token_endpoint_that_is_no_address: with(json!({"token_endpoint": "/token"})) => FAILED;
    refuses_a_key_set_in_a_file: with(json!({"jwks_uri": "file:///etc/passwd"})) => Refused("discovery_failed", 1);
    refuses_credentials_in_an_address: with(json!({"token_endpoint": "https://a:b@example.com/token"})) => FAILED;
    accepts_members_that_nobody_knows: with(json!({"claims_supported": 1, "x": [{}]})) => Accepted;
    never_follows_a_redirect: |b| {
        let mut answer = Answer::new(302, "text/plain", "");
        answer.headers.push(("location", "/elsewhere".into()));
        b.discovery_answer = Some(answer);
    } => FAILED;
}

mod key_set {
    use super::*;

    fn keys(answer: Answer) -> impl FnOnce(&mut Behaviour) {
        move |behaviour| behaviour.jwks_answer = Some(answer)
    }

    async fn refused(name: &str, change: impl FnOnce(&mut Behaviour)) {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        let op = Op::start(behaviour).await;
        let error = op.sign_in().await.err().unwrap_or_else(|| panic!("{name}: signed in"));
        assert!(
            ["discovery_failed", "id_token_invalid", "unreachable"].contains(&error.code()),
            "{name}: {}",
            error.code()
        );
        assert_eq!((op.hits().token, op.hits().userinfo), (1, 0), "{name}");
    }

    #[tokio::test]
    async fn refuses_what_is_no_key_set() {
        for (name, answer) in [
            ("html", Answer::new(200, "text/html", "<h1>Keys</h1>")),
            ("a list", Answer::json("[]")),
            ("no keys", Answer::json("{}")),
            ("keys that are no list", Answer::json(r#"{"keys":{}}"#)),
            ("nothing", Answer::json("")),
            ("more than 256 KB", Answer::json(format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(300_000)))),
        ] {
            refused(name, keys(answer)).await;
        }
    }

    #[tokio::test]
    async fn refuses_a_hundred_keys_and_a_thousand() {
        for count in [100, 1000] {
            refused("too many keys", |behaviour| {
                behaviour.keys = (0..count).map(|number| KEY.jwk(&format!("k{number}"))).collect();
            })
            .await;
        }
    }
}

#[tokio::test]
async fn an_address_on_another_private_host_is_refused() {
    for address in [
        "https://169.254.169.254/token",
        "https://10.0.0.1/token",
        "https://localhost/token",
        "https://[fe80::1]/token",
    ] {
        let op =
            Op::start(Behaviour { discovery: json!({"token_endpoint": address}), ..Behaviour::default() })
                .await;
        let error = op.sign_in().await.expect_err(address);
        assert_eq!((op.hits().token, op.hits().userinfo), (0, 0), "{address}: {error}");
    }
}

#[tokio::test]
async fn a_broken_document_is_not_kept() {
    let op = Op::start(Behaviour {
        discovery_answer: Some(Answer::new(404, "text/plain", "")),
        ..Behaviour::default()
    })
    .await;
    assert_eq!(op.sign_in().await.expect_err("no document").code(), "discovery_failed");
    op.change(|behaviour| behaviour.discovery_answer = None);
    op.clock.advance(61);
    op.sign_in().await.expect("the document is there now");
}

#[tokio::test]
async fn parallel_sign_ins_ask_for_metadata_and_keys_once() {
    let op = Op::start(Behaviour::default()).await;
    let op = &op;
    let (a, b, c, d) = tokio::join!(op.sign_in(), op.sign_in(), op.sign_in(), op.sign_in());
    for result in [a, b, c, d] {
        result.expect("a sign-in");
    }
    assert_eq!((op.hits().discovery, op.hits().jwks), (1, 1), "single flight");
}
