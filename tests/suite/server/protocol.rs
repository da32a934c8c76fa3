//! The protocol, named after the captures of Auth.js.

use serde_json::json;

use crate::server::browser::{Browser, DEPLOYMENT, Reply, Site};

const CSRF_COOKIE: &str = "__Host-authjs.csrf-token=";
const CALLBACK: &str =
    "__Secure-authjs.callback-url=https%3A%2F%2Fapp.example.com; Path=/; HttpOnly; Secure; SameSite=Lax";

fn browser() -> Browser {
    Site::new(DEPLOYMENT).browser()
}

fn is_uncached(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), "private, no-cache, no-store");
    assert_eq!(reply.header("expires"), "0");
    assert_eq!(reply.header("pragma"), "no-cache");
}

fn is_bad_request(reply: &Reply) {
    assert_eq!(reply.status, 400);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.body, "\"Bad request.\"");
}

fn is_configuration_error(reply: &Reply) {
    assert_eq!(reply.status, 302);
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=Configuration");
    assert!(reply.set_cookies().is_empty());
    assert_eq!(reply.body, "");
}

#[tokio::test]
async fn providers() {
    let reply = browser().get("/auth/providers").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(
        reply.body,
        concat!(
            r#"{"github":{"id":"github","name":"GitHub","type":"oauth","signinUrl":"https://app.example.com/auth/signin/github","#,
            r#""callbackUrl":"https://app.example.com/auth/callback/github"},"google":{"id":"google","name":"Google","type":"oidc","#,
            r#""signinUrl":"https://app.example.com/auth/signin/google","callbackUrl":"https://app.example.com/auth/callback/google"}}"#
        )
    );
}

