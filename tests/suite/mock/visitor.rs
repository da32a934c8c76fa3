//! A client that knows nothing of authcfg: HTTP, and what a provider's documentation says.

use std::sync::Arc;

use authcfg::clock::Clock;
use authcfg::clock::{FixedClock, SystemClock};
use authcfg::mock::{Rules, Service, ServiceOptions};
use authcfg::provider::Provider;
use authcfg::provider::catalog::Catalog;
use authcfg::rng::SystemRng;
use authcfg::server::listen;
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

pub const REDIRECT_URI: &str = "http://localhost:3000/callback?next=%2Fhome";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636, appendix B: the challenge of the verifier there.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A service on a free port, and a client beside it.
pub struct Stage {
    pub base: String,
    pub http: Client,
    pub clock: Arc<FixedClock>,
}

pub fn builtin(id: &str) -> Arc<Provider> {
    Catalog::builtin().get(id).unwrap().provider().unwrap().clone()
}

/// A provider of a file's JSON form.
pub fn written(file: Value) -> Arc<Provider> {
    let (provider, findings) = authcfg::provider::load_value(file);
    Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}")))
}

pub fn auto() -> ServiceOptions {
    ServiceOptions { auto: true, ..ServiceOptions::default() }
}

pub fn ruled(rules: Rules) -> ServiceOptions {
    ServiceOptions { rules, ..auto() }
}

impl Stage {
    pub async fn set(providers: &[Arc<Provider>], options: ServiceOptions) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let service = Service::new(providers, address, options, clock.clone(), Arc::new(SystemRng)).unwrap();
        tokio::spawn(listen::serve(listener, service.router(), std::future::pending()));
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Stage { base: format!("http://{address}"), http, clock }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub async fn json(&self, path: &str) -> Value {
        json(self.http.get(self.at(path))).await.1
    }

    /// Asks for authorization; the parameters of the callback, or the page.
    pub async fn authorize(&self, path: &str, params: &[(&str, &str)]) -> Authorized {
        let url = Url::parse_with_params(&self.at(path), params).unwrap();
        Authorized::of(self.http.get(url).send().await.unwrap()).await
    }

    /// Redeems a code with the redirect URI, the verifier and a secret in the body, as far as `params` do not say otherwise.
    pub async fn token(&self, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", "app"),
            ("client_secret", "s3cret"),
            ("code_verifier", VERIFIER),
        ];
        form.retain(|(name, _)| !params.iter().any(|(other, _)| other == name));
        form.extend(params.iter().filter(|(_, value)| !value.is_empty()));
        json(
            self.http
                .post(self.at(path))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(encoded(&form)),
        )
        .await
    }

    pub async fn userinfo(&self, path: &str, token: &str) -> (u16, Value) {
        json(self.http.get(self.at(path)).bearer_auth(token)).await
    }
}

/// A form.
pub fn encoded(params: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

pub async fn json(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

/// What an authorization request led to.
pub struct Authorized {
    pub status: u16,
    pub location: Option<Url>,
    pub body: String,
}

impl Authorized {
    pub async fn of(answer: Response) -> Authorized {
        let location =
            answer.headers().get("location").map(|there| Url::parse(there.to_str().unwrap()).unwrap());
        Authorized { status: answer.status().as_u16(), location, body: answer.text().await.unwrap() }
    }

    /// A parameter of the callback.
    pub fn param(&self, name: &str) -> Option<String> {
        let location = self.location.as_ref()?;
        location.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    pub fn code(&self) -> String {
        self.param("code")
            .unwrap_or_else(|| panic!("no code: {} {:?} {}", self.status, self.location, self.body))
    }
}

/// A request that is in order, with PKCE.
pub fn request<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut params = vec![
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid email"),
        ("state", "af0ifjsldkj-af0ifjsldkj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    params.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    params.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    params
}
