//! A hostile OpenID provider in this process: well-behaved by default, with one misbehaviour per case.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use authcfg::client::{Client, Error, SignIn};
use authcfg::clock::{Clock, FixedClock, SystemClock};
use authcfg::flow::{CallbackParams, Pending};
use authcfg::oauth::Secret;
use authcfg::provider::{Registration, RegistrationValues, load_value, merge};
use authcfg::rng::SystemRng;
use authcfg::transport::{self, Transport};
use axum::body::{Body, to_bytes};
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use super::keys::{KEY, Sign, at_hash, b64, compact};

pub const CLIENT_ID: &str = "client/1 ä";
pub const CLIENT_SECRET: &str = "s3cret:+%/ ü-of-more-than-thirty-two-bytes";
pub const REDIRECT_URI: &str = "https://app.example.com/api/auth/callback/op";
pub const SUB: &str = "248289761001";
pub const ACCESS_TOKEN: &str = "SlAV32hkKG";
pub const REFRESH_TOKEN: &str = "8xLOxBtZp8";

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
    /// Laid over the provider file of the client.
    pub file: Value,
    /// Inputs of the sign-in.
    pub inputs: IndexMap<String, String>,
    /// Laid over the discovery document; null takes a member away.
    pub discovery: Value,
    pub discovery_answer: Option<Answer>,
    /// The JWK Set's keys.
    pub keys: Vec<Value>,
    pub jwks_answer: Option<Answer>,
    /// Changes the parameters of the callback.
    pub callback: Edit<Vec<(String, String)>>,
    /// Laid over the JOSE header.
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
    /// Whether a code may be used again and again.
    pub reuses_codes: bool,
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
            callback: Arc::new(|_| ()),
            header: json!({}),
            claims: json!({}),
            payload: Arc::new(|_| ()),
            sign: Sign::Rs256(&KEY),
            id_token: Arc::new(|_| ()),
            token: json!({}),
            token_answer: None,
            userinfo: json!({}),
            userinfo_answer: None,
            reuses_codes: false,
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

#[derive(Clone, Default)]
struct Grant {
    nonce: Option<String>,
    challenge: Option<String>,
    method: Option<String>,
    redirect_uri: String,
}

struct Shared {
    issuer: String,
    behaviour: Mutex<Behaviour>,
    hits: Mutex<Hits>,
    grants: Mutex<HashMap<String, Grant>>,
    /// What the last token and userinfo requests looked like.
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
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let shared = Arc::new(Shared {
            issuer: issuer.clone(),
            hits: Mutex::default(),
            grants: Mutex::default(),
            seen: Mutex::default(),
            clock: clock.clone(),
            behaviour: Mutex::new(behaviour.clone()),
        });
        let router = axum::Router::new().fallback(handle).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let transport = Transport::new(transport::Options::default());
        let registration = registration(&issuer, &behaviour.file);
        let client = Client::new(Arc::new(registration), transport, clock.clone(), Arc::new(SystemRng));
        Op { shared, client, clock }
    }

    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    pub fn hits(&self) -> Hits {
        self.shared.hits.lock().unwrap().clone()
    }

    /// The token and userinfo requests: method, query, headers and body in one text.
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

    /// The authorization endpoint, without a socket: what the browser would bring back.
    pub fn authorize(&self, url: &Url) -> String {
        let params: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let behaviour = self.shared.behaviour.lock().unwrap().clone();
        let mut grants = self.shared.grants.lock().unwrap();
        let code = format!("code-{}", grants.len());
        let grant = Grant {
            nonce: params.get("nonce").cloned(),
            challenge: params.get("code_challenge").cloned(),
            method: params.get("code_challenge_method").cloned(),
            redirect_uri: params.get("redirect_uri").cloned().unwrap_or_default(),
        };
        grants.insert(code.clone(), grant);
        let mut callback = vec![("code".to_owned(), code)];
        if let Some(state) = params.get("state") {
            callback.push(("state".to_owned(), state.clone()));
        }
        (behaviour.callback)(&mut callback);
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&callback).finish()
    }
}

