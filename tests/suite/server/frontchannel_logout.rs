//! A frame of the provider's page ends our sessions (OpenID Connect Front-Channel Logout).

use serde_json::json;

use crate::server::openid::Openid;

const WITH_STORE: &str = "session: {strategy: database, store: memory}\n";

/// The status of an answer, and whether the session of provider session `s` outlives the request.
async fn outlives(query: impl FnOnce(&str) -> String) -> (u16, bool) {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, _) = provider.signed_in(json!({"sid": "s"})).await;
    let path = format!("/auth/frontchannel-logout/{}", query(&provider.issuer));
    let reply = provider.site().browser().get(&path).await;
    assert!(reply.header("cache-control").contains("no-store"), "{reply:?}");
    assert!(reply.set_cookies().is_empty() && reply.location().is_empty(), "{reply:?}");
    (reply.status.as_u16(), browser.get("/auth/session").await.body != "null")
}

#[tokio::test]
async fn the_session_that_is_named_ends_in_every_browser() {
    assert_eq!(outlives(|issuer| format!("acme?iss={issuer}&sid=s")).await, (200, false));
    assert_eq!(outlives(|issuer| format!("acme?sid=s&iss={issuer}&other=1")).await, (200, false));
}

#[tokio::test]
async fn who_does_not_name_it_ends_nothing_and_learns_nothing() {
    assert_eq!(outlives(|issuer| format!("acme?iss={issuer}&sid=other")).await, (200, true));
    assert_eq!(outlives(|_| "acme?iss=https://evil.example&sid=s".into()).await, (200, true));
    assert_eq!(outlives(|issuer| format!("other?iss={issuer}&sid=s")).await, (200, true));
    for (query, what) in
        [("acme?sid=s", "no issuer"), ("acme", "nothing"), ("acme?iss=&sid=s", "an empty issuer")]
    {
        assert_eq!(outlives(|_| query.into()).await, (400, true), "{what}");
    }
    assert_eq!(outlives(|issuer| format!("acme?iss={issuer}")).await, (400, true), "no session");
    assert_eq!(outlives(|issuer| format!("acme?iss={issuer}&sid=")).await, (400, true), "an empty session");
    assert_eq!(
        outlives(|issuer| format!("acme?iss={issuer}&sid=s&sid=t")).await,
        (400, true),
        "two sessions"
    );
    assert_eq!(outlives(|issuer| format!("?iss={issuer}&sid=s")).await, (400, true), "no provider");
}

#[tokio::test]
async fn sessions_in_cookies_cannot_be_found() {
    let provider = Openid::start(json!({}), "").await;
    let (mut browser, _) = provider.signed_in(json!({"sid": "s"})).await;
    let path = format!("/auth/frontchannel-logout/acme?iss={}&sid=s", provider.issuer);
    assert_eq!(provider.site().browser().get(&path).await.status, 404);
    assert_ne!(browser.get("/auth/session").await.body, "null");
}

#[tokio::test]
async fn only_a_request_of_a_frame_is_taken() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, _) = provider.signed_in(json!({"sid": "s"})).await;
    let path = format!("/auth/frontchannel-logout/acme?iss={}&sid=s", provider.issuer);
    let reply = provider.site().browser().post(&path, &[("sid", "s")]).await;
    assert!(!reply.status.is_success(), "{reply:?}");
    assert_ne!(browser.get("/auth/session").await.body, "null");
}
