//! A sign-in under way: what must be remembered between the authorization request and its callback.

use serde_json::{Map, Value};

use crate::oauth::Secret;

/// A sign-in under way.
///
/// It belongs to one browser: keep it where only that browser's next request finds it, and use it once.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The id under which the deployment runs the provider.
    pub provider_id: String,
    /// The issuer that the request went to; empty where the provider has none.
    pub issuer: String,
    /// SHA-256 of the client id, as base64url.
    pub client_id_hash: String,
    /// `state` (RFC 6749 §10.12).
    pub state: Secret,
    /// `nonce` (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<Secret>,
    /// `code_verifier` (RFC 7636 §4.1).
    pub code_verifier: Option<Secret>,
    /// The key that the access token will be bound to (RFC 9449), as [`dpop::new_key`](crate::flow::dpop::new_key) made it.
    pub dpop_key: Option<Secret>,
    /// `redirect_uri`, which the token request repeats (RFC 6749 §4.1.3).
    pub redirect_uri: String,
    /// The inputs of this sign-in.
    pub request: Map<String, Value>,
    /// When it began, in seconds since 1970.
    pub created: u64,
}

/// How long a sign-in may take, in seconds.
pub const LIFETIME: u64 = 600;
