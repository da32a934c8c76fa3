//! Providers that deviate: the mock deviates with them.

use authcfg::mock::{Rules, ServiceOptions};
use serde_json::{Value, json};

use super::visitor::{Stage, auto, encoded, json as ask, request, ruled, written};

/// A provider file with what a test is about.
pub fn file(more: Value) -> Value {
    let mut file = json!({
        "id": "acme", "name": "Acme", "docs": "https://acme.example", "verified": {"on": "2026-11-24", "how": "docs"},
        "authorization_endpoint": "https://acme.example/authorize", "token_endpoint": "https://acme.example/token",
        "userinfo_endpoint": "https://api.acme.example/me", "profile": {"sub": "$.userinfo.id"},
        "tests": [{
            "name": "a sign-in", "token_response": {"access_token": "AT", "token_type": "bearer"},
            "userinfo": {"id": "1"}, "profile": {"sub": "1"},
        }],
    });
    authcfg::provider::merge(file.as_object_mut().unwrap(), more.as_object().unwrap());
    file
}

pub async fn stage(more: Value) -> Stage {
    Stage::set(&[written(file(more))], auto()).await
}

pub async fn token(stage: &Stage) -> Value {
    let code = stage.authorize("/acme/authorize", &request(&[])).await.code();
    let (status, token) = stage.token("/acme/token", &[("code", &code)]).await;
    assert_eq!(status, 200, "{token}");
    token
}

#[tokio::test]
async fn two_hosts_with_one_path() {
    let stage = stage(json!({
        "userinfo": [{}, {"as": "other", "endpoint": "https://graph.acme.example/me"}],
        "tests": [{"userinfo": {"id": "1"}, "other": {"id": "2"}, "profile": {"sub": "1"}}],
    }))
    .await;
    let settings = stage.json("/").await["providers"]["acme"]["endpoints"].clone();
    assert_eq!(settings["userinfo_endpoint"], stage.at("/acme/me"));
    assert_eq!(settings["other_endpoint"], stage.at("/acme/graph.acme.example/me"));
    let token = token(&stage).await;
    let token = token["access_token"].as_str().unwrap();
    assert_eq!(stage.userinfo("/acme/me", token).await.1["id"], "1");
    assert_eq!(stage.userinfo("/acme/graph.acme.example/me", token).await.1["id"], "2");
}

#[tokio::test]
async fn metadata_of_a_provider_without_an_issuer() {
    let stage = stage(json!({})).await;
    for path in
        ["/acme/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/acme"]
    {
        let found = stage.json(path).await;
        assert_eq!(
            (&found["issuer"], &found["token_endpoint"]),
            (&json!(stage.at("/acme")), &json!(stage.at("/acme/token")))
        );
    }
    assert_eq!(stage.json("/acme/.well-known/openid-configuration").await["error"], "not_found");
}

#[tokio::test]
async fn other_names_and_a_json_body() {
    let stage = stage(json!({
        "rename": {"client_id": "client_key"}, "token": {"body": "json"}, "token_endpoint_auth_method": "client_secret_post",
    }))
    .await;
    let wrong = stage.authorize("/acme/authorize", &request(&[])).await;
    assert_eq!((wrong.status, wrong.body.contains("client_key")), (400, true));
    let back =
        stage.authorize("/acme/authorize", &request(&[("client_id", ""), ("client_key", "app")])).await;
    let body = json!({
        "grant_type": "authorization_code", "code": back.code(), "redirect_uri": super::visitor::REDIRECT_URI,
        "client_key": "app", "client_secret": "s", "code_verifier": super::visitor::VERIFIER,
    });
    let post = stage
        .http
        .post(stage.at("/acme/token"))
        .header("content-type", "application/json")
        .body(body.to_string());
    let (status, token) = ask(post).await;
    assert_eq!((status, &token["token_type"]), (200, &json!("bearer")), "{token}");
    let xml = stage.http.post(stage.at("/acme/token")).header("content-type", "text/xml").body("<a/>");
    assert_eq!(ask(xml).await.1["error"], "invalid_request");
    assert_eq!(ask(stage.http.get(stage.at("/acme/token"))).await.0, 405);
}

#[tokio::test]
async fn a_token_that_is_elsewhere_in_the_answer() {
    let stage = stage(json!({
        "token": {"response": {"map": {"access_token": "$.body.user.token"}}},
        "tests": [{"token_response": {"ok": true, "user": {"token": "xoxp-1"}}, "userinfo": {"id": "1"}, "profile": {"sub": "1"}}],
    }))
    .await;
    let token = token(&stage).await;
    let own = token["user"]["token"].as_str().unwrap();
    assert_ne!(own, "xoxp-1");
    assert_eq!(stage.userinfo("/acme/me", own).await.0, 200);
}

