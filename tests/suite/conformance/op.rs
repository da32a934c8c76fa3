//! A hostile OpenID provider in this process: well-behaved by default, with one misbehaviour per case.

mod endpoints;
mod wire;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use authcfg::client::{Client, Error, SignIn};
use authcfg::clock::FixedClock;
use authcfg::flow::{CallbackParams, Pending};
use authcfg::oauth::Secret;
use authcfg::provider::{Registration, RegistrationValues, load_value, merge};
use authcfg::rng::SystemRng;
use authcfg::transport::{self, Transport};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

pub use wire::Fate;

use super::keys::{CLIENT_KEY, KEY, Sign};
use super::proofs::Proofs;

/// When a sign-in begins, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;
pub const CLIENT_ID: &str = "client/1 ä";
pub const CLIENT_SECRET: &str = "s3cret:+%/ ü-of-more-than-thirty-two-bytes";
pub const REDIRECT_URI: &str = "https://app.example.com/api/auth/callback/op";
pub const SUB: &str = "248289761001";
pub const ACCESS_TOKEN: &str = "SlAV32hkKG";
pub const REFRESH_TOKEN: &str = "8xLOxBtZp8";
/// What every code begins with.
pub const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA-";

/// An answer that is not what a provider would give.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    pub fn json(body: impl Into<Vec<u8>>) -> Answer {
        Answer::new(200, "application/json", body)
    }
}

type Edit<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// What the provider does. The default is right in every way.
#[derive(Clone)]
pub struct Behaviour {
    /// Laid over the provider file of the client; `ISSUER` stands for the issuer.
    pub file: Value,
    /// Inputs of the sign-in.
    pub inputs: IndexMap<String, String>,
    /// Laid over the discovery document; null takes a member away, `ISSUER` stands for the issuer.
    pub discovery: Value,
    pub discovery_answer: Option<Answer>,
    /// The JWK Set's keys.
    pub keys: Vec<Value>,
    pub jwks_answer: Option<Answer>,
    /// Whether the callback has an `iss` (RFC 9207).
    pub sends_iss: bool,
    /// Whether the callback is signed where that was asked for (JARM §2.1).
    pub signs_response: bool,
    /// Laid over the claims of a signed callback, and over its JOSE header; and how it is signed, where that is not as an id_token is.
    pub response: Value,
    pub response_header: Value,
    pub response_sign: Option<Sign>,
    /// Changes the parameters of the callback.
    pub callback: Edit<Vec<(String, String)>>,
    /// Laid over the device authorization response.
    pub device: Value,
    /// What the device is told before it gets its token, the last one first.
    pub waits: Vec<&'static str>,
    /// Laid over the JOSE header; `ISSUER` stands for the issuer.
    pub header: Value,
    /// Laid over the claims; null takes one away.
    pub claims: Value,
    /// Changes the payload of the id_token as text.
    pub payload: Edit<String>,
    pub sign: Sign,
    /// Changes the id_token as text.
    pub id_token: Edit<String>,
    /// Laid over the token response.
    pub token: Value,
    pub token_answer: Option<Answer>,
    /// Laid over the userinfo answer.
    pub userinfo: Value,
    pub userinfo_answer: Option<Answer>,
    /// Whether a wire is in front of the provider, which is needed for a fate.
    pub wired: bool,
    /// What becomes of token requests, where it is not an answer.
    pub fate: Option<Fate>,
    /// Whether a code may be used again and again.
    pub reuses_codes: bool,
    /// Whether a proof of possession must have a nonce, and the scheme in which userinfo says so.
    pub asks_nonces: Option<&'static str>,
    /// Whether PKCE is looked at.
    pub checks_pkce: bool,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            file: json!({}),
            inputs: IndexMap::new(),
            discovery: json!({}),
            discovery_answer: None,
            keys: vec![KEY.jwk("k1")],
            jwks_answer: None,
            sends_iss: false,
            signs_response: false,
            response: json!({}),
            response_header: json!({}),
            response_sign: None,
            callback: Arc::new(|_| ()),
            device: json!({}),
            waits: vec![],
            header: json!({}),
            claims: json!({}),
            payload: Arc::new(|_| ()),
            sign: Sign::Rs256(&KEY),
            id_token: Arc::new(|_| ()),
            token: json!({}),
            token_answer: None,
            userinfo: json!({}),
            userinfo_answer: None,
            wired: false,
            fate: None,
            reuses_codes: false,
            asks_nonces: None,
            checks_pkce: true,
        }
    }
}

