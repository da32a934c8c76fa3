//! A little OpenID provider on this machine, whose id_tokens say what a test wants of them.

use std::sync::{Arc, LazyLock, Mutex};

use authcfg::clock::FixedClock;
use authcfg::oauth::jose::{Alg, SigningKey, sign_as};
use authcfg::session::SessionStore;
use authcfg::session::store::MemoryStore;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, serve};
use serde_json::{Map, Value, json};

use crate::server::browser::{Browser, NOW, Reply, Site, environment, load};

/// The key of the provider.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).expect("a key"));

/// The provider.
pub struct Openid {
    pub issuer: String,
    pub store: Arc<dyn SessionStore>,
    pub clock: Arc<FixedClock>,
    deployment: String,
    file: String,
    /// The claims of the next id_token.
    next: Arc<Mutex<Value>>,
}

impl Openid {
    /// Starts one. `discovery` is laid over its discovery document, `rest` is added to the deployment file.
    pub async fn start(discovery: Value, rest: &str) -> Openid {
        Openid::over(discovery, rest, |clock| Arc::new(MemoryStore::new(clock))).await
    }

    /// The same over a store of the test's own.
    pub async fn over(
        discovery: Value,
        rest: &str,
        store: impl FnOnce(Arc<FixedClock>) -> Arc<dyn SessionStore>,
    ) -> Openid {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let mut document = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"), "end_session_endpoint": format!("{issuer}/logout"),
        });
        for (name, value) in discovery.as_object().unwrap() {
            document[name] = value.clone();
        }
        let next = Arc::new(Mutex::new(json!({})));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || answer(&document)))
            .route("/jwks", get(async || answer(&json!({"keys": [KEY.public_jwk("k")]}))))
            .route("/token", post(token))
            .with_state(next.clone());
        tokio::spawn(async { serve(listener, router).await });
        let file = format!(
            "id: acme\nname: Acme\ndocs: https://acme.example/docs\nprotocol: oidc\nissuer: {issuer}\ndiscovery: true\n\
             id_token: {{algs: [ES256]}}\n\
             profile: {{sub: $.claims.sub, name: $.claims.name, logout_hint: $.claims.login_hint}}\n"
        );
        let providers = if rest.contains("providers:") { "" } else { "providers: {acme: {}}\n" };
        let deployment = format!("base_url: https://app.example.com/auth\n{providers}{rest}");
        let clock = Arc::new(FixedClock::new(NOW));
        Openid { issuer, store: store(clock.clone()), clock, deployment, file, next }
    }

    /// A server of the deployment.
    pub fn site(&self) -> Site {
        let files = [("providers/acme.yaml", self.file.as_str())];
        let config = load(&self.deployment, &files, environment());
        let config = config.unwrap_or_else(|findings| panic!("{findings:#?}"));
        Site::over(config, self.store.clone(), self.clock.clone())
    }

    /// A browser that has signed in, with an id_token that has `claims` besides; and that id_token.
    pub async fn signed_in(&self, claims: Value) -> (Browser, String) {
        let mut browser = self.site().browser();
        let begun = browser.sign_in("/auth/signin/acme", &[("callbackUrl", "/")]).await;
        let mut all = json!({
            "iss": self.issuer, "aud": "acme-client", "sub": "7", "iat": NOW, "exp": NOW + 600, "nonce": begun.param("nonce").unwrap(),
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let id_token = self.sign("JWT", &all);
        *self.next.lock().unwrap() =
            json!({"access_token": "at", "token_type": "bearer", "id_token": id_token});
        let state = begun.param("state").unwrap();
        let reply: Reply = browser.get(&format!("/auth/callback/acme?code=c&state={state}")).await;
        assert_eq!(reply.location(), "https://app.example.com/", "{reply:?}");
        (browser, id_token)
    }

    /// A token of the provider.
    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        let empty = Map::new();
        sign_as(&KEY, Some("k"), typ, claims.as_object().unwrap_or(&empty)).unwrap()
    }
}

fn answer(body: &Value) -> Response {
    Response::builder().header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

async fn token(State(next): State<Arc<Mutex<Value>>>) -> Response {
    answer(&next.lock().unwrap())
}
