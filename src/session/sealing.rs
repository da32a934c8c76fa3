//! Tokens in the format of Auth.js: JWE (RFC 7516), `dir`, `A256CBC-HS512` (RFC 7518 §5.2.5), keys by HKDF (RFC 5869).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::oauth::{Secret, json};
use crate::rng::Rng;

/// A token may be over by this many seconds: the clocks of several servers differ.
const TOLERANCE: u64 = 15;
/// Longer tokens than this are none of ours: five chunks of a cookie.
const MAX_TOKEN: usize = 5 * 4096;

/// Seals and opens the tokens of one purpose. The first secret seals, all open.
pub struct Sealer {
    keys: Vec<Key>,
}

/// What one secret gives for one purpose.
struct Key {
    mac: hmac::Key,
    encrypting: PaddedBlockEncryptingKey,
    decrypting: PaddedBlockDecryptingKey,
    /// For tokens that another reader of the format sealed with `A256GCM`.
    gcm: LessSafeKey,
    kid: String,
    gcm_kid: String,
    /// The protected header, encoded.
    header: String,
}

impl Sealer {
    /// Derives the keys of a purpose; `salt` is the name of the cookie.
    pub fn new(secrets: &[Secret], salt: &str) -> Sealer {
        Sealer { keys: secrets.iter().map(|secret| Key::derive(secret, salt)).collect() }
    }

    /// Seals claims into a token that ends after `max_age` seconds. `iat`, `exp` and `jti` are set here.
    pub fn seal(&self, claims: &Map<String, Value>, max_age: u64, now: u64, rng: &dyn Rng) -> String {
        let key = self.keys.first().expect("a deployment without a secret is refused when it is compiled");
        let mut payload = claims.clone();
        payload.insert("iat".into(), now.into());
        payload.insert("exp".into(), now.saturating_add(max_age).into());
        payload.insert("jti".into(), crate::rng::uuid(rng).into());
        let mut iv = [0; 16];
        rng.fill(&mut iv);
        let mut ciphertext = serde_json::to_vec(&payload).expect("a map of JSON values is JSON");
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        key.encrypting.less_safe_encrypt(&mut ciphertext, context).expect("AES-CBC takes any plaintext");
        let tag = key.tag(&key.header, &iv, &ciphertext);
        let mut token = String::with_capacity(key.header.len() + ciphertext.len() * 4 / 3 + 80);
        token.push_str(&key.header);
        token.push_str("..");
        URL_SAFE_NO_PAD.encode_string(iv, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&ciphertext, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&tag.as_ref()[..32], &mut token);
        token
    }

    /// The claims of a token; `None` where it is not ours, or over.
    pub fn open(&self, token: &str, now: u64) -> Option<Map<String, Value>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let mut parts = token.split('.');
        let (header, key, iv, ciphertext, tag) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !key.is_empty() {
            return None;
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let (iv, ciphertext, tag) = (decode(iv)?, decode(ciphertext)?, decode(tag)?);
        // What we sealed ourselves has one of our own headers, byte for byte.
        let plaintext = match self.keys.iter().find(|key| key.header == header) {
            Some(key) => key.open_cbc(header, &iv, ciphertext, &tag)?,
            None => self.open_foreign(header, &iv, ciphertext, &tag)?,
        };
        // It is authentic, so it is read as JavaScript reads it: numbers and repeated members included.
        let claims: Map<String, Value> = serde_json::from_slice(&plaintext).ok()?;
        let time = |name: &str| match claims.get(name) {
            None => Some(None),
            Some(value) => value.as_u64().map(Some),
        };
        let over = time("exp")?.is_none_or(|exp| exp.saturating_add(TOLERANCE) <= now);
        let early = time("nbf")?.is_some_and(|nbf| nbf > now.saturating_add(TOLERANCE));
        (!over && !early).then_some(claims)
    }

    /// The claims of the one token that opens; `None` where none does, or several: nobody knows whose is whose.
    ///
    /// A browser may send a token in a plain cookie and another one in chunks, one of them put there by a neighbouring host.
    pub fn open_only<T: AsRef<str>>(&self, tokens: &[T], now: u64) -> Option<Map<String, Value>> {
        let mut opened = tokens.iter().filter_map(|token| self.open(token.as_ref(), now));
        match (opened.next(), opened.next()) {
            (claims, None) => claims,
            _ => None,
        }
    }

