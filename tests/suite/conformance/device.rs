//! A sign-in of what has no browser (RFC 8628), at a hostile provider: how often it asks, and when it stops. T-18.

use std::time::Duration;

use authcfg::client::{DeviceAuthorization, SignIn};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::op::{Behaviour, Op, SUB};

/// A code at a provider that says so often that nobody has typed it in yet.
async fn begin(waits: usize, device: Value) -> (Op, DeviceAuthorization) {
    let behaviour = Behaviour {
        file: json!({"device_authorization_endpoint": "ISSUER/device"}),
        waits: vec!["authorization_pending"; waits],
        device,
        ..Behaviour::default()
    };
    let op = Op::start(behaviour).await;
    let code = op.client.device_authorization().await.expect("a code");
    (op, code)
}

#[tokio::test]
async fn it_asks_until_the_code_was_typed_in() {
    let (op, code) = begin(1, json!({})).await;
    let SignIn { profile, .. } = op.client.device_sign_in(code).await.expect("a sign-in");
    assert_eq!(profile.sub(), SUB);
    assert_eq!(op.asked(), "discovery device token token jwks userinfo");
}

#[tokio::test]
async fn it_asks_no_longer_than_the_code_lives() {
    let (op, code) = begin(100, json!({"expires_in": 30})).await;
    let wait = op.client.device_sign_in(code);
    let clock = async {
        while op.hits().token == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        op.clock.advance(30);
        std::future::pending::<()>().await;
    };
    let error = tokio::select! {
        signed_in = wait => signed_in.expect_err("nobody has typed it in"),
        () = clock => unreachable!(),
    };
    assert_eq!(error.code(), "device_authorization_failed");
    assert_eq!(op.hits().token, 1);
}

#[tokio::test]
async fn it_waits_no_longer_than_the_code_lives_for_a_provider_that_wants_to_be_asked_once_a_year() {
    let (op, code) = begin(0, json!({"expires_in": 1, "interval": 31_536_000})).await;
    let waited = timeout(Duration::from_secs(20), op.client.device_sign_in(code)).await;
    waited.expect("an end, one way or the other").expect("a sign-in");
}

#[tokio::test]
async fn it_stops_when_the_caller_does() {
    let (op, code) = begin(100, json!({})).await;
    timeout(Duration::from_millis(1_500), op.client.device_sign_in(code)).await.expect_err("given up");
    let asked = op.hits().token;
    assert!(asked > 0);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(op.hits().token, asked);
}

#[tokio::test]
async fn it_takes_no_for_an_answer() {
    let (op, code) = begin(0, json!({})).await;
    op.change(|behaviour| behaviour.waits = vec!["access_denied"]);
    let error = op.client.device_sign_in(code).await.expect_err("a refusal");
    assert_eq!((error.code(), op.hits().token), ("access_denied", 1));
}

#[tokio::test]
async fn the_id_token_is_checked_as_ever() {
    let (op, code) = begin(0, json!({})).await;
    op.change(|behaviour| behaviour.claims = json!({"aud": "another-client"}));
    let error = op.client.device_sign_in(code).await.expect_err("of another client");
    assert_eq!((error.code(), op.hits().userinfo), ("id_token_invalid", 0));
}
