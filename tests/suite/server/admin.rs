//! Sessions listed and ended by whoever runs the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authcfg::session::store::{Key, MemoryStore};
use serde_json::{Value, json};

use crate::server::browser::{ADMIN_TOKEN, Browser, DEPLOYMENT, Reply, environment, load};
use crate::server::openid::Openid;
use crate::server::provider::{Provider, start_over};
use crate::server::store::Unsteady;

const ADMIN: &str = "\
session: {strategy: database, store: memory}
admin: {token: {env: AUTHCFG_ADMIN_TOKEN}}
";
const SESSION: &str = "__Secure-authjs.session-token";

async fn started() -> Provider {
    start_over(ADMIN, |clock| Arc::new(MemoryStore::new(clock))).await
}

async fn signed_in(provider: &Provider, code: &str) -> Browser {
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, code).await;
    browser
}

async fn ask(browser: &Browser, method: &str, query: &str) -> Reply {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let mut nobody = browser.site.browser();
    nobody.send(method, &format!("/admin/sessions?{query}"), &[("authorization", &authorization)], "").await
}

async fn listed(browser: &Browser, query: &str) -> Vec<Value> {
    ask(browser, "GET", query).await.json()["sessions"].as_array().unwrap().clone()
}

async fn ended(browser: &Browser, query: &str) -> Value {
    ask(browser, "DELETE", query).await.json()["ended"].clone()
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/auth/session").await.body != "null"
}

