//! The authorization request, and what one sign-in may add to it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::client_auth::JwtAlg;
use crate::spec::step::Params;
use crate::spec::variable::Format;

/// Proof Key for Code Exchange (RFC 7636).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Pkce {
    /// The challenge is the SHA-256 of the verifier. The default.
    #[default]
    S256,
    /// The challenge is the verifier, for a provider that knows no other method.
    #[serde(rename = "plain")]
    Plain,
    /// None, for a provider that refuses the parameters or documents that it does not look at them.
    #[serde(rename = "none")]
    None,
}

/// How the authorization request deviates from RFC 6749 §4.1.1.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationSpec {
    /// Parameters, each a template, merged over those of the RFC: a list sends one several times (`resource`), a mapping is JSON
    /// (`claims`), null drops one.
    #[serde(default)]
    pub params: Params,
    /// What one sign-in may pass. Sent as the parameter of that name; an empty one counts as absent, an undeclared
    /// one is ignored, a wrong one refused. Null takes away one that `protocol: oidc` declares.
    #[serde(default)]
    pub inputs: IndexMap<String, Option<Input>>,
    /// Lists of inputs of which exactly one is needed.
    #[serde(default)]
    pub one_of: Vec<Vec<String>>,
    /// How the answer comes back; `query` where it is absent.
    pub response_mode: Option<ResponseMode>,
    /// The parameters go as a request object, a JWT that is signed with `client.private_key` and this algorithm (RFC 9101); its
    /// `kid` is that of `client_assertion`.
    pub request_object_signing_alg: Option<JwtAlg>,
    /// Parameters whose value is sent without percent-encoding, for a provider that does not decode it.
    #[serde(default)]
    pub raw: Vec<String>,
    /// What stands behind `#`, a template, for a provider that wants it there.
    pub fragment: Option<String>,
}

/// How the authorization response comes back (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post §2, JARM §2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    #[serde(rename = "query")]
    Query,
    /// As a form that the browser posts to the redirect URI.
    #[serde(rename = "form_post")]
    FormPost,
    /// Signed, as a JWT where the provider puts it by default: in the query.
    #[serde(rename = "jwt")]
    Jwt,
    /// Signed, as a JWT in the query of the redirect URI.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// Signed, as a JWT in a form that the browser posts to the redirect URI.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    /// The word in a file and in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            ResponseMode::Query => "query",
            ResponseMode::FormPost => "form_post",
            ResponseMode::Jwt => "jwt",
            ResponseMode::QueryJwt => "query.jwt",
            ResponseMode::FormPostJwt => "form_post.jwt",
        }
    }

    /// Whether the browser posts it.
    pub fn is_posted(self) -> bool {
        matches!(self, ResponseMode::FormPost | ResponseMode::FormPostJwt)
    }

    /// Whether it is a JWT.
    pub fn is_signed(self) -> bool {
        matches!(self, ResponseMode::FormPostJwt | ResponseMode::Jwt | ResponseMode::QueryJwt)
    }
}

/// One thing that a sign-in may pass.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A regular expression that the value must match; anchored with `^` and `$`.
    pub pattern: Option<String>,
    /// The values it may take.
    #[serde(rename = "enum")]
    pub one_of: Option<Vec<String>>,
    /// The form of the value.
    pub format: Option<Format>,
    /// Why it should not be used any more, and what to use instead.
    pub deprecated: Option<String>,
    /// `false`: not a parameter of the request; only templates see it, as `request.NAME`.
    #[serde(default = "yes")]
    pub send: bool,
    /// `true`: an e-mail domain. The deployment's `routes` are asked first, and the sign-in page shows the e-mail box.
    #[serde(default)]
    pub route: bool,
}

fn yes() -> bool {
    true
}
