//! `/session`: who is signed in, for how long, and what no cookie can do to it.

use authcfg::oauth::Secret;
use authcfg::rng::SystemRng;
use authcfg::session::sealing::Sealer;
use serde_json::{Value, json};

use crate::server::browser::{Browser, DEPLOYMENT, NOW, SECRET, Site};
use crate::server::provider::start;

const SESSION: &str = "__Secure-authjs.session-token";

fn token(claims: Value, max_age: u64) -> String {
    Sealer::new(&[Secret::from(SECRET)], SESSION).seal(claims.as_object().unwrap(), max_age, NOW, &SystemRng)
}

fn open(token: &str, now: u64) -> serde_json::Map<String, Value> {
    Sealer::new(&[Secret::from(SECRET)], SESSION).open(token, now).unwrap()
}

fn signed_in(site: &Site, claims: Value) -> Browser {
    let mut browser = site.browser();
    browser.cookies.insert(SESSION.into(), token(claims, 2_592_000));
    browser
}

#[tokio::test]
async fn session_get() {
    let site = Site::new(DEPLOYMENT);
    let claims = json!({"name": "Ada", "email": null, "picture": "https://a.example/a.png", "sub": "acme:7", "tenant": "t1"});
    let mut browser = signed_in(&site, claims);
    browser.csrf().await;
    site.clock.advance(60);
    let reply = browser.get("/auth/session").await;
    assert_eq!(
        reply.body,
        r#"{"user":{"name":"Ada","email":null,"image":"https://a.example/a.png"},"expires":"2026-01-31T00:01:00.000Z"}"#
    );
    assert_eq!((reply.header("expires"), reply.header("pragma")), ("0", "no-cache"));
    let cookies = reply.set_cookies();
    assert_eq!(cookies.len(), 1);
    assert!(
        cookies[0]
            .ends_with("; Path=/; Expires=Sat, 31 Jan 2026 00:01:00 GMT; HttpOnly; Secure; SameSite=Lax")
    );
    let renewed = open(&browser.cookies[SESSION], NOW + 60);
    assert_eq!((&renewed["iat"], &renewed["sub"]), (&json!(NOW + 60), &json!("acme:7")));
    assert_eq!(renewed["tenant"], "t1", "what another reader of the format put into the token stays");
}

#[tokio::test]
async fn session_get_anonymous() {
    let reply = Site::new(DEPLOYMENT).browser().get("/auth/session").await;
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str(), reply.header("content-type")),
        (200, "null", "application/json")
    );
    assert_eq!(reply.set_cookies().len(), 2);
}

#[tokio::test]
async fn session_get_garbage() {
    let mut browser = Site::new(DEPLOYMENT).browser();
    browser.cookies.insert(SESSION.into(), "garbage".into());
    let reply = browser.get("/auth/session").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "null"));
    assert_eq!(
        reply.set_cookies()[2],
        "__Secure-authjs.session-token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"
    );
}

#[tokio::test]
async fn session_post_and_session_post_no_csrf_and_session_post_anonymous() {
    let site = Site::new(DEPLOYMENT);
    let mut browser = signed_in(&site, json!({"name": "Ada"}));
    let headers = [("content-type", "application/json")];
    let reply = browser.send("POST", "/auth/session", &headers, r#"{"data": {"name": "Eve"}}"#).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (400, "null"));
    let body = json!({"csrfToken": browser.csrf().await, "data": {"name": "Eve"}}).to_string();
    let reply = browser.send("POST", "/auth/session", &headers, &body).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["user"]["name"]), (200, &json!("Ada")));
    assert_eq!(reply.header("pragma"), "");
    browser.cookies.remove(SESSION);
    let reply = browser.send("POST", "/auth/session", &headers, &body).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "null"));
}

#[tokio::test]
async fn signout_post() {
    let site = Site::new(DEPLOYMENT);
    let mut browser = signed_in(&site, json!({"name": "Ada"}));
    browser.cookies.insert(format!("{SESSION}.0"), "stale".into());
    let reply = browser.sign_in("/auth/signout", &[("callbackUrl", "/bye")]).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://app.example.com/bye"));
    assert!(browser.cookies.keys().all(|name| !name.contains("session-token")));
    assert_eq!(browser.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn chunked_login_chunked_session_chunked_to_unchunked() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "long").await;
    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(browser.cookies[&format!("{SESSION}.0")].len(), 3936);
    let read = browser.get("/auth/session").await.json();
    assert_eq!(read["user"]["name"].as_str().unwrap().len(), 6_000);
    let reply = provider.sign_in(&mut browser, "ada").await;
    assert!(reply.set_cookies().iter().any(|cookie| cookie.starts_with(&format!("{SESSION}.0=; Max-Age=0"))));
    assert!(browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(&format!("{SESSION}.0")));
    assert_eq!(browser.get("/auth/session").await.json()["user"]["name"], "Ada");
}