#[tokio::test]
async fn csrf_first_and_csrf_second_with_cookie() {
    let mut browser = browser();
    let first = browser.get("/auth/csrf").await;
    is_uncached(&first);
    let token = first.json()["csrfToken"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 64);
    let cookies = first.set_cookies();
    assert!(cookies[0].starts_with(&format!("{CSRF_COOKIE}{token}%7C")), "{}", cookies[0]);
    assert!(cookies[0].ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"));
    assert_eq!(cookies[1..], [CALLBACK]);
    let second = browser.get("/auth/csrf").await;
    assert!(second.set_cookies().is_empty());
    assert_eq!(second.json()["csrfToken"], token);
}

#[tokio::test]
async fn csrf_http() {
    let site = Site::new("base_url: http://localhost:3000/auth\nproviders: {github: {}}\n");
    let mut browser = site.browser();
    browser.host = "localhost:3000".into();
    let reply = browser.get("/auth/csrf").await;
    assert!(reply.set_cookies()[0].starts_with("authjs.csrf-token="));
    assert!(reply.set_cookies()[0].ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    assert_eq!(
        reply.set_cookies()[1],
        "authjs.callback-url=http%3A%2F%2Flocalhost%3A3000; Path=/; HttpOnly; SameSite=Lax"
    );
}

#[tokio::test]
async fn csrf_tampered_cookie() {
    let mut browser = browser();
    let token = browser.csrf().await;
    let name = CSRF_COOKIE.trim_end_matches('=').to_owned();
    browser.cookies.insert(name, format!("{token}%7C{}", "0".repeat(64)));
    let reply = browser.get("/auth/csrf").await;
    assert_ne!(reply.json()["csrfToken"], token);
    assert!(reply.set_cookies()[0].starts_with(CSRF_COOKIE));
}

#[tokio::test]
async fn signin_page() {
    let reply = browser().get("/auth/signin?callbackUrl=/dashboard").await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(reply.body.contains("<title>Sign In</title>"));
    for id in ["github", "google"] {
        assert!(
            reply.body.contains(&format!(
                "<form action=\"https://app.example.com/auth/signin/{id}\" method=\"POST\">"
            )),
            "{}",
            reply.body
        );
    }
    assert!(reply.body.contains("name=\"callbackUrl\" value=\"https://app.example.com/dashboard\""));
    assert_eq!(
        reply.set_cookies()[1],
        "__Secure-authjs.callback-url=https%3A%2F%2Fapp.example.com%2Fdashboard; Path=/; HttpOnly; Secure; SameSite=Lax"
    );
}

#[tokio::test]
async fn signin_page_error() {
    let reply = browser().get("/auth/signin?error=OAuthCallbackError").await;
    assert!(reply.body.contains("Try signing in with a different account."));
}

#[tokio::test]
async fn signin_get_with_provider() {
    is_configuration_error(&browser().get("/auth/signin/github").await);
}

#[tokio::test]
async fn signin_post_no_csrf() {
    let reply = browser().post("/auth/signin/github", &[]).await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.location(), "https://app.example.com/auth/signin?error=MissingCSRF");
    assert!(reply.set_cookies().is_empty());
}

#[tokio::test]
async fn signin_post_no_csrf_return_redirect() {
    let reply = browser().post_with("/auth/signin/github", &[], &[("x-auth-return-redirect", "1")]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, r#"{"url":"https://app.example.com/auth/signin?error=MissingCSRF"}"#);
    assert_eq!(reply.location(), "");
}

/// Auth.js sends no `state` here; authcfg always does. The order of parameters is no one's business.
fn is_authorization(reply: &Reply) {
    assert!(
        reply.location().starts_with("https://github.com/login/oauth/authorize?"),
        "{}",
        reply.location()
    );
    assert_eq!(reply.param("client_id").unwrap(), "cid");
    assert_eq!(reply.param("response_type").unwrap(), "code");
    assert_eq!(reply.param("redirect_uri").unwrap(), "https://app.example.com/auth/callback/github");
    assert_eq!(reply.param("scope").unwrap(), "read:user user:email");
    assert_eq!(reply.param("code_challenge_method").unwrap(), "S256");
    assert_eq!(reply.param("code_challenge").unwrap().len(), 43);
    assert_eq!(reply.param("state").unwrap().len(), 43);
}

#[tokio::test]
async fn signin_post() {
    let mut browser = browser();
    let reply = browser.sign_in("/auth/signin/github", &[("callbackUrl", "/dashboard")]).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (302, ""));
    is_authorization(&reply);
    let cookies = reply.set_cookies();
    assert_eq!(
        cookies[0],
        "__Secure-authjs.callback-url=https%3A%2F%2Fapp.example.com%2Fdashboard; Path=/; HttpOnly; Secure; SameSite=Lax"
    );
    assert!(cookies[1].starts_with("__Host-authcfg.tx."), "{}", cookies[1]);
    assert!(cookies[1].ends_with(
        "; Max-Age=600; Path=/; Expires=Thu, 01 Jan 2026 00:10:00 GMT; HttpOnly; Secure; SameSite=Lax"
    ));
    assert!(cookies[1].len() < 500, "{}", cookies[1].len());
}

#[tokio::test]
async fn signin_post_return_redirect() {
    let mut browser = browser();
    let token = browser.csrf().await;
    let reply = browser
        .post_with("/auth/signin/github", &[("csrfToken", &token)], &[("x-auth-return-redirect", "1")])
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    is_authorization(&reply);
    assert_eq!(reply.json(), json!({"url": reply.location()}));
}

#[tokio::test]
async fn signin_post_json_body() {
    let mut browser = browser();
    let body = json!({"csrfToken": browser.csrf().await}).to_string();
    let headers = [("content-type", "application/json"), ("x-auth-return-redirect", "1")];
    let reply = browser.send("POST", "/auth/signin/github", &headers, &body).await;
    assert_eq!(reply.status, 200);
    is_authorization(&reply);
}

/// Auth.js 5 answers 302, which the client of version 4 cannot follow.
#[tokio::test]
async fn signin_post_v4_json_true() {
    let reply = browser().sign_in("/auth/signin/github", &[("json", "true")]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["url"], reply.location());
}

/// Auth.js lets the query override everything.
#[tokio::test]
async fn signin_post_query_overrides() {
    let query = "client_id=evil&redirect_uri=https%3A%2F%2Fevil.example&response_type=token&scope=repo&state=x&code_challenge=y&nonce=z&unheard=of";
    let reply = browser().sign_in(&format!("/auth/signin/github?{query}"), &[]).await;
    is_authorization(&reply);
    assert!(!reply.location().contains("evil") && !reply.location().contains("unheard"));
}

#[tokio::test]
async fn signin_post_unknown_provider() {
    is_configuration_error(&browser().sign_in("/auth/signin/nope", &[]).await);
}

#[tokio::test]
async fn signin_post_no_provider() {
    for path in ["/auth/signin", "/auth/signin/undefined"] {
        let reply = browser().sign_in(path, &[]).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://app.example.com/auth/signin"));
    }
}

/// Auth.js answers every request with 500 until the visitor deletes the cookie.
#[tokio::test]
async fn callback_url_bad_cookie() {
    for value in ["not%20a%20url", "javascript%3Aalert(1)", "https%3A%2F%2Fevil.example", "%zz", ""] {
        let mut browser = browser();
        browser.cookies.insert("__Secure-authjs.callback-url".into(), value.into());
        let reply = browser.get("/auth/session").await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "null"), "{value}");
        assert!(reply.set_cookies().contains(&CALLBACK), "{value}");
    }
}

#[tokio::test]
async fn signout_page() {
    let reply = browser().get("/auth/signout").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("<title>Sign Out</title>"));
    assert!(reply.body.contains("<form action=\"https://app.example.com/auth/signout\" method=\"POST\">"));
}

#[tokio::test]
async fn signout_post_no_csrf() {
    let reply = browser().post("/auth/signout", &[]).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (302, "https://app.example.com/auth/signin?error=MissingCSRF")
    );
}

#[tokio::test]
async fn signout_post_when_signed_out() {
    let reply = browser().sign_in("/auth/signout", &[("callbackUrl", "/bye")]).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (302, "https://app.example.com/bye"));
}

