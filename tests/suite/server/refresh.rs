//! Tokens that are renewed when their session is read: once, whoever asks; and what `/session` tells of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authcfg::oauth::Secret;
use authcfg::session::sealing::Sealer;
use authcfg::session::store::MemoryStore;
use serde_json::{Value, json};

use crate::conformance::op::{self, Behaviour, Op};
use crate::server::browser::{Browser, NOW, SECRET, Site, environment, load};
use crate::server::refreshing::{Provider, Refresh};
use crate::server::store::Unsteady;

const SESSION: &str = "__Secure-authjs.session-token";
const EXPOSED: &str = ", expose_tokens: [access_token, id_token]";

async fn read(browser: &mut Browser) -> Value {
    browser.get("/auth/session").await.json()
}

#[tokio::test]
async fn a_token_is_renewed_a_minute_before_it_expires() {
    let provider = Provider::start(EXPOSED, "").await;
    let mut browser = provider.signed_in().await;
    for (advance, access_token, refreshes) in [
        (0, "at-0", vec![]),
        (539, "at-0", vec![]),
        (1, "at-1", vec!["rt-0"]),
        (540, "at-2", vec!["rt-0", "rt-1"]),
    ] {
        provider.clock.advance(advance);
        assert_eq!(read(&mut browser).await["access_token"], access_token);
        assert_eq!(read(&mut browser).await["access_token"], access_token);
        assert_eq!(provider.refreshes(), refreshes);
    }
    provider.clock.advance(86_400);
    let session = read(&mut browser).await;
    assert_eq!(session["access_token"], "at-3");
    assert_eq!(session["expires_at"], NOW + 1_080 + 86_400 + 600);
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    for over in [json!({"refresh_token": null}), json!({"refresh_token": ""})] {
        let provider = Provider::start("", "").await;
        let mut browser = provider.signed_in().await;
        provider.change(|behaviour| behaviour.refresh = Refresh::Grant(over.clone()));
        for count in 1..4 {
            provider.clock.advance(600);
            assert_eq!(read(&mut browser).await["user"]["name"], "Ada");
            assert_eq!(provider.refreshes(), vec!["rt-0"; count], "{over}");
        }
    }
}

#[tokio::test]
async fn claims_are_mapped_again() {
    let provider = Provider::start(", claims: [hint]", "").await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.person = json!({"id": 7, "name": "Ada Lovelace"}));
    assert_eq!(read(&mut browser).await["user"]["name"], "Ada");
    provider.clock.advance(600);
    assert_eq!(read(&mut browser).await["user"], json!({"name": "Ada Lovelace", "hint": "ada"}));
}

#[tokio::test]
async fn claims_stay_where_nobody_tells_them() {
    let provider = Provider::start(EXPOSED, "").await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.person = json!([]));
    provider.clock.advance(600);
    let session = read(&mut browser).await;
    assert_eq!((&session["user"]["name"], &session["access_token"]), (&json!("Ada"), &json!("at-1")));
    assert_eq!(session.get("error"), None);
}

#[tokio::test]
async fn another_person_is_signed_out() {
    let provider = Provider::start("", "").await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.person = json!({"id": 8, "name": "Eve"}));
    provider.clock.advance(600);
    assert_eq!(read(&mut browser).await, Value::Null);
    assert!(!browser.cookies.contains_key(SESSION));
}

