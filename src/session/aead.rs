//! AES-256-GCM for what only we read: a random nonce, the ciphertext, the tag.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::oauth::Secret;
use crate::rng::Rng;
use crate::session::sealing::derive;

/// The key of one purpose.
pub(super) struct AeadKey(LessSafeKey);

impl AeadKey {
    /// Derives it by HKDF.
    pub fn derive(secret: &Secret, salt: &str, info: &str) -> AeadKey {
        let key = derive::<32>(secret, salt, info);
        let key = UnboundKey::new(&AES_256_GCM, &*key).expect("a key of AES-256 has 32 bytes");
        AeadKey(LessSafeKey::new(key))
    }

    /// Seals bytes for a place, which [`AeadKey::open`] must name again.
    pub fn seal(&self, plaintext: Vec<u8>, place: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill(&mut nonce);
        let mut sealed = plaintext;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::from(place), &mut sealed)
            .expect("AES-GCM takes any plaintext");
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed with this key for this place.
    pub fn open(&self, bytes: &[u8], place: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(place), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }
}
