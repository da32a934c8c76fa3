//! A server without sockets: requests go straight to its router, over the address `https://app.example.com/auth`.

use std::sync::Arc;

use authcfg::clock::FixedClock;
use authcfg::config::{self, ConfigSource};
use authcfg::rng::SystemRng;
use authcfg::transport::{Options, Transport};
use authcfg::{oauth, server, session, yaml};
use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Map, Value, json};
use session::sealing::Sealer;
use tower::ServiceExt;

pub const SECRET: &str = "a secret of the deployment, of more than 32 bytes";
pub const SESSION: &str = "__Secure-authjs.session-token";
pub const CSRF: &str = "__Host-authjs.csrf-token";
pub const NOW: u64 = 1_800_000_000;

const DEPLOYMENT: &str = "
providers:
  github: {client_id: one}
  gitlab: {client_id: two}
";

pub struct App {
    router: Router,
    pub clock: Arc<FixedClock>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl App {
    pub fn new() -> App {
        let document = yaml::Document::parse("authcfg.yaml", DEPLOYMENT.as_bytes(), yaml::Limits::DEPLOYMENT);
        let env = [
            ("AUTH_SECRET", SECRET),
            ("AUTH_URL", "https://app.example.com/auth"),
            ("AUTH_GITHUB_SECRET", "secret-of-github"),
            ("AUTH_GITLAB_SECRET", "secret-of-gitlab"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let source = ConfigSource { env, ..ConfigSource::default() };
        let (config, _) = config::compile(Some(&document.expect("YAML")), &source).expect("a deployment");
        let clock = Arc::new(FixedClock::new(NOW));
        let transport = Transport::new(Options::default());
        App { router: server::router(config, transport, clock.clone(), Arc::new(SystemRng)), clock }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &[u8])], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(HOST, "app.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.router.clone().oneshot(request.body(Body::from(body.to_owned())).expect("a request"));
        let (parts, body) = response.await.expect("an answer").into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str, cookies: &[u8]) -> Answer {
        self.send("GET", path, &[(COOKIE.as_str(), cookies)], "").await
    }

    /// The name of who is signed in with these cookies; the answer is always 200.
    pub async fn who(&self, cookies: impl AsRef<[u8]>) -> Option<String> {
        let answer = self.get("/auth/session", cookies.as_ref()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let body: Value = serde_json::from_str(&answer.text).expect("JSON");
        assert!(body.is_null() || body["user"].is_object(), "{body}");
        assert_eq!(body.is_null(), !answer.sets(SESSION), "a session is renewed, and nothing else is set");
        body["user"]["name"].as_str().map(str::to_owned)
    }

    /// A form with this browser's CSRF token, and its cookies.
    pub async fn begin(&self, provider: &str, cookies: &str) -> SignIn {
        let (token, cookie) = self.csrf().await;
        let cookies = format!("{cookie}; {cookies}");
        let body = format!("csrfToken={token}");
        let headers = [(COOKIE.as_str(), cookies.as_bytes()), FORM];
        let answer = self.send("POST", &format!("/auth/signin/{provider}"), &headers, &body).await;
        let location = url::Url::parse(answer.location()).expect("an address");
        let state = location.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        let set = answer.set("__Host-authcfg.tx.").expect("a cookie of the sign-in");
        let (name, value) = set.split(';').next().expect("a pair").split_once('=').expect("a pair");
        SignIn { state, name: name.to_owned(), value: value.to_owned(), answer }
    }

    /// The CSRF token and its cookie.
    pub async fn csrf(&self) -> (String, String) {
        let answer = self.get("/auth/csrf", b"").await;
        let body: Value = serde_json::from_str(&answer.text).expect("JSON");
        let cookie = answer.set(CSRF).expect("a cookie").split(';').next().expect("a pair").to_owned();
        (body["csrfToken"].as_str().expect("a token").to_owned(), cookie)
    }
}

pub const FORM: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");

/// A sign-in under way.
pub struct SignIn {
    pub state: String,
    pub name: String,
    pub value: String,
    pub answer: Answer,
}

impl SignIn {
    pub fn cookie(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).expect("a Location").to_str().expect("ASCII")
    }

    /// The first Set-Cookie that begins so.
    pub fn set(&self, prefix: &str) -> Option<&str> {
        self.all_set().find(|cookie| cookie.starts_with(prefix))
    }

    pub fn all_set(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("ASCII"))
    }

    /// Whether a cookie of that name, or a chunk of it, is set to a value.
    pub fn sets(&self, name: &str) -> bool {
        self.all_set().any(|cookie| cookie.starts_with(name) && !cookie.contains("Max-Age=0"))
    }

    /// The names of the cookies that are cleared.
    pub fn cleared(&self) -> Vec<&str> {
        let cleared = self.all_set().filter(|cookie| cookie.contains("=; Max-Age=0;"));
        cleared.map(|cookie| cookie.split('=').next().expect("a name")).collect()
    }
}

/// A session token of somebody, as this deployment seals it.
pub fn session_of(name: &str) -> String {
    token(SECRET, SESSION, json!({"name": name, "sub": "1"}))
}

/// One that is so long that it goes in chunks.
pub fn long_session_of(name: &str) -> Vec<String> {
    let token = token(SECRET, SESSION, json!({"name": name, "blob": "x".repeat(7_000)}));
    token.as_bytes().chunks(3936).map(|chunk| String::from_utf8(chunk.to_vec()).expect("ASCII")).collect()
}

pub fn token(secret: &str, salt: &str, claims: Value) -> String {
    let claims: Map<String, Value> = claims.as_object().expect("an object").clone();
    Sealer::new(&[oauth::Secret::from(secret)], salt).seal(&claims, 3600, NOW, &SystemRng)
}
