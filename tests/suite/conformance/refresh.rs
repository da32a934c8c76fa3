//! Refresh: what an answer to it may and may not be (OpenID Connect Core §12.2). T-15.

use authcfg::client::{Error, SignIn};
use authcfg::flow::TokenSet;
use serde_json::{Value, json};

use super::keys::{KEY, OTHER_KEY, Sign};
use super::op::{Answer, Behaviour, CLIENT_ID, Hits, Op, REFRESH_TOKEN, SUB};

const ISSUED: &str = "248289761001-of-the-refresh";

/// Signs in at a provider with refresh tokens, changes it, and refreshes.
async fn refresh(change: impl FnOnce(&mut Behaviour)) -> (Op, SignIn, Result<TokenSet, Error>) {
    let behaviour = Behaviour { token: json!({"refresh_token": REFRESH_TOKEN}), ..Behaviour::default() };
    refresh_from(behaviour, change).await
}

async fn refresh_from(
    behaviour: Behaviour,
    change: impl FnOnce(&mut Behaviour),
) -> (Op, SignIn, Result<TokenSet, Error>) {
    let op = Op::start(behaviour).await;
    let sign_in = op.sign_in().await.expect("a sign-in");
    op.clock.advance(120);
    op.change(|behaviour| {
        behaviour.token = json!({});
        change(behaviour);
    });
    let renewed = op.client.refresh(&sign_in.token).await;
    assert_eq!(op.hits().token, 2, "a refresh is one request");
    (op, sign_in, renewed)
}

async fn refused(change: impl FnOnce(&mut Behaviour)) -> Error {
    let (op, _, renewed) = refresh(change).await;
    assert_eq!(op.hits().userinfo, 1, "nothing is asked with it");
    renewed.expect_err("a refusal")
}

