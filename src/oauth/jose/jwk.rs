//! A provider's keys (RFC 7517): the ones that can be used, chosen by type, algorithm and `kid`, and what they verify.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::oauth::Secret;
use crate::oauth::jose::{Alg, Jws};

/// More keys than this are no key set.
const MAX_KEYS: usize = 64;
/// Keys of one `kid` that are tried.
const MAX_TRIED: usize = 4;

/// One public key.
#[derive(Clone, Debug)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    P384(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// The keys of a provider that signatures can be verified with.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// What is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// There is no list of keys.
    #[error("the key set has no list `keys`")]
    NoKeys,
    /// There are more keys than anybody needs.
    #[error("the key set has {0} keys, more than {MAX_KEYS}")]
    TooMany(usize),
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is signed with an algorithm that is not expected.
    #[error("the token is signed with `{found}`, expected is {expected}")]
    Alg {
        /// The algorithm of the token.
        found: String,
        /// Those that were expected.
        expected: String,
    },
    /// It names no key, and several could be meant.
    #[error("the token names no key, and the key set has several for {0}")]
    Ambiguous(Alg),
    /// The client secret is too short to verify with (RFC 7518 §3.2).
    #[error("the client secret is shorter than 32 bytes, too short for HS256")]
    ShortSecret,
    /// The signature is not by the key.
    #[error("the signature is wrong")]
    Signature,
    /// The key set has no such key.
    #[error("the key set has no key for {alg}{}", kid.as_ref().map(|kid| format!(" with kid {kid:?}")).unwrap_or_default())]
    UnknownKey {
        /// The algorithm of the token.
        alg: Alg,
        /// The key that the token names, cut to a length that fits a log.
        kid: Option<String>,
    },
}

impl JwkSet {
    /// Reads a key set. Keys that cannot verify signatures (another type or use, too short, malformed, with a private
    /// part) are left out, as RFC 7517 §5 asks.
    ///
    /// # Errors
    /// A document that is no key set.
    pub fn parse(document: &Value) -> Result<JwkSet, JwkSetError> {
        let keys = document.get("keys").and_then(Value::as_array).ok_or(JwkSetError::NoKeys)?;
        if keys.len() > MAX_KEYS {
            return Err(JwkSetError::TooMany(keys.len()));
        }
        Ok(JwkSet { keys: keys.iter().filter_map(Value::as_object).filter_map(Jwk::parse).collect() })
    }

    /// Verifies a token that is signed with one of `algs`, and gives its payload. `secret` is the client secret, for HS256.
    ///
    /// # Errors
    /// Why it is not believed. [`VerifyError::UnknownKey`] may be cured by newer keys.
    pub fn verify<'j>(
        &self,
        jws: &'j Jws<'_>,
        algs: &[Alg],
        secret: Option<&Secret>,
    ) -> Result<(&'j [u8], Alg), VerifyError> {
        let unexpected = || VerifyError::Alg {
            found: cut(&jws.alg),
            expected: algs.iter().map(|alg| alg.as_str()).collect::<Vec<_>>().join(" or "),
        };
        let alg = Alg::parse(&jws.alg).filter(|alg| algs.contains(alg)).ok_or_else(unexpected)?;
        if alg == Alg::HS256 {
            let secret =
                secret.filter(|secret| secret.expose().len() >= 32).ok_or(VerifyError::ShortSecret)?;
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.expose().as_bytes());
            return aws_lc_rs::hmac::verify(&key, jws.signed.as_bytes(), &jws.signature)
                .map(|()| (jws.payload.as_slice(), alg))
                .map_err(|_| VerifyError::Signature);
        }
        let fitting: Vec<&Jwk> = self.keys.iter().filter(|key| key.serves(alg)).collect();
        let named: Vec<&Jwk> = match &jws.kid {
            Some(kid) => {
                fitting.into_iter().filter(|key| key.kid.as_ref() == Some(kid)).take(MAX_TRIED).collect()
            }
            None if fitting.len() > 1 => return Err(VerifyError::Ambiguous(alg)),
            None => fitting,
        };
        if named.is_empty() {
            return Err(VerifyError::UnknownKey { alg, kid: jws.kid.as_deref().map(cut) });
        }
        if named.iter().any(|key| key.verifies(alg, jws.signed.as_bytes(), &jws.signature)) {
            Ok((&jws.payload, alg))
        } else {
            Err(VerifyError::Signature)
        }
    }
}

