//! Access tokens that are bound to a key (RFC 9449), against a server that looks at every proof by hand: nonces, replays, the
//! letters of `token_type` and of the scheme. T-17.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use authcfg::client::{Client, Error, SignIn};
use authcfg::clock::{Clock, FixedClock, SystemClock};
use authcfg::flow::grant::ClientCredentialsRequest;
use authcfg::flow::{CallbackParams, TokenSet};
use authcfg::oauth::Secret;
use authcfg::provider::{Registration, RegistrationValues, load_value};
use authcfg::rng::SystemRng;
use authcfg::transport::{self, Transport};
use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::{Request, Response};
use indexmap::IndexMap;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::proofs::Proofs;

const REDIRECT_URI: &str = "https://app.example.com/api/auth/callback/op";

/// How the server deviates.
#[derive(Clone)]
struct Behaviour {
    /// The nonces that the token endpoint asks for, one a request; then it asks no more.
    token_nonces: VecDeque<&'static str>,
    /// The same at userinfo.
    userinfo_nonces: VecDeque<&'static str>,
    /// The nonce that successful answers bring along.
    next_nonce: Option<&'static str>,
    token_type: &'static str,
    /// The scheme in `WWW-Authenticate`.
    scheme: &'static str,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            token_nonces: VecDeque::new(),
            userinfo_nonces: VecDeque::new(),
            next_nonce: None,
            token_type: "DPoP",
            scheme: "DPoP",
        }
    }
}

/// A request with its proof, which was right.
#[derive(Clone, Debug)]
struct Seen {
    path: String,
    params: Vec<(String, String)>,
    nonce: Option<String>,
    thumbprint: String,
}

struct Shared {
    address: String,
    clock: Arc<FixedClock>,
    behaviour: Mutex<Behaviour>,
    seen: Mutex<Vec<Seen>>,
    proofs: Proofs,
}

struct Op {
    shared: Arc<Shared>,
    client: Client,
}

impl Op {
    async fn start(behaviour: Behaviour) -> Op {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let shared = Arc::new(Shared {
            address: address.clone(),
            clock: clock.clone(),
            behaviour: Mutex::new(behaviour),
            seen: Mutex::default(),
            proofs: Proofs::default(),
        });
        let router = axum::Router::new().fallback(handle).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (provider, findings) = load_value(json!({
            "id": "op", "name": "OP", "dpop_bound_access_tokens": true,
            "authorization_endpoint": format!("{address}/authorize"), "token_endpoint": format!("{address}/token?tenant=a"),
            "userinfo_endpoint": format!("{address}/userinfo"), "profile": {"sub": "$.userinfo.sub"},
            "device_authorization_endpoint": format!("{address}/device"),
        }));
        let provider = Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}")));
        let values = RegistrationValues {
            client_id: "client".into(),
            client_secret: Some(Secret::from("secret")),
            ..RegistrationValues::default()
        };
        let registration = Registration::new("op", provider, values).unwrap();
        let transport = Transport::new(transport::Options::default());
        let client = Client::new(Arc::new(registration), transport, clock, Arc::new(SystemRng));
        Op { shared, client }
    }

    async fn sign_in(&self) -> Result<SignIn, Error> {
        let authorization = self.client.authorize(REDIRECT_URI, &IndexMap::new()).await?;
        let jkt =
            authorization.url.query_pairs().find(|(name, _)| name == "dpop_jkt").unwrap().1.into_owned();
        let callback = format!("code={jkt}&state={}", authorization.pending.state.expose());
        self.client.callback(authorization.pending, CallbackParams::parse(&callback)).await
    }

    /// The paths that were asked, and the nonces in the proofs.
    fn asked(&self) -> Vec<(String, Option<String>)> {
        self.shared.seen.lock().unwrap().iter().map(|seen| (seen.path.clone(), seen.nonce.clone())).collect()
    }

    fn keys(&self) -> HashSet<String> {
        self.shared.seen.lock().unwrap().iter().map(|seen| seen.thumbprint.clone()).collect()
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    let path = parts.uri.path().to_owned();
    let mut behaviour = shared.behaviour.lock().unwrap();
    let answer = |status: u16, nonce: Option<&str>, body: Value| {
        let mut response = Response::builder().status(status).header("content-type", "application/json");
        if let Some(nonce) = nonce {
            response = response.header("dpop-nonce", nonce);
        }
        response.body(Body::from(body.to_string())).unwrap()
    };
    if path == "/device" {
        let code = json!({"device_code": "D", "user_code": "U", "verification_uri": "https://acme.example", "expires_in": 60, "interval": 1});
        return answer(200, None, code);
    }
    let url = format!("{}{path}", shared.address);
    let proof = match shared.proofs.check(&parts, &url, shared.clock.now()) {
        Ok(proof) => proof,
        Err(why) => {
            return answer(400, None, json!({"error": "invalid_dpop_proof", "error_description": why}));
        }
    };
    let params: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let param = |name: &str| params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (nonce, thumbprint) = proof;
    shared.seen.lock().unwrap().push(Seen {
        path: path.clone(),
        params: params.clone(),
        nonce: nonce.clone(),
        thumbprint: thumbprint.clone(),
    });
    let next = behaviour.next_nonce;
    if path == "/token" {
        if let Some(wanted) =
            behaviour.token_nonces.pop_front().filter(|wanted| nonce.as_deref() != Some(*wanted))
        {
            return answer(400, Some(wanted), json!({"error": "use_dpop_nonce"}));
        }
        // The code is the thumbprint that the sign-in was begun with.
        if param("code").is_some_and(|code| code != thumbprint) {
            return answer(400, None, json!({"error": "invalid_grant"}));
        }
        let token = json!({"access_token": format!("AT.{thumbprint}"), "token_type": behaviour.token_type, "refresh_token": "RT", "expires_in": 60});
        return answer(200, next, token);
    }
    let challenge = |error: &str, nonce: Option<&str>| {
        let mut response = answer(401, nonce, json!({}));
        let challenge = format!("{} error=\"{error}\"", behaviour.scheme);
        response.headers_mut().insert("www-authenticate", challenge.try_into().unwrap());
        response
    };
    let wanted = behaviour.userinfo_nonces.front().copied();
    if let Some(wanted) = wanted.filter(|wanted| nonce.as_deref() != Some(*wanted)) {
        let response = challenge("use_dpop_nonce", Some(wanted));
        behaviour.userinfo_nonces.pop_front();
        return response;
    }
    let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    if authorization != Some(&format!("DPoP AT.{thumbprint}")) {
        return challenge("invalid_token", None);
    }
    answer(200, next, json!({"sub": "1"}))
}

