//! One request shape for every step: what the RFC says is built in, a file writes the difference.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::value::{Incoming, ParamValue, Scalar};

/// Parameters: merged over those of the RFC; null drops one.
pub type Params = IndexMap<String, Option<ParamValue>>;

/// Declares a step: the keys that every step has, and its own before them. Serde cannot both flatten and refuse unknown keys.
macro_rules! step {
    ($(#[$about:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($own)*
            /// The HTTP method: GET for userinfo, POST for anything else, where it is absent.
            pub method: Option<Method>,
            /// How the request authenticates: `bearer`, `none`, `query:NAME`, `header:NAME`, `scheme:WORD` (all but `none` with
            /// the access token), or a `token_endpoint_auth_method`. Where it is absent: `bearer` for userinfo, `none` for
            /// `token.then`, else as at the token endpoint.
            #[schemars(regex(
                pattern = r"^(bearer|none|query:[A-Za-z0-9._~-]+|header:[A-Za-z0-9-]+|scheme:[A-Za-z0-9-]+|client_secret_basic|client_secret_basic_unencoded|client_secret_post|client_secret_jwt|private_key_jwt|tls_client_auth|self_signed_tls_client_auth)$"
            ))]
            pub auth: Option<String>,
            /// Headers, each a template. `Authorization`, `Cookie` and `Host` cannot be set here.
            #[serde(default)]
            pub headers: IndexMap<String, Option<Scalar>>,
            /// Parameters, each a template, merged over those of the RFC: in the query of a GET, else in the body. A list sends one
            /// several times, a mapping is JSON, null drops one.
            #[serde(default)]
            pub params: Params,
            /// For a request with a body: what goes into its URL besides.
            #[serde(default)]
            pub query: Params,
            /// How the parameters of a POST are written; `form` where it is absent.
            pub body: Option<Body>,
            /// Parameters whose value is sent without percent-encoding, for a provider that does not decode it.
            #[serde(default)]
            pub raw: Vec<String>,
            /// How the answer deviates.
            pub response: Option<ResponseSpec>,
        }

        impl $name {
            /// The keys that every step has.
            pub fn keys(&self) -> StepKeys<'_> {
                StepKeys {
                    method: self.method,
                    auth: self.auth.as_deref(),
                    headers: &self.headers,
                    params: &self.params,
                    query: &self.query,
                    body: self.body,
                    raw: &self.raw,
                    response: self.response.as_ref(),
                }
            }
        }
    };
}
pub(super) use step;

/// The keys that every step has, whichever struct they stand in.
#[derive(Clone, Copy, Debug)]
pub struct StepKeys<'a> {
    /// `method`
    pub method: Option<Method>,
    /// `auth`
    pub auth: Option<&'a str>,
    /// `headers`
    pub headers: &'a IndexMap<String, Option<Scalar>>,
    /// `params`
    pub params: &'a Params,
    /// `query`
    pub query: &'a Params,
    /// `body`
    pub body: Option<Body>,
    /// `raw`
    pub raw: &'a [String],
    /// `response`
    pub response: Option<&'a ResponseSpec>,
}

impl StepKeys<'_> {
    /// Whether there is none, so that the step is as its RFC says.
    pub fn is_empty(&self) -> bool {
        let StepKeys { method, auth, headers, params, query, body, raw, response } = self;
        let has_lists = !(headers.is_empty() && params.is_empty() && query.is_empty() && raw.is_empty());
        !has_lists && method.is_none() && auth.is_none() && body.is_none() && response.is_none()
    }
}

step! {
    /// How the request and the answer of a step deviate from its RFC.
    Step {}
}

/// The HTTP methods of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Parameters travel in the query.
    #[default]
    Get,
    /// Parameters travel in the body.
    Post,
    /// Parameters travel in the body, if there are any: some providers end a token that way.
    Delete,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it. The default.
    #[default]
    Form,
    /// `application/json`; an integer or a boolean of the file goes out as one.
    Json,
    /// Not at all: they travel in the URL, and the body is empty.
    Query,
}

/// How an answer deviates from JSON with the RFC's member names and an HTTP status that tells success.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseSpec {
    /// How the body is read; `json` where it is absent.
    pub format: Option<ResponseFormat>,
    /// An expression over `body` that holds on success, for a provider that answers errors with status 200: `body.code == 0`.
    pub ok: Option<String>,
    /// The path of the error code; `$.body.error` where it is absent.
    pub error: Option<String>,
    /// The path of the error's description; `$.body.error_description` where it is absent.
    pub error_description: Option<String>,
    /// Where a token response has its members, by their standard names; those that are absent have these names already.
    pub map: Option<ResponseMap>,
    /// For `format: jwt`: the `iss` of the answer, a template, where that is not the provider's issuer.
    pub issuer: Option<String>,
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
    /// A JWT signed by the provider (OpenID Connect Core §5.3.2), for a userinfo call: its claims, once the signature is checked.
    Jwt,
    /// Anything, such as an image: `base64` and `content_type`.
    Bytes,
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
    /// What kind of token it is (RFC 8693 §2.2.1); for `token_exchange` alone.
    pub issued_token_type: Option<Incoming>,
}
