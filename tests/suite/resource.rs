//! Tokens for a protected resource: who hands them out (RFC 9728, RFC 8414), and a client that registers itself (RFC 7591), over
//! real sockets.

use std::sync::{Arc, Mutex};

use authcfg::client::{Client, Error};
use authcfg::clock::SystemClock;
use authcfg::flow::CallbackParams;
use authcfg::provider::{Registration, RegistrationValues, load_value};
use authcfg::rng::SystemRng;
use authcfg::transport::{Options, Transport};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const REDIRECT_URI: &str = "http://127.0.0.1:4711/callback";

/// A resource and its authorization server on one port of this machine; what they answer is laid over what is right, by path.
struct World {
    origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

struct Answers {
    origin: String,
    over: Value,
    asked: Arc<Mutex<Vec<String>>>,
}

impl World {
    async fn new(over: impl FnOnce(&str) -> Value) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let answers = Answers { origin: origin.clone(), over: over(&origin), asked: asked.clone() };
        let router = Router::new().fallback(answer).with_state(Arc::new(answers));
        tokio::spawn(axum::serve(listener, router).into_future());
        World { origin, asked }
    }

    /// The client of the built-in file for such resources, which has no id.
    fn client(&self) -> Client {
        let file = include_str!("../../providers/mcp.yaml");
        let document =
            authcfg::yaml::Document::parse("mcp.yaml", file.as_bytes(), authcfg::yaml::Limits::PROVIDER)
                .unwrap();
        let (provider, findings) = load_value(document.to_json());
        let provider = provider.unwrap_or_else(|| panic!("{findings:?}"));
        let vars = IndexMap::from([("resource".to_owned(), format!("{}/v1/mcp", self.origin))]);
        let values = RegistrationValues { vars, ..RegistrationValues::default() };
        let registration = Registration::new("mcp", Arc::new(provider), values).unwrap();
        let transport = Transport::new(Options::default());
        Client::new(Arc::new(registration), transport, Arc::new(SystemClock), Arc::new(SystemRng))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 64 * 1024).await.unwrap_or_default();
    answers.asked.lock().unwrap().push(path.clone());
    let origin = &answers.origin;
    let right = match path.as_str() {
        "/.well-known/oauth-protected-resource/v1/mcp" => {
            json!({"resource": format!("{origin}/v1/mcp"), "authorization_servers": [format!("{origin}/as")]})
        }
        "/.well-known/oauth-authorization-server/as" => json!({
            "issuer": format!("{origin}/as"), "authorization_endpoint": format!("{origin}/authorize"),
            "token_endpoint": format!("{origin}/token"), "registration_endpoint": format!("{origin}/register"),
            "code_challenge_methods_supported": ["S256"],
        }),
        "/register" => registered(&body),
        "/token" => token(&body),
        _ => Value::Null,
    };
    match answers.over.get(&path).unwrap_or(&right) {
        Value::Null => StatusCode::NOT_FOUND.into_response(),
        body => (StatusCode::OK, [("content-type", "application/json")], body.to_string()).into_response(),
    }
}

fn registered(body: &Bytes) -> Value {
    let mut client: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(client["redirect_uris"], json!([REDIRECT_URI]));
    client["client_id"] = "registered".into();
    client
}

fn token(body: &Bytes) -> Value {
    let params: IndexMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    assert_eq!(params["client_id"], "registered");
    assert!(params["resource"].ends_with("/v1/mcp"));
    json!({"access_token": "AT", "token_type": "Bearer"})
}

/// Why the client did not become a registered one.
async fn refused(over: impl FnOnce(&str) -> Value) -> (String, Vec<String>) {
    let world = World::new(over).await;
    let error = world.client().registered(REDIRECT_URI).await.map(drop).unwrap_err();
    (format!("{}: {error}", error.code()), world.asked())
}

