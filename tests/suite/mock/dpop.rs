//! Access tokens that are bound to a key, at the mock (RFC 9449).

use authcfg::flow::dpop;
use authcfg::oauth::Secret;
use authcfg::rng::SystemRng;
use bytes::Bytes;
use serde_json::{Value, json};

use super::shapes::stage;
use super::visitor::{REDIRECT_URI, Stage, VERIFIER, encoded, json as ask, request};

async fn acme() -> Stage {
    stage(json!({
        "dpop_bound_access_tokens": true, "introspection_endpoint": "https://acme.example/introspect",
        "tests": [{"token_response": {"access_token": "AT", "token_type": "DPoP", "refresh_token": "RT"}, "userinfo": {"id": "1"}, "profile": {"sub": "1"}}],
    }))
    .await
}

/// The proof of a request.
fn proof(stage: &Stage, key: &Secret, method: &str, path: &str, token: Option<&str>) -> String {
    let mut request = http::Request::builder().method(method).uri(stage.at(path));
    if let Some(token) = token {
        request = request.header("authorization", format!("DPoP {token}"));
    }
    let mut request = request.body(Bytes::new()).unwrap();
    let now = authcfg::clock::Clock::now(&*stage.clock);
    dpop::prove(&mut request, key, None, now, &SystemRng).unwrap();
    request.headers()["dpop"].to_str().unwrap().to_owned()
}

async fn token(stage: &Stage, proof: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let mut form = vec![("client_id", "app"), ("client_secret", "s3cret")];
    form.extend(more);
    let post = stage.http.post(stage.at("/acme/token")).header("dpop", proof);
    ask(post.header("content-type", "application/x-www-form-urlencoded").body(encoded(&form))).await
}

async fn redeem(stage: &Stage, jkt: &str, proof: &str) -> (u16, Value) {
    let code = stage.authorize("/acme/authorize", &request(&[("dpop_jkt", jkt)])).await.code();
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    token(stage, proof, &grant).await
}

async fn me(stage: &Stage, scheme: &str, token: &str, proof: &str) -> u16 {
    let get = stage.http.get(stage.at("/acme/me")).header("authorization", format!("{scheme} {token}"));
    ask(get.header("dpop", proof)).await.0
}

#[tokio::test]
async fn a_token_is_good_with_the_key_that_it_is_bound_to() {
    let stage = acme().await;
    let key = dpop::new_key(&SystemRng).unwrap();
    let jkt = dpop::jkt(&key).unwrap();
    let (status, granted) = redeem(&stage, &jkt, &proof(&stage, &key, "POST", "/acme/token", None)).await;
    assert_eq!((status, &granted["token_type"]), (200, &json!("DPoP")), "{granted}");
    let access_token = granted["access_token"].as_str().unwrap();
    let right = proof(&stage, &key, "GET", "/acme/me", Some(access_token));
    assert_eq!(me(&stage, "DPoP", access_token, &right).await, 200);
    assert_eq!(me(&stage, "dpop", access_token, &right).await, 200);
    let other = dpop::new_key(&SystemRng).unwrap();
    for (scheme, proof) in [
        ("Bearer", right.clone()),
        ("DPoP", "none".into()),
        ("DPoP", proof(&stage, &other, "GET", "/acme/me", Some(access_token))),
        ("DPoP", proof(&stage, &key, "POST", "/acme/me", Some(access_token))),
        ("DPoP", proof(&stage, &key, "GET", "/acme/other", Some(access_token))),
        ("DPoP", proof(&stage, &key, "GET", "/acme/me", Some("another"))),
        ("DPoP", proof(&stage, &key, "GET", "/acme/me", None)),
    ] {
        assert_eq!(me(&stage, scheme, access_token, &proof).await, 401, "{scheme} {proof}");
    }
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", granted["refresh_token"].as_str().unwrap())];
    let by = |key| proof(&stage, key, "POST", "/acme/token", None);
    assert_eq!(token(&stage, &by(&other), &refresh).await.1["error"], "invalid_dpop_proof");
    assert_eq!(token(&stage, &by(&key), &refresh).await.0, 200);
    stage.clock.advance(301);
    assert_eq!(me(&stage, "DPoP", access_token, &right).await, 401, "the proof is of another time");
}

#[tokio::test]
async fn a_code_is_good_with_the_key_that_its_sign_in_began_with() {
    let stage = acme().await;
    let (key, other) = (dpop::new_key(&SystemRng).unwrap(), dpop::new_key(&SystemRng).unwrap());
    let jkt = dpop::jkt(&key).unwrap();
    for wrong in ["none".into(), proof(&stage, &other, "POST", "/acme/token", None)] {
        let (status, answer) = redeem(&stage, &jkt, &wrong).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_dpop_proof")), "{answer}");
    }
}

#[tokio::test]
async fn introspection_says_which_key_it_is() {
    let stage = acme().await;
    let key = dpop::new_key(&SystemRng).unwrap();
    let jkt = dpop::jkt(&key).unwrap();
    let (_, granted) = redeem(&stage, &jkt, &proof(&stage, &key, "POST", "/acme/token", None)).await;
    let asked =
        [("token", granted["access_token"].as_str().unwrap()), ("client_id", "app"), ("client_secret", "s")];
    let post = stage.http.post(stage.at("/acme/introspect"));
    let (_, told) =
        ask(post.header("content-type", "application/x-www-form-urlencoded").body(encoded(&asked))).await;
    assert_eq!((&told["token_type"], &told["cnf"]["jkt"]), (&json!("DPoP"), &json!(jkt)), "{told}");
}