/// How often each endpoint was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    pub discovery: u32,
    pub jwks: u32,
    pub token: u32,
    pub userinfo: u32,
    pub elsewhere: u32,
}

/// A code that was given out.
#[derive(Clone, Default)]
struct Grant {
    nonce: Option<String>,
    challenge: Option<String>,
    method: Option<String>,
    redirect_uri: String,
    scope: String,
    /// The thumbprint of the key that tokens are to be bound to (RFC 9449 §10).
    jkt: Option<String>,
}

struct Shared {
    issuer: String,
    behaviour: Mutex<Behaviour>,
    /// The endpoints, in the order in which they were asked.
    asked: Mutex<Vec<&'static str>>,
    /// How many connections were made, where there is a wire.
    connections: AtomicUsize,
    grants: Mutex<HashMap<String, Grant>>,
    /// Parameters that went ahead of the browser, by their reference (RFC 9126).
    pushed: Mutex<HashMap<String, String>>,
    /// The `jti` of every client assertion.
    assertions: Mutex<HashSet<String>>,
    /// What the access token is good for, and the key that it is bound to.
    scope: Mutex<String>,
    key: Mutex<Option<String>>,
    /// The refresh token that was given out last.
    refresh_token: Mutex<String>,
    proofs: Proofs,
    /// What these requests looked like: pushed authorization, token, userinfo.
    seen: Mutex<Vec<String>>,
    clock: Arc<FixedClock>,
}

/// A running provider, and a client of it.
pub struct Op {
    shared: Arc<Shared>,
    pub client: Client,
    pub clock: Arc<FixedClock>,
}

impl Op {
    pub async fn start(behaviour: Behaviour) -> Op {
        let (listener, address) = listen().await;
        let wire = if behaviour.wired { Some(listen().await) } else { None };
        let issuer = format!("http://{}", wire.as_ref().map_or(&address, |(_, address)| address));
        let clock = Arc::new(FixedClock::new(NOW));
        let shared = Arc::new(Shared {
            issuer: issuer.clone(),
            asked: Mutex::default(),
            connections: AtomicUsize::default(),
            grants: Mutex::default(),
            pushed: Mutex::default(),
            assertions: Mutex::default(),
            scope: Mutex::default(),
            key: Mutex::default(),
            refresh_token: Mutex::default(),
            proofs: Proofs::default(),
            seen: Mutex::default(),
            clock: clock.clone(),
            behaviour: Mutex::new(behaviour.clone()),
        });
        let router = axum::Router::new().fallback(endpoints::handle).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        if let Some((listener, _)) = wire {
            tokio::spawn(wire::relay(listener, address, shared.clone()));
        }
        let transport = Transport::new(transport::Options::default());
        let registration = registration(&issuer, &behaviour.file);
        let client = Client::new(Arc::new(registration), transport, clock.clone(), Arc::new(SystemRng));
        Op { shared, client, clock }
    }

    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    pub fn hits(&self) -> Hits {
        let asked = self.shared.asked.lock().unwrap();
        let count = |name| asked.iter().filter(|asked| **asked == name).count() as u32;
        Hits {
            discovery: count("discovery"),
            jwks: count("jwks"),
            token: count("token"),
            userinfo: count("userinfo"),
            elsewhere: count("elsewhere"),
        }
    }

    /// The endpoints, in the order in which they were asked.
    pub fn asked(&self) -> String {
        self.shared.asked.lock().unwrap().join(" ")
    }

