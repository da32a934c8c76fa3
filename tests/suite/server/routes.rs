//! From an e-mail address or a domain to the provider that signs its people in.

use crate::server::browser::Site;
use crate::server::provider::start;

const ROUTED: &str = "\
base_url: https://app.example.com/auth
providers: {workos: {}, github: {}}
routes:
  - {domains: [acme.example, '*.acme.example'], provider: workos, request: {organization: org_01}}
  - {domains: [hub.example], provider: github}
";

#[tokio::test]
async fn an_address_finds_its_route() {
    let site = Site::new(ROUTED);
    let reply =
        site.browser().sign_in("/auth/signin", &[("email", "Ada@Acme.example"), ("callbackUrl", "/x")]).await;
    assert!(reply.location().starts_with("https://api.workos.com/sso/authorize?"), "{}", reply.location());
    assert_eq!(reply.param("organization").as_deref(), Some("org_01"));
    assert_eq!(reply.param("domain"), None);
    assert_eq!(reply.param("redirect_uri").as_deref(), Some("https://app.example.com/auth/callback/workos"));
    let reply = site.browser().sign_in("/auth/signin", &[("email", "ada@hub.example")]).await;
    assert!(reply.location().starts_with("https://github.com/"), "{}", reply.location());
}

#[tokio::test]
async fn without_a_route_the_domain_goes_to_the_provider_that_takes_one() {
    let reply = Site::new(ROUTED).browser().sign_in("/auth/signin", &[("email", "ada@other.example")]).await;
    assert_eq!(reply.param("domain").as_deref(), Some("other.example"));
    assert_eq!(reply.param("organization"), None);
}

#[tokio::test]
async fn a_domain_of_the_client_goes_through_routes_first() {
    let site = Site::new(ROUTED);
    let reply = site.browser().sign_in("/auth/signin/workos?domain=eu.acme.example", &[]).await;
    assert_eq!((reply.param("organization").as_deref(), reply.param("domain")), (Some("org_01"), None));
    let reply = site.browser().sign_in("/auth/signin/workos?domain=other.example&connection=", &[]).await;
    assert_eq!(reply.param("domain").as_deref(), Some("other.example"));
    assert!(!reply.location().contains("connection"));
}

#[tokio::test]
async fn what_is_no_address_or_no_input_leads_back() {
    let site = Site::new(ROUTED);
    for email in [
        "",
        "ada",
        "a@evil@acme.example",
        "\"a@evil\"@acme.example",
        "ada@",
        "ada@acme..example",
        "ada@127.0.0.1",
    ] {
        let reply = site.browser().sign_in("/auth/signin", &[("email", email)]).await;
        assert_eq!(reply.location(), "https://app.example.com/auth/signin?error=OAuthSignin", "{email:?}");
    }
    for query in ["", "?domain=127.0.0.1", "?organization=org_1&connection=conn_1", "?organization=evil"] {
        let reply = site.browser().sign_in(&format!("/auth/signin/workos{query}"), &[]).await;
        assert_eq!(reply.location(), "https://app.example.com/auth/signin?error=OAuthSignin", "{query:?}");
    }
}

#[tokio::test]
async fn the_deployments_inputs_fill_gaps() {
    let site = Site::new(
        "base_url: https://app.example.com/auth\nproviders: {workos: {request: {provider: GoogleOAuth}}}\n",
    );
    let reply = site.browser().sign_in("/auth/signin/workos", &[]).await;
    assert_eq!(reply.param("provider").as_deref(), Some("GoogleOAuth"));
    let reply = site.browser().sign_in("/auth/signin/workos?organization=org_9", &[]).await;
    assert_eq!((reply.param("provider"), reply.param("organization").as_deref()), (None, Some("org_9")));
}

#[tokio::test]
async fn the_page_has_an_e_mail_box_where_it_helps() {
    let with = Site::new(ROUTED).browser().get("/auth/signin").await.body;
    assert!(
        with.contains("<form action=\"https://app.example.com/auth/signin\" method=\"POST\"")
            && with.contains("type=\"email\"")
    );
    let without = Site::new("base_url: https://app.example.com/auth\nproviders: {github: {}}\n")
        .browser()
        .get("/auth/signin")
        .await
        .body;
    assert!(!without.contains("type=\"email\""));
    assert!(start("").await.site.browser().get("/auth/signin").await.body.contains("type=\"email\""));
}