/// A session at a provider of OpenID Connect, which changes before the tokens are renewed: what is read then.
async fn renewed_by(change: impl FnOnce(&mut Behaviour)) -> Value {
    let behaviour = Behaviour { token: json!({"refresh_token": op::REFRESH_TOKEN}), ..Behaviour::default() };
    let op = Op::start(behaviour).await;
    let deployment = format!(
        "base_url: https://app.example.com/auth\nproviders: {{op: {{use: oidc, issuer: \"{}\"}}}}\n\
         session: {{strategy: database, store: memory, expose_tokens: [id_token]}}\n",
        op.issuer()
    );
    let mut env = environment();
    env.extend(
        [("AUTH_OP_ID", op::CLIENT_ID), ("AUTH_OP_SECRET", op::CLIENT_SECRET)]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let store = Arc::new(MemoryStore::new(op.clock.clone()));
    let site = Site::over(load(&deployment, &[], env).unwrap(), store, op.clock.clone());
    let mut browser = site.browser();
    let begun = browser.sign_in("/auth/signin/op", &[]).await;
    let callback = op.authorize(&begun.location().parse().unwrap());
    browser.get(&format!("/auth/callback/op?{callback}")).await;
    let before = read(&mut browser).await;
    assert_eq!(before["user"]["name"], "Jane Doe");
    op.clock.advance(3_600);
    op.change(change);
    let after = read(&mut browser).await;
    assert_eq!(op.hits().token, 2);
    assert_eq!(browser.cookies.contains_key(SESSION), after != Value::Null);
    assert_ne!(after.get("id_token"), before.get("id_token"));
    after
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_signs_out() {
    let session = renewed_by(|behaviour| behaviour.userinfo = json!({"name": "Jane Roe"})).await;
    assert_eq!(session["user"]["name"], "Jane Roe");
    for claims in [
        json!({"sub": "another"}),
        json!({"iss": "https://other.example"}),
        json!({"aud": "another-client"}),
        json!({"azp": op::CLIENT_ID}),
        json!({"nonce": "of-another-sign-in-0123456789"}),
        json!({"exp": 1}),
    ] {
        assert_eq!(renewed_by(|behaviour| behaviour.claims = claims.clone()).await, Value::Null, "{claims}");
    }
    assert_eq!(renewed_by(|behaviour| behaviour.header = json!({"alg": "none"})).await, Value::Null);
    assert_eq!(renewed_by(|behaviour| behaviour.userinfo = json!({"sub": "another"})).await, Value::Null);
}

#[tokio::test]
async fn whom_allow_no_longer_lets_in_is_signed_out() {
    let provider = Provider::start("", "allow: [{emails: [\"*@acme.example\"]}]\n").await;
    let mut browser = provider.signed_in().await;
    provider.clock.advance(600);
    assert_eq!(read(&mut browser).await["user"]["name"], "Ada");
    provider.change(|behaviour| behaviour.person["email"] = "ada@elsewhere.example".into());
    provider.clock.advance(600);
    assert_eq!(read(&mut browser).await, Value::Null);
}

#[tokio::test]
async fn a_hundred_readers_at_two_servers_are_one_refresh() {
    let provider = Provider::start(EXPOSED, "").await;
    let browser = provider.signed_in().await;
    let sites = [provider.site(), provider.site()];
    provider.change(|behaviour| behaviour.slow = Duration::from_millis(30));
    for round in 1..=10 {
        provider.clock.advance(600);
        let readers = (0..100).map(|number| {
            let mut reader = Browser { site: sites[number % 2].clone(), ..browser.clone() };
            tokio::spawn(async move { read(&mut reader).await })
        });
        for reader in readers.collect::<Vec<_>>() {
            let session = reader.await.unwrap();
            assert_eq!(session["access_token"], format!("at-{round}"), "{session}");
        }
        assert_eq!(provider.refreshes().len(), round);
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_no_refresh() {
    let provider = Provider::start(EXPOSED, "").await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.slow = Duration::from_millis(200));
    provider.clock.advance(600);
    let mut impatient = browser.clone();
    let reader = tokio::spawn(async move { read(&mut impatient).await });
    provider.asked(1).await;
    reader.abort();
    assert_eq!(read(&mut browser).await["access_token"], "at-1");
    assert_eq!(provider.refreshes(), ["rt-0"]);
}

#[tokio::test]
async fn new_tokens_are_in_the_store_before_they_are_used() {
    let provider = Provider::start(EXPOSED, "").await;
    let browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.slow_userinfo = Duration::from_millis(400));
    provider.clock.advance(600);
    let mut first = browser.clone();
    let reader = tokio::spawn(async move { read(&mut first).await });
    provider.asked(1).await;
    let began = Instant::now();
    let mut elsewhere = Browser { site: provider.site(), ..browser };
    assert_eq!(read(&mut elsewhere).await["access_token"], "at-1");
    assert!(began.elapsed() < Duration::from_millis(390), "it does not wait for userinfo");
    assert_eq!(reader.await.unwrap()["access_token"], "at-1");
    assert_eq!(provider.refreshes(), ["rt-0"]);
}

#[tokio::test]
async fn invalid_grant_signs_out() {
    for (status, body) in [(400, r#"{"error":"invalid_grant"}"#), (401, r#"{"error":"invalid_grant"}"#)] {
        let provider = Provider::start("", "").await;
        let mut browser = provider.signed_in().await;
        let copy = browser.clone();
        provider.change(|behaviour| behaviour.refresh = Refresh::Answer(status, "application/json", body));
        provider.clock.advance(541);
        let reply = browser.get("/auth/session").await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "null"));
        assert!(!browser.cookies.contains_key(SESSION));
        assert_eq!(read(&mut copy.clone()).await, Value::Null, "for every copy of the cookie");
        assert_eq!(provider.refreshes(), ["rt-0"]);
    }
}

#[tokio::test]
async fn what_may_pass_signs_nobody_out() {
    for (status, content_type, body) in [
        (400, "application/json", r#"{"error":"invalid_client"}"#),
        (400, "application/json", r#"{"error":"temporarily_unavailable"}"#),
        (500, "application/json", r#"{"error":"invalid_grant"}"#),
        (502, "text/html", "<h1>Bad gateway</h1>"),
        (429, "application/json", "{}"),
        (200, "application/json", "not JSON"),
        (200, "application/json", "{}"),
        (200, "application/json", r#"{"access_token":""}"#),
        (302, "text/plain", ""),
    ] {
        let provider = Provider::start(EXPOSED, "").await;
        let mut browser = provider.signed_in().await;
        provider.change(|behaviour| behaviour.refresh = Refresh::Answer(status, content_type, body));
        let case = format!("{status} {body}");
        provider.clock.advance(541);
        let session = read(&mut browser).await;
        assert_eq!((&session["user"]["name"], session.get("error")), (&json!("Ada"), None), "{case}");
        provider.clock.advance(59);
        let session = read(&mut browser).await;
        assert_eq!(session["error"], "RefreshTokenError", "{case}");
        assert_eq!(
            (&session["user"]["name"], &session["access_token"]),
            (&json!("Ada"), &json!("at-0")),
            "{case}"
        );
        provider.change(|behaviour| behaviour.refresh = Refresh::Grant(json!({})));
        provider.clock.advance(300);
        let session = read(&mut browser).await;
        assert_eq!((&session["access_token"], session.get("error")), (&json!("at-1"), None), "{case}");
        assert_eq!(provider.refreshes(), ["rt-0"; 3], "{case}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_asked_by_every_reader() {
    let provider = Provider::start("", "").await;
    let mut browser = provider.signed_in().await;
    let mut elsewhere = Browser { site: provider.site(), ..browser.clone() };
    provider.change(|behaviour| behaviour.refresh = Refresh::Answer(503, "text/plain", "down"));
    provider.clock.advance(600);
    for second in 0..60 {
        assert_eq!(read(&mut browser).await["error"], "RefreshTokenError");
        assert_eq!(read(&mut elsewhere).await["error"], "RefreshTokenError");
        let asked = [0, 5, 15, 35].iter().filter(|at| **at <= second).count();
        assert_eq!(provider.refreshes().len(), asked, "after {second} s");
        provider.clock.advance(1);
    }
}

#[tokio::test]
async fn a_request_whose_answer_never_comes_is_not_sent_again() {
    let provider = Provider::start(EXPOSED, "").await;
    let browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.refresh = Refresh::Hang);
    provider.clock.advance(541);
    let began = Instant::now();
    let session = read(&mut browser.clone()).await;
    assert_eq!((&session["access_token"], session.get("error")), (&json!("at-0"), None));
    assert!(began.elapsed() < Duration::from_secs(4), "a token that is still good is not waited for");
    provider.clock.advance(59);
    let readers = (0..10).map(|_| {
        let mut reader = browser.clone();
        tokio::spawn(async move { read(&mut reader).await })
    });
    for reader in readers.collect::<Vec<_>>() {
        assert_eq!(reader.await.unwrap()["error"], "RefreshTokenError");
    }
    assert_eq!(provider.refreshes(), ["rt-0"], "one request, and no other while it may have been taken");
}

#[tokio::test]
async fn a_store_that_fails_for_a_moment_loses_no_new_token() {
    let down = Arc::new(AtomicBool::new(false));
    let provider = Provider::over(EXPOSED, "", |clock| Arc::new(Unsteady::new(clock, down.clone()))).await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.slow = Duration::from_millis(100));
    provider.clock.advance(600);
    let mut first = browser.clone();
    let reader = tokio::spawn(async move { read(&mut first).await });
    provider.asked(1).await;
    down.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(browser.get("/auth/session").await.status, 503);
    down.store(false, Ordering::SeqCst);
    assert_eq!(reader.await.unwrap()["access_token"], "at-1");
    assert_eq!(read(&mut browser).await["access_token"], "at-1");
    assert_eq!(provider.refreshes(), ["rt-0"]);
}

#[tokio::test]
async fn a_token_that_is_still_good_needs_no_lease() {
    let provider = Provider::over(EXPOSED, "", |clock| Arc::new(Unsteady::without_leases(clock))).await;
    let mut browser = provider.signed_in().await;
    provider.clock.advance(541);
    assert_eq!(read(&mut browser).await["access_token"], "at-0");
    provider.clock.advance(59);
    assert_eq!(browser.get("/auth/session").await.status, 503, "nobody knows whether the sign-in goes on");
    assert!(browser.cookies.contains_key(SESSION));
    assert!(provider.refreshes().is_empty(), "nobody asks without a lease");
}

#[tokio::test]
async fn no_token_leaves_unless_it_is_named() {
    let provider = Provider::start("", "").await;
    let mut browser = provider.signed_in().await;
    let body = browser.get("/auth/session").await.body;
    assert_eq!(
        body,
        r#"{"user":{"name":"Ada","email":"ada@acme.example"},"expires":"2026-01-31T00:00:00.000Z"}"#
    );
    let provider = Provider::start(EXPOSED, "").await;
    let mut browser = provider.signed_in().await;
    let body = browser.get("/auth/session").await.body;
    assert_eq!(
        body,
        format!(
            r#"{{"user":{{"name":"Ada","email":"ada@acme.example"}},"expires":"2026-01-31T00:00:00.000Z","access_token":"at-0","expires_at":{}}}"#,
            NOW + 600
        )
    );
    assert_eq!(browser.cookies[SESSION].len(), 43);
}

#[tokio::test]
async fn an_id_token_that_nobody_has_verified_is_not_shown() {
    let provider = Provider::start(EXPOSED, "").await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.refresh = Refresh::Grant(json!({"id_token": "e30.e30.e30"})));
    provider.clock.advance(600);
    let session = read(&mut browser).await;
    assert_eq!((&session["access_token"], session.get("id_token")), (&json!("at-1"), None));
}

#[tokio::test]
async fn a_cookie_holds_no_token() {
    let provider = Provider::start("", "").await;
    let site = provider.site_with_cookies();
    let mut browser = site.browser();
    let begun = browser.sign_in("/auth/signin/acme", &[]).await;
    browser.get(&format!("/auth/callback/acme?code=c&state={}", begun.param("state").unwrap())).await;
    let sealer = Sealer::new(&[Secret::from(SECRET)], SESSION);
    let claims = sealer.open(&browser.cookies[SESSION], NOW).unwrap();
    let text = Value::Object(claims).to_string();
    assert!(text.contains("ada@acme.example") && !text.contains("at-0") && !text.contains("rt-0"), "{text}");
    provider.clock.advance(600);
    assert_eq!(read(&mut browser).await["user"]["name"], "Ada");
    assert!(provider.refreshes().is_empty());
}

#[tokio::test]
async fn a_sign_out_revokes() {
    for status in [200, 400, 503] {
        let provider = Provider::start("", "").await;
        let mut browser = provider.signed_in().await;
        provider.change(|behaviour| behaviour.revocation = status);
        let reply = browser.sign_in("/auth/signout", &[("callbackUrl", "/bye")]).await;
        assert_eq!(reply.location(), "https://app.example.com/bye");
        assert_eq!(provider.revoked(1).await, ["rt-0"]);
        assert!(!browser.cookies.contains_key(SESSION));
    }
}

#[tokio::test]
async fn a_sign_out_waits_for_no_provider() {
    let provider = Provider::start("", "").await;
    let mut browser = provider.signed_in().await;
    provider.change(|behaviour| behaviour.revocation = 0);
    let began = Instant::now();
    browser.sign_in("/auth/signout", &[]).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(provider.revoked(1).await, ["rt-0"]);
}

#[tokio::test]
async fn a_sign_in_in_place_of_another_revokes_nothing() {
    let provider = Provider::start("", "").await;
    let mut browser = provider.signed_in().await;
    let begun = browser.sign_in("/auth/signin/acme", &[]).await;
    browser.get(&format!("/auth/callback/acme?code=c&state={}", begun.param("state").unwrap())).await;
    assert_eq!(read(&mut browser).await["user"]["name"], "Ada");
    assert!(provider.revoked(0).await.is_empty(), "many providers end all that was granted to this client");
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_of_a_refresh_does_not_come_back() {
    let provider = Provider::start("", "").await;
    let mut browser = provider.signed_in().await;
    let csrf = browser.csrf().await;
    provider.change(|behaviour| behaviour.slow = Duration::from_millis(200));
    provider.clock.advance(600);
    let mut first = browser.clone();
    let reader = tokio::spawn(async move { read(&mut first).await });
    provider.asked(1).await;
    let mut copy = browser.clone();
    browser.post("/auth/signout", &[("csrfToken", &csrf)]).await;
    assert_eq!(reader.await.unwrap(), Value::Null);
    assert_eq!(read(&mut copy).await, Value::Null);
}

#[tokio::test]
async fn an_application_in_rust_has_the_tokens_without_the_refresh_token() {
    let provider = Provider::start("", "").await;
    let browser = provider.signed_in().await;
    let server = provider.server();
    let parts = |cookie: &str| {
        let request = http::Request::get("/").header("host", "app.example.com");
        request.header("cookie", format!("{SESSION}={cookie}")).body(()).unwrap().into_parts().0
    };
    let mine = parts(&browser.cookies[SESSION]);
    for (advance, access_token) in [(0, "at-0"), (541, "at-1")] {
        provider.clock.advance(advance);
        let tokens = server.tokens(&mine).await.unwrap().unwrap();
        assert_eq!(tokens.access_token.expose(), access_token);
        assert_eq!(tokens.expires_at, Some(NOW + advance + 600));
        assert!(tokens.refresh_token.is_none() && tokens.remembered.raw.is_empty());
    }
    assert_eq!(server.session(&mine).await.unwrap().unwrap().name.as_deref(), Some("Ada"));
    assert!(server.tokens(&parts(&"A".repeat(43))).await.unwrap().is_none());
    provider.change(|behaviour| {
        behaviour.refresh = Refresh::Answer(400, "application/json", r#"{"error":"invalid_grant"}"#);
    });
    provider.clock.advance(600);
    assert!(server.tokens(&mine).await.unwrap().is_none(), "the provider has ended the sign-in");
    assert!(server.session(&mine).await.unwrap().is_none());
}
