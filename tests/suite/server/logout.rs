//! Signing out at the provider as well (OpenID Connect RP-Initiated Logout), where the deployment says so.

use serde_json::json;
use url::Url;

use crate::server::browser::{Browser, Reply};
use crate::server::openid::Openid;

const AT_PROVIDER: &str = "session: {logout: provider}\n";
const WITH_STORE: &str = "session: {logout: provider, strategy: database, store: memory}\n";
const SESSION: &str = "__Secure-authjs.session-token";
const LOGOUT: &str = "__Host-authcfg.logout";

async fn sign_out(browser: &mut Browser) -> Reply {
    browser.sign_in("/auth/signout", &[("callbackUrl", "/bye")]).await
}

fn query(reply: &Reply) -> Vec<(String, String)> {
    Url::parse(reply.location()).unwrap().query_pairs().into_owned().collect()
}

async fn come_back(browser: &mut Browser, query: &str) -> String {
    browser.get(&format!("/auth/signed-out{query}")).await.location().to_owned()
}

#[tokio::test]
async fn the_browser_goes_to_the_provider_and_comes_back() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, id_token) = provider.signed_in(json!({})).await;
    let mut copy = browser.clone();
    let reply = sign_out(&mut browser).await;
    let state = reply.param("state").unwrap();
    assert!(reply.location().starts_with(&format!("{}/logout?", provider.issuer)), "{reply:?}");
    assert_eq!(
        query(&reply),
        [
            ("id_token_hint", id_token.as_str()),
            ("post_logout_redirect_uri", "https://app.example.com/auth/signed-out"),
            ("state", state.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(copy.get("/auth/session").await.body, "null", "over before the browser leaves");
    let cookie = reply.set_cookies().into_iter().find(|cookie| cookie.starts_with(LOGOUT)).unwrap();
    assert!(cookie.ends_with("; HttpOnly; Secure; SameSite=Lax") && !cookie.contains(&state), "{cookie}");

    assert_eq!(come_back(&mut browser, &format!("?state={state}")).await, "https://app.example.com/bye");
    assert!(!browser.cookies.contains_key(LOGOUT));
    let again = come_back(&mut browser, &format!("?state={state}")).await;
    assert_eq!(again, "https://app.example.com/auth/signin");
}

#[tokio::test]
async fn without_a_store_the_client_id_and_a_hint_say_who_it_is() {
    let provider = Openid::start(json!({}), AT_PROVIDER).await;
    let (mut browser, _) = provider.signed_in(json!({"login_hint": "ada-at-acme"})).await;
    assert_eq!(browser.get("/auth/session").await.json()["user"], json!({}), "the hint is not shown");
    let reply = sign_out(&mut browser).await;
    let names: Vec<String> = query(&reply).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "logout_hint", "post_logout_redirect_uri", "state"]);
    assert_eq!(reply.param("client_id").as_deref(), Some("acme-client"));
    assert_eq!(reply.param("logout_hint").as_deref(), Some("ada-at-acme"));
    let state = reply.param("state").unwrap();
    assert_eq!(come_back(&mut browser, &format!("?state={state}")).await, "https://app.example.com/bye");
}

#[tokio::test]
async fn a_client_that_reads_json_gets_the_address_there() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    for header in [true, false] {
        let (mut browser, _) = provider.signed_in(json!({})).await;
        let token = browser.csrf().await;
        let form: &[(&str, &str)] = if header { &[] } else { &[("json", "true")] };
        let form = [&[("csrfToken", token.as_str()), ("callbackUrl", "/bye")], form].concat();
        let headers: &[(&str, &str)] = if header { &[("x-auth-return-redirect", "1")] } else { &[] };
        let reply = browser.post_with("/auth/signout", &form, headers).await;
        let url = reply.json()["url"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 200);
        assert!(url.starts_with(&format!("{}/logout?id_token_hint=", provider.issuer)), "{url}");
    }
}

#[tokio::test]
async fn another_state_leads_to_the_sign_in_page() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let (mut other, _) = provider.signed_in(json!({})).await;
    let state = sign_out(&mut browser).await.param("state").unwrap();
    let theirs = sign_out(&mut other).await.param("state").unwrap();
    let page = "https://app.example.com/auth/signin";
    let (double, empty) = (format!("?state={state}&state={state}"), "?state=".to_owned());
    for query in [String::new(), empty, double, format!("?state={theirs}"), format!("?State={state}")] {
        assert_eq!(come_back(&mut browser, &query).await, page, "{query}");
    }
    assert_eq!(come_back(&mut provider.site().browser(), &format!("?state={state}")).await, page);
    let right = come_back(&mut browser, &format!("?state={state}")).await;
    assert_eq!(right, "https://app.example.com/bye", "a wrong one takes nothing away from the right one");

    let (mut late, _) = provider.signed_in(json!({})).await;
    let state = sign_out(&mut late).await.param("state").unwrap();
    provider.clock.advance(601);
    assert_eq!(come_back(&mut late, &format!("?state={state}")).await, page);
}

