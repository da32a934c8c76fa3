//! The tests a file carries: what the provider answers, and what must come of it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One sign-in, played against the engine over a real socket.
///
/// A key that is not listed here is the answer of the call with that `as`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Vector {
    /// What it shows.
    pub name: Option<String>,
    /// Values of variables.
    #[serde(default)]
    pub vars: IndexMap<String, String>,
    /// Values of the client's other members.
    #[serde(default)]
    pub client: IndexMap<String, String>,
    /// The scopes that the deployment asks for, instead of `scopes.default`.
    pub scopes: Option<Vec<String>>,
    /// The inputs of this sign-in.
    #[serde(default)]
    pub request: IndexMap<String, String>,
    /// The discovery document, laid over the one that the mock makes; null takes a member away.
    #[serde(default)]
    pub discovery: Map<String, Value>,
    /// The callback, laid over `{code: CODE, state: STATE}`; null takes a parameter away.
    #[serde(default)]
    pub callback: Map<String, Value>,
    /// The claims of the id_token; `iss`, `aud`, `iat`, `exp` and `nonce` are added, null takes one away.
    pub claims: Option<Map<String, Value>>,
    /// The answer of the token endpoint: the body of a 200 with JSON, or `{http: {…}}`.
    pub token_response: Option<Value>,
    /// The answers of `token.then`, in the same order.
    #[serde(default)]
    pub then: Vec<Value>,
    /// The answer of the userinfo endpoint.
    pub userinfo: Option<Value>,
    /// The answer to a refresh, which is played when it is here or `expect` names `refresh`.
    pub refresh_response: Option<Value>,
    /// The answer to a revocation, which is played when it is here or `expect` names `revocation`.
    pub revocation_response: Option<Value>,
    /// The answer to the parameters that go ahead of the browser (RFC 9126 §2.2); a reference where it is absent.
    pub pushed_authorization_request_response: Option<Value>,
    /// The answer to an introspection, which is played when it is here or `expect` names `introspection`.
    pub introspection_response: Option<Value>,
    /// The answer to a client credentials request, which is played when it is here or `expect` names `client_credentials`.
    pub client_credentials_response: Option<Value>,
    /// The answer to a request with an assertion, which is played when it is here or `expect` names `jwt_bearer`. Where the file does
    /// not make the assertion, that is `ASSERTION`.
    pub jwt_bearer_response: Option<Value>,
    /// The answer to a token exchange, which is played when it is here or `expect` names `token_exchange`. What is exchanged is
    /// the access token.
    pub token_exchange_response: Option<Value>,
    /// What each request must have. `STEP`: its parameters, null for one that must be absent; those of the standard need not be
    /// listed, and any other that is not listed fails the test. Beside it `STEP.method`, `STEP.url`, `STEP.auth`,
    /// `STEP.headers`, `STEP.body`, `STEP.raw` (parameters as they look on the wire), `STEP.jwt` (header and claims of a secret or
    /// an assertion that was made) and `authorization.fragment`. Those of `then` are lists in its order.
    #[serde(default)]
    pub expect: IndexMap<String, Value>,
    /// Members of the normalised token response.
    #[serde(default)]
    pub token: Map<String, Value>,
    /// Members of the token response after the refresh.
    #[serde(default)]
    pub refreshed: Map<String, Value>,
    /// The mapped profile, exactly; an absent claim is one that must be absent.
    pub profile: Option<Map<String, Value>>,
    /// The error that must come instead: the provider's code or one of ours, `any` where it does not matter.
    pub error: Option<String>,
    /// The answers of named calls, by their `as`.
    #[serde(flatten)]
    pub named: IndexMap<String, Value>,
}

/// An answer that is not the JSON body of a 200: `{http: {…}}`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpAnswer {
    /// The status; 200 where it is absent.
    pub status: Option<u16>,
    /// The content type; `application/json` where it is absent.
    pub content_type: Option<String>,
    /// Further headers.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// The body: a text goes out as it is, anything else as JSON.
    pub body: Option<Value>,
    /// The body as base64, for bytes.
    pub body_base64: Option<String>,
}
