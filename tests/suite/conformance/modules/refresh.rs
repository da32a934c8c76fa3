//! Refresh: `oidcc-client-refreshtoken-certification-test-plan`. The token of a session is renewed when the session is read.

use serde_json::json;

use crate::conformance::op::{Behaviour, REFRESH_TOKEN};
use crate::conformance::rp::{Played, Rp, WITH_STORE};
use crate::conformance::table::rows;

rows! {
    oidcc_client_test_refresh_token: "Renews the token and has a new name.",
        refresh(|_| ()) => "signed in, then renewed", "discovery token jwks userinfo token userinfo";
    oidcc_client_test_refresh_token_invalid_issuer: "The `iss` of the new id_token is another's.",
        refresh(|b| b.claims = json!({"iss": "https://other.example"})) => "signed in, then signed out", "discovery token jwks userinfo token";
    oidcc_client_test_refresh_token_invalid_sub: "The new id_token is about somebody else.",
        refresh(|b| b.claims = json!({"sub": "another"})) => "signed in, then signed out", "discovery token jwks userinfo token";
}

async fn refresh(change: impl FnOnce(&mut Behaviour)) -> Played {
    let rp =
        Rp::start(|b| b.token = json!({"refresh_token": REFRESH_TOKEN, "expires_in": 200}), WITH_STORE).await;
    let mut browser = rp.site.browser();
    let first = rp.sign_in_with(&mut browser).await;
    rp.op.clock.advance(200);
    rp.op.change(|behaviour| {
        behaviour.userinfo = json!({"name": "Jane Roe"});
        change(behaviour);
    });
    let session = browser.get("/auth/session").await.json();
    let then = match session["user"]["name"].as_str() {
        Some("Jane Roe") => "renewed",
        Some(_) => "as before",
        None => "signed out",
    };
    rp.played(format!("{first}, then {then}"))
}