#[tokio::test]
async fn the_cookie_of_a_sign_in_is_none_of_a_sign_out() {
    let provider = Openid::start(json!({}), AT_PROVIDER).await;
    let mut browser = provider.site().browser();
    let begun = browser.sign_in("/auth/signin/acme", &[("callbackUrl", "/in")]).await;
    let (name, value) = browser
        .cookies
        .iter()
        .find(|(name, _)| name.contains("authcfg.tx."))
        .map(|(n, v)| (n.clone(), v.clone()))
        .unwrap();
    browser.cookies.insert(LOGOUT.into(), value);
    let state = begun.param("state").unwrap();
    assert_eq!(
        come_back(&mut browser, &format!("?state={state}")).await,
        "https://app.example.com/auth/signin"
    );

    let (mut browser, _) = provider.signed_in(json!({})).await;
    let state = sign_out(&mut browser).await.param("state").unwrap();
    let value = browser.cookies[LOGOUT].clone();
    browser.cookies.insert(name, value);
    let reply = browser.get(&format!("/auth/callback/acme?code=c&state={state}")).await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=Configuration");
}

#[tokio::test]
async fn where_it_ends_is_checked_as_ever() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let reply = browser.sign_in("/auth/signout", &[("callbackUrl", "https://evil.example/")]).await;
    let state = reply.param("state").unwrap();
    assert_eq!(come_back(&mut browser, &format!("?state={state}")).await, "https://app.example.com");
}

#[tokio::test]
async fn the_page_of_the_application_stands_in_for_the_sign_in_page() {
    let provider = Openid::start(json!({}), &format!("{AT_PROVIDER}pages: {{sign_in: /login}}\n")).await;
    assert_eq!(come_back(&mut provider.site().browser(), "").await, "/login");
}

#[tokio::test]
async fn it_is_off_unless_the_deployment_says_so() {
    for session in ["", "session: {strategy: database, store: memory}\n", "session: {logout: application}\n"]
    {
        let provider = Openid::start(json!({}), session).await;
        let (mut browser, _) = provider.signed_in(json!({})).await;
        let reply = sign_out(&mut browser).await;
        assert_eq!(reply.location(), "https://app.example.com/bye", "{session}");
        assert!(!browser.cookies.contains_key(LOGOUT));
    }
}

#[tokio::test]
async fn a_provider_that_cannot_changes_nothing_about_the_sign_out_here() {
    for endpoint in [json!(null), json!("http://login.acme.example/logout"), json!("nowhere")] {
        let provider = Openid::start(json!({"end_session_endpoint": endpoint}), WITH_STORE).await;
        let (mut browser, _) = provider.signed_in(json!({})).await;
        let mut copy = browser.clone();
        assert_eq!(sign_out(&mut browser).await.location(), "https://app.example.com/bye", "{endpoint}");
        assert_eq!(copy.get("/auth/session").await.body, "null");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_goes_nowhere() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let mut nobody = provider.site().browser();
    assert_eq!(sign_out(&mut nobody).await.location(), "https://app.example.com/bye");
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let reply = browser.post("/auth/signout", &[("callbackUrl", "/bye")]).await;
    assert_eq!(reply.location(), "https://app.example.com/auth/signin?error=MissingCSRF");
    assert_ne!(browser.get("/auth/session").await.body, "null", "another site signs nobody out");
}

#[tokio::test]
async fn the_address_keeps_its_own_query_and_the_names_of_the_provider() {
    let over = "providers: {acme: {end_session_endpoint: \"https://login.acme.example/out?tenant=a%20b&state=own\", rename: {client_id: app}}}\n";
    let provider = Openid::start(json!({}), &format!("{AT_PROVIDER}{over}")).await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let reply = sign_out(&mut browser).await;
    assert!(reply.location().starts_with("https://login.acme.example/out?tenant=a"), "{reply:?}");
    let names: Vec<String> = query(&reply).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["tenant", "app", "post_logout_redirect_uri", "state"]);
    assert_eq!(reply.param("tenant").as_deref(), Some("a b"));
}
