//! Tokens that are kept: how they are written, and when they are renewed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::flow::TokenSet;
use crate::flow::token_set::Remembered;
use crate::oauth::Secret;

/// An access token is renewed so many seconds before it expires, or a tenth of its lifetime where that is less.
const MARGIN: u64 = 60;

/// How many seconds before it expires an access token is renewed that lives for `lifetime` seconds.
pub fn margin(lifetime: u64) -> u64 {
    MARGIN.min(lifetime / 10)
}

/// How a [`TokenSet`] is written, for serde's `with`. The one place where tokens become text: only what seals a record, or
/// keeps a file for its owner alone, may use it.
#[derive(Deserialize, Serialize)]
#[serde(remote = "TokenSet")]
pub struct TokenSetFields {
    #[serde(with = "secret")]
    access_token: Secret,
    expires_at: Option<u64>,
    #[serde(with = "secret")]
    id_token: Option<Secret>,
    #[serde(with = "secret")]
    refresh_token: Option<Secret>,
    // Records of before have none.
    #[serde(with = "secret", default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Secret>,
    scope: Option<String>,
    #[serde(with = "RememberedFields")]
    remembered: Remembered,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Remembered")]
struct RememberedFields {
    raw: Map<String, Value>,
    vars: Map<String, Value>,
    redirect_uri: String,
    sign_in: Map<String, Value>,
    first_id_token: Map<String, Value>,
}

/// How a secret is written, for serde's `with`; as above.
pub mod secret {
    use super::*;

    /// A secret, or perhaps one.
    pub trait Shown: Sized {
        /// Its text.
        fn shown(&self) -> Option<&str>;
        /// It again; `None` where it is missed.
        fn taken(text: Option<String>) -> Option<Self>;
    }

    impl Shown for Secret {
        fn shown(&self) -> Option<&str> {
            Some(self.expose())
        }

        fn taken(text: Option<String>) -> Option<Secret> {
            text.map(Secret::from)
        }
    }

    impl Shown for Option<Secret> {
        fn shown(&self) -> Option<&str> {
            self.as_ref().map(Secret::expose)
        }

        fn taken(text: Option<String>) -> Option<Option<Secret>> {
            Some(text.map(Secret::from))
        }
    }

    /// Writes it.
    pub fn serialize<T: Shown, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.shown().serialize(serializer)
    }

    /// Reads it.
    pub fn deserialize<'de, T: Shown, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        T::taken(text).ok_or_else(|| serde::de::Error::custom("a token is missing"))
    }
}
