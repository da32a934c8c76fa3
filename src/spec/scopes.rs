//! Scopes: what a sign-in asks for, and what there is to ask for.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The scopes of a provider.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    /// What a sign-in asks for: the least that identifies a person. `[openid, profile, email]` for
    /// `protocol: oidc`, nothing for `protocol: oauth2`, where it is absent.
    pub default: Option<Vec<String>>,
    /// What stands between two scopes in a request; one space where it is absent (RFC 6749 §3.3).
    pub separator: Option<String>,
    /// The scopes there are.
    #[serde(default)]
    pub supported: IndexMap<String, ScopeInfo>,
}

/// What a scope is for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeInfo {
    /// A few words for a person.
    pub title: Option<String>,
    /// The page that documents it.
    pub docs: Option<String>,
    /// `true` where the provider reviews applications that ask for it.
    #[serde(default)]
    pub sensitive: bool,
}
