//! A little OAuth provider whose tokens live ten minutes, and whose refresh tokens are good once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authcfg::clock::FixedClock;
use authcfg::config::Config;
use authcfg::rng::SystemRng;
use authcfg::server::{self, Server};
use authcfg::session::SessionStore;
use authcfg::session::store::MemoryStore;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::server::browser::{Browser, NOW, Site, environment, load};

/// What the provider does with a refresh.
#[derive(Clone)]
pub enum Refresh {
    /// Answers with new tokens; these members are laid over them, null takes one away.
    Grant(Value),
    /// Answers with this status, content type and body.
    Answer(u16, &'static str, &'static str),
    /// Takes the request and never answers.
    Hang,
}

/// What it does.
#[derive(Clone)]
pub struct Behaviour {
    pub refresh: Refresh,
    /// How long a refresh takes.
    pub slow: Duration,
    /// How long userinfo takes.
    pub slow_userinfo: Duration,
    /// What userinfo says.
    pub person: Value,
    /// The status of a revocation.
    pub revocation: u16,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    good: Mutex<String>,
    issued: AtomicUsize,
    /// Refresh tokens as they came.
    refreshes: Mutex<Vec<String>>,
    /// Tokens that were revoked.
    revoked: Mutex<Vec<String>>,
}

/// The provider.
pub struct Provider {
    shared: Arc<Shared>,
    pub store: Arc<dyn SessionStore>,
    pub clock: Arc<FixedClock>,
    deployment: String,
    file: String,
}

impl Provider {
    /// Starts one; `session` are the settings of the session besides `strategy`, `rest` is added to the deployment file.
    pub async fn start(session: &str, rest: &str) -> Provider {
        Provider::over(session, rest, |clock| Arc::new(MemoryStore::new(clock))).await
    }

