//! Forward authentication at the protocol: what a proxy is answered. What a real proxy makes of it is in `tests/e2e`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::server::browser::{Browser, Reply, Site, environment, load};
use crate::server::provider::{Provider, start, start_over};
use crate::server::store::Unsteady;

const RULES: &str = "\
trusted_proxies: [127.0.0.1]
forward_auth:
  headers: {X-User: sub, X-Email: email, X-Team: team}
  routes:
    - {paths: [/]}
    - {paths: [/public], public: true}
    - {paths: [/blue], allow: [{profile: {team: [blue]}}]}
    - {paths: [/red], allow: [{profile: {team: [red]}}]}
    - {paths: [/mail], allow: [{emails: ['*@acme.example']}]}
    - {paths: [/posted], allow: [{providers: [posted]}]}
";
const PAGE: (&str, &str) = ("accept", "text/html,*/*");
const SESSION: &str = "__Secure-authjs.session-token";

async fn signed_in(provider: &Provider, code: &str) -> Browser {
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, code).await;
    browser
}

async fn caddy(browser: &mut Browser, uri: &str) -> Reply {
    browser
        .send("GET", "/auth/verify", &[("x-forwarded-uri", uri), ("x-forwarded-method", "GET"), PAGE], "")
        .await
}

#[tokio::test]
async fn an_application_hears_who_it_is() {
    let provider = start(RULES).await;
    let mut ada = signed_in(&provider, "ada").await;
    let said = |reply: &Reply| ["x-user", "x-email", "x-team"].map(|name| reply.header(name).to_owned());
    let reply = caddy(&mut ada, "/x").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str(), reply.set_cookies().len()), (200, "", 0));
    assert_eq!(said(&reply), ["acme:7", "ada@acme.example", "blue"]);
    let mut eve = signed_in(&provider, "unverified").await;
    assert_eq!(said(&caddy(&mut eve, "/x").await), ["acme:9", "", ""]);
    let reply = caddy(&mut ada, "/public").await;
    assert_eq!(said(&reply), ["", "", ""]);
    for name in ["x-user", "x-email", "x-team"] {
        assert!(reply.headers.contains_key(name), "{name} is there, to overwrite another one");
    }
    let shown = ada.get("/auth/session").await.json();
    assert!(shown["user"].get("team").is_none() && shown["user"].get("email_verified").is_none(), "{shown}");
}