#[tokio::test]
async fn a_client_finds_the_server_registers_itself_and_gets_a_token() {
    let world = World::new(|_| json!({})).await;
    let client = world.client().registered(REDIRECT_URI).await.unwrap();
    assert_eq!(client.registration().client_id, "registered");
    assert_eq!(
        world.asked(),
        [
            "/.well-known/oauth-protected-resource/v1/mcp",
            "/.well-known/oauth-authorization-server/as",
            "/register"
        ]
    );
    let authorization = client.authorize(REDIRECT_URI, &IndexMap::new()).await.unwrap();
    let params: IndexMap<String, String> = authorization.url.query_pairs().into_owned().collect();
    assert_eq!(params["client_id"], "registered");
    assert_eq!(params["resource"], format!("{}/v1/mcp", world.origin));
    let callback = || CallbackParams::parse(&format!("code=C&state={}", params["state"]));
    let tokens = client.tokens(authorization.pending.clone(), callback()).await.unwrap();
    assert_eq!(tokens.access_token.expose(), "AT");
    // Nobody is signed in by it, and another client has no use for the code.
    assert!(matches!(
        client.callback(authorization.pending.clone(), callback()).await,
        Err(Error::Misuse(_))
    ));
    assert!(world.client().tokens(authorization.pending, callback()).await.is_err());
    assert_eq!(world.asked().iter().filter(|path| *path == "/token").count(), 1);
}

#[tokio::test]
async fn a_client_without_an_id_asks_for_nothing() {
    let world = World::new(|_| json!({})).await;
    let refused = world.client().authorize(REDIRECT_URI, &IndexMap::new()).await;
    assert!(matches!(refused, Err(Error::Misuse(_))));
    assert_eq!(world.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn metadata_elsewhere_is_found_too() {
    let world = World::new(|origin| {
        json!({
            "/.well-known/oauth-protected-resource/v1/mcp": null, "/.well-known/oauth-authorization-server/as": null,
            "/.well-known/oauth-protected-resource": {"resource": origin, "authorization_servers": [format!("{origin}/as")]},
            "/as/.well-known/openid-configuration": {
                "issuer": format!("{origin}/as"), "authorization_endpoint": format!("{origin}/authorize"),
                "token_endpoint": format!("{origin}/token"), "registration_endpoint": format!("{origin}/register"),
            },
        })
    })
    .await;
    assert!(world.client().registered(REDIRECT_URI).await.is_ok(), "{:?}", world.asked());
    assert_eq!(
        world.asked(),
        [
            "/.well-known/oauth-protected-resource/v1/mcp",
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-authorization-server/as",
            "/.well-known/openid-configuration/as",
            "/as/.well-known/openid-configuration",
            "/register"
        ]
    );
}

#[tokio::test]
async fn metadata_of_another_resource_leads_nowhere() {
    let (error, asked) = refused(|origin| {
        let servers = [format!("{origin}/as")];
        json!({"/.well-known/oauth-protected-resource/v1/mcp": {"resource": format!("{origin}/v1/other"), "authorization_servers": servers}})
    })
    .await;
    assert!(error.starts_with("discovery_failed: ") && error.contains("of the resource"), "{error}");
    assert_eq!(asked.len(), 1, "{asked:?}");
}

#[tokio::test]
async fn metadata_of_another_issuer_leads_nowhere() {
    let (error, asked) = refused(|origin| {
        let endpoint = format!("{origin}/register");
        json!({"/.well-known/oauth-authorization-server/as": {"issuer": "https://evil.example", "registration_endpoint": endpoint}})
    })
    .await;
    assert!(error.starts_with("discovery_failed: ") && error.contains("evil.example"), "{error}");
    assert!(!asked.contains(&"/register".to_owned()));
}

#[tokio::test]
async fn a_server_on_a_private_address_that_the_resource_names_is_not_asked() {
    for server in ["https://10.0.0.1/as", "https://169.254.169.254", "http://evil.example", "no address"] {
        let (error, asked) = refused(|origin| {
            json!({"/.well-known/oauth-protected-resource/v1/mcp": {"resource": format!("{origin}/v1/mcp"), "authorization_servers": [server]}})
        })
        .await;
        assert_eq!(asked.len(), 1, "{server}: {asked:?} {error}");
    }
}

#[tokio::test]
async fn a_server_that_registers_nobody_is_refused() {
    let (error, _) = refused(|_| json!({"/register": {"error": "invalid_client_metadata"}})).await;
    assert!(error.starts_with("invalid_client_metadata: "), "{error}");
    let (error, _) = refused(|_| json!({"/register": null})).await;
    assert!(error.starts_with("registration_failed: "), "{error}");
    let (error, _) = refused(|origin| {
        let issuer = format!("{origin}/as");
        json!({"/.well-known/oauth-authorization-server/as": {"issuer": issuer, "token_endpoint": format!("{origin}/token")}})
    })
    .await;
    assert!(error.contains("registration_endpoint"), "{error}");
}