    /// How many connections were made, where there is a wire.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The pushed authorization, token and userinfo requests: method, query, headers and body in one text.
    pub fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.behaviour.lock().unwrap());
    }

    /// Begins a sign-in, and lets the browser come back with the provider's callback.
    pub async fn begin(&self) -> Result<(Pending, String), Error> {
        let inputs = self.shared.behaviour.lock().unwrap().inputs.clone();
        let authorization = self.client.authorize(REDIRECT_URI, &inputs).await?;
        let callback = self.authorize(&authorization.url);
        Ok((authorization.pending, callback))
    }

    pub async fn finish(&self, pending: Pending, callback: &str) -> Result<SignIn, Error> {
        self.client.callback(pending, CallbackParams::parse(callback)).await
    }

    pub async fn sign_in(&self) -> Result<SignIn, Error> {
        let (pending, callback) = self.begin().await?;
        self.finish(pending, &callback).await
    }

    /// The parameters of an authorization request: those of its address, or those that went ahead of it.
    pub fn params(&self, url: &Url) -> HashMap<String, String> {
        let params: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let Some(request_uri) = params.get("request_uri") else { return params };
        assert_eq!(params.len(), 2, "client_id and request_uri, and nothing else (RFC 9126 §4): {url}");
        let pushed = self.shared.pushed.lock().unwrap().remove(request_uri).expect("a reference, used once");
        let pushed: HashMap<String, String> =
            form_urlencoded::parse(pushed.as_bytes()).into_owned().collect();
        assert_eq!(pushed.get("client_id"), params.get("client_id"), "of the same client");
        pushed
    }

    /// The authorization endpoint, without a socket: what the browser would bring back.
    pub fn authorize(&self, url: &Url) -> String {
        self.grant(&self.params(url))
    }

    /// The same, of parameters that were read.
    pub fn grant(&self, params: &HashMap<String, String>) -> String {
        let behaviour = self.shared.behaviour.lock().unwrap().clone();
        let mut grants = self.shared.grants.lock().unwrap();
        let code = format!("{CODE}{}", grants.len());
        let text = |name: &str| params.get(name).cloned().unwrap_or_default();
        let grant = Grant {
            nonce: params.get("nonce").cloned(),
            challenge: params.get("code_challenge").cloned(),
            method: params.get("code_challenge_method").cloned(),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            jkt: params.get("dpop_jkt").cloned(),
        };
        grants.insert(code.clone(), grant);
        let mut callback = vec![("code".to_owned(), code)];
        if let Some(state) = params.get("state") {
            callback.push(("state".to_owned(), state.clone()));
        }
        if behaviour.sends_iss {
            callback.push(("iss".to_owned(), self.shared.issuer.clone()));
        }
        (behaviour.callback)(&mut callback);
        if behaviour.signs_response && text("response_mode").ends_with("jwt") {
            callback = vec![("response".to_owned(), self.shared.signed(&behaviour, &callback))];
        }
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&callback).finish()
    }
}

/// A free port, and its address.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

/// The client at the provider: `oidc` with discovery, and what the case lays over it.
pub fn registration(issuer: &str, file: &Value) -> Registration {
    let (provider, findings) = load_value(provider_file(issuer, file));
    let provider = provider.unwrap_or_else(|| panic!("the test's provider file: {findings:?}"));
    let members = provider.client.keys();
    let members = members.map(|name| (name.clone(), Secret::from(client_member(name))));
    let values = RegistrationValues {
        client_id: CLIENT_ID.into(),
        client_secret: Some(Secret::from(CLIENT_SECRET)),
        client: members.collect(),
        ..RegistrationValues::default()
    };
    Registration::new("op", Arc::new(provider), values).expect("a registration")
}

/// What the client has besides its id and secret.
pub fn client_member(name: &str) -> String {
    match name {
        "certificate" => include_str!("../../../src/mock/client_certificate.pem").to_owned(),
        "certificate_key" => include_str!("../../../src/mock/client_certificate_key.pem").to_owned(),
        "private_key" => CLIENT_KEY.pem(),
        _ => panic!("the client has no {name}"),
    }
}

/// The provider file: `oidc` with discovery, and what the case lays over it.
pub fn provider_file(issuer: &str, file: &Value) -> Value {
    let mut spec = json!({"id": "op", "name": "OP", "protocol": "oidc", "discovery": true, "issuer": issuer, "docs": "https://op.example/docs"});
    merge(spec.as_object_mut().expect("an object"), here(issuer, file).as_object().expect("an object"));
    spec
}

/// A document with the issuer in the place of `ISSUER`.
fn here(issuer: &str, document: &Value) -> Value {
    serde_json::from_str(&document.to_string().replace("ISSUER", issuer)).expect("JSON")
}

/// Lays members over others; null takes one away.
pub fn lay(value: &mut Value, over: &Value) {
    let (Value::Object(members), Value::Object(over)) = (value, over) else { return };
    for (name, value) in over {
        match value {
            Value::Null => drop(Map::shift_remove(members, name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
}