#[tokio::test]
async fn rules_are_about_claims_addresses_and_providers() {
    let provider = start(RULES).await;
    let mut ada = signed_in(&provider, "ada").await;
    let mut eve = signed_in(&provider, "unverified").await;
    for (uri, of_ada, of_eve) in [
        ("/x", 200, 200),
        ("/blue", 200, 403),
        ("/red", 403, 403),
        ("/mail", 200, 403),
        ("/posted/x", 403, 403),
    ] {
        assert_eq!(caddy(&mut ada, uri).await.status, of_ada, "{uri}");
        assert_eq!(caddy(&mut eve, uri).await.status, of_eve, "{uri}");
    }
    for uri in
        ["//red", "/RED", "/red;x", "/%2572ed", "/x/../red", "/x/%2e%2e/red", "/red%00", "red", "/red#x"]
    {
        assert_eq!(caddy(&mut ada, uri).await.status, 403, "{uri}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let site = start(RULES).await.site;
    let sign_in = |back: &str| format!("https://app.example.com/auth/signin?callbackUrl={back}");
    let reply = caddy(&mut site.browser(), "/a?b=c").await;
    let back = sign_in("https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc");
    assert_eq!((reply.status.as_u16(), reply.location()), (302, back.as_str()));
    let nginx = |accept| [("x-original-url", "/a?b=c"), ("x-original-method", "GET"), ("accept", accept)];
    let reply = site.browser().send("GET", "/auth/verify", &nginx("text/html"), "").await;
    assert_eq!((reply.status.as_u16(), reply.location()), (401, back.as_str()));
    let reply = site.browser().send("GET", "/auth/verify", &nginx("*/*"), "").await;
    assert_eq!((reply.status.as_u16(), reply.location()), (401, ""));
    let envoy = site.browser().send("GET", "/auth/verify/a?b=c", &[PAGE], "").await;
    assert_eq!((envoy.status.as_u16(), envoy.location()), (302, back.as_str()));
    // What leads elsewhere, or is too long, leads home.
    for uri in ["/".to_owned() + &"a".repeat(3_000), "//evil.example/x".into(), "/x?\\evil.example".into()] {
        let reply = caddy(&mut site.browser(), &uri).await;
        let to = reply.location();
        assert!(
            to.starts_with(&sign_in("https%3A%2F%2Fapp.example.com")) && !to.contains("%2F%2Fevil"),
            "{uri}: {to}"
        );
    }
}

#[tokio::test]
async fn any_method_may_be_asked_about_and_no_body_is_read() {
    let provider = start(RULES).await;
    let mut ada = signed_in(&provider, "ada").await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let reply = ada.send(method, "/auth/verify/x", &[], &"x".repeat(200_000)).await;
        assert_eq!(reply.status, 200, "{method}");
        let reply = provider.site.browser().send(method, "/auth/verify/x", &[PAGE], "").await;
        assert_eq!(reply.status, if method == "GET" { 302 } else { 401 }, "{method}");
    }
}

#[tokio::test]
async fn nobody_gets_through_on_what_a_visitor_says() {
    let provider = start(RULES).await;
    let mut ada = signed_in(&provider, "ada").await;
    let (forwarded, original) = (("x-forwarded-uri", "/public"), ("x-original-url", "/public"));
    for headers in [
        vec![forwarded, original],
        vec![forwarded, forwarded],
        vec![forwarded, ("forwarded", "host=app.example.com")],
        vec![],
    ] {
        assert_eq!(ada.send("GET", "/auth/verify", &headers, "").await.status, 403, "{headers:?}");
    }
    assert_eq!(ada.send("GET", "/auth/verify/red", &[forwarded], "").await.status, 403);
    let other = [("x-original-url", "https://other.example/public")];
    assert_eq!(ada.send("GET", "/auth/verify", &other, "").await.status, 403);
    let own = [("x-original-url", "https://app.example.com/public")];
    assert_eq!(ada.send("GET", "/auth/verify", &own, "").await.status, 200);
}

#[tokio::test]
async fn only_a_trusted_proxy_is_answered() {
    let provider = start(&RULES.replace("127.0.0.1", "10.0.0.0/8")).await;
    let mut ada = signed_in(&provider, "ada").await;
    assert_eq!(caddy(&mut ada, "/public").await.status, 403);
}

#[tokio::test]
async fn without_forward_auth_there_is_nothing_to_ask() {
    let provider = start("trusted_proxies: [127.0.0.1]\n").await;
    let mut ada = signed_in(&provider, "ada").await;
    assert_eq!(caddy(&mut ada, "/x").await.status, 400);
}

#[tokio::test]
async fn without_routes_everybody_who_is_signed_in_goes_everywhere() {
    let provider = start("trusted_proxies: [127.0.0.1]\nforward_auth: {}\n").await;
    let mut ada = signed_in(&provider, "ada").await;
    let reply = caddy(&mut ada, "//any;thing").await;
    let said = ["remote-user", "remote-name", "remote-email", "remote-groups"].map(|name| reply.header(name));
    assert_eq!((reply.status.as_u16(), said), (200, ["acme:7", "Ada", "ada@acme.example", ""]));
    assert_eq!(caddy(&mut provider.site.browser(), "/x").await.status, 302);
}

#[tokio::test]
async fn a_session_that_is_used_lives_on() {
    for session in ["", "session: {strategy: database, store: memory}\n"] {
        let provider = start(&format!("{RULES}{session}")).await;
        let mut ada = signed_in(&provider, "ada").await;
        provider.site.clock.advance(24 * 3600 - 1);
        assert!(caddy(&mut ada, "/x").await.set_cookies().is_empty(), "not due yet");
        provider.site.clock.advance(1);
        let renewed = caddy(&mut ada, "/x").await;
        assert_eq!(renewed.set_cookies().len(), 1, "{session}");
        assert!(
            renewed.set_cookies()[0].starts_with(SESSION) && renewed.set_cookies()[0].contains("01 Feb 2026")
        );
        assert!(caddy(&mut ada, "/x").await.set_cookies().is_empty(), "once");
        for _ in 0..40 {
            provider.site.clock.advance(24 * 3600);
            assert_eq!(caddy(&mut ada, "/x").await.status, 200);
        }
        provider.site.clock.advance(31 * 24 * 3600);
        assert_eq!(caddy(&mut ada, "/x").await.status, 302, "it ends all the same");
    }
}

#[tokio::test]
async fn a_session_of_several_cookies_is_not_torn() {
    let provider = start(RULES).await;
    let mut long = signed_in(&provider, "long").await;
    provider.site.clock.advance(2 * 24 * 3600);
    let reply = caddy(&mut long, "/x").await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (200, 0));
}

