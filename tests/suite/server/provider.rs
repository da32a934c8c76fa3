//! A little OAuth provider on this machine. The code it is asked to redeem says how it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authcfg::clock::FixedClock;
use authcfg::session::SessionStore;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::server::browser::{Browser, NOW, Reply, Site, environment, load};

/// The provider, and how often it was asked for a token.
pub struct Provider {
    pub site: Site,
    pub tokens: Arc<AtomicUsize>,
}

/// A deployment whose providers `acme` and `posted` are on this machine; `rest` is added to its file.
pub async fn start(rest: &str) -> Provider {
    let (deployment, files, tokens) = listen(rest).await;
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Provider { site: Site::with(&deployment, &files), tokens }
}

/// The same over a store of the test's own.
pub async fn start_over(
    rest: &str,
    store: impl FnOnce(Arc<FixedClock>) -> Arc<dyn SessionStore>,
) -> Provider {
    let (deployment, files, tokens) = listen(rest).await;
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let config = load(&deployment, &files, environment()).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let clock = Arc::new(FixedClock::new(NOW));
    Provider { site: Site::over(config, store(clock.clone()), clock), tokens }
}

/// The provider, its deployment and its files.
pub async fn listen(rest: &str) -> (String, [(&'static str, String); 2], Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let tokens = Arc::new(AtomicUsize::new(0));
    let router = Router::new().route("/token", post(token)).route("/me", get(me)).with_state(tokens.clone());
    tokio::spawn(async { axum::serve(listener, router).await });
    let file = |id: &str, more: &str| {
        format!(
            "id: {id}\nname: Acme\ndocs: https://acme.example/docs\nauthorization_endpoint: {origin}/authorize\n\
             token_endpoint: {origin}/token\nuserinfo_endpoint: {origin}/me\n{more}\
             profile: {{sub: $.userinfo.id, name: $.userinfo.name, email: $.userinfo.email, \
             email_verified: $.userinfo.verified, picture: $.userinfo.picture, team: $.userinfo.team}}\n"
        )
    };
    let acme =
        file("acme", "authorization: {inputs: {login_hint: {}, domain: {format: hostname, route: true}}}\n");
    let posted = file("posted", "authorization: {response_mode: form_post}\n");
    let deployment =
        format!("base_url: https://app.example.com/auth\nproviders: {{acme: {{}}, posted: {{}}}}\n{rest}");
    (deployment, [("providers/acme.yaml", acme), ("providers/posted.yaml", posted)], tokens)
}

async fn token(State(tokens): State<Arc<AtomicUsize>>, form: String) -> Response {
    tokens.fetch_add(1, Ordering::SeqCst);
    let mut form = url::form_urlencoded::parse(form.as_bytes());
    let code = form.find(|(name, _)| name == "code").map(|(_, value)| value.into_owned()).unwrap_or_default();
    match code.as_str() {
        "used" => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
        "html" => axum::response::Html("<h1>Down for maintenance</h1>").into_response(),
        _ => Json(json!({"access_token": code, "token_type": "bearer"})).into_response(),
    }
}

async fn me(headers: HeaderMap) -> Response {
    let token = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    match token.as_str() {
        "nobody" => Json(json!({"name": "Nobody"})).into_response(),
        "error" => (StatusCode::UNAUTHORIZED, Json(json!({"id": 1}))).into_response(),
        "pictured" => {
            let picture = format!("data:image/png;base64,{}", "A".repeat(30_000));
            Json(json!({"id": 8, "name": "Pictured", "picture": picture[..8_000]})).into_response()
        }
        "unverified" => Json(json!({"id": 9, "email": "eve@acme.example", "verified": false})).into_response(),
        "long" => Json(json!({"id": 10, "name": "x".repeat(6_000)})).into_response(),
        _ => Json(json!({
            "id": 7, "name": "Ada", "email": "Ada@acme.example", "verified": true, "team": "blue", "picture": "https://acme.example/ada.png",
        }))
        .into_response(),
    }
}

impl Provider {
    /// A whole sign-in: what the callback answers.
    pub async fn sign_in(&self, browser: &mut Browser, code: &str) -> Reply {
        let begun = browser.sign_in("/auth/signin/acme", &[("callbackUrl", "/dashboard")]).await;
        let state = begun.param("state").unwrap();
        browser.get(&format!("/auth/callback/acme?code={code}&state={state}")).await
    }

    pub fn tokens(&self) -> usize {
        self.tokens.load(Ordering::SeqCst)
    }
}

/// JSON with its content type.
struct Json(Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([("content-type", "application/json")], self.0.to_string()).into_response()
    }
}
