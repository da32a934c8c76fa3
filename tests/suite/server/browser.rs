//! A browser without a network: it keeps cookies and asks a router.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use authcfg::clock::FixedClock;
use authcfg::config::{self, ConfigSource};
use authcfg::rng::SystemRng;
use authcfg::server::{self, Server};
use authcfg::session::SessionStore;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// 2026-01-01T00:00:00Z, the clock of the captures.
pub const NOW: u64 = 1_767_225_600;
/// The secret of the captures.
pub const SECRET: &str = "oracle-secret-0123456789abcdef0123456789abcdef";
/// The token of whoever runs the server.
pub const ADMIN_TOKEN: &str = "admin-token-0123456789abcdef0123456789abcdef";
/// Two providers, as in the captures.
pub const DEPLOYMENT: &str = "\
base_url: https://app.example.com/auth
providers: {github: {}, google: {}}
";

/// What every test's environment holds.
pub fn environment() -> Vec<(String, String)> {
    let pairs = [
        ("AUTH_SECRET", SECRET),
        ("AUTHCFG_ADMIN_TOKEN", ADMIN_TOKEN),
        ("AUTH_GITHUB_ID", "cid"),
        ("AUTH_GITHUB_SECRET", "github-secret"),
        ("AUTH_GOOGLE_ID", "cid"),
        ("AUTH_GOOGLE_SECRET", "google-secret"),
        ("AUTH_WORKOS_ID", "client_01"),
        ("AUTH_WORKOS_SECRET", "sk_test"),
        ("AUTH_ACME_ID", "acme-client"),
        ("AUTH_ACME_SECRET", "acme-secret"),
        ("AUTH_POSTED_ID", "posted-client"),
        ("AUTH_POSTED_SECRET", "posted-secret"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Compiles a deployment file; `files` stand beside it.
pub fn load(
    deployment: &str,
    files: &[(&str, &str)],
    env: Vec<(String, String)>,
) -> Result<config::Config, Vec<authcfg::diagnostic::Diagnostic>> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "authcfg.yaml", deployment);
    files.iter().for_each(|(name, text)| write(folder.path(), name, text));
    let source =
        ConfigSource { file: Some(folder.path().join("authcfg.yaml")), env, ..ConfigSource::default() };
    config::load(&source).map(|(config, _)| config)
}

pub fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A server in this process.
#[derive(Clone)]
pub struct Site {
    pub router: Router,
    pub clock: Arc<FixedClock>,
}

impl Site {
    pub fn new(deployment: &str) -> Site {
        Site::with(deployment, &[])
    }

    pub fn with(deployment: &str, files: &[(&str, &str)]) -> Site {
        let config =
            load(deployment, files, environment()).unwrap_or_else(|findings| panic!("{findings:#?}"));
        let clock = Arc::new(FixedClock::new(NOW));
        let transport = server::transport(&config);
        Site { router: server::router(config, transport, clock.clone(), Arc::new(SystemRng)), clock }
    }

    /// Another server of the same deployment and time, that keeps its sessions in `store`.
    pub fn over(config: config::Config, store: Arc<dyn SessionStore>, clock: Arc<FixedClock>) -> Site {
        let transport = server::transport(&config);
        let server = Server::with_store(config, transport, store, clock.clone(), Arc::new(SystemRng));
        Site { router: server.standalone(), clock }
    }

    pub fn browser(&self) -> Browser {
        Browser { site: self.clone(), cookies: BTreeMap::new(), host: "app.example.com".into() }
    }
}

/// A browser.
#[derive(Clone)]
pub struct Browser {
    pub site: Site,
    pub cookies: BTreeMap<String, String>,
    pub host: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// A parameter of the address the browser is sent to.
    pub fn param(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.location()).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl Browser {
    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 49152)));
        let mut request = Request::builder().method(method).uri(path).extension(peer);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", &self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        let response = self
            .site
            .router
            .clone()
            .oneshot(request.body(Body::from(body.to_owned())).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let reply = Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        for cookie in reply.set_cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.post_with(path, form, &[]).await
    }

    pub async fn post_with(&mut self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, &body).await
    }

    pub async fn csrf(&mut self) -> String {
        self.get("/auth/csrf").await.json()["csrfToken"].as_str().unwrap().to_owned()
    }

    /// Begins a sign-in with a right token.
    pub async fn sign_in(&mut self, path: &str, form: &[(&str, &str)]) -> Reply {
        let token = self.csrf().await;
        let mut form = form.to_vec();
        form.push(("csrfToken", &token));
        self.post(path, &form).await
    }
}