#[tokio::test]
async fn while_the_store_is_away_nobody_knows() {
    let down = Arc::new(AtomicBool::new(false));
    let rules = format!("{RULES}session: {{strategy: database, store: memory}}\n");
    let provider = start_over(&rules, |clock| Arc::new(Unsteady::new(clock, down.clone()))).await;
    let mut ada = signed_in(&provider, "ada").await;
    down.store(true, Ordering::SeqCst);
    let reply = caddy(&mut ada, "/x").await;
    assert_eq!((reply.status.as_u16(), reply.location(), reply.set_cookies().len()), (503, "", 0));
    assert_eq!(caddy(&mut ada, "/public").await.status, 200, "that is no question of who it is");
    down.store(false, Ordering::SeqCst);
    assert_eq!(caddy(&mut ada, "/x").await.status, 200);
}

#[tokio::test]
async fn a_rule_of_one_host_is_none_of_another() {
    let site = Site::new(
        "base_url: [https://app.example.com/auth, https://www.example.com/auth]\nproviders: {github: {}}\n\
         trusted_proxies: [127.0.0.1]\nforward_auth: {routes: [{hosts: [www.example.com], public: true}]}\n",
    );
    let ask = |host| [("host", host), ("x-original-url", "/x")];
    assert_eq!(site.browser().send("GET", "/auth/verify", &ask("www.example.com"), "").await.status, 200);
    assert_eq!(site.browser().send("GET", "/auth/verify", &ask("app.example.com"), "").await.status, 403);
    for host in ["www.example.com.", "evil.example"] {
        assert_eq!(site.browser().send("GET", "/auth/verify", &ask(host), "").await.status, 421, "{host}");
    }
    let forged =
        [("host", "app.example.com"), ("x-original-url", "/x"), ("x-forwarded-host", "www.example.com")];
    assert_eq!(site.browser().send("GET", "/auth/verify", &forged, "").await.status, 403);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let found = |forward_auth: &str| -> Vec<String> {
        let deployment = format!(
            "base_url: https://app.example.com\ntrusted_proxies: [127.0.0.1]\nproviders: {{github: {{}}}}\nforward_auth: {forward_auth}\n"
        );
        let findings = load(&deployment, &[], environment()).err().unwrap_or_default();
        findings.iter().map(|finding| finding.title.clone()).collect()
    };
    for (forward_auth, title) in [
        ("{headers: {Remote_User: sub}}", "`Remote_User` cannot say who somebody is"),
        ("{headers: {Cookie: sub}}", "`Cookie` cannot say who somebody is"),
        ("{headers: {X-Forwarded-Host: sub}}", "`X-Forwarded-Host` cannot say who somebody is"),
        ("{headers: {\"X: y\": sub}}", "`X: y` cannot say who somebody is"),
        ("{headers: {X-User: sub, x-user: name}}", "the header `x-user` comes twice"),
        ("{routes: []}", "nobody gets through"),
        ("{routes: [{hosts: [ap.example.com]}]}", "`ap.example.com` is no host of this server"),
        ("{routes: [{hosts: []}]}", "the route has no host"),
        ("{routes: [{paths: []}]}", "the route has no path"),
        ("{routes: [{paths: [admin]}]}", "this is no path of a route"),
        ("{routes: [{paths: [/a/../b]}]}", "this is no path of a route"),
        ("{routes: [{paths: [/a, /A/]}]}", "this path has a route already"),
        ("{routes: [{public: true, allow: [{emails: ['*@acme.example']}]}]}", "`allow` has no effect"),
        ("{routes: [{allow: []}]}", "nobody could go there"),
        ("{routes: [{allow: [{providers: [githup]}]}]}", "no provider `githup` is on"),
        ("{routes: [{allow: [{emails: [ada]}]}]}", "this is no e-mail address"),
    ] {
        assert!(
            found(forward_auth).iter().any(|found| found == title),
            "{forward_auth}: {:?}",
            found(forward_auth)
        );
    }
    for right in [
        "{}",
        "{headers: {}}",
        "{routes: [{}]}",
        "{routes: [{paths: [/a], hosts: [app.example.com]}, {paths: [/a]}]}",
    ] {
        assert_eq!(found(right), <Vec<String>>::new(), "{right}");
    }
    let without = "base_url: https://app.example.com\nproviders: {github: {}}\nforward_auth: {}\n";
    let findings = load(without, &[], environment()).unwrap_err();
    assert_eq!(findings[0].title, "no proxy may ask: `trusted_proxies` is missing");
}