#[tokio::test]
async fn error_page() {
    for (code, status, text) in [
        ("?error=Configuration", 500, "Server error"),
        ("?error=AccessDenied", 403, "Access Denied"),
        ("?error=Verification", 403, "Unable to sign in"),
        ("?error=OAuthCallbackError", 200, "Error"),
        ("", 200, "Error"),
    ] {
        let reply = browser().get(&format!("/auth/error{code}")).await;
        assert_eq!(reply.status, status, "{code}");
        assert!(
            reply.body.contains("<title>Error</title>") && reply.body.contains(&format!("<h1>{text}</h1>")),
            "{}",
            reply.body
        );
    }
}

#[tokio::test]
async fn verify_request() {
    let reply = browser().get("/auth/verify-request").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("<h1>Check your email</h1>"));
}

#[tokio::test]
async fn unknown_action_base_only_too_deep_session_with_segment() {
    for path in [
        "/auth/nope",
        "/auth",
        "/auth/",
        "/auth/signin/a/b",
        "/auth/session/x",
        "/auth/%73ession",
        "/auth/session;x",
    ] {
        is_bad_request(&browser().get(path).await);
    }
}

#[tokio::test]
async fn put_method_head_method() {
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        is_bad_request(&browser().send(method, "/auth/session", &[], "").await);
    }
    assert_eq!(browser().send("HEAD", "/auth/session", &[], "").await.status, 400);
}

#[tokio::test]
async fn trailing_slash() {
    let reply = browser().get("/auth/session/").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "null"));
}

#[tokio::test]
async fn post_csrf_post_providers_callback_without_provider() {
    is_configuration_error(&browser().post("/auth/csrf", &[]).await);
    is_configuration_error(&browser().post("/auth/providers", &[]).await);
    is_configuration_error(&browser().get("/auth/callback").await);
    is_configuration_error(&browser().get("/auth/callback/nope").await);
    is_configuration_error(&browser().get("/auth/webauthn-options").await);
}

/// Auth.js answers 500 to a host it does not trust; here no host is believed at all, only compared.
#[tokio::test]
async fn untrusted_host() {
    for host in ["evil.example", "app.example.com.evil.example", "app.example.com:8443", "app.example.com."] {
        let reply = browser().send("GET", "/auth/session", &[("host", host)], "").await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (421, ""), "{host}");
    }
    let forwarded = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
    ];
    let reply = browser().send("GET", "/auth/providers", &forwarded, "").await;
    assert!(reply.status == 200 && !reply.body.contains("evil"));
}

#[tokio::test]
async fn pages_signin_pages_signout_pages_error_pages_missing_csrf() {
    let site =
        Site::new(&format!("{DEPLOYMENT}pages: {{sign_in: /login, sign_out: /logout, error: /oops}}\n"));
    let mut browser = site.browser();
    let reply = browser.get("/auth/signin?callbackUrl=/x&error=SessionRequired").await;
    assert_eq!(
        reply.location(),
        "/login?callbackUrl=https%3A%2F%2Fapp.example.com%2Fx&error=SessionRequired"
    );
    assert_eq!(browser.get("/auth/signout").await.location(), "/logout");
    assert_eq!(browser.get("/auth/error?error=AccessDenied").await.location(), "/oops?error=AccessDenied");
    assert_eq!(browser.get("/auth/error?error=a%26b%3D%0Ac").await.location(), "/oops?error=a%26b%3D%0Ac");
    let reply = browser.post("/auth/signin/github", &[]).await;
    assert_eq!(reply.location(), "https://app.example.com/login?error=MissingCSRF");
    assert_eq!(
        browser.get("/auth/callback/github").await.location(),
        "https://app.example.com/oops?error=Configuration"
    );
}

/// What the client of version 4 posts its errors to.
#[tokio::test]
async fn log() {
    let reply = browser().post("/auth/_log", &[("level", "error"), ("code", "CLIENT_FETCH_ERROR")]).await;
    assert_eq!(reply.status, 200);
    is_bad_request(&browser().get("/auth/_log").await);
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for path in ["/auth/session", "/auth/signin", "/auth/nope", "/auth/signin/github", "/auth/style.css"] {
        let reply = browser().get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert_eq!(reply.header("referrer-policy"), "same-origin");
        assert_eq!(reply.header("cache-control"), "private, no-cache, no-store");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(reply.header("vary"), "Cookie");
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'"
        );
    }
    assert_eq!(
        browser()
            .send("GET", "/auth/session", &[("host", "evil.example")], "")
            .await
            .header("x-frame-options"),
        "DENY"
    );
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let large = "x".repeat(17 * 1024);
    assert_eq!(browser().post("/auth/signin/github", &[("a", &large)]).await.status, 413);
    let huge = "x".repeat(129 * 1024);
    assert_eq!(browser().post("/auth/callback/github", &[("a", &huge)]).await.status, 413);
}

#[tokio::test]
async fn health_is_a_matter_of_the_path() {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(browser().send("GET", path, &[("host", "10.0.0.1:3100")], "").await.status, 200);
    }
    assert_eq!(
        browser().send("GET", "/auth/nope", &[("user-agent", "kube-probe/1.0")], "").await.status,
        400
    );
}
