//! The authorization code grant without id_tokens: what goes through, and every way to get it wrong.

use authcfg::mock::Rules;
use serde_json::{Value, json};

use super::visitor::{Stage, auto, builtin, encoded, json as ask, request, ruled};

const AUTHORIZE: &str = "/github/login/oauth/authorize";
const TOKEN: &str = "/github/login/oauth/access_token";

async fn github() -> Stage {
    Stage::set(&[builtin("github")], auto()).await
}

#[tokio::test]
async fn a_client_signs_in() {
    let stage = github().await;
    let back = stage.authorize(AUTHORIZE, &request(&[])).await;
    assert_eq!(back.status, 302);
    let location = back.location.as_ref().unwrap();
    assert!(location.as_str().starts_with("http://localhost:3000/callback?next=%2Fhome&code="), "{location}");
    assert_eq!(back.param("state").as_deref(), Some("af0ifjsldkj-af0ifjsldkj"));
    assert_eq!(back.param("iss"), None);

    let (status, token) = stage.token(TOKEN, &[("code", &back.code())]).await;
    assert_eq!((status, &token["token_type"]), (200, &json!("bearer")), "{token}");
    let access_token = token["access_token"].as_str().unwrap();
    assert!(access_token.starts_with("gho_") && access_token.len() > 30, "{access_token}");

    let (status, user) = stage.userinfo("/github/user", access_token).await;
    assert_eq!((status, &user["login"], &user["id"]), (200, &json!("octocat"), &json!(583231)));
    let (_, emails) = stage.userinfo("/github/user/emails", access_token).await;
    assert_eq!(emails[1]["email"], "octocat@github.com");
    // Where an Enterprise Server has it: the file knows that address too.
    assert_eq!(stage.userinfo("/github/api/v3/user", access_token).await.1["login"], "octocat");
    assert_eq!(stage.userinfo("/github/api.github.com/user", access_token).await.0, 200);
}

#[tokio::test]
async fn two_people_do_not_get_in_each_other_s_way() {
    let stage = github().await;
    let mut tokens = vec![];
    for hint in ["octocat@github.com", "data residency", "nobody-of-this-name"] {
        let back = stage.authorize(AUTHORIZE, &request(&[("login_hint", hint)])).await;
        let (_, token) = stage.token(TOKEN, &[("code", &back.code())]).await;
        tokens.push(token["access_token"].as_str().unwrap().to_owned());
    }
    for (token, login) in tokens.iter().zip(["octocat", "octocat_acme", "octocat"]) {
        assert_eq!(stage.userinfo("/github/user", token).await.1["login"], login);
    }
}

/// The answer to a token request that is wrong in one way.
async fn refused(stage: &Stage, wrong: &[(&str, &str)]) -> (u16, String, String) {
    let back = stage.authorize(AUTHORIZE, &request(&[])).await;
    let code = back.code();
    let mut params = vec![("code", code.as_str())];
    params.retain(|(name, _)| !wrong.iter().any(|(other, _)| other == name));
    params.extend(wrong);
    let (status, answer) = stage.token(TOKEN, &params).await;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (status, text("error"), text("error_description"))
}

