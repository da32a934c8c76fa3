//! The person, in OpenID Connect's words.

use serde_json::{Map, Value};

/// Claims of an id_token that are about the token and not about the person (OpenID Connect Core §2, §3.3.2.11, RFC 7519 §4.1).
pub const ABOUT_THE_TOKEN: [&str; 14] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "sid",
];

/// A mapped profile: claims by their OpenID Connect names (Core §5.1) and whatever else the provider file maps.
///
/// `sub` is always there and never empty; `email_verified` is a boolean where it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    sub: String,
    claims: Map<String, Value>,
}

impl Profile {
    /// A profile of a subject; `claims` are all but `sub`.
    pub fn new(sub: String, mut claims: Map<String, Value>) -> Profile {
        claims.shift_remove("sub");
        Profile { sub, claims }
    }

    /// The subject: who it is at this provider, for good.
    pub fn sub(&self) -> &str {
        &self.sub
    }

    /// A claim as text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// The full name.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// The e-mail address, in lower case.
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// Whether the provider vouches for the e-mail address; `false` where it does not say.
    pub fn email_verified(&self) -> bool {
        self.claims.get("email_verified").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The address of a picture.
    pub fn picture(&self) -> Option<&str> {
        self.text("picture")
    }

    /// All claims but `sub`.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// All claims, `sub` first.
    pub fn into_json(self) -> Map<String, Value> {
        let mut json = Map::new();
        json.insert("sub".into(), self.sub.into());
        json.extend(self.claims);
        json
    }
}
