//! The text of a file, sealed with the key of the keyring (AES-256-GCM), or as it is where there is no keyring.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::oauth::Secret;
use crate::rng::SystemRng;
use crate::session::RecordKeys;
use crate::session::store::Key;

/// What stands in a file that is sealed.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    sealed: String,
}

/// The bytes that are sealed in a text; `None` where it is not sealed.
pub fn sealed(text: &str) -> Option<Vec<u8>> {
    let Sealed { sealed } = serde_json::from_str(text).ok()?;
    URL_SAFE_NO_PAD.decode(sealed).ok()
}

/// Seals the text of the file of that name. Under another name it does not open, so files cannot be exchanged.
pub fn seal(key: &Secret, name: &str, text: &str) -> String {
    let bytes = keys(key).seal(&Key::of(name), text.as_bytes(), &SystemRng);
    let sealed = Sealed { sealed: URL_SAFE_NO_PAD.encode(bytes) };
    serde_json::to_string(&sealed).expect("a text is JSON")
}

/// Opens it; `None` where it was sealed with another key, or for another name.
pub fn open(key: &Secret, name: &str, bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = keys(key).open(&Key::of(name), bytes)?;
    String::from_utf8(text.to_vec()).ok().map(Zeroizing::new)
}

fn keys(key: &Secret) -> RecordKeys {
    RecordKeys::new(std::slice::from_ref(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_its_key_and_under_its_name_alone() {
        let key = Secret::from("a key of this account");
        let text = seal(&key, "acme.json", "tokens");
        assert!(!text.contains("tokens"));
        let bytes = sealed(&text).unwrap();
        assert_eq!(open(&key, "acme.json", &bytes).as_deref(), Some(&"tokens".to_owned()));
        assert!(open(&key, "other.json", &bytes).is_none());
        assert!(open(&Secret::from("another key"), "acme.json", &bytes).is_none());
        assert!(open(&key, "acme.json", &bytes[1..]).is_none());
    }

    #[test]
    fn a_text_that_is_not_sealed_is_none() {
        for text in
            [r#"{"provider": "acme"}"#, r#"{"sealed": "€"}"#, r#"{"sealed": "AA", "provider": ""}"#, ""]
        {
            assert!(sealed(text).is_none(), "{text}");
        }
    }
}