    /// A token with another header: the same format, sealed by somebody who has one of the secrets.
    fn open_foreign(&self, header: &str, iv: &[u8], ciphertext: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
        let members = match json::parse(&URL_SAFE_NO_PAD.decode(header).ok()?) {
            Ok(Value::Object(members)) => members,
            _ => return None,
        };
        let member = |name: &str| members.get(name).and_then(Value::as_str);
        if member("alg") != Some("dir") || members.contains_key("zip") || members.contains_key("crit") {
            return None;
        }
        let cbc = match member("enc")? {
            "A256CBC-HS512" => true,
            "A256GCM" => false,
            _ => return None,
        };
        let key = match members.get("kid") {
            None => self.keys.first()?,
            Some(kid) => {
                let kid = kid.as_str()?;
                self.keys.iter().find(|key| kid == if cbc { &key.kid } else { &key.gcm_kid })?
            }
        };
        if cbc {
            key.open_cbc(header, iv, ciphertext, tag)
        } else {
            key.open_gcm(header, iv, ciphertext, tag)
        }
    }
}

impl Key {
    fn derive(secret: &Secret, salt: &str) -> Key {
        let info = format!("Auth.js Generated Encryption Key ({salt})");
        let cbc = derive::<64>(secret, salt, &info);
        let gcm = derive::<32>(secret, salt, &info);
        let kid = thumbprint(&*cbc);
        let header = format!(r#"{{"alg":"dir","enc":"A256CBC-HS512","kid":"{kid}"}}"#);
        let cipher = || UnboundCipherKey::new(&AES_256, &cbc[32..]).expect("a key of AES-256 has 32 bytes");
        Key {
            mac: hmac::Key::new(hmac::HMAC_SHA512, &cbc[..32]),
            encrypting: PaddedBlockEncryptingKey::cbc_pkcs7(cipher()).expect("AES-256 has a CBC mode"),
            decrypting: PaddedBlockDecryptingKey::cbc_pkcs7(cipher()).expect("AES-256 has a CBC mode"),
            gcm: LessSafeKey::new(
                UnboundKey::new(&AES_256_GCM, &*gcm).expect("a key of AES-256 has 32 bytes"),
            ),
            gcm_kid: thumbprint(&*gcm),
            header: URL_SAFE_NO_PAD.encode(header),
            kid,
        }
    }

    fn open_cbc(&self, header: &str, iv: &[u8], mut ciphertext: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
        let expected = self.tag(header, iv, &ciphertext);
        constant_time::verify_slices_are_equal(&expected.as_ref()[..32], tag).ok()?;
        let iv: [u8; 16] = iv.try_into().ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let length = self.decrypting.decrypt(&mut ciphertext, context).ok()?.len();
        ciphertext.truncate(length);
        Some(ciphertext)
    }

    fn open_gcm(&self, header: &str, iv: &[u8], mut ciphertext: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
        if tag.len() != AES_256_GCM.tag_len() {
            return None;
        }
        ciphertext.extend_from_slice(tag);
        let length = self.gcm.open_in_place(nonce, Aad::from(header), &mut ciphertext).ok()?.len();
        ciphertext.truncate(length);
        Some(ciphertext)
    }

    /// RFC 7518 §5.2.2.1: over the header, the IV, the ciphertext and the length of the header in bits.
    fn tag(&self, header: &str, iv: &[u8], ciphertext: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(header.as_bytes());
        context.update(iv);
        context.update(ciphertext);
        context.update(&(header.len() as u64 * 8).to_be_bytes());
        context.sign()
    }
}

/// A key by HKDF-SHA256.
pub(super) fn derive<const N: usize>(secret: &Secret, salt: &str, info: &str) -> Zeroizing<[u8; N]> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = Zeroizing::new([0; N]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt.as_bytes())
        .extract(secret.expose().as_bytes())
        .expand(&[info.as_bytes()], Length(N))
        .and_then(|output| output.fill(&mut *key))
        .expect("HKDF gives up to 8160 bytes");
    key
}

/// The thumbprint of a symmetric key (RFC 7638), by SHA-512 as Auth.js has it.
fn thumbprint(key: &[u8]) -> String {
    let json = format!(r#"{{"k":"{}","kty":"oct"}}"#, URL_SAFE_NO_PAD.encode(key));
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA512, json.as_bytes()))
}

#[cfg(test)]
mod tests;
