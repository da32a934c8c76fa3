//! A sign-in or sign-out begins with a form of ours, from the same browser, and with nothing else (T-40).

use serde_json::json;

use crate::server::browser::{Browser, DEPLOYMENT, Reply, Site};

const MISSING: &str = "https://app.example.com/auth/signin?error=MissingCSRF";

async fn post(headers: &[(&str, &str)]) -> Reply {
    let mut browser = Site::new(DEPLOYMENT).browser();
    let token = browser.csrf().await;
    browser.post_with("/auth/signin/github", &[("csrfToken", &token)], headers).await
}

fn begins(reply: &Reply) -> bool {
    reply.location().starts_with("https://github.com/")
}

#[tokio::test]
async fn a_form_of_ours_begins_a_sign_in() {
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", "https://app.example.com")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
    ] {
        assert!(begins(&post(headers).await), "{headers:?}");
    }
}

#[tokio::test]
async fn another_sites_form_does_not() {
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://app.example.com")],
    ] {
        assert_eq!(post(headers).await.location(), MISSING, "{headers:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_browser_is_none() {
    let site = Site::new(DEPLOYMENT);
    let foreign = site.browser().csrf().await;
    let mut browser: Browser = site.browser();
    browser.csrf().await;
    for form in [&[("csrfToken", foreign.as_str())][..], &[("csrfToken", "")], &[]] {
        assert_eq!(browser.post("/auth/signin/github", form).await.location(), MISSING);
        assert_eq!(browser.post("/auth/signout", form).await.location(), MISSING);
    }
}

#[tokio::test]
async fn a_token_alone_without_its_cookie_is_none() {
    let site = Site::new(DEPLOYMENT);
    let token = site.browser().csrf().await;
    assert_eq!(
        site.browser().post("/auth/signin/github", &[("csrfToken", &token)]).await.location(),
        MISSING
    );
}

#[tokio::test]
async fn a_token_in_the_query_or_in_another_kind_of_body_is_none() {
    let mut browser = Site::new(DEPLOYMENT).browser();
    let token = browser.csrf().await;
    assert_eq!(
        browser.post(&format!("/auth/signin/github?csrfToken={token}"), &[]).await.location(),
        MISSING
    );
    let body = json!({"csrfToken": token}).to_string();
    assert_eq!(
        browser
            .send("POST", "/auth/signin/github", &[("content-type", "text/plain")], &body)
            .await
            .location(),
        MISSING
    );
}

#[tokio::test]
async fn a_get_signs_nobody_out() {
    let mut browser = Site::new(DEPLOYMENT).browser();
    browser.cookies.insert("__Secure-authjs.session-token".into(), "x".into());
    let reply = browser.get("/auth/signout").await;
    assert!(reply.set_cookies().iter().all(|cookie| !cookie.contains("session-token")));
}
