//! One request shape for every step: what the RFC says is built in, a file writes the difference.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::value::{Incoming, Scalar};

/// Parameters: merged over those of the RFC; null drops one.
pub type Params = IndexMap<String, Option<Scalar>>;

/// How the request of a step deviates from its RFC.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The HTTP method: POST for a token request, GET for userinfo, where it is absent.
    pub method: Option<Method>,
    /// How the request authenticates: `bearer`, `none`, `query:NAME`, `header:NAME`, `scheme:WORD`, or a
    /// `token_endpoint_auth_method`.
    #[schemars(regex(
        pattern = r"^(bearer|none|query:[A-Za-z0-9._~-]+|header:[A-Za-z0-9-]+|scheme:[A-Za-z0-9-]+|client_secret_basic|client_secret_basic_unencoded|client_secret_post)$"
    ))]
    pub auth: Option<String>,
    /// Headers, each a template. `Authorization`, `Cookie` and `Host` cannot be set here.
    #[serde(default)]
    pub headers: IndexMap<String, Option<Scalar>>,
    /// Parameters, each a template, merged over those of the RFC: in the query of a GET, else in the body. Null drops one.
    #[serde(default)]
    pub params: Params,
    /// For a request with a body: what goes into its URL besides.
    #[serde(default)]
    pub query: Params,
    /// How the parameters of the body are written; `form` where it is absent.
    pub body: Option<Body>,
    /// How the answer deviates.
    pub response: Option<ResponseSpec>,
}

/// The HTTP methods of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Parameters travel in the query.
    Get,
    /// Parameters travel in the body.
    Post,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it. The default.
    #[default]
    Form,
    /// `application/json`.
    Json,
}

/// How an answer deviates from JSON with the RFC's member names and an HTTP status that tells success.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseSpec {
    /// How the body is read; `json` where it is absent.
    pub format: Option<ResponseFormat>,
    /// An expression over `body` that holds on success, for a provider that answers errors with status 200.
    pub ok: Option<String>,
    /// Where the error code stands; `$.body.error` where it is absent.
    pub error: Option<String>,
    /// Where the error's description stands; `$.body.error_description` where it is absent.
    pub error_description: Option<String>,
    /// Where a token response has its members: standard name to theirs.
    pub map: Option<ResponseMap>,
}

/// How a body is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// JSON, whatever the content type says (`text/html` excepted).
    #[default]
    Json,
    /// `name=value&…`.
    Form,
}

/// Where a token response has its members.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseMap {
    /// The access token.
    pub access_token: Option<Incoming>,
    /// The refresh token.
    pub refresh_token: Option<Incoming>,
    /// The id_token (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Incoming>,
    /// The type of the access token.
    pub token_type: Option<Incoming>,
    /// The scope that was granted.
    pub scope: Option<Incoming>,
    /// The lifetime in seconds; a number is what counts where the answer has none.
    pub expires_in: Option<Incoming>,
    /// The moment it expires, where the answer gives that instead: `{from: PATH, as: unix|unix_ms|rfc3339}`.
    pub expires_at: Option<Incoming>,
}
