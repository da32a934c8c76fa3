//! The id of a session that is kept in a store, and the seal of what is kept.

use zeroize::Zeroizing;

use crate::oauth::Secret;
use crate::rng::{self, Rng};
use crate::session::aead::AeadKey;
use crate::session::store::Key;

/// The layout of the bytes. Another one is refused.
const VERSION: u8 = 1;

/// A new session id: 256 random bits as base64url. Only the browser has it; the store knows its hash.
pub fn new_session_id(rng: &dyn Rng) -> Secret {
    Secret::from(rng::token(rng, 32))
}

/// Seals and opens the records of a store: AES-256-GCM, each record with a key of its own. The first secret seals, all open.
pub struct RecordKeys {
    secrets: Vec<Secret>,
}

impl RecordKeys {
    /// For the secrets of a deployment.
    pub fn new(secrets: &[Secret]) -> RecordKeys {
        RecordKeys { secrets: secrets.to_vec() }
    }

    /// Seals the record of a key. Under another key it does not open, so records cannot be exchanged.
    pub fn seal(&self, key: &Key, plaintext: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let secret =
            self.secrets.first().expect("a deployment without a secret is refused when it is compiled");
        let sealed = record_key(secret, key).seal(plaintext.to_vec(), key.as_bytes(), rng);
        [&[VERSION], &sealed[..]].concat()
    }

    /// Opens the record of a key; `None` where it is none of ours.
    pub fn open(&self, key: &Key, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (VERSION, sealed) = bytes.split_first().map(|(version, rest)| (*version, rest))? else {
            return None;
        };
        self.secrets.iter().find_map(|secret| record_key(secret, key).open(sealed, key.as_bytes()))
    }
}

/// One key a record: a store sees more writes than one key of AES-GCM with random nonces should seal.
fn record_key(secret: &Secret, key: &Key) -> AeadKey {
    AeadKey::derive(secret, &key.to_text(), "authcfg/v1/session")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    fn keys(secrets: &[&str]) -> RecordKeys {
        RecordKeys::new(&secrets.iter().map(|secret| Secret::from(*secret)).collect::<Vec<_>>())
    }

    #[test]
    fn opens_what_it_sealed_also_with_an_older_secret() {
        let key = Key::of("id");
        let sealed = keys(&["old"]).seal(&key, b"tokens", &SystemRng);
        assert_eq!(keys(&["new", "old"]).open(&key, &sealed).unwrap().as_slice(), b"tokens");
        assert!(!sealed.windows(6).any(|window| window == b"tokens"));
    }

    #[test]
    fn refuses_another_secret_record_or_layout_and_every_change() {
        let key = Key::of("id");
        let sealed = keys(&["a"]).seal(&key, b"tokens", &SystemRng);
        assert!(keys(&["b"]).open(&key, &sealed).is_none());
        assert!(keys(&["a"]).open(&Key::of("other"), &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys(&["a"]).open(&key, &changed).is_none(), "{at}");
            assert!(keys(&["a"]).open(&key, &sealed[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn a_session_id_has_256_bits() {
        assert_eq!(new_session_id(&SystemRng).expose().len(), 43);
        assert!(!new_session_id(&SystemRng).ct_eq(&new_session_id(&SystemRng)));
    }
}
