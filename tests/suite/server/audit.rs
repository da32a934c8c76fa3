//! The audit log: a line for everything that somebody may have to answer for, and no secret in any.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authcfg::session::store::MemoryStore;
use serde_json::{Value, json};

use crate::server::browser::{ADMIN_TOKEN, Browser};
use crate::server::openid::Openid;
use crate::server::provider::{start, start_over};

/// The lines of an audit log, once there are so many.
async fn lines(path: &Path, count: usize) -> Vec<Value> {
    let text = || std::fs::read_to_string(path).unwrap_or_default();
    let all = tokio::time::timeout(Duration::from_secs(20), async {
        while text().lines().count() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    all.await.unwrap_or_else(|_| panic!("{count} lines are not there: {}", text()));
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let lines: Vec<Value> = text().lines().map(parse).collect();
    assert_eq!(lines.len(), count, "{lines:#?}");
    lines
}

/// A line without what differs from run to run; every line has a time, and one that a request caused its id.
fn lasting(mut line: Value) -> Value {
    let line_of = line.as_object_mut().unwrap();
    assert!(line_of.shift_remove("time").is_some_and(|time| time.as_str().unwrap().ends_with('Z')));
    line_of.shift_remove("request_id");
    line
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    (folder, path)
}

async fn sign_out(browser: &mut Browser) {
    let token = browser.csrf().await;
    browser.post("/auth/signout", &[("csrfToken", token.as_str())]).await;
}

#[tokio::test]
async fn a_sign_in_a_refusal_and_a_sign_out_are_written_down() {
    let (_folder, path) = folder();
    let provider = start(&format!("audit: {{to: {}, email: true}}\n", path.display())).await;
    let mut browser = provider.site.browser();
    let signed_in = provider.sign_in(&mut browser, "ada").await;
    let refused = browser.get("/auth/callback/acme?code=secret-code&state=secret-state").await;
    sign_out(&mut browser).await;
    let lines = lines(&path, 3).await;
    assert_eq!(lines[0]["request_id"], signed_in.header("x-request-id"));
    assert_eq!(lines[1]["request_id"], refused.header("x-request-id"));
    assert_eq!(lines[0]["time"], "2026-01-01T00:00:00.000Z");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("secret-") && !text.contains("token\":"), "{text}");
    let lasting: Vec<Value> = lines.into_iter().map(lasting).collect();
    let signed_in = json!({
        "kind": "sign_in", "outcome": "success", "client_address": "127.0.0.1", "provider": "acme", "issuer": "acme", "sub": lasting[0]["sub"].clone(),
        "email": "ada@acme.example",
    });
    assert_eq!(lasting[0], signed_in);
    let refusal = json!({
        "kind": "refusal", "outcome": "failure", "client_address": "127.0.0.1", "provider": "acme", "step": "callback", "reason": "state_mismatch",
    });
    assert_eq!(lasting[1], refusal);
    let signed_out = json!({"kind": "sign_out", "outcome": "success", "client_address": "127.0.0.1", "provider": "acme", "sub": lasting[0]["sub"]});
    assert_eq!(lasting[2], signed_out);
}

#[tokio::test]
async fn whom_allow_does_not_let_in_is_named() {
    let (_folder, path) = folder();
    let rest = format!("allow: [{{emails: [eve@acme.example]}}]\naudit: {{to: {}}}\n", path.display());
    let provider = start(&rest).await;
    provider.sign_in(&mut provider.site.browser(), "ada").await;
    let line = lasting(lines(&path, 1).await.remove(0));
    assert_eq!((&line["step"], &line["reason"]), (&json!("allow"), &json!("access_denied")), "{line}");
    assert!(line["sub"].is_string() && line.get("email").is_none(), "{line}");
}

#[tokio::test]
async fn a_subject_is_hashed_or_left_out_as_the_deployment_says() {
    let mut named = vec![];
    for subject in ["plain", "hashed", "hashed", "none"] {
        let (_folder, path) = folder();
        let provider = start(&format!("audit: {{to: {}, subject: {subject}}}\n", path.display())).await;
        provider.sign_in(&mut provider.site.browser(), "ada").await;
        named.push(lines(&path, 1).await.remove(0)["sub"].as_str().map(str::to_owned));
    }
    let hash = named[1].clone().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert_ne!(named[0], named[1]);
    assert_eq!((&named[1], &named[3]), (&named[2], &None));
}

#[tokio::test]
async fn a_provider_that_ends_a_session_is_written_down() {
    let (_folder, path) = folder();
    let rest = format!("session: {{strategy: database, store: memory}}\naudit: {{to: {}}}\n", path.display());
    let provider = Openid::start(json!({}), &rest).await;
    provider.signed_in(json!({"sid": "s"})).await;
    let mut stranger = provider.site().browser();
    let issuer = &provider.issuer;
    let frame = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("iss", issuer.as_str()), ("sid", "s")])
        .finish();
    stranger.get(&format!("/auth/frontchannel-logout/acme?{frame}")).await;
    stranger.post("/auth/backchannel-logout/acme", &[("logout_token", "secret-token")]).await;
    let lines: Vec<Value> = lines(&path, 3).await.into_iter().map(lasting).collect();
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["sub"], &lines[0]["issuer"]),
        (&json!("sign_in"), &json!("7"), &json!(issuer))
    );
    let ended = json!({
        "kind": "session_ended", "outcome": "success", "client_address": "127.0.0.1", "provider": "acme", "issuer": issuer, "reason": "frontchannel_logout",
        "sessions": 1,
    });
    assert_eq!(lines[1], ended);
    let refusal = json!({
        "kind": "refusal", "outcome": "failure", "client_address": "127.0.0.1", "provider": "acme", "step": "backchannel_logout", "reason": "logout_token_refused",
    });
    assert_eq!(lines[2], refusal);
}

#[tokio::test]
async fn an_operator_that_ends_a_session_is_written_down() {
    let (_folder, path) = folder();
    let rest = format!(
        "session: {{strategy: database, store: memory}}\nadmin: {{token: {{env: AUTHCFG_ADMIN_TOKEN}}}}\naudit: {{to: {}}}\n",
        path.display()
    );
    let provider = start_over(&rest, |clock| Arc::new(MemoryStore::new(clock))).await;
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "ada").await;
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let mut operator = provider.site.browser();
    let query = "/admin/sessions?provider=acme&sub=7";
    operator.send("DELETE", query, &[("authorization", "Bearer wrong")], "").await;
    operator.send("DELETE", query, &[("authorization", &authorization)], "").await;
    let line = lasting(lines(&path, 2).await.remove(1));
    let ended = json!({
        "kind": "session_ended", "outcome": "success", "provider": "acme", "sub": "7", "reason": "operator", "sessions": 1,
    });
    assert_eq!(line, ended);
}

#[tokio::test]
async fn without_audit_nothing_is_written() {
    let (folder, _) = folder();
    let provider = start("").await;
    provider.sign_in(&mut provider.site.browser(), "ada").await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