/// The client at the provider: `oidc` with discovery, and what the case lays over it.
pub fn registration(issuer: &str, file: &Value) -> Registration {
    let mut spec = json!({
        "id": "op", "name": "OP", "protocol": "oidc", "discovery": true, "issuer": "{{ vars.issuer }}",
        "vars": {"issuer": {"format": "https-url"}},
    });
    merge(spec.as_object_mut().expect("an object"), file.as_object().expect("an object"));
    let (provider, findings) = load_value(spec);
    let provider = provider.unwrap_or_else(|| panic!("the test's provider file: {findings:?}"));
    let values = RegistrationValues {
        client_id: CLIENT_ID.into(),
        client_secret: Some(Secret::from(CLIENT_SECRET)),
        vars: IndexMap::from([("issuer".to_owned(), issuer.to_owned())]),
        ..RegistrationValues::default()
    };
    Registration::new("op", Arc::new(provider), values).expect("a registration")
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    let behaviour = shared.behaviour.lock().unwrap().clone();
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer = match parts.uri.path() {
        "/.well-known/openid-configuration" => {
            shared.hits.lock().unwrap().discovery += 1;
            behaviour.discovery_answer.clone().unwrap_or_else(|| shared.discovery(&behaviour))
        }
        "/jwks" => {
            shared.hits.lock().unwrap().jwks += 1;
            let keys = json!({"keys": behaviour.keys});
            behaviour.jwks_answer.clone().unwrap_or_else(|| Answer::json(keys.to_string()))
        }
        "/token" => {
            shared.hits.lock().unwrap().token += 1;
            shared
                .seen
                .lock()
                .unwrap()
                .push(format!("{} {} {:?} {body}", parts.method, parts.uri, parts.headers));
            let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
            shared.token(&behaviour, authorization, &body)
        }
        "/userinfo" => {
            shared.hits.lock().unwrap().userinfo += 1;
            shared
                .seen
                .lock()
                .unwrap()
                .push(format!("{} {} {:?} {body}", parts.method, parts.uri, parts.headers));
            let bearer = parts
                .headers
                .get("authorization")
                .is_some_and(|value| value == &format!("Bearer {ACCESS_TOKEN}"));
            match bearer {
                true => behaviour.userinfo_answer.clone().unwrap_or_else(|| {
                    let mut userinfo = json!({"sub": SUB, "name": "Jane Doe", "email": "jane@example.com"});
                    lay(&mut userinfo, &behaviour.userinfo);
                    Answer::json(userinfo.to_string())
                }),
                false => Answer::new(401, "application/json", r#"{"error":"invalid_token"}"#),
            }
        }
        _ => {
            shared.hits.lock().unwrap().elsewhere += 1;
            Answer::new(404, "text/plain", "nothing here")
        }
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a response")
}

impl Shared {
    fn discovery(&self, behaviour: &Behaviour) -> Answer {
        let issuer = &self.issuer;
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
        });
        lay(&mut document, &behaviour.discovery);
        Answer::json(document.to_string())
    }

    fn token(&self, behaviour: &Behaviour, authorization: Option<&str>, body: &str) -> Answer {
        let params: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        if !authenticates(authorization) {
            return refuse("invalid_client", "the credentials are wrong");
        }
        if params.get("grant_type").is_some_and(|grant| grant == "refresh_token") {
            return match params.get("refresh_token").is_some_and(|token| token == REFRESH_TOKEN) {
                true => self.granted(behaviour, &Grant::default()),
                false => refuse("invalid_grant", "unknown refresh token"),
            };
        }
        let code = params.get("code").cloned().unwrap_or_default();
        let mut grants = self.grants.lock().unwrap();
        let grant = if behaviour.reuses_codes { grants.get(&code).cloned() } else { grants.remove(&code) };
        let Some(grant) = grant else { return refuse("invalid_grant", "unknown code") };
        if params.get("redirect_uri") != Some(&grant.redirect_uri) {
            return refuse("invalid_grant", "another redirect_uri");
        }
        let verifier = params.get("code_verifier").cloned().unwrap_or_default();
        let challenge =
            b64(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()).as_ref());
        let proven = grant.method.as_deref() == Some("S256") && grant.challenge == Some(challenge);
        if behaviour.checks_pkce && !proven {
            return refuse("invalid_grant", "PKCE");
        }
        self.granted(behaviour, &grant)
    }

    fn granted(&self, behaviour: &Behaviour, grant: &Grant) -> Answer {
        if let Some(answer) = &behaviour.token_answer {
            let filled = String::from_utf8(answer.body.clone())
                .map(|text| text.replace("ID_TOKEN", &self.id_token(behaviour, grant)).into_bytes())
                .unwrap_or_else(|error| error.into_bytes());
            return Answer { body: filled, ..answer.clone() };
        }
        let mut response = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600,
            "id_token": self.id_token(behaviour, grant),
        });
        lay(&mut response, &behaviour.token);
        Answer::json(response.to_string())
    }

    fn id_token(&self, behaviour: &Behaviour, grant: &Grant) -> String {
        let now = self.clock.now();
        let mut claims = json!({
            "iss": self.issuer, "sub": SUB, "aud": CLIENT_ID, "iat": now, "exp": now + 600,
            "at_hash": at_hash(ACCESS_TOKEN),
        });
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        lay(&mut claims, &behaviour.claims);
        let mut header = json!({"alg": "RS256", "kid": "k1", "typ": "JWT"});
        lay(&mut header, &behaviour.header);
        let mut payload = claims.to_string();
        (behaviour.payload)(&mut payload);
        let mut id_token = compact(&header, payload.as_bytes(), &behaviour.sign);
        (behaviour.id_token)(&mut id_token);
        id_token
    }
}

/// HTTP Basic, id and secret form-encoded first (RFC 6749 §2.3.1).
fn authenticates(authorization: Option<&str>) -> bool {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let wanted =
        format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(CLIENT_ID), encode(CLIENT_SECRET))));
    authorization == Some(wanted.as_str())
}

fn refuse(error: &str, description: &str) -> Answer {
    Answer::new(
        400,
        "application/json",
        json!({"error": error, "error_description": description}).to_string(),
    )
}

/// Lays members over others; null takes one away.
fn lay(value: &mut Value, over: &Value) {
    let (Value::Object(members), Value::Object(over)) = (value, over) else { return };
    for (name, value) in over {
        match value {
            Value::Null => drop(Map::shift_remove(members, name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
}
