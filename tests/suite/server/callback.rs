//! The callback: what ends a sign-in, and everything that must not.

use serde_json::json;

use crate::server::browser::{Browser, Reply};
use crate::server::provider::start;

const CONFIGURATION: &str = "https://app.example.com/auth/error?error=Configuration";
const SESSION: &str = "__Secure-authjs.session-token";

/// Nobody is signed in, and the log alone knows why.
fn refused(browser: &Browser, reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.location()), (302, CONFIGURATION));
    assert!(!browser.cookies.contains_key(SESSION));
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn login_callback() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let reply = provider.sign_in(&mut browser, "ada").await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://app.example.com/dashboard"));
    let cookies = reply.set_cookies();
    assert!(
        cookies[0].starts_with("__Host-authcfg.tx.")
            && cookies[0].ends_with("=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax")
    );
    assert!(cookies[1].starts_with(&format!("{SESSION}=")));
    assert!(
        cookies[1]
            .ends_with("; Path=/; Expires=Sat, 31 Jan 2026 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax")
    );
    let session = browser.get("/auth/session").await.json();
    assert_eq!(
        session,
        json!({
            "user": {"name": "Ada", "email": "ada@acme.example", "image": "https://acme.example/ada.png"},
            "expires": "2026-01-31T00:00:00.000Z",
        })
    );
}

#[tokio::test]
async fn callback_no_code() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    let reply = browser.get(&format!("/auth/callback/acme?state={state}")).await;
    refused(&browser, &reply);
    assert_eq!(provider.tokens(), 0);
}

#[tokio::test]
async fn a_state_that_is_wrong_missing_or_twice_is_refused() {
    let provider = start("").await;
    for query in [
        "code=ada",
        "code=ada&state=",
        "code=ada&state=x",
        "code=ada&state=STATE&state=STATE",
        "code=ada&code=eve&state=STATE",
        "error=access_denied",
    ] {
        let mut browser = provider.site.browser();
        let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
        let reply = browser.get(&format!("/auth/callback/acme?{}", query.replace("STATE", &state))).await;
        refused(&browser, &reply);
    }
    assert_eq!(provider.tokens(), 0);
}

#[tokio::test]
async fn another_browsers_sign_in_is_refused() {
    let provider = start("").await;
    let state = provider.site.browser().sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    let mut browser = provider.site.browser();
    let reply = browser.get(&format!("/auth/callback/acme?code=ada&state={state}")).await;
    refused(&browser, &reply);
    assert_eq!(provider.tokens(), 0);
}

#[tokio::test]
async fn callback_other_provider() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    let form = [("code", "ada"), ("state", state.as_str())];
    let reply = browser.post("/auth/callback/posted", &form).await;
    refused(&browser, &reply);
    assert_eq!(provider.tokens(), 0);
}

/// Also where the whole cookie was copied before it was used.
#[tokio::test]
async fn callback_replay() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    let mut copy = browser.clone();
    let path = format!("/auth/callback/acme?code=ada&state={state}");
    assert_eq!(browser.get(&path).await.location(), "https://app.example.com");
    browser.cookies.remove(SESSION);
    let reply = browser.get(&path).await;
    refused(&browser, &reply);
    let reply = copy.get(&path).await;
    refused(&copy, &reply);
    assert_eq!(provider.tokens(), 1);
}

#[tokio::test]
async fn a_sign_in_is_over_after_ten_minutes() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    provider.site.clock.advance(601);
    let reply = browser.get(&format!("/auth/callback/acme?code=ada&state={state}")).await;
    refused(&browser, &reply);
}

#[tokio::test]
async fn what_the_provider_does_wrong_signs_nobody_in() {
    let provider = start("").await;
    for code in ["used", "html", "nobody", "error"] {
        let mut browser = provider.site.browser();
        let reply = provider.sign_in(&mut browser, code).await;
        refused(&browser, &reply);
        assert!(
            browser.cookies.keys().all(|name| !name.contains("authcfg.tx")),
            "the cookie is gone whatever the outcome"
        );
    }
}