#[tokio::test]
async fn a_stray_cookie_signs_nobody_out() {
    let site = Site::new(DEPLOYMENT);
    for (name, value) in [
        (format!("{SESSION}.9"), "x"),
        (format!("{SESSION}.foo"), "x"),
        (format!("{SESSION}-old"), "x"),
        ("__secure-authjs.session-token".into(), "x"),
        ("other".into(), "\u{ff}"),
    ] {
        let mut browser = signed_in(&site, json!({"name": "Ada"}));
        browser.cookies.insert(name.clone(), value.into());
        assert_eq!(browser.get("/auth/session").await.json()["user"]["name"], "Ada", "{name}");
    }
}

#[tokio::test]
async fn no_cookie_of_another_purpose_is_a_session() {
    let site = Site::new(DEPLOYMENT);
    let mut browser = site.browser();
    browser.sign_in("/auth/signin/github", &[]).await;
    for value in browser.cookies.values().cloned().collect::<Vec<_>>() {
        browser.cookies.insert(SESSION.into(), value);
        assert_eq!(browser.get("/auth/session").await.body, "null");
    }
    let other = Sealer::new(&[Secret::from(SECRET)], "authjs.session-token");
    browser
        .cookies
        .insert(SESSION.into(), other.seal(json!({"name": "Ada"}).as_object().unwrap(), 60, NOW, &SystemRng));
    assert_eq!(browser.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn secret_rotation() {
    let new = "the-new-secret-0123456789abcdef0123456789";
    let deployment = format!("{DEPLOYMENT}secret: [{{file: new.txt}}, {{env: AUTH_SECRET}}]\n");
    let site = Site::with(&deployment, &[("new.txt", new)]);
    let mut browser = signed_in(&site, json!({"name": "A"}));
    assert_eq!(browser.get("/auth/session").await.json()["user"]["name"], "A");
    let renewed = Sealer::new(&[Secret::from(new)], SESSION).open(&browser.cookies[SESSION], NOW);
    assert_eq!(renewed.unwrap()["name"], "A", "the first secret seals");
}

#[tokio::test]
async fn expiry_tolerance() {
    let site = Site::new(DEPLOYMENT);
    for (past, body) in [(10, true), (20, false)] {
        let mut browser = site.browser();
        let sealer = Sealer::new(&[Secret::from(SECRET)], SESSION);
        let token = sealer.seal(json!({"name": "E"}).as_object().unwrap(), 60, NOW - 60 - past, &SystemRng);
        browser.cookies.insert(SESSION.into(), token);
        assert_eq!(browser.get("/auth/session").await.body != "null", body, "{past}");
    }
}

#[tokio::test]
async fn session_with_bearer_header() {
    let bearer = format!("Bearer {}", token(json!({"name": "A"}), 60));
    let mut browser = Site::new(DEPLOYMENT).browser();
    assert_eq!(browser.send("GET", "/auth/session", &[("authorization", &bearer)], "").await.body, "null");
}

#[tokio::test]
async fn session_max_age_3600() {
    let site = Site::new(&format!("{DEPLOYMENT}session: {{max_age: 1h}}\n"));
    let mut browser = signed_in(&site, json!({"name": "A"}));
    let reply = browser.get("/auth/session").await;
    assert!(reply.set_cookies().last().unwrap().contains("Expires=Thu, 01 Jan 2026 01:00:00 GMT"));
    assert_eq!(open(&browser.cookies[SESSION], NOW)["exp"], NOW + 3600);
}

#[tokio::test]
async fn a_session_ends_when_it_was_idle_or_absolutely() {
    let provider = start("session: {idle: 30min, absolute: 2h}\n").await;
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "ada").await;
    for _ in 0..4 {
        provider.site.clock.advance(29 * 60);
        assert_ne!(browser.get("/auth/session").await.body, "null");
    }
    let mut idle = browser.clone();
    provider.site.clock.advance(5 * 60);
    assert_eq!(browser.get("/auth/session").await.body, "null", "two hours have passed");
    provider.site.clock.advance(30 * 60);
    assert_eq!(idle.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn only_named_claims_are_shown() {
    let provider = start("session: {claims: [team]}\n").await;
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "ada").await;
    assert_eq!(browser.get("/auth/session").await.json()["user"]["team"], "blue");
    let sub = open(&browser.cookies[SESSION], NOW)["sub"].clone();
    assert_eq!(sub, "acme:7", "the same at every sign-in");
}

#[tokio::test]
async fn the_session_cookie_can_be_bound_to_the_host() {
    let provider = start("session: {cookie: host}\n").await;
    let mut browser = provider.site.browser();
    let reply = provider.sign_in(&mut browser, "ada").await;
    assert!(reply.set_cookies().iter().any(|cookie| cookie.starts_with("__Host-authjs.session-token=")));
}
