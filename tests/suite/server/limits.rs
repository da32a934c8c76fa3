//! How often one client may ask: who is counted, what is refused, and what goes on.

use std::net::SocketAddr;
use std::sync::Arc;

use authcfg::config::ConfigSource;
use authcfg::yaml::{Document, Limits};
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, StatusCode};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::server::browser::{DEPLOYMENT, Site, environment};
use crate::server::provider::{Provider, listen};

const LIMITS: &str =
    "trusted_proxies: [10.0.0.0/8]\nlimits: {sign_in: 3/min, callback: 2/min, session: 5/s}\n";

fn site() -> Site {
    Site::new(&format!("{DEPLOYMENT}{LIMITS}"))
}

/// What a client gets through the proxy, or by itself.
async fn ask(
    site: &Site,
    method: &str,
    path: &str,
    peer: &str,
    headers: &[(&str, &str)],
) -> http::Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "app.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
    let request = request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
    site.router.clone().oneshot(request).await.unwrap()
}

async fn status(site: &Site, path: &str, client: &str) -> StatusCode {
    let method = if path.contains("signin") { "POST" } else { "GET" };
    ask(site, method, path, "10.0.0.1", &[("x-forwarded-for", client)]).await.status()
}

#[tokio::test]
async fn each_client_has_its_own_bucket() {
    let site = site();
    for (path, count) in
        [("/auth/signin/github", 3), ("/auth/callback/github?state=x", 2), ("/auth/session", 5)]
    {
        for _ in 0..count {
            assert_ne!(status(&site, path, "1.2.3.4").await, 429, "{path}");
        }
        assert_eq!(status(&site, path, "1.2.3.4").await, 429, "{path}");
        assert_ne!(status(&site, path, "1.2.3.5").await, 429, "{path}");
    }
    // Pages and what else costs nothing go on.
    assert_eq!(status(&site, "/auth/providers", "1.2.3.4").await, 200);
}

#[tokio::test]
async fn who_waits_may_come_again() {
    let site = site();
    for _ in 0..3 {
        status(&site, "/auth/signin/github", "1.2.3.4").await;
    }
    site.clock.advance(19);
    assert_eq!(status(&site, "/auth/signin/github", "1.2.3.4").await, 429);
    site.clock.advance(1);
    assert_ne!(status(&site, "/auth/signin/github", "1.2.3.4").await, 429);
}

#[tokio::test]
async fn a_header_of_the_client_makes_it_nobody_else() {
    let site = site();
    for turn in 0..4 {
        let (forwarded, first) = (format!("for=9.9.9.{turn}"), format!("9.9.9.{turn}"));
        let direct = [("x-forwarded-for", first.as_str()), ("forwarded", forwarded.as_str())];
        let reply = ask(&site, "POST", "/auth/signin/github", "8.8.8.8", &direct).await;
        assert_eq!(reply.status() == 429, turn == 3, "{turn}");
        let through = format!("{first}, 1.2.3.4");
        let reply =
            ask(&site, "POST", "/auth/signin/github", "10.0.0.1", &[("x-forwarded-for", &through)]).await;
        assert_eq!(reply.status() == 429, turn == 3, "{turn}");
    }
}

#[tokio::test]
async fn a_browser_gets_a_page_and_anything_else_json() {
    let site = site();
    for _ in 0..3 {
        status(&site, "/auth/signin/github", "1.2.3.4").await;
    }
    for (accept, kind) in [("text/html,*/*;q=0.8", "text/html; charset=utf-8"), ("*/*", "application/json")] {
        let headers = [("accept", accept), ("x-forwarded-for", "1.2.3.4"), ("x-request-id", "r-1")];
        let reply = ask(&site, "POST", "/auth/signin/github", "10.0.0.1", &headers).await;
        assert_eq!(
            (reply.status().as_u16(), &reply.headers()["content-type"]),
            (429, &kind.parse().unwrap())
        );
        assert_eq!(reply.headers()["retry-after"], "20");
        assert_eq!(reply.headers()["x-request-id"], "r-1");
        assert!(
            !reply.headers().contains_key("set-cookie")
                && reply.headers().contains_key("content-security-policy")
        );
    }
}

/// What `validate` says about a deployment, in its titles.
fn titles(deployment: &str) -> Vec<String> {
    let document = Document::parse("authcfg.yaml", deployment.as_bytes(), Limits::DEPLOYMENT).unwrap();
    let source = ConfigSource { env: environment(), ..ConfigSource::default() };
    match authcfg::config::compile(Some(&document), &source) {
        Ok(_) => vec![],
        Err(findings) => findings.into_iter().map(|finding| finding.title).collect(),
    }
}

#[test]
fn a_public_server_says_who_stands_in_front_of_it() {
    let limits = "limits: {sign_in: 30/min}\n";
    let wrong = titles(&format!("{DEPLOYMENT}{limits}"));
    assert_eq!(wrong, ["limits for each client need `trusted_proxies`"]);
    for proxies in ["trusted_proxies: []\n", "trusted_proxies: [10.0.0.0/8]\n"] {
        assert!(titles(&format!("{DEPLOYMENT}{limits}{proxies}")).is_empty());
    }
    assert!(
        titles(&format!("base_url: http://localhost:3100/auth\nproviders: {{github: {{}}}}\n{limits}"))
            .is_empty()
    );
    let no_text = titles(&format!("{DEPLOYMENT}trusted_proxies: []\nlimits: {{callback: 30}}\n"));
    assert!(no_text.contains(&"`callback` must be text".to_owned()), "{no_text:?}");
    assert_eq!(
        titles(&format!("{DEPLOYMENT}trusted_proxies: []\nlimits: {{callback: 30/day}}\n")),
        ["this is no limit"]
    );
}

#[tokio::test]
async fn every_answer_says_which_request_it_is_to() {
    let site = site();
    for path in ["/auth/session", "/auth/nothing", "/elsewhere", "/auth/signin"] {
        let reply = ask(&site, "GET", path, "8.8.8.8", &[("x-request-id", "chosen")]).await;
        assert_eq!(reply.headers()["x-request-id"].len(), 12, "{path}");
        let reply = ask(&site, "GET", path, "10.0.0.1", &[("x-request-id", "r-1")]).await;
        assert_eq!(reply.headers()["x-request-id"], "r-1", "{path}");
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_left_alone_and_a_visitor_is_told_when_to_come_again() {
    let (deployment, files, _) = listen("").await;
    // Nobody listens on a port that was given back.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let files = files.map(|(name, text)| {
        let line = |line: &str| match line.starts_with("token_endpoint") {
            true => format!("token_endpoint: http://{gone}/token\n"),
            false => format!("{line}\n"),
        };
        (name, text.lines().map(line).collect::<String>())
    });
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let provider = Provider { site: Site::with(&deployment, &files), tokens: Arc::default() };
    let mut browser = provider.site.browser();
    let mut reply = provider.sign_in(&mut browser, "ada").await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=Configuration");
    for _ in 0..5 {
        reply = provider.sign_in(&mut browser, "ada").await;
    }
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "5"));
    assert!(reply.json()["message"].is_string() && reply.location().is_empty());
    // Whoever is signed in, and whoever asks for the page, notices nothing.
    assert_eq!(browser.get("/auth/session").await.status, 200);
    assert_eq!(browser.get("/auth/signin").await.status, 200);
}
