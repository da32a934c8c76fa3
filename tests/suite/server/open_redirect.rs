//! `callbackUrl` never leads elsewhere, whatever it looks like (T-30).

use std::path::PathBuf;

use crate::server::browser::{DEPLOYMENT, Site};

const ORIGIN: &str = "https://app.example.com";

fn decoded(cookie: &str) -> String {
    let value = cookie.split_once('=').unwrap().1.split(';').next().unwrap();
    percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned()
}

/// Where a sign-in with this `callbackUrl` would end: what the cookie remembers.
async fn ends_at(site: &Site, value: &str) -> Option<String> {
    let mut browser = site.browser();
    let reply = browser.sign_in("/auth/signin/github", &[("callbackUrl", value)]).await;
    assert!(reply.status == 302, "{value:?}: {}", reply.status);
    let cookie =
        browser.cookies.get("__Secure-authjs.callback-url").map(|value| decoded(&format!("c={value};")));
    if reply.location().starts_with("https://github.com/") { cookie } else { None }
}

/// Neither this parser nor a sloppier one may read another host than ours.
fn stays(target: &str) -> bool {
    let url = url::Url::parse(target).unwrap();
    let rest = target.strip_prefix(ORIGIN).unwrap_or("@");
    url.origin().ascii_serialization() == ORIGIN
        && (rest.is_empty() || rest.starts_with('/'))
        && !rest.starts_with("//")
        && !target.bytes().any(|byte| byte < 0x21 || byte == b'\\' || byte >= 0x7f)
}

#[tokio::test]
async fn callback_url_in_body() {
    let site = Site::new(DEPLOYMENT);
    for (sent, expected) in [
        ("/a?b=1", "https://app.example.com/a?b=1"),
        ("https://app.example.com/x#frag", "https://app.example.com/x#frag"),
        ("https://evil.example/x", ORIGIN),
        ("//evil.example/x", ORIGIN),
        ("/\\evil.example", ORIGIN),
        ("", ORIGIN),
        ("javascript:alert(1)", ORIGIN),
        ("https://app.example.com:8443/x", ORIGIN),
        ("/grüße", "https://app.example.com/gr%C3%BC%C3%9Fe"),
    ] {
        assert_eq!(ends_at(&site, sent).await.as_deref(), Some(expected), "{sent:?}");
    }
    assert_eq!(ends_at(&site, "not a url").await, None, "Configuration, as with Auth.js");
}

/// Auth.js answers 500 to some of these.
#[tokio::test]
async fn callback_url_in_query() {
    for value in [
        "not%20a%20url",
        "javascript%3Aalert(1)",
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%00",
        "%0d%0aSet-Cookie%3Ax",
    ] {
        let reply = Site::new(DEPLOYMENT).browser().get(&format!("/auth/signin?callbackUrl={value}")).await;
        assert_eq!(reply.status, 200, "{value}");
        assert!(reply.body.contains("name=\"callbackUrl\" value=\"https://app.example.com\""), "{value}");
    }
}

#[tokio::test]
async fn every_form_of_the_corpora_stays_here() {
    let shared = std::env::var_os("AUTHCFG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("data/open-redirect");
    let site = Site::new(DEPLOYMENT);
    let mut forms = 0;
    for name in ["mod_auth_openidc.txt", "oauth2-proxy.txt"] {
        let Ok(bytes) = std::fs::read(folder.join(name)) else {
            println!("not run: there is no {name} in {} (set AUTHCFG_SHARED)", folder.display());
            continue;
        };
        for line in String::from_utf8_lossy(&bytes).lines() {
            forms += 1;
            if let Some(target) = ends_at(&site, line).await {
                assert!(stays(&target), "{line:?} ends at {target}");
            }
        }
    }
    println!("{forms} forms of the corpora were tried");
}

#[tokio::test]
async fn only_listed_origins_are_other_places_to_end_at() {
    let site = Site::new(&format!("{DEPLOYMENT}redirect_allow: [https://www.example.com]\n"));
    assert_eq!(
        ends_at(&site, "https://www.example.com/x").await.as_deref(),
        Some("https://www.example.com/x")
    );
    for value in [
        "https://www.example.com.evil.example/",
        "http://www.example.com/",
        "https://wwwxexample.com/",
        "https://www.example.com@evil.example/",
    ] {
        assert_eq!(ends_at(&site, value).await.as_deref(), Some(ORIGIN), "{value}");
    }
}
