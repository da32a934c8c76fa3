//! The authorization request, and what one sign-in may add to it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Parameters whose value is sent without percent-encoding, for a provider that does not decode it.
    #[serde(default)]
    pub raw: Vec<String>,
    /// What stands behind `#`, a template, for a provider that wants it there.
    pub fragment: Option<String>,
}

/// How the authorization response comes back (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// As a form that the browser posts to the redirect URI.
    FormPost,
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
