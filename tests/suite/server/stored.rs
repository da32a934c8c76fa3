//! Sessions in a store: the cookie is an id, the rest is as Auth.js has it with its database strategy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authcfg::oauth::Secret;
use authcfg::rng::SystemRng;
use authcfg::session::sealing::Sealer;
use authcfg::session::store::MemoryStore;
use serde_json::json;

use crate::server::browser::{Browser, DEPLOYMENT, NOW, SECRET, Site, environment, load};
use crate::server::provider::{Provider, start, start_over};
use crate::server::store::Unsteady;

const SESSION: &str = "__Secure-authjs.session-token";
const MEMORY: &str = "session: {strategy: database, store: memory}\n";

async fn signed_in(provider: &Provider) -> Browser {
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "ada").await;
    browser
}

#[tokio::test]
async fn the_cookie_is_an_id_and_the_answer_is_the_same() {
    let provider = start(MEMORY).await;
    let mut browser = signed_in(&provider).await;
    let id = browser.cookies[SESSION].clone();
    assert_eq!(id.len(), 43);
    let reply = browser.get("/auth/session").await;
    assert_eq!(
        reply.body,
        r#"{"user":{"name":"Ada","email":"ada@acme.example","image":"https://acme.example/ada.png"},"expires":"2026-01-31T00:00:00.000Z"}"#
    );
    assert_eq!((reply.header("expires"), reply.header("pragma")), ("0", "no-cache"));
    assert!(
        reply.set_cookies()[0]
            .ends_with("; Path=/; Expires=Sat, 31 Jan 2026 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax")
    );
    assert_eq!(browser.cookies[SESSION], id, "the same id for the whole session");
    let other = signed_in(&provider).await;
    assert_ne!(other.cookies[SESSION], id);
}

#[tokio::test]
async fn the_cookie_gets_a_new_end_with_each_read_and_the_record_once_a_day() {
    let provider = start(MEMORY).await;
    let mut browser = signed_in(&provider).await;
    for (hours, cookie, record) in [
        (23, "Sat, 31 Jan 2026 23:00:00 GMT", "2026-01-31T00:00:00.000Z"),
        (1, "Sun, 01 Feb 2026 00:00:00 GMT", "2026-02-01T00:00:00.000Z"),
        (1, "Sun, 01 Feb 2026 01:00:00 GMT", "2026-02-01T00:00:00.000Z"),
    ] {
        provider.site.clock.advance(hours * 3600);
        let reply = browser.get("/auth/session").await;
        assert_eq!(reply.json()["expires"], record);
        assert!(reply.set_cookies()[0].contains(cookie), "{cookie}");
    }
}

#[tokio::test]
async fn a_sign_out_ends_it_for_every_copy_of_the_cookie() {
    let provider = start(MEMORY).await;
    let mut browser = signed_in(&provider).await;
    let mut copy = browser.clone();
    let reply = browser.sign_in("/auth/signout", &[("callbackUrl", "/bye")]).await;
    assert_eq!(reply.location(), "https://app.example.com/bye");
    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(copy.get("/auth/session").await.body, "null");
    assert!(!copy.cookies.contains_key(SESSION), "a cookie that is nobody's is cleared");
}

#[tokio::test]
async fn a_sign_in_makes_a_new_id_and_ends_the_old_one() {
    let provider = start(MEMORY).await;
    let mut browser = signed_in(&provider).await;
    let mut old = browser.clone();
    provider.sign_in(&mut browser, "unverified").await;
    assert_ne!(browser.cookies[SESSION], old.cookies[SESSION]);
    assert_eq!(browser.get("/auth/session").await.json()["user"], json!({"email": "eve@acme.example"}));
    assert_eq!(old.get("/auth/session").await.body, "null");

    let mut planted = provider.site.browser();
    planted.cookies.insert(SESSION.into(), "A".repeat(43));
    provider.sign_in(&mut planted, "ada").await;
    assert_ne!(planted.cookies[SESSION], "A".repeat(43));
}

#[tokio::test]
async fn what_is_no_id_of_ours_is_nobody() {
    let provider = start(MEMORY).await;
    let browser = signed_in(&provider).await;
    let id = &browser.cookies[SESSION];
    let jwt = Sealer::new(&[Secret::from(SECRET)], SESSION).seal(
        json!({"name": "Eve", "sub": "acme:7"}).as_object().unwrap(),
        60,
        NOW,
        &SystemRng,
    );
    let changed = format!("{}{}", &id[..42], if id.ends_with('A') { 'B' } else { 'A' });
    for value in ["", "x", &jwt, &changed, &id[..42], &format!("{id}A"), &id.to_lowercase(), &"A".repeat(43)]
    {
        let mut other = provider.site.browser();
        other.cookies.insert(SESSION.into(), value.into());
        assert_eq!(other.get("/auth/session").await.body, "null", "{value}");
        assert!(!other.cookies.contains_key(SESSION));
    }
    let mut both = provider.site.browser();
    let second = signed_in(&provider).await;
    both.cookies.insert(SESSION.into(), id.clone());
    both.cookies.insert(format!("{SESSION}.0"), second.cookies[SESSION].clone());
    assert_eq!(both.get("/auth/session").await.body, "null", "nobody knows whose is whose");
}