#[tokio::test]
async fn an_answer_that_is_a_form() {
    let stage = stage(json!({
        "token": {"response": {"format": "form"}},
        "tests": [{
            "token_response": {"http": {"content_type": "application/x-www-form-urlencoded", "body": "access_token=AT&token_type=bearer"}},
            "userinfo": {"id": "1"}, "profile": {"sub": "1"},
        }],
    }))
    .await;
    let code = stage.authorize("/acme/authorize", &request(&[])).await.code();
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", super::visitor::REDIRECT_URI),
        ("client_id", "app"),
        ("code_verifier", super::visitor::VERIFIER),
    ]);
    let post = stage
        .http
        .post(stage.at("/acme/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let text = post.send().await.unwrap().text().await.unwrap();
    let own = text.strip_prefix("access_token=").unwrap().strip_suffix("&token_type=bearer").unwrap();
    assert_ne!(own, "AT");
    assert_eq!(stage.userinfo("/acme/me", own).await.0, 200);
}

#[tokio::test]
async fn a_token_in_the_query() {
    let stage = stage(json!({"userinfo": {"auth": "query:token"}})).await;
    let token = token(&stage).await;
    let token = token["access_token"].as_str().unwrap();
    let (status, _) = ask(stage.http.get(stage.at(&format!("/acme/me?token={token}")))).await;
    assert_eq!(status, 200);
    assert_eq!(ask(stage.http.get(stage.at("/acme/me?token=other"))).await.0, 401);
    let twice = stage.http.get(stage.at(&format!("/acme/me?token={token}"))).bearer_auth(token);
    assert_eq!(ask(twice).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn an_address_that_the_token_response_tells() {
    let stage = stage(json!({
        "userinfo_endpoint": "https://eu.acme.example/people/{{ token.raw.person }}",
        "tests": [{
            "token_response": {"access_token": "AT", "token_type": "bearer", "person": "17", "api": "https://eu.acme.example"},
            "userinfo": {"id": "17", "self": "https://eu.acme.example/people/17", "site": "https://eu.acme.example"}, "profile": {"sub": "17"},
        }],
    }))
    .await;
    let token = token(&stage).await;
    assert_eq!(token["api"], stage.at("/acme/eu.acme.example"));
    let own = token["access_token"].as_str().unwrap();
    let (_, user) = stage.userinfo("/acme/eu.acme.example/people/17", own).await;
    assert_eq!(user["self"], stage.at("/acme/people/17"));
    assert_eq!(user["site"], "https://eu.acme.example", "what is the person's stays");
}

#[tokio::test]
async fn strict_wants_the_file_s_client_authentication() {
    let rules = Rules { strict: true, ..Rules::default() };
    let stage = Stage::set(
        &[written(file(json!({"token_endpoint_auth_method": "client_secret_basic"})))],
        ruled(rules),
    )
    .await;
    let code = stage.authorize("/acme/authorize", &request(&[("scope", "")])).await.code();
    let (status, answer) = stage.token("/acme/token", &[("code", &code)]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
    assert!(answer["error_description"].as_str().unwrap().starts_with("strict: "), "{answer}");
}

#[tokio::test]
async fn no_placeholder_is_left() {
    let stage = stage(json!({
        "tests": [{
            "callback": {"session": "s-CODE", "client": "CLIENT_ID"},
            "token_response": {"access_token": "AT", "token_type": "bearer", "echo": "CODE STATE NONCE CLIENT_SECRET CODE_VERIFIER"},
            "userinfo": {"id": "1"}, "profile": {"sub": "1"},
        }],
    }))
    .await;
    let back = stage.authorize("/acme/authorize", &request(&[])).await;
    assert_eq!(back.param("session"), Some(format!("s-{}", back.code())));
    assert_eq!(back.param("client").as_deref(), Some("app"));
    let (_, token) = stage.token("/acme/token", &[("code", &back.code())]).await;
    let expected = format!("{} af0ifjsldkj-af0ifjsldkj  s3cret {}", back.code(), super::visitor::VERIFIER);
    assert_eq!(token["echo"], expected);
}

#[tokio::test]
async fn a_callback_is_signed_with_the_client_secret() {
    let signed = json!({"tests": [{
        "callback": {"shop": "a.acme.example", "hmac": "{{ callback.shop | hmac_sha256(client.secret) }}"},
        "userinfo": {"id": "1"}, "profile": {"sub": "1"},
    }]});
    let given = Rules { client_secret: Some("s3cret".into()), ..Rules::default() };
    let mut found = vec![];
    for rules in [Rules::default(), given] {
        let stage = Stage::set(&[written(file(signed.clone()))], ruled(rules)).await;
        found.push(stage.authorize("/acme/authorize", &request(&[])).await.param("hmac").unwrap());
    }
    let hmac = |secret: &str| {
        let mut context = authcfg::expr::Context::new();
        context.set("secret", json!(secret));
        let template = "{{ 'a.acme.example' | hmac_sha256(secret) }}";
        authcfg::expr::Template::compile(template).unwrap().render(&context).unwrap()
    };
    assert_eq!(found, [hmac("mock"), hmac("s3cret")]);
}

#[tokio::test]
async fn every_built_in_provider_can_be_played() {
    let catalog = authcfg::provider::catalog::Catalog::builtin();
    let providers: Vec<_> = catalog.entries().map(|entry| entry.provider().unwrap().clone()).collect();
    let stage = Stage::set(&providers, ServiceOptions { auto: true, ..ServiceOptions::default() }).await;
    let settings = stage.json("/").await;
    for provider in &providers {
        let endpoints = &settings["providers"][&provider.id]["endpoints"];
        let authorize =
            endpoints["authorization_endpoint"].as_str().unwrap_or_else(|| panic!("{}", provider.id));
        let theirs = provider.rename.get("client_id").map_or("client_id", String::as_str);
        let params = request(&[("client_id", ""), (theirs, "app"), ("scope", "openid")]);
        let back = stage.authorize(&authorize[stage.base.len()..], &params).await;
        let is_back =
            back.location.is_some_and(|there| there.as_str().starts_with("http://localhost:3000/callback"));
        assert!(
            is_back || back.body.contains("<form method=\"post\""),
            "{}: {} {}",
            provider.id,
            back.status,
            back.body
        );
    }
}
