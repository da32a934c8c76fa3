//! What a store keeps of a session, under its seal.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::rng::Rng;
use crate::server::sessions::tokens::Tokens;
use crate::session::RecordKeys;
use crate::session::store::{Key, Record};

/// What is kept of a session.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Held {
    /// What is known of the person.
    pub claims: Map<String, Value>,
    /// When they signed in, in seconds since 1970.
    pub began: u64,
    /// When the session was last given a new end.
    pub renewed: u64,
    /// What the provider gave for them.
    #[serde(default)]
    pub tokens: Option<Tokens>,
}

impl Held {
    /// Opens a record; `None` where it is none of ours.
    pub fn open(keys: &RecordKeys, key: &Key, record: &Record) -> Option<Held> {
        serde_json::from_slice(&keys.open(key, &record.value)?).ok()
    }

    /// The bytes of its record.
    pub fn seal(&self, keys: &RecordKeys, key: &Key, rng: &dyn Rng) -> Vec<u8> {
        let plaintext = serde_json::to_vec(self).expect("texts, numbers and JSON values are JSON");
        keys.seal(key, &Zeroizing::new(plaintext), rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::Secret;
    use crate::rng::SystemRng;

    #[test]
    fn a_record_of_before_tokens_were_kept_is_a_session() {
        let (keys, key) = (RecordKeys::new(&[Secret::from("secret")]), Key::of("id"));
        let open = |text: &[u8]| {
            let value = keys.seal(&key, text, &SystemRng);
            Held::open(&keys, &key, &Record { value, version: 1, expires: 9 })
        };
        let held = open(br#"{"claims":{"sub":"acme:7"},"began":1,"renewed":2}"#).unwrap();
        assert!(held.tokens.is_none() && held.claims["sub"] == "acme:7");
        for text in [&b"{}"[..], b"", br#"{"claims":{},"began":1,"renewed":2,"tokens":{}}"#] {
            assert!(open(text).is_none());
        }
    }
}
