//! OpenID Connect: discovery, keys, signed id_tokens, userinfo.

use authcfg::oauth::jose::{Alg, JwkSet, Jws};
use serde_json::{Value, json};

use super::visitor::{Stage, auto, builtin, request};

#[tokio::test]
async fn an_id_token_is_verified_with_what_was_discovered() {
    let stage = Stage::set(&[builtin("google")], auto()).await;
    let issuer = stage.at("/google");
    let found = stage.json("/google/.well-known/openid-configuration").await;
    assert_eq!(found["issuer"], issuer.as_str());
    for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert!(found[name].as_str().unwrap().starts_with(&format!("{issuer}/")), "{name}: {found}");
    }
    let here = |name: &str| found[name].as_str().unwrap()[stage.base.len()..].to_owned();

    let back = stage.authorize(&here("authorization_endpoint"), &request(&[("nonce", "n-0S6_WzA2Mj")])).await;
    let (status, token) = stage.token(&here("token_endpoint"), &[("code", &back.code())]).await;
    assert_eq!(status, 200, "{token}");
    let keys = JwkSet::parse(&stage.json(&here("jwks_uri")).await).unwrap();
    let jws = Jws::parse(token["id_token"].as_str().unwrap()).unwrap();
    let verified = jws.verify(&keys, &[Alg::RS256], None).expect("the signature is good");
    let claims = verified.claims();
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["nonce"]),
        (&json!(issuer), &json!("app"), &json!("n-0S6_WzA2Mj"))
    );
    assert_eq!(claims["email"], "jsmith@example.com");
    let seconds = |name: &str| claims[name].as_u64().unwrap();
    assert_eq!(seconds("exp") - seconds("iat"), 300);

    let (_, user) = stage.userinfo(&here("userinfo_endpoint"), token["access_token"].as_str().unwrap()).await;
    assert_eq!((&user["sub"], &user["email"]), (&claims["sub"], &json!("jsmith@example.com")));
    assert_eq!(user.get("iss"), None);
}

#[tokio::test]
async fn an_issuer_is_the_one_that_the_client_was_given() {
    let stage = Stage::set(&[builtin("google")], auto()).await;
    let port = stage.base.rsplit(':').next().unwrap().to_owned();
    for (host, base) in [
        (format!("localhost:{port}"), format!("http://localhost:{port}")),
        ("attacker.example".to_owned(), stage.base.clone()),
    ] {
        let asked = stage.http.get(stage.at("/google/.well-known/openid-configuration")).header("host", host);
        let (_, found) = super::visitor::json(asked).await;
        assert_eq!(found["issuer"], format!("{base}/google"));
        assert_eq!(found["token_endpoint"], format!("{base}/google/token"));
    }
}

#[tokio::test]
async fn of_a_person_the_issuer_is_right_and_of_an_error_as_wrong_as_it_is_meant() {
    let stage = Stage::set(&[builtin("google")], auto()).await;
    for (hint, iss) in [
        ("the legacy issuer, a refresh token asked for", stage.at("/google")),
        ("another issuer", "https://accounts.google.com.example".to_owned()),
    ] {
        let back = stage.authorize("/google/authorize", &request(&[("login_hint", hint)])).await;
        let (_, token) = stage.token("/google/token", &[("code", &back.code())]).await;
        let keys = JwkSet::parse(&stage.json("/google/jwks").await).unwrap();
        let jws = Jws::parse(token["id_token"].as_str().unwrap()).unwrap();
        assert_eq!(jws.verify(&keys, &[Alg::RS256], None).unwrap().claims()["iss"], json!(iss));
    }
}

#[tokio::test]
async fn a_form_post_comes_as_a_page_that_posts_itself() {
    let stage = Stage::set(&[builtin("apple")], auto()).await;
    let page = stage.authorize("/apple/authorize", &request(&[("scope", "name email")])).await;
    assert_eq!((page.status, page.location.is_none()), (200, true));
    for part in [
        "<form method=\"post\" action=\"http://localhost:3000/callback?next=%2Fhome\">",
        "name=\"state\" value=\"af0ifjsldkj-af0ifjsldkj\"",
        "name=\"code\"",
        "name=\"user\" value=\"{&quot;name&quot;",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let asked =
        stage.authorize("/apple/authorize", &request(&[("scope", "name"), ("response_mode", "query")])).await;
    assert_eq!(asked.status, 302);
}

#[tokio::test]
async fn without_openid_there_is_no_sign_in() {
    let stage = Stage::set(&[builtin("google")], auto()).await;
    let back = stage.authorize("/google/authorize", &request(&[("scope", "email")])).await;
    assert_eq!(back.param("error").as_deref(), Some("invalid_scope"));
    assert_eq!(back.param("state").as_deref(), Some("af0ifjsldkj-af0ifjsldkj"));
    let back = stage.authorize("/google/authorize", &request(&[("response_type", "id_token")])).await;
    assert_eq!(back.param("error").as_deref(), Some("unsupported_response_type"));
}

#[tokio::test]
async fn several_providers_are_on_one_port() {
    let stage = Stage::set(&[builtin("google"), builtin("keycloak")], auto()).await;
    let settings = stage.json("/").await;
    let ids: Vec<&String> = settings["providers"].as_object().unwrap().keys().collect();
    assert_eq!(ids, ["google", "keycloak"]);
    let keycloak = &settings["providers"]["keycloak"];
    assert_eq!(keycloak["discovery"], stage.at("/keycloak/.well-known/openid-configuration"));
    assert_eq!(
        keycloak["scenarios"][0],
        json!({"name": "sign-in", "email": "ada@example.com", "person": "Ada Example"})
    );
    assert_eq!(stage.json("/microsoft").await["error"], "not_found");
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_the_answers() {
    let stage = Stage::set(&[builtin("google")], auto()).await;
    let asked = stage
        .http
        .request(reqwest::Method::OPTIONS, stage.at("/google/token"))
        .header("origin", "http://localhost:3000")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = asked.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((answer.status().as_u16(), header("access-control-allow-origin")), (204, "*".into()));
    assert_eq!(header("access-control-allow-headers"), "authorization,content-type");
    let found: Value = stage.json("/google/jwks").await;
    assert_eq!(found["keys"].as_array().unwrap().len(), 1);
}