#[tokio::test]
async fn a_denied_consent_leads_to_the_sign_in_page() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    let reply = browser
        .get(&format!("/auth/callback/acme?error=access_denied&error_description=%3Cb%3E&state={state}"))
        .await;
    assert_eq!(reply.location(), "https://app.example.com/auth/signin?error=OAuthCallbackError");
    assert_eq!(provider.tokens(), 0);
}

#[tokio::test]
async fn ten_tabs_all_finish() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let mut states = vec![];
    for tab in 0..10 {
        let target = format!("/tab{tab}");
        states.push(
            browser.sign_in("/auth/signin/acme", &[("callbackUrl", &target)]).await.param("state").unwrap(),
        );
    }
    for (tab, state) in states.iter().enumerate().rev() {
        let reply = browser.get(&format!("/auth/callback/acme?code=ada&state={state}")).await;
        assert_eq!(reply.location(), format!("https://app.example.com/tab{tab}"));
    }
}

#[tokio::test]
async fn of_more_than_twelve_sign_ins_the_oldest_makes_room() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let first = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    for _ in 0..14 {
        provider.site.clock.advance(1);
        browser.sign_in("/auth/signin/acme", &[]).await;
    }
    let under_way = browser.cookies.keys().filter(|name| name.starts_with("__Host-authcfg.tx.")).count();
    assert_eq!(under_way, 12);
    let reply = browser.get(&format!("/auth/callback/acme?code=ada&state={first}")).await;
    refused(&browser, &reply);
}

#[tokio::test]
async fn a_form_post_ends_a_sign_in_across_sites() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let begun = browser.sign_in("/auth/signin/posted", &[("callbackUrl", "/after")]).await;
    assert_eq!(begun.param("response_mode").as_deref(), Some("form_post"));
    let state = begun.param("state").unwrap();
    let cookie =
        begun.set_cookies().into_iter().find(|cookie| cookie.contains("authcfg.tx")).unwrap().to_owned();
    assert!(cookie.ends_with("; HttpOnly; Secure; SameSite=None"), "{cookie}");
    // The browser brings no other cookie along.
    browser.cookies.retain(|name, _| name.contains("authcfg.tx"));
    let headers = [("sec-fetch-site", "cross-site"), ("origin", "null")];
    let reply =
        browser.post_with("/auth/callback/posted", &[("code", "ada"), ("state", &state)], &headers).await;
    assert_eq!(reply.location(), "https://app.example.com/after");
    assert!(
        reply
            .set_cookies()
            .iter()
            .all(|cookie| !cookie.contains("csrf-token") && !cookie.contains("callback-url"))
    );
}

#[tokio::test]
async fn an_answer_in_the_wrong_place_is_refused() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    let state = browser.sign_in("/auth/signin/posted", &[]).await.param("state").unwrap();
    let reply = browser.get(&format!("/auth/callback/posted?code=ada&state={state}")).await;
    refused(&browser, &reply);
    let state = browser.sign_in("/auth/signin/acme", &[]).await.param("state").unwrap();
    let reply = browser.post("/auth/callback/acme", &[("code", "ada"), ("state", &state)]).await;
    refused(&browser, &reply);
    assert_eq!(provider.tokens(), 0);
}

#[tokio::test]
async fn allow_decides_by_verified_addresses() {
    let provider = start("allow: [{emails: [\"*@acme.example\"]}]\n").await;
    let mut browser = provider.site.browser();
    assert_eq!(provider.sign_in(&mut browser, "ada").await.location(), "https://app.example.com/dashboard");
    let mut browser = provider.site.browser();
    let reply = provider.sign_in(&mut browser, "unverified").await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=AccessDenied");
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn allow_decides_by_claims() {
    let provider = start("allow: [{profile: {team: [red]}}]\n").await;
    let mut browser = provider.site.browser();
    let reply = provider.sign_in(&mut browser, "ada").await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=AccessDenied");
}