fn asked(requests: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    requests.iter().map(|(path, nonce)| ((*path).to_owned(), nonce.map(str::to_owned))).collect()
}

#[tokio::test]
async fn one_nonce_of_a_server_is_asked_for_and_given() {
    let behaviour =
        Behaviour { token_nonces: ["t1"].into(), userinfo_nonces: ["u1"].into(), ..Behaviour::default() };
    let op = Op::start(behaviour).await;
    let sign_in = op.sign_in().await.expect("a sign-in");
    // One server has one nonce: userinfo is asked with that of the token endpoint, and again with its own.
    let first =
        [("/token", None), ("/token", Some("t1")), ("/userinfo", Some("t1")), ("/userinfo", Some("u1"))];
    assert_eq!(op.asked(), asked(&first));
    assert_eq!(op.keys().len(), 1, "one key proves all of it");
    assert!(sign_in.token.dpop_key.is_some());
    assert_eq!(sign_in.token.members(0)["token_type"], "DPoP");
    let bodies: Vec<_> = op.shared.seen.lock().unwrap().iter().map(|seen| seen.params.clone()).collect();
    assert_eq!(bodies[0], bodies[1], "the second request differs in its proof alone");
}

#[tokio::test]
async fn no_nonce_is_given_where_none_was_asked_for() {
    let op = Op::start(Behaviour::default()).await;
    op.sign_in().await.expect("a sign-in");
    assert_eq!(op.asked(), asked(&[("/token", None), ("/userinfo", None)]));
}

#[tokio::test]
async fn the_letters_of_the_token_type_do_not_matter_and_its_word_does() {
    for token_type in ["DPoP", "dpop", "DPOP", "dPoP"] {
        let op = Op::start(Behaviour { token_type, ..Behaviour::default() }).await;
        op.sign_in().await.expect(token_type);
    }
    for token_type in ["Bearer", "bearer", "mac", "", "DPoP ", "dpop+jwt"] {
        let op = Op::start(Behaviour { token_type, ..Behaviour::default() }).await;
        let error = op.sign_in().await.expect_err(token_type);
        assert_eq!(error.code(), "token_response_invalid", "{token_type}");
        assert_eq!(op.asked(), asked(&[("/token", None)]), "{token_type}: nothing is asked with it");
    }
}

