//! Parameters that go ahead of the browser (RFC 9126), over more than one sign-in. T-17.

use serde_json::json;

use super::callback;
use super::op::Behaviour;
use super::rp::Rp;

fn pushes(behaviour: &mut Behaviour) {
    behaviour.discovery = json!({
        "pushed_authorization_request_endpoint": "ISSUER/par", "require_pushed_authorization_requests": true,
    });
}

#[tokio::test]
async fn each_sign_in_pushes_its_own_parameters() {
    let rp = Rp::start(pushes, "").await;
    // The provider takes each reference once.
    assert_eq!((rp.sign_in().await, rp.sign_in().await), ("signed in".into(), "signed in".into()));
    assert_eq!(rp.op.asked(), "discovery par token jwks userinfo par token userinfo");
}

#[tokio::test]
async fn an_expired_reference_signs_nobody_in() {
    let late = |behaviour: &mut Behaviour| {
        pushes(behaviour);
        callback(behaviour, |params| params[0] = ("error".into(), "invalid_request_uri".into()));
    };
    let rp = Rp::start(late, "").await;
    assert_eq!(rp.sign_in().await, "denied: invalid_request_uri");
    assert_eq!(rp.op.asked(), "discovery par");
}
