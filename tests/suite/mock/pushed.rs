//! Parameters that go ahead of the browser, at the mock (RFC 9126).

use serde_json::{Value, json};

use super::shapes::stage;
use super::visitor::{Stage, encoded, json as ask, request};

async fn acme(more: Value) -> Stage {
    let mut file = json!({
        "pushed_authorization_request_endpoint": "https://acme.example/par",
        "tests": [{"userinfo": {"id": "1"}, "profile": {"sub": "1"}}],
    });
    file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage(file).await
}

async fn push(stage: &Stage, more: &[(&str, &str)]) -> (u16, Value) {
    let mut form = request(more);
    form.push(("client_secret", "s3cret"));
    let post = stage.http.post(stage.at("/acme/par"));
    ask(post.header("content-type", "application/x-www-form-urlencoded").body(encoded(&form))).await
}

#[tokio::test]
async fn a_reference_brings_what_went_ahead_once() {
    let stage = acme(json!({})).await;
    let document = stage.json("/acme/.well-known/oauth-authorization-server").await;
    assert_eq!(document["pushed_authorization_request_endpoint"], stage.at("/acme/par"));
    let (status, answer) = push(&stage, &[("state", "ahead")]).await;
    assert_eq!((status, &answer["expires_in"]), (201, &json!(60)), "{answer}");
    let request_uri = answer["request_uri"].as_str().unwrap();
    let carried = [("client_id", "app"), ("request_uri", request_uri)];
    let back = stage.authorize("/acme/authorize", &carried).await;
    assert_eq!(back.param("state").as_deref(), Some("ahead"));
    let (status, token) = stage.token("/acme/token", &[("code", &back.code())]).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(stage.authorize("/acme/authorize", &carried).await.status, 400, "it was used before");
}

#[tokio::test]
async fn a_reference_ends_and_belongs_to_its_client() {
    let stage = acme(json!({})).await;
    let (_, answer) = push(&stage, &[]).await;
    let request_uri = answer["request_uri"].as_str().unwrap().to_owned();
    let other = [("client_id", "other"), ("request_uri", &*request_uri)];
    assert_eq!(stage.authorize("/acme/authorize", &other).await.status, 400);
    let (_, answer) = push(&stage, &[]).await;
    let request_uri = answer["request_uri"].as_str().unwrap().to_owned();
    stage.clock.advance(60);
    let late = [("client_id", "app"), ("request_uri", &*request_uri)];
    assert_eq!(stage.authorize("/acme/authorize", &late).await.status, 400);
}

#[tokio::test]
async fn only_a_post_of_parameters_can_go_ahead() {
    let stage = acme(json!({})).await;
    assert_eq!(ask(stage.http.get(stage.at("/acme/par"))).await.0, 405);
    let (status, answer) = push(&stage, &[("request_uri", "urn:x")]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn where_it_is_required_the_browser_cannot_bring_parameters() {
    let strict = acme(json!({"require_pushed_authorization_requests": true})).await;
    assert_eq!(strict.authorize("/acme/authorize", &request(&[])).await.status, 400);
    let stage = acme(json!({})).await;
    assert_eq!(stage.authorize("/acme/authorize", &request(&[])).await.status, 302);
}