#[tokio::test]
async fn the_letters_of_the_scheme_do_not_matter_and_its_word_does() {
    for scheme in ["DPoP", "dpop", "DPOP"] {
        let op =
            Op::start(Behaviour { scheme, userinfo_nonces: ["u1"].into(), ..Behaviour::default() }).await;
        op.sign_in().await.expect(scheme);
        assert_eq!(op.asked().len(), 3, "{scheme}");
    }
    let op =
        Op::start(Behaviour { scheme: "Bearer", userinfo_nonces: ["u1"].into(), ..Behaviour::default() })
            .await;
    assert_eq!(op.sign_in().await.expect_err("another scheme").code(), "userinfo_failed");
}

#[tokio::test]
async fn a_server_that_always_asks_for_a_new_nonce_is_asked_twice() {
    let op = Op::start(Behaviour { token_nonces: ["1", "2", "3"].into(), ..Behaviour::default() }).await;
    let error = op.sign_in().await.expect_err("no token");
    assert_eq!(error.code(), "use_dpop_nonce");
    assert!(!error.ends_sign_in(), "{error}");
    assert_eq!(op.asked(), asked(&[("/token", None), ("/token", Some("1"))]));
    let op = Op::start(Behaviour { userinfo_nonces: ["1", "2", "3"].into(), ..Behaviour::default() }).await;
    assert_eq!(op.sign_in().await.expect_err("no userinfo").code(), "userinfo_failed");
    assert_eq!(op.asked(), asked(&[("/token", None), ("/userinfo", None), ("/userinfo", Some("1"))]));
}

#[tokio::test]
async fn the_last_nonce_of_a_server_is_in_the_next_proof() {
    let op = Op::start(Behaviour { next_nonce: Some("n1"), ..Behaviour::default() }).await;
    op.sign_in().await.expect("a sign-in");
    op.shared.behaviour.lock().unwrap().next_nonce = Some("n2");
    op.sign_in().await.expect("a second one");
    let all =
        [("/token", None), ("/userinfo", Some("n1")), ("/token", Some("n1")), ("/userinfo", Some("n2"))];
    assert_eq!(op.asked(), asked(&all));
    assert_eq!(op.keys().len(), 2, "each sign-in has a key of its own");
}

#[tokio::test]
async fn a_refresh_and_what_follows_it_are_proven_by_the_same_key() {
    let op = Op::start(Behaviour::default()).await;
    let token = op.sign_in().await.expect("a sign-in").token;
    op.shared.behaviour.lock().unwrap().token_nonces = ["r1"].into();
    let renewed = op.client.refresh(&token).await.expect("a refresh");
    op.client.profile(&renewed).await.expect("a profile");
    assert_eq!(op.keys().len(), 1);
    let last = [("/token", None), ("/token", Some("r1")), ("/userinfo", Some("r1"))];
    assert_eq!(op.asked()[2..], asked(&last));
    let stolen = TokenSet { dpop_key: None, ..renewed };
    assert_eq!(
        op.client.profile(&stolen).await.expect_err("a token without its key").code(),
        "userinfo_failed"
    );
}

#[tokio::test]
async fn a_token_for_the_client_itself_and_one_of_a_device_are_bound_too() {
    let op = Op::start(Behaviour { token_nonces: ["c1"].into(), ..Behaviour::default() }).await;
    assert!(
        op.client
            .client_credentials(&ClientCredentialsRequest::default())
            .await
            .expect("a token")
            .dpop_key
            .is_some()
    );
    assert_eq!(op.asked(), asked(&[("/token", None), ("/token", Some("c1"))]));
    let code = op.client.device_authorization().await.expect("a code");
    let sign_in = op.client.device_sign_in(code).await.expect("a sign-in");
    assert_eq!((sign_in.profile.sub(), sign_in.token.dpop_key.is_some()), ("1", true));
    assert_eq!(op.keys().len(), 2);
}

#[tokio::test]
async fn a_key_is_neither_shown_nor_in_a_request() {
    let op = Op::start(Behaviour::default()).await;
    let authorization = op.client.authorize(REDIRECT_URI, &IndexMap::new()).await.unwrap();
    let key = authorization.pending.dpop_key.clone().expect("a key");
    assert!(!authorization.url.as_str().contains(key.expose()));
    assert!(!format!("{authorization:?}").contains(key.expose()));
    let token = op.sign_in().await.unwrap().token;
    let key = token.dpop_key.clone().expect("a key");
    assert!(!format!("{token:?} {:?}", token.members(0)).contains(key.expose()));
    let seen = format!("{:?}", op.shared.seen.lock().unwrap());
    assert!(!seen.contains(key.expose()), "{seen}");
}
