//! What the deployment changes in a sign-in: endpoint, parameter, scope, profile, instances of a generic provider.

use crate::server::browser::Site;
use crate::server::provider::start;

#[tokio::test]
async fn any_built_in_value_can_be_overridden() {
    let site = Site::new(
        "\
base_url: https://app.example.com/auth
providers:
  github:
    authorization_endpoint: https://hub.acme.example/login
    authorization: {params: {audience: acme}}
    scopes: [read:org]
    profile: {nickname: $.userinfo.login}
",
    );
    let reply = site.browser().sign_in("/auth/signin/github", &[]).await;
    assert!(reply.location().starts_with("https://hub.acme.example/login?"), "{}", reply.location());
    assert_eq!(reply.param("audience").as_deref(), Some("acme"));
    assert_eq!(reply.param("scope").as_deref(), Some("read:org"));
}

#[tokio::test]
async fn an_overridden_profile_counts() {
    let provider = start("").await;
    let mut browser = provider.site.browser();
    provider.sign_in(&mut browser, "ada").await;
    assert_eq!(browser.get("/auth/session").await.json()["user"]["name"], "Ada");
}

#[tokio::test]
async fn an_unreachable_provider_leads_to_the_error_page() {
    let site = Site::new(
        "base_url: https://app.example.com/auth\nproviders: {acme: {use: oidc, issuer: 'http://127.0.0.1:9'}}\n",
    );
    let reply = site.browser().sign_in("/auth/signin/acme", &[]).await;
    assert_eq!(reply.location(), "https://app.example.com/auth/error?error=Configuration");
}

#[tokio::test]
async fn a_provider_on_this_machine_may_be_posted_to() {
    let provider = start("").await;
    let policy =
        provider.site.browser().get("/auth/signin").await.header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https: http://127.0.0.1:"), "{policy}");
}