#[tokio::test]
async fn a_wrong_token_request_is_told_what_is_wrong() {
    let stage = github().await;
    for (wrong, status, error, description) in [
        (&[("code", "made-up")][..], 400, "invalid_grant", "the code is unknown"),
        (&[("code", "")], 400, "invalid_request", "there is no code"),
        (
            &[("code_verifier", "another-verifier-that-is-long-enough-for-the-rfc")],
            400,
            "invalid_grant",
            "does not match",
        ),
        (&[("code_verifier", "")], 400, "invalid_grant", "there is no code_verifier"),
        (
            &[("redirect_uri", "http://localhost:3000/other")],
            400,
            "invalid_grant",
            "http://localhost:3000/other",
        ),
        (&[("redirect_uri", "")], 400, "invalid_request", "there is no redirect_uri"),
        (&[("client_id", "other")], 400, "invalid_grant", "issued to the client app"),
        (&[("client_id", "")], 401, "invalid_client", "there is no client_id"),
        (&[("grant_type", "")], 400, "invalid_request", "there is no grant_type"),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", "password"),
        (&[("scope", "a"), ("scope", "b")], 400, "invalid_request", "scope comes more than once"),
    ] {
        let (got_status, got_error, got_description) = refused(&stage, wrong).await;
        assert_eq!((got_status, got_error.as_str()), (status, error), "{wrong:?}: {got_description}");
        assert!(got_description.contains(description), "{wrong:?}: {got_description}");
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_for_ten_minutes() {
    let stage = github().await;
    let code = stage.authorize(AUTHORIZE, &request(&[])).await.code();
    let (_, token) = stage.token(TOKEN, &[("code", &code)]).await;
    let access_token = token["access_token"].as_str().unwrap();
    assert_eq!(stage.userinfo("/github/user", access_token).await.0, 200);
    let (status, again) = stage.token(TOKEN, &[("code", &code)]).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
    assert!(again["error_description"].as_str().unwrap().contains("used before"));
    assert_eq!(stage.userinfo("/github/user", access_token).await.0, 401);

    let code = stage.authorize(AUTHORIZE, &request(&[])).await.code();
    stage.clock.advance(601);
    let (_, late) = stage.token(TOKEN, &[("code", &code)]).await;
    assert!(late["error_description"].as_str().unwrap().contains("expired"), "{late}");
}

#[tokio::test]
async fn a_client_without_a_secret_has_to_use_pkce() {
    let stage = github().await;
    let back = stage.authorize(AUTHORIZE, &request(&[])).await;
    assert_eq!(stage.token(TOKEN, &[("code", &back.code()), ("client_secret", "")]).await.0, 200);
    let back =
        stage.authorize(AUTHORIZE, &request(&[("code_challenge", ""), ("code_challenge_method", "")])).await;
    let without = [("code", back.code()), ("client_secret", String::new()), ("code_verifier", String::new())];
    let without: Vec<(&str, &str)> = without.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, answer) = stage.token(TOKEN, &without).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")));
    let with = [without[0], without[2]];
    assert_eq!(stage.token(TOKEN, &with).await.0, 200);
}

#[tokio::test]
async fn credentials_that_were_given_are_the_only_ones() {
    let rules = Rules { client_id: Some("app".into()), client_secret: Some("s3cret".into()), strict: false };
    let stage = Stage::set(&[builtin("github")], ruled(rules)).await;
    let wrong = stage.authorize(AUTHORIZE, &request(&[("client_id", "other")])).await;
    assert_eq!((wrong.status, wrong.location), (400, None));
    assert_eq!(refused(&stage, &[("client_secret", "guess")]).await.1, "invalid_client");
    assert_eq!(refused(&stage, &[]).await.0, 200);
    let code = stage.authorize(AUTHORIZE, &request(&[])).await.code();
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", super::visitor::REDIRECT_URI),
        ("code_verifier", super::visitor::VERIFIER),
    ]);
    let post = || {
        stage
            .http
            .post(stage.at(TOKEN))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.clone())
    };
    let answer = post().basic_auth("app", Some("guess")).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["www-authenticate"].to_str().unwrap()),
        (401, "Basic realm=\"mock\"")
    );
    assert_eq!(ask(post().basic_auth("app", Some("s3cret"))).await.0, 200);
}

