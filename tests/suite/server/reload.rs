//! Another configuration while the server runs: what goes on as it began, and what is different from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authcfg::clock::FixedClock;
use authcfg::config::Config;
use authcfg::rng::SystemRng;
use authcfg::server::{self, ReloadError, Reloaded, Server};
use serde_json::Value;

use crate::server::browser::{Browser, NOW, Site, environment, load};
use crate::server::provider::listen;

/// A server that can be given other configurations.
struct Reloading {
    server: Server,
    site: Site,
    deployment: String,
    files: [(&'static str, String); 2],
    tokens: Arc<AtomicUsize>,
}

impl Reloading {
    async fn start(rest: &str) -> Reloading {
        let (deployment, files, tokens) = listen(rest).await;
        let config = compiled(&deployment, &files, &[]);
        let clock = Arc::new(FixedClock::new(NOW));
        let transport = server::transport(&config);
        let server = Server::new(config, transport, clock.clone(), Arc::new(SystemRng));
        let site = Site { router: server.standalone(), clock };
        Reloading { server, site, deployment, files, tokens }
    }

    /// With another deployment file.
    fn deploy(&self, deployment: &str) -> Result<Reloaded, ReloadError> {
        self.server.reload(compiled(deployment, &self.files, &[]))
    }

    /// With one text for another in the provider file.
    fn rewrite(&self, from: &str, to: &str) -> Result<Reloaded, ReloadError> {
        let files = self.files.clone().map(|(name, text)| (name, text.replace(from, to)));
        assert_ne!(files, self.files, "{from}");
        self.server.reload(compiled(&self.deployment, &files, &[]))
    }

    fn tokens(&self) -> usize {
        self.tokens.load(Ordering::SeqCst)
    }
}

/// `env` takes the place of what every test has.
fn compiled(deployment: &str, files: &[(&'static str, String)], env: &[(&str, &str)]) -> Config {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let usual = environment().into_iter().filter(|(name, _)| env.iter().all(|(other, _)| other != name));
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).chain(usual);
    load(deployment, &files, env.collect()).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// The address of a callback for the sign-in that begins now.
async fn begun(browser: &mut Browser, id: &str) -> String {
    let state = browser.sign_in(&format!("/auth/signin/{id}"), &[]).await.param("state").unwrap();
    format!("/auth/callback/{id}?code=ada&state={state}")
}

async fn user(browser: &mut Browser) -> Value {
    browser.get("/auth/session").await.json()["user"].clone()
}

#[tokio::test]
async fn a_sign_in_ends_at_the_endpoints_that_it_began_with() {
    let there = Reloading::start("").await;
    let (mut first, mut second) = (there.site.browser(), there.site.browser());
    let callback = begun(&mut first, "acme").await;
    assert_eq!(there.rewrite("/token\n", "/elsewhere\n"), Ok(Reloaded::Changed));
    first.get(&callback).await;
    assert_eq!((user(&mut first).await["name"].as_str(), there.tokens()), (Some("Ada"), 1));
    // One that begins now uses the new one, where nothing answers.
    let callback = begun(&mut second, "acme").await;
    second.get(&callback).await;
    assert_eq!((user(&mut second).await, there.tokens()), (Value::Null, 1));
}

#[tokio::test]
async fn a_sign_in_ends_at_a_provider_that_is_gone() {
    let there = Reloading::start("").await;
    let mut browser = there.site.browser();
    let callback = begun(&mut browser, "acme").await;
    let without = there.deployment.replace("acme: {}, ", "");
    assert_eq!(there.deploy(&without), Ok(Reloaded::Changed));
    browser.get(&callback).await;
    assert_eq!(user(&mut browser).await["name"], "Ada");
    // Nobody begins one there, and after ten minutes nobody ends one either.
    let refused = there.site.browser().sign_in("/auth/signin/acme", &[]).await;
    assert_eq!(refused.location(), "https://app.example.com/auth/error?error=Configuration");
    there.deploy(&there.deployment).unwrap();
    let mut late = there.site.browser();
    let callback = begun(&mut late, "acme").await;
    there.deploy(&without).unwrap();
    there.site.clock.advance(601);
    late.get(&callback).await;
    assert_eq!(user(&mut late).await, Value::Null);
}

#[tokio::test]
async fn who_may_sign_in_counts_at_once() {
    let there = Reloading::start("").await;
    let mut browser = there.site.browser();
    let callback = begun(&mut browser, "acme").await;
    let allow = format!("{}allow: [{{emails: [eve@acme.example]}}]\n", there.deployment);
    assert_eq!(there.deploy(&allow), Ok(Reloaded::Changed));
    let refused = browser.get(&callback).await;
    assert!(refused.location().contains("error=AccessDenied"), "{refused:?}");
    assert_eq!(user(&mut browser).await, Value::Null);
}

#[tokio::test]
async fn another_client_under_the_same_id_is_another_configuration() {
    let there = Reloading::start("").await;
    let mut browser = there.site.browser();
    let callback = begun(&mut browser, "acme").await;
    let other = there.deployment.replace("acme: {}", "acme: {client_id: another-client}");
    assert_eq!(there.deploy(&other), Ok(Reloaded::Changed));
    let begins = there.site.browser().sign_in("/auth/signin/acme", &[]).await;
    assert_eq!(begins.param("client_id").as_deref(), Some("another-client"));
    browser.get(&callback).await;
    assert_eq!(user(&mut browser).await["name"], "Ada");
    // A process that never had the old one takes no answer to another client.
    let (mut browser, elsewhere) = (there.site.browser(), Reloading::start("").await);
    let callback = begun(&mut browser, "acme").await;
    browser.site = elsewhere.site.clone();
    browser.get(&callback).await;
    assert_eq!((user(&mut browser).await, elsewhere.tokens()), (Value::Null, 0));
}

#[tokio::test]
async fn a_session_outlives_a_secret_that_is_rotated_and_not_one_that_is_gone() {
    let there = Reloading::start("").await;
    let mut browser = there.site.browser();
    let callback = begun(&mut browser, "acme").await;
    browser.get(&callback).await;
    let mut copy = browser.clone();
    let new = "another-secret-0123456789abcdef0123456789abcdef";
    let rotated = compiled(&there.deployment, &there.files, &[("AUTH_SECRET_1", new)]);
    assert_eq!(there.server.reload(rotated), Ok(Reloaded::Changed));
    assert_eq!(user(&mut browser).await["name"], "Ada");
    let alone = compiled(&there.deployment, &there.files, &[("AUTH_SECRET", new)]);
    assert_eq!(there.server.reload(alone), Ok(Reloaded::Changed));
    // The cookie that was read meanwhile is sealed with the new one, the copy's is not.
    assert_eq!(user(&mut browser).await["name"], "Ada");
    assert_eq!(user(&mut copy).await, Value::Null);
}

#[tokio::test]
async fn the_same_configuration_changes_nothing_and_each_is_counted() {
    let there = Reloading::start("").await;
    assert_eq!(there.deploy(&there.deployment), Ok(Reloaded::Unchanged));
    there.site.clock.advance(5);
    assert_eq!(
        there.deploy(&format!("{}pages: {{error: /oops}}\n", there.deployment)),
        Ok(Reloaded::Changed)
    );
    there.server.reload_failed();
    let counts = there.server.reloads();
    assert_eq!((counts.succeeded, counts.failed, counts.taken), (1, 1, NOW + 5));
}

#[tokio::test]
async fn where_sessions_are_kept_cannot_change() {
    let there = Reloading::start("").await;
    let stored = format!("{}session: {{strategy: database, store: memory}}\n", there.deployment);
    assert_eq!(there.deploy(&stored), Err(ReloadError::Store));
    let counts = there.server.reloads();
    assert_eq!((counts.succeeded, counts.failed), (0, 1));
    let kept = Reloading::start("session: {strategy: database, store: memory}\n").await;
    let mut browser = kept.site.browser();
    let callback = begun(&mut browser, "acme").await;
    browser.get(&callback).await;
    let shorter = kept.deployment.replace("store: memory", "store: memory, idle: 30min");
    assert_eq!(kept.deploy(&shorter), Ok(Reloaded::Changed));
    assert_eq!(user(&mut browser).await["name"], "Ada");
}

#[tokio::test]
async fn another_base_path_is_followed() {
    let there = Reloading::start("").await;
    let moved = there.deployment.replace("app.example.com/auth", "app.example.com/api/auth");
    assert_eq!(there.deploy(&moved), Ok(Reloaded::Changed));
    let mut browser = there.site.browser();
    assert_eq!(browser.get("/api/auth/csrf").await.status, 200);
    assert_eq!(browser.get("/auth/csrf").await.status, 404);
}