impl Jwk {
    fn parse(key: &Map<String, Value>) -> Option<Jwk> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
        let verifies = match key.get("key_ops") {
            None => true,
            Some(operations) => operations.as_array()?.iter().any(|operation| operation == "verify"),
        };
        let is_private = ["d", "p", "q", "k"].iter().any(|name| key.contains_key(*name));
        if is_private || !verifies || key.get("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        let point = |size: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == size && y.len() == size).then(|| [&[4][..], &x, &y].concat())
        };
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => rsa(bytes("n")?, bytes("e")?)?,
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x").filter(|x| x.len() == 32)?),
            _ => return None,
        };
        let optional = |name: &str| match key.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) => Some(Some(text.clone())),
            Some(_) => None,
        };
        Some(Jwk { kid: optional("kid")?, alg: optional("alg")?, material })
    }

    /// Whether this is a key for `alg`: of its type, and not meant for another.
    fn serves(&self, alg: Alg) -> bool {
        let of_type = match self.material {
            Material::Ed25519(_) => alg == Alg::EdDSA,
            Material::P256(_) => alg == Alg::ES256,
            Material::P384(_) => alg == Alg::ES384,
            Material::Rsa { .. } => {
                matches!(alg, Alg::RS256 | Alg::RS384 | Alg::RS512 | Alg::PS256 | Alg::PS384 | Alg::PS512)
            }
        };
        of_type && self.alg.as_deref().is_none_or(|own| Alg::parse(own) == Some(alg))
    }

    fn verifies(&self, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
        let unparsed = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        match &self.material {
            Material::Ed25519(key) => unparsed(&ED25519, key),
            Material::P256(key) => unparsed(&ECDSA_P256_SHA256_FIXED, key),
            Material::P384(key) => unparsed(&ECDSA_P384_SHA384_FIXED, key),
            Material::Rsa { n, e } => {
                let parameters: &RsaParameters = match alg {
                    Alg::RS256 => &RSA_PKCS1_2048_8192_SHA256,
                    Alg::RS384 => &RSA_PKCS1_2048_8192_SHA384,
                    Alg::RS512 => &RSA_PKCS1_2048_8192_SHA512,
                    Alg::PS256 => &RSA_PSS_2048_8192_SHA256,
                    Alg::PS384 => &RSA_PSS_2048_8192_SHA384,
                    Alg::PS512 => &RSA_PSS_2048_8192_SHA512,
                    _ => return false,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
        }
    }
}

/// An RSA key of 2048 to 8192 bits, with an exponent that is odd and not a small one.
fn rsa(n: Vec<u8>, e: Vec<u8>) -> Option<Material> {
    let strip = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let (n, e) = (strip(n), strip(e));
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let exponent = (e.len() <= 4).then(|| e.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))?;
    ((2048..=8192).contains(&bits) && exponent >= 65_537 && exponent % 2 == 1)
        .then_some(Material::Rsa { n, e })
}