#[tokio::test]
async fn a_bearer_has_to_be_the_one_that_was_issued() {
    let stage = github().await;
    let (status, answer) = stage.userinfo("/github/user", "gho_guessed").await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_token")));
    let nobody = stage.http.get(stage.at("/github/user")).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    assert!(nobody.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    let basic = stage.http.get(stage.at("/github/user")).basic_auth("app", Some("x"));
    assert_eq!(ask(basic).await.0, 401);
}

#[tokio::test]
async fn what_goes_wrong_at_the_provider_goes_wrong_here() {
    let stage = github().await;
    let denied = stage.authorize(AUTHORIZE, &request(&[("login_hint", "the person says no")])).await;
    assert_eq!(denied.param("error").as_deref(), Some("access_denied"));
    assert_eq!(
        denied.param("error_description").as_deref(),
        Some("The user has denied your application access.")
    );
    assert_eq!((denied.param("code"), denied.param("state").is_some()), (None, true));
    let hint = "an error in a 200, as for every failed token request";
    let back = stage.authorize(AUTHORIZE, &request(&[("login_hint", hint)])).await;
    let (status, answer) = stage.token(TOKEN, &[("code", &back.code())]).await;
    assert_eq!((status, &answer["error"]), (200, &json!("bad_verification_code")));
    let other = stage.authorize(AUTHORIZE, &request(&[("login_hint", "a callback of another issuer")])).await;
    assert_eq!(other.param("iss").as_deref(), Some("https://github.example/login/oauth"));
}

#[tokio::test]
async fn of_a_person_iss_is_the_mock_s_own() {
    let stage = github().await;
    let hint = "an Enterprise Server, a callback with iss, an unverified primary e-mail";
    let back = stage.authorize(AUTHORIZE, &request(&[("login_hint", hint)])).await;
    assert_eq!(back.param("iss"), Some(stage.at("/github/login/oauth")));
    assert_eq!(
        stage.json("/github/.well-known/oauth-authorization-server").await["issuer"],
        back.param("iss").unwrap()
    );
}

#[tokio::test]
async fn strict_wants_what_the_file_s_client_sends() {
    let rules = Rules { strict: true, ..Rules::default() };
    let stage = Stage::set(&[builtin("github")], ruled(rules)).await;
    let back = stage.authorize(AUTHORIZE, &request(&[("state", "")])).await;
    assert_eq!(back.param("error").as_deref(), Some("invalid_request"));
    assert!(back.param("error_description").unwrap().contains("state"));
    let back =
        stage.authorize(AUTHORIZE, &request(&[("code_challenge", ""), ("code_challenge_method", "")])).await;
    assert!(back.param("error_description").unwrap().contains("code_challenge"));
    assert_eq!(refused(&stage, &[]).await.0, 200);
    let (status, error, description) = refused(&stage, &[("audience", "x"), ("client_secret", "")]).await;
    assert_eq!((status, error.as_str()), (400, "invalid_request"), "{description}");
}

#[tokio::test]
async fn a_test_can_look_at_what_was_asked() {
    let stage = github().await;
    let code = stage.authorize(AUTHORIZE, &request(&[])).await.code();
    stage.token(TOKEN, &[("code", &code), ("code_verifier", "wrong")]).await;
    stage.http.get(stage.at("/github/nothing/here")).send().await.unwrap();
    let asked = stage.json("/github/authcfg/requests").await;
    let told: Vec<(&Value, &Value, &Value)> = asked
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["step"], &one["status"], &one["refused"]["error"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("authorization"), &json!(302), &Value::Null),
            (&json!("token"), &json!(400), &json!("invalid_grant")),
            (&json!(""), &json!(404), &json!("not_found")),
        ]
    );
    assert_eq!(
        (&asked[0]["query"]["client_id"], &asked[0]["scenario"]),
        (&json!("app"), &json!("verified primary e-mail"))
    );
    assert_eq!((&asked[1]["body"]["code_verifier"], &asked[1]["path"]), (&json!("wrong"), &json!(TOKEN)));
    stage.http.delete(stage.at("/github/authcfg/requests")).send().await.unwrap();
    assert_eq!(stage.json("/github/authcfg/requests").await, json!([]));
}