#[tokio::test]
async fn what_an_answer_has_takes_the_place_of_the_old() {
    let (op, sign_in, renewed) = refresh(|behaviour| {
        behaviour.token = json!({"refresh_token": ISSUED, "expires_in": 60});
        behaviour.userinfo = json!({"name": "Jane Roe"});
    })
    .await;
    let renewed = renewed.expect("a refresh");
    assert_eq!(renewed.refresh_token.as_ref().unwrap().expose(), ISSUED);
    assert_eq!(renewed.expires_at, Some(sign_in.token.expires_at.unwrap() - 3600 + 120 + 60));
    let id_token = |token: &TokenSet| token.id_token.as_ref().unwrap().expose().to_owned();
    assert_ne!(id_token(&renewed), id_token(&sign_in.token));
    let profile = op.client.profile(&renewed).await.expect("a profile");
    assert_eq!((profile.sub(), profile.name()), (SUB, Some("Jane Roe")));
    assert_eq!(op.hits(), Hits { discovery: 1, jwks: 1, token: 2, userinfo: 2, elsewhere: 0 });
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_is_refused() {
    let first = json!({"auth_time": 1_700_000_000, "azp": CLIENT_ID});
    for (claims, code) in [
        (json!({"iss": "https://other.example"}), "id_token_invalid"),
        (json!({"sub": "another"}), "id_token_invalid"),
        (json!({"aud": "another-client"}), "id_token_invalid"),
        (json!({"azp": null, "auth_time": 1_700_000_000}), "id_token_invalid"),
        (json!({"azp": CLIENT_ID, "auth_time": 1_700_000_001}), "id_token_invalid"),
        (json!({"azp": CLIENT_ID, "nonce": "of-another-sign-in-0123456789"}), "nonce_mismatch"),
        (json!({"azp": CLIENT_ID, "exp": 1}), "id_token_invalid"),
        (json!({"azp": CLIENT_ID, "at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "id_token_invalid"),
    ] {
        let behaviour = Behaviour {
            token: json!({"refresh_token": REFRESH_TOKEN}),
            claims: first.clone(),
            ..Behaviour::default()
        };
        let (_, _, renewed) = refresh_from(behaviour, |behaviour| behaviour.claims = claims.clone()).await;
        let error = renewed.expect_err(&claims.to_string());
        assert_eq!((error.code(), error.ends_sign_in()), (code, true), "{claims}: {error}");
    }
}

#[tokio::test]
async fn a_forged_id_token_is_refused() {
    let error = refused(|behaviour| behaviour.sign = Sign::Rs256(&OTHER_KEY)).await;
    assert_eq!((error.code(), error.ends_sign_in()), ("id_token_invalid", true));
}

#[tokio::test]
async fn what_an_answer_leaves_out_stays() {
    for over in [
        json!({"refresh_token": null, "id_token": null, "expires_in": null}),
        json!({"refresh_token": "", "id_token": ""}),
    ] {
        let (op, sign_in, renewed) = refresh(|behaviour| behaviour.token = over.clone()).await;
        let renewed = renewed.expect("a refresh");
        assert_eq!(renewed.refresh_token.as_ref().unwrap().expose(), REFRESH_TOKEN, "{over}");
        assert!(renewed.id_token.as_ref().unwrap().ct_eq(sign_in.token.id_token.as_ref().unwrap()), "{over}");
        assert_eq!(op.client.profile(&renewed).await.expect("a profile").sub(), SUB);
    }
}

#[tokio::test]
async fn only_the_provider_itself_can_say_that_a_grant_is_over() {
    let error = |status, body: Value| Answer::new(status, "application/json", body.to_string());
    for (answer, ends) in [
        (error(400, json!({"error": "invalid_grant"})), true),
        (error(401, json!({"error": "invalid_grant"})), true),
        (error(400, json!({"error": "invalid_client"})), false),
        (error(500, json!({"error": "invalid_grant"})), false),
        (error(503, json!({})), false),
        (error(429, json!({"error": "invalid_grant"})), false),
        (Answer::new(400, "text/html", "<h1>invalid_grant</h1>"), false),
        (Answer::new(200, "text/html", "<h1>Down for maintenance</h1>"), false),
        (Answer::json("{\"access_token\":"), false),
        (Answer::json("[]"), false),
        (Answer::json("{}"), false),
        (Answer::json(r#"{"access_token":"a","token_type":"mac"}"#), false),
    ] {
        let shown = String::from_utf8_lossy(&answer.body).into_owned();
        let status = answer.status;
        let error = refused(|behaviour| behaviour.token_answer = Some(answer)).await;
        assert_eq!(error.ends_sign_in(), ends, "{status} {shown}: {error}");
    }
}

#[tokio::test]
async fn a_refresh_is_not_sent_while_its_answer_could_not_be_checked() {
    let behaviour = Behaviour { token: json!({"refresh_token": REFRESH_TOKEN}), ..Behaviour::default() };
    let op = Op::start(behaviour).await;
    let sign_in = op.sign_in().await.expect("a sign-in");
    op.clock.advance(2 * 3600);
    op.change(|behaviour| behaviour.jwks_answer = Some(Answer::new(404, "text/plain", "nothing here")));
    let error = op.client.refresh(&sign_in.token).await.expect_err("no keys");
    assert!(!error.ends_sign_in(), "{error}");
    assert_eq!(op.hits().token, 1, "the refresh token is still good");
}

#[tokio::test]
async fn a_key_that_came_meanwhile_is_fetched() {
    let (op, _, renewed) = refresh(|behaviour| {
        behaviour.keys = vec![KEY.jwk("k1"), OTHER_KEY.jwk("k2")];
        behaviour.header = json!({"kid": "k2"});
        behaviour.sign = Sign::Rs256(&OTHER_KEY);
    })
    .await;
    renewed.expect("a refresh");
    assert_eq!(op.hits().jwks, 2);
}

#[tokio::test]
async fn userinfo_of_somebody_else_is_refused() {
    let (op, _, renewed) = refresh(|behaviour| behaviour.userinfo = json!({"sub": "another"})).await;
    let error = op.client.profile(&renewed.expect("a refresh")).await.expect_err("another person");
    assert_eq!((error.code(), error.ends_sign_in()), ("sub_mismatch", true));
}

#[tokio::test]
async fn a_profile_of_half_the_answers_is_none() {
    let (op, _, renewed) = refresh(|behaviour| {
        behaviour.userinfo_answer = Some(Answer::new(503, "text/plain", "later"));
    })
    .await;
    let error = op.client.profile(&renewed.expect("a refresh")).await.expect_err("no userinfo");
    assert_eq!((error.code(), error.ends_sign_in()), ("userinfo_failed", false));
}

#[tokio::test]
async fn an_optional_call_may_fail_for_good_and_not_for_a_while() {
    for (status, told) in [(404, Some("Jane Roe")), (403, Some("Jane Roe")), (503, None), (429, None)] {
        let file = json!({"userinfo": [{}, {"as": "more", "endpoint": "ISSUER/jwks", "optional": true}]});
        let behaviour =
            Behaviour { file, token: json!({"refresh_token": REFRESH_TOKEN}), ..Behaviour::default() };
        let (op, _, renewed) = refresh_from(behaviour, |behaviour| {
            behaviour.userinfo = json!({"name": "Jane Roe"});
        })
        .await;
        op.change(|behaviour| behaviour.jwks_answer = Some(Answer::new(status, "application/json", "{}")));
        let profile = op.client.profile(&renewed.expect("a refresh")).await;
        assert_eq!(profile.ok().as_ref().and_then(|profile| profile.name()), told, "{status}");
    }
}