    /// The same over a store of the test's own.
    pub async fn over(
        session: &str,
        rest: &str,
        store: impl FnOnce(Arc<FixedClock>) -> Arc<dyn SessionStore>,
    ) -> Provider {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Behaviour {
                refresh: Refresh::Grant(json!({})),
                slow: Duration::ZERO,
                slow_userinfo: Duration::ZERO,
                person: json!({"id": 7, "name": "Ada", "email": "ada@acme.example", "verified": true}),
                revocation: 200,
            }),
            good: Mutex::default(),
            issued: AtomicUsize::new(0),
            refreshes: Mutex::default(),
            revoked: Mutex::default(),
        });
        let router = Router::new()
            .route("/token", post(token))
            .route("/me", get(me))
            .route("/revoke", post(revoke))
            .with_state(shared.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        let file = format!(
            "id: acme\nname: Acme\ndocs: https://acme.example/docs\nauthorization_endpoint: {origin}/authorize\n\
             token_endpoint: {origin}/token\nuserinfo_endpoint: {origin}/me\nrevocation_endpoint: {origin}/revoke\n\
             authorization: {{inputs: {{login_hint: {{}}}}}}\n\
             profile: {{sub: $.userinfo.id, name: $.userinfo.name, email: $.userinfo.email, \
             email_verified: $.userinfo.verified, hint: $.request.login_hint}}\n"
        );
        let deployment = format!(
            "base_url: https://app.example.com/auth\nproviders: {{acme: {{}}}}\n\
             session: {{strategy: database, store: memory{session}}}\n{rest}"
        );
        let clock = Arc::new(FixedClock::new(NOW));
        Provider { shared, store: store(clock.clone()), clock, deployment, file }
    }

    /// A server of the deployment: another process, as far as it can tell.
    pub fn site(&self) -> Site {
        Site::over(self.config(), self.store.clone(), self.clock.clone())
    }

    /// The same as an application has it that mounts it.
    pub fn server(&self) -> Server {
        let config = self.config();
        let transport = server::transport(&config);
        Server::with_store(config, transport, self.store.clone(), self.clock.clone(), Arc::new(SystemRng))
    }

    fn config(&self) -> Config {
        let files = [("providers/acme.yaml", self.file.as_str())];
        let config = load(&self.deployment, &files, environment());
        config.unwrap_or_else(|findings| panic!("{findings:#?}"))
    }

    /// The same with its sessions in cookies.
    pub fn site_with_cookies(&self) -> Site {
        let (before, after) = self.deployment.split_once("session:").unwrap();
        let rest = after.split_once('\n').map_or("", |(_, rest)| rest);
        let files = [("providers/acme.yaml", self.file.as_str())];
        let config = load(&format!("{before}{rest}"), &files, environment()).unwrap();
        Site::over(config, self.store.clone(), self.clock.clone())
    }

    /// A browser that has signed in.
    pub async fn signed_in(&self) -> Browser {
        let mut browser = self.site().browser();
        let begun = browser.sign_in("/auth/signin/acme?login_hint=ada", &[]).await;
        let state = begun.param("state").unwrap();
        let reply = browser.get(&format!("/auth/callback/acme?code=c&state={state}")).await;
        assert_eq!(reply.location(), "https://app.example.com", "{reply:?}");
        browser
    }

    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.behaviour.lock().unwrap());
    }

    /// The refresh tokens that it was sent.
    pub fn refreshes(&self) -> Vec<String> {
        self.shared.refreshes.lock().unwrap().clone()
    }

    /// The tokens that were revoked, once there are so many, or after a while.
    pub async fn revoked(&self, count: usize) -> Vec<String> {
        for _ in 0..100 {
            if self.shared.revoked.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.shared.revoked.lock().unwrap().clone()
    }

    /// Waits until it was asked for so many refreshes.
    pub async fn asked(&self, count: usize) {
        for _ in 0..300 {
            if self.refreshes().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("asked {} times", self.refreshes().len());
    }
}

fn param(form: &str, name: &str) -> String {
    let mut form = url::form_urlencoded::parse(form.as_bytes());
    form.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn answer(status: u16, content_type: &str, body: String) -> Response {
    Response::builder().status(status).header("content-type", content_type).body(Body::from(body)).unwrap()
}

async fn token(State(shared): State<Arc<Shared>>, form: String) -> Response {
    let behaviour = shared.behaviour.lock().unwrap().clone();
    let is_refresh = param(&form, "grant_type") == "refresh_token";
    let mut over = json!({});
    if is_refresh {
        let sent = param(&form, "refresh_token");
        shared.refreshes.lock().unwrap().push(sent.clone());
        tokio::time::sleep(behaviour.slow).await;
        match behaviour.refresh {
            Refresh::Grant(members) => over = members,
            Refresh::Answer(status, content_type, body) => return answer(status, content_type, body.into()),
            Refresh::Hang => std::future::pending::<()>().await,
        }
        if sent != *shared.good.lock().unwrap() {
            return answer(400, "application/json", json!({"error": "invalid_grant"}).to_string());
        }
    }
    let number = shared.issued.fetch_add(1, Ordering::SeqCst);
    let mut members = json!({
        "access_token": format!("at-{number}"), "refresh_token": format!("rt-{number}"), "token_type": "bearer", "expires_in": 600,
    });
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => drop(members.as_object_mut().unwrap().shift_remove(name)),
            value => members[name] = value.clone(),
        }
    }
    if let Some(token) =
        members.get("refresh_token").and_then(Value::as_str).filter(|token| !token.is_empty())
    {
        *shared.good.lock().unwrap() = token.to_owned();
    }
    answer(200, "application/json", members.to_string())
}

async fn me(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let behaviour = shared.behaviour.lock().unwrap().clone();
    tokio::time::sleep(behaviour.slow_userinfo).await;
    let bearer = headers["authorization"].to_str().unwrap();
    let newest = format!("Bearer at-{}", shared.issued.load(Ordering::SeqCst) - 1);
    match bearer == newest {
        true => answer(200, "application/json", behaviour.person.to_string()),
        false => answer(401, "application/json", json!({"error": "invalid_token"}).to_string()),
    }
}

async fn revoke(State(shared): State<Arc<Shared>>, form: String) -> Response {
    let status = shared.behaviour.lock().unwrap().revocation;
    shared.revoked.lock().unwrap().push(param(&form, "token"));
    if status == 0 {
        std::future::pending::<()>().await;
    }
    answer(status, "application/json", "{}".into())
}