#[tokio::test]
async fn it_ends_when_it_was_idle_or_absolutely() {
    let provider = start("session: {strategy: database, store: memory, idle: 30min, absolute: 2h}\n").await;
    let mut browser = signed_in(&provider).await;
    for _ in 0..4 {
        provider.site.clock.advance(29 * 60);
        assert_ne!(browser.get("/auth/session").await.body, "null");
    }
    let mut idle = browser.clone();
    provider.site.clock.advance(5 * 60);
    assert_eq!(browser.get("/auth/session").await.body, "null", "two hours have passed");
    let mut second = signed_in(&provider).await;
    provider.site.clock.advance(31 * 60);
    assert_eq!(second.get("/auth/session").await.body, "null");
    assert_eq!(idle.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn a_short_session_lives_on_while_it_is_read() {
    let provider = start("session: {strategy: database, store: memory, max_age: 1h}\n").await;
    let mut browser = signed_in(&provider).await;
    for _ in 0..5 {
        provider.site.clock.advance(50 * 60);
        assert_ne!(browser.get("/auth/session").await.body, "null");
    }
    provider.site.clock.advance(3_600);
    assert_eq!(browser.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn claims_of_any_size_fit() {
    let provider = start("session: {strategy: database, store: memory, claims: [team]}\n").await;
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "long").await;
    assert_eq!(browser.cookies[SESSION].len(), 43);
    let read = browser.get("/auth/session").await.json();
    assert_eq!(read["user"]["name"].as_str().unwrap().len(), 6_000);
    provider.sign_in(&mut browser, "ada").await;
    assert_eq!(browser.get("/auth/session").await.json()["user"]["team"], "blue");
}

#[tokio::test]
async fn a_store_that_is_down_signs_nobody_in_and_nobody_out() {
    let down = Arc::new(AtomicBool::new(false));
    let provider = start_over(MEMORY, |clock| Arc::new(Unsteady::new(clock, down.clone()))).await;
    let mut browser = signed_in(&provider).await;
    let csrf = browser.csrf().await;
    assert_eq!(browser.get("/readyz").await.status, 200);
    down.store(true, Ordering::SeqCst);
    let reply = browser.get("/auth/session").await;
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str(), reply.set_cookies().len()),
        (503, r#"{"message":"The session cannot be read at the moment."}"#, 0)
    );
    let reply = browser.post("/auth/signout", &[("csrfToken", &csrf)]).await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=Configuration");
    assert!(browser.cookies.contains_key(SESSION), "it may not be over");
    let mut other = provider.site.browser();
    let reply = provider.sign_in(&mut other, "ada").await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=Configuration");
    assert_eq!(provider.tokens(), 1, "no code is redeemed in vain");
    let reply = browser.get("/readyz").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (503, "not ready\n"));
    assert_eq!(browser.get("/healthz").await.status, 200);
    down.store(false, Ordering::SeqCst);
    assert_eq!(browser.get("/auth/session").await.json()["user"]["name"], "Ada");
}

#[tokio::test]
async fn two_servers_on_one_store_are_one() {
    let clock = Arc::new(authcfg::clock::FixedClock::new(NOW));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let site = || {
        let config = load(&format!("{DEPLOYMENT}{MEMORY}"), &[], environment()).unwrap();
        Site::over(config, store.clone(), clock.clone())
    };
    let provider = start_over(MEMORY, |_| store.clone()).await;
    let mut browser = signed_in(&provider).await;
    let mut elsewhere = Browser { site: site(), ..browser.clone() };
    assert_eq!(elsewhere.get("/auth/session").await.json()["user"]["name"], "Ada");
    elsewhere.sign_in("/auth/signout", &[]).await;
    assert_eq!(browser.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn another_secret_opens_no_session() {
    let clock = Arc::new(authcfg::clock::FixedClock::new(NOW));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let provider = start_over(MEMORY, |_| store.clone()).await;
    let browser = signed_in(&provider).await;
    let new = ("new.txt", "the-new-secret-0123456789abcdef0123456789");
    for (secret, name) in
        [("[{file: new.txt}, {env: AUTH_SECRET}]", json!("Ada")), ("{file: new.txt}", json!(null))]
    {
        let deployment = format!("{DEPLOYMENT}{MEMORY}secret: {secret}\n");
        let config = load(&deployment, &[new], environment()).unwrap();
        let mut rotated =
            Browser { site: Site::over(config, store.clone(), clock.clone()), ..browser.clone() };
        let read = rotated.get("/auth/session").await;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&read.body).unwrap()["user"]["name"], name);
    }
}
