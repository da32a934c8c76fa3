//! What an id_token must look like.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the id_token of this provider is checked (OpenID Connect Core §3.1.3.7). The signature always is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdTokenSpec {
    /// The `iss` it must have, a template that may read `claims`; the provider's `issuer` where it is absent.
    pub issuer: Option<String>,
    /// Several values of `iss` that are all right, instead of `issuer`.
    pub issuers: Option<Vec<String>>,
    /// Values of `aud` that are all right besides the client id, each a template.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The algorithms it may be signed with; `[RS256]` where it is absent.
    pub algs: Option<Vec<IdTokenAlg>>,
    /// `false` for a provider that does not send the nonce back.
    pub nonce: Option<bool>,
    /// Claims that must be there, each with the regular expression it must match.
    #[serde(default)]
    pub require: IndexMap<String, String>,
}

/// A signature algorithm of an id_token (RFC 7518 §3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub enum IdTokenAlg {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
    HS256,
}