#[tokio::test]
async fn the_sessions_of_a_person_are_listed_the_newest_first() {
    let provider = started().await;
    let old = signed_in(&provider, "ada").await;
    provider.site.clock.advance(60);
    let new = signed_in(&provider, "ada").await;
    let eve = signed_in(&provider, "unverified").await;
    let reply = ask(&eve, "GET", "provider=acme&sub=7").await;
    assert!(reply.header("cache-control").contains("no-store"));
    let reference = |browser: &Browser| Key::of(&browser.cookies[SESSION]).to_text();
    let of = |browser: &Browser, began: &str, expires: &str| {
        json!({
            "session": reference(browser), "provider": "acme", "sub": "7", "name": "Ada", "email": "ada@acme.example",
            "began": began, "renewed": began, "expires": expires,
        })
    };
    assert_eq!(
        reply.json()["sessions"],
        json!([
            of(&new, "2026-01-01T00:01:00.000Z", "2026-01-31T00:01:00.000Z"),
            of(&old, "2026-01-01T00:00:00.000Z", "2026-01-31T00:00:00.000Z"),
        ])
    );
    assert!(!reply.body.contains(&new.cookies[SESSION]), "the id is in no answer");
    for (query, count) in [
        ("email=ADA@acme.example", 2),
        ("email=eve@acme.example", 1),
        ("email=nobody@acme.example", 0),
        ("provider=acme&sub=07", 0),
        ("provider=posted&sub=7", 0),
        ("provider=acme&sub=7&issuer=https://acme.example", 0),
    ] {
        assert_eq!(listed(&eve, query).await.len(), count, "{query}");
    }
    let one = listed(&eve, &format!("session={}", reference(&old))).await;
    assert_eq!(one[0]["began"], "2026-01-01T00:00:00.000Z");
    assert_eq!(listed(&eve, &format!("session={}", Key::of("another").to_text())).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_sessions_of_a_person_end_and_those_of_others_do_not() {
    let provider = started().await;
    let mut ada = signed_in(&provider, "ada").await;
    let mut also_ada = signed_in(&provider, "ada").await;
    let mut eve = signed_in(&provider, "unverified").await;
    assert_eq!(ended(&eve, "provider=acme&sub=8").await, 0);
    assert_eq!(ended(&eve, &format!("session={}", Key::of(&ada.cookies[SESSION]).to_text())).await, 1);
    assert!(!is_signed_in(&mut ada).await && is_signed_in(&mut also_ada).await);
    assert_eq!(ended(&eve, "provider=acme&sub=7").await, 1);
    assert!(!is_signed_in(&mut also_ada).await && is_signed_in(&mut eve).await);
    assert_eq!(ended(&eve, "email=eve@acme.example").await, 1);
    assert!(!is_signed_in(&mut eve).await);
    assert_eq!(listed(&eve, "provider=acme&sub=7").await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_issuer_is_compared_exactly() {
    let provider = Openid::start(json!({}), ADMIN).await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let of = |issuer: &str| format!("provider=acme&sub=7&issuer={issuer}");
    let session = listed(&browser, &of(&provider.issuer)).await;
    assert_eq!(session[0]["issuer"], provider.issuer);
    assert_eq!(ended(&browser, &of(&format!("{}/", provider.issuer))).await, 0);
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(ended(&browser, &of(&provider.issuer)).await, 1);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn nobody_asks_without_the_token() {
    let provider = started().await;
    let mut ada = signed_in(&provider, "ada").await;
    let path = "/admin/sessions?provider=acme&sub=7";
    let (longer, shorter) = (format!("Bearer {ADMIN_TOKEN}x"), format!("Bearer {}", &ADMIN_TOKEN[1..]));
    let basic = format!("Basic {ADMIN_TOKEN}");
    for headers in [
        &[][..],
        &[("authorization", longer.as_str())],
        &[("authorization", shorter.as_str())],
        &[("authorization", basic.as_str())],
        &[("authorization", "Bearer ")],
        &[("authorization", ADMIN_TOKEN)],
    ] {
        for method in ["GET", "DELETE"] {
            let reply = ada.send(method, path, headers, "").await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("www-authenticate")),
                (401, "Bearer"),
                "{headers:?}"
            );
            assert!(!reply.body.contains("Ada"));
        }
    }
    let right = format!("bearer {ADMIN_TOKEN}");
    let both = [("authorization", right.as_str()), ("authorization", longer.as_str())];
    assert_eq!(ada.send("DELETE", path, &both, "").await.status, 401, "two tokens are none");
    assert!(is_signed_in(&mut ada).await);
    assert_eq!(ada.send("POST", path, &[("authorization", &right)], "").await.status, 405);
    assert_eq!(ada.send("GET", path, &[("authorization", &right)], "").await.status, 200);
}

#[tokio::test]
async fn what_names_nobody_is_refused_and_ends_nothing() {
    let provider = started().await;
    let mut ada = signed_in(&provider, "ada").await;
    for query in ["", "provider=acme", "sub=7", "email=", "email=ada@acme.example&sub=7", "all=true"] {
        let reply = ask(&ada, "DELETE", query).await;
        assert_eq!(reply.status, 400, "{query}");
    }
    assert!(is_signed_in(&mut ada).await);
}

#[tokio::test]
async fn without_a_token_in_the_deployment_there_is_no_such_path() {
    let rest = "session: {strategy: database, store: memory}\n";
    let provider = start_over(rest, |clock| Arc::new(MemoryStore::new(clock))).await;
    assert_eq!(ask(&provider.site.browser(), "GET", "provider=acme&sub=7").await.status, 404);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_503_and_what_did_not_end_is_not_said_to_have() {
    let down = Arc::new(AtomicBool::new(false));
    let provider = start_over(ADMIN, |clock| Arc::new(Unsteady::new(clock, down.clone()))).await;
    let mut ada = signed_in(&provider, "ada").await;
    down.store(true, Ordering::SeqCst);
    for method in ["GET", "DELETE"] {
        assert_eq!(ask(&ada, method, "provider=acme&sub=7").await.status, 503);
    }
    down.store(false, Ordering::SeqCst);
    assert!(is_signed_in(&mut ada).await);
    assert_eq!(ended(&ada, "provider=acme&sub=7").await, 1);
}

#[test]
fn a_token_is_strong_and_needs_a_store() {
    let codes = |rest: &str, token: &str| {
        let mut environment = environment();
        environment.retain(|(name, _)| name != "AUTHCFG_ADMIN_TOKEN");
        environment.push(("AUTHCFG_ADMIN_TOKEN".into(), token.into()));
        let found = load(&format!("{DEPLOYMENT}{rest}"), &[], environment).err().unwrap_or_default();
        found.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(codes(ADMIN, ADMIN_TOKEN), [""; 0]);
    assert_eq!(codes(ADMIN, "short"), ["weak-secret"]);
    assert_eq!(codes("admin: {token: {env: AUTHCFG_ADMIN_TOKEN}}\n", ADMIN_TOKEN), ["no-effect"]);
    assert_eq!(codes(&ADMIN.replace("{env: AUTHCFG_ADMIN_TOKEN}", "hunter2"), ADMIN_TOKEN), ["plain-secret"]);
    assert_eq!(
        codes(&ADMIN.replace("{token: {env: AUTHCFG_ADMIN_TOKEN}}", "{}"), ADMIN_TOKEN),
        ["missing-field"]
    );
}
