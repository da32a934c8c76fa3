//! The axum example of the manual compiles, mounts the routes, and reads the session in a handler.

use std::sync::Arc;

use authcfg::clock::FixedClock;
use authcfg::oauth::Secret;
use authcfg::rng::SystemRng;
use authcfg::server::{self, Server};
use authcfg::session::sealing::Sealer;
use axum::body::Body;
use http::Request;
use serde_json::json;
use tower::ServiceExt;

use crate::server::browser::{NOW, SECRET, environment, load};

#[allow(dead_code, reason = "its main is for people")]
#[path = "../../examples/axum.rs"]
mod axum_example;

async fn get(path: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
    let config =
        load("base_url: https://app.example.com\nproviders: {github: {}}\n", &[], environment()).unwrap();
    let transport = server::transport(&config);
    let auth = Server::new(config, transport, Arc::new(FixedClock::new(NOW)), Arc::new(SystemRng));
    let mut request = Request::builder().uri(path).header("host", "app.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = axum_example::app(auth).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let location = response
        .headers()
        .get("location")
        .map(|value| value.to_str().unwrap().to_owned())
        .unwrap_or_default();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, location, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_handler_reads_the_session() {
    let sealer = Sealer::new(&[Secret::from(SECRET)], "__Secure-authjs.session-token");
    let token =
        sealer.seal(json!({"name": "Ada", "sub": "github:7"}).as_object().unwrap(), 60, NOW, &SystemRng);
    let cookie = format!("__Secure-authjs.session-token={token}");
    assert_eq!(get("/account", &[("cookie", &cookie)]).await.2, "You are Ada (github:7).");
    assert_eq!(get("/", &[("cookie", &cookie)]).await.2, "Welcome back.");
}

#[tokio::test]
async fn without_a_session_a_page_leads_to_the_sign_in_and_anything_else_is_refused() {
    assert!(get("/", &[]).await.2.contains("Sign in"));
    let (status, location, _) = get("/account?x=1", &[("accept", "text/html")]).await;
    assert_eq!(
        (status, location.as_str()),
        (
            302,
            "https://app.example.com/api/auth/signin?callbackUrl=https%3A%2F%2Fapp.example.com%2Faccount%3Fx%3D1"
        )
    );
    assert_eq!(get("/account", &[("accept", "application/json")]).await.0, 401);
    assert_eq!(get("/api/auth/session", &[]).await.2, "null");
}