/// What a stranger sent, fit for a log.
fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oauth::jose::{SigningKey, sign};

    fn set(keys: Value) -> JwkSet {
        JwkSet::parse(&json!({"keys": keys})).unwrap()
    }

    fn signed(key: &SigningKey, kid: Option<&str>) -> String {
        sign(key, kid, json!({"sub": "1"}).as_object().unwrap()).unwrap()
    }

    fn verify(set: &JwkSet, token: &str, algs: &[Alg]) -> Result<Vec<u8>, VerifyError> {
        let jws = Jws::parse(token).unwrap();
        set.verify(&jws, algs, None).map(|(payload, _)| payload.to_vec())
    }

    #[test]
    fn every_algorithm_verifies_what_it_signed_and_nothing_else() {
        for alg in [Alg::RS256, Alg::RS512, Alg::PS256, Alg::PS384, Alg::ES256, Alg::ES384, Alg::EdDSA] {
            let key = SigningKey::generate(alg).unwrap();
            let keys = set(json!([key.public_jwk("k")]));
            let token = signed(&key, Some("k"));
            assert_eq!(verify(&keys, &token, &[alg]).unwrap(), br#"{"sub":"1"}"#, "{alg}");
            let other = set(json!([SigningKey::generate(alg).unwrap().public_jwk("k")]));
            assert_eq!(verify(&other, &token, &[alg]), Err(VerifyError::Signature), "{alg}");
            let (head, signature) = token.rsplit_once('.').unwrap();
            assert_eq!(verify(&keys, &format!("{head}."), &[alg]), Err(VerifyError::Signature), "{alg}");
            let forged = format!("{}.eyJzdWIiOiIyIn0.{signature}", head.split_once('.').unwrap().0);
            assert_eq!(verify(&keys, &forged, &[alg]), Err(VerifyError::Signature), "{alg}");
        }
    }

    #[test]
    fn the_algorithm_is_not_the_tokens_choice() {
        let key = SigningKey::generate(Alg::ES256).unwrap();
        let keys = set(json!([key.public_jwk("k")]));
        let error = verify(&keys, &signed(&key, Some("k")), &[Alg::RS256]).unwrap_err();
        assert_eq!(error.to_string(), "the token is signed with `ES256`, expected is RS256");
    }

    #[test]
    fn a_key_is_found_by_its_kid_or_by_being_the_only_one() {
        let (one, two) =
            (SigningKey::generate(Alg::ES256).unwrap(), SigningKey::generate(Alg::ES256).unwrap());
        let both = set(json!([one.public_jwk("1"), two.public_jwk("2")]));
        assert!(verify(&both, &signed(&two, Some("2")), &[Alg::ES256]).is_ok());
        assert_eq!(
            verify(&both, &signed(&two, None), &[Alg::ES256]),
            Err(VerifyError::Ambiguous(Alg::ES256))
        );
        assert!(matches!(
            verify(&both, &signed(&two, Some("3")), &[Alg::ES256]),
            Err(VerifyError::UnknownKey { .. })
        ));
        let single =
            set(json!([two.public_jwk("2"), SigningKey::generate(Alg::EdDSA).unwrap().public_jwk("3")]));
        assert!(verify(&single, &signed(&two, None), &[Alg::ES256]).is_ok());
    }

    #[test]
    fn leaves_out_keys_that_are_not_for_this() {
        let key = SigningKey::generate(Alg::ES256).unwrap().public_jwk("k");
        let with = |name: &str, value: Value| {
            let mut key = key.clone();
            key[name] = value;
            set(json!([key])).keys.len()
        };
        assert_eq!(with("x5t", json!("a")), 1);
        for (name, value) in [
            ("use", json!("enc")),
            ("key_ops", json!(["encrypt"])),
            ("d", json!("AA")),
            ("kid", json!(1)),
            ("kty", json!("oct")),
            ("crv", json!("P-521")),
            ("x", json!("AA")),
            ("y", json!(null)),
        ] {
            assert_eq!(with(name, value.clone()), 0, "{name}: {value}");
        }
    }

    #[test]
    fn leaves_out_weak_rsa_keys() {
        let n = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xc1; bytes]);
        let count = |n: String, e: &str| set(json!([{"kty": "RSA", "n": n, "e": e}])).keys.len();
        assert_eq!(count(n(256), "AQAB"), 1);
        for (n, e) in [
            (n(128), "AQAB"),
            (n(255), "AQAB"),
            (n(2048), "AQAB"),
            (n(256), "AQ"),
            (n(256), "Aw"),
            (n(256), "AQAA"),
            (n(256), ""),
        ] {
            assert_eq!(count(n, e), 0, "{e}");
        }
    }

    #[test]
    fn hs256_needs_a_long_secret() {
        let secret = Secret::from("0123456789012345678901234567890a");
        let token = signed(&SigningKey::from_secret(&secret), None);
        let jws = Jws::parse(&token).unwrap();
        let keys = JwkSet::default();
        assert!(keys.verify(&jws, &[Alg::HS256], Some(&secret)).is_ok());
        let other = Secret::from("0123456789012345678901234567890b");
        assert_eq!(keys.verify(&jws, &[Alg::HS256], Some(&other)).unwrap_err(), VerifyError::Signature);
        assert_eq!(
            keys.verify(&jws, &[Alg::HS256], Some(&Secret::from("short"))).unwrap_err(),
            VerifyError::ShortSecret
        );
        assert!(matches!(keys.verify(&jws, &[Alg::RS256], Some(&secret)), Err(VerifyError::Alg { .. })));
    }

    #[test]
    fn refuses_what_is_no_key_set() {
        for document in [json!([]), json!({}), json!({"keys": {}}), json!(null)] {
            assert_eq!(JwkSet::parse(&document).unwrap_err(), JwkSetError::NoKeys);
        }
        let many = json!({"keys": vec![json!({}); 65]});
        assert_eq!(JwkSet::parse(&many).unwrap_err(), JwkSetError::TooMany(65));
    }
}
