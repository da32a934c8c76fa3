//! Signing: assertions to a provider, and the tokens of the mock (RFC 7515 §5.1).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaSignatureEncoding,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JoseError, PROOF_TYPE, thumbprint};
use crate::oauth::jose::{pem, private_jwk};

/// A key of ours and the one algorithm it signs with; a cheap clone. `Debug` shows the algorithm alone.
#[derive(Clone)]
pub struct SigningKey {
    alg: Alg,
    pair: Arc<Pair>,
}

const OTHER_KIND: &str = "the private key is of another kind than the algorithm needs, or broken";

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// A new key; of 2048 bits for RSA.
    ///
    /// # Errors
    /// `HS256`, whose key is a secret that both sides know: [`SigningKey::from_secret`].
    pub fn generate(alg: Alg) -> Result<SigningKey, JoseError> {
        let failed = |_| JoseError::Key("no key could be made");
        let pair = match (alg, curve(alg)) {
            (_, Some(curve)) => Pair::Ecdsa(EcdsaKeyPair::generate(curve).map_err(failed)?),
            (Alg::EdDSA, _) => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            (Alg::HS256, _) => return Err(JoseError::Key("HS256 is signed with a shared secret")),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
        };
        Ok(SigningKey::new(alg, pair))
    }

    /// A private key: in PEM (PKCS#8, for EC also SEC 1, for RSA also PKCS#1), or as a JWK.
    ///
    /// # Errors
    /// The text holds no such key, or one that does not sign with `alg`.
    pub fn from_text(alg: Alg, text: &str) -> Result<SigningKey, JoseError> {
        let Some(jwk) = private_jwk::members(text) else { return SigningKey::from_pem(alg, text) };
        let pair = match (alg, curve(alg)) {
            (Alg::ES384, Some(curve)) => private_jwk::ecdsa(&jwk, curve, "P-384", 48).map(Pair::Ecdsa),
            (_, Some(curve)) => private_jwk::ecdsa(&jwk, curve, "P-256", 32).map(Pair::Ecdsa),
            (Alg::EdDSA, _) => private_jwk::ed25519(&jwk).map(Pair::Ed25519),
            (Alg::HS256, _) => return Err(JoseError::Key("HS256 is signed with a shared secret")),
            _ => private_jwk::rsa(&jwk).map(Pair::Rsa),
        };
        let pair = pair.ok_or(JoseError::Key(OTHER_KIND))?;
        Ok(SigningKey::new(alg, pair))
    }

    fn from_pem(alg: Alg, text: &str) -> Result<SigningKey, JoseError> {
        let der =
            pem::private_key(text).ok_or(JoseError::Key("no unencrypted private key in PEM, and no JWK"))?;
        let other = |_| JoseError::Key(OTHER_KIND);
        let pair = match (alg, curve(alg)) {
            (_, Some(curve)) => Pair::Ecdsa(EcdsaKeyPair::from_private_key_der(curve, &der).map_err(other)?),
            (Alg::EdDSA, _) => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(other)?)
            }
            (Alg::HS256, _) => return Err(JoseError::Key("HS256 is signed with a shared secret")),
            _ => {
                let pair = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
                Pair::Rsa(pair.map_err(other)?)
            }
        };
        Ok(SigningKey::new(alg, pair))
    }

    /// The key of `ES256` whose private number these bytes are (RFC 7518 §6.2.2.1): as short as a key can be kept.
    ///
    /// # Errors
    /// A number that no key has: zero, or one from the order of the curve on.
    pub fn from_es256_scalar(scalar: &[u8; 32]) -> Result<SigningKey, JoseError> {
        // An ECPrivateKey (RFC 5915 §3): version 1, the number, and P-256 as the curve.
        let mut der = Zeroizing::new(b"\x30\x31\x02\x01\x01\x04\x20".to_vec());
        der.extend_from_slice(scalar);
        der.extend_from_slice(b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_| JoseError::Key("no private key of P-256"))?;
        Ok(SigningKey::new(Alg::ES256, Pair::Ecdsa(pair)))
    }

    /// The secret that both sides know, for `HS256`. A verifier refuses what one shorter than 32 bytes has signed.
    pub fn from_secret(secret: &Secret) -> SigningKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        SigningKey::new(Alg::HS256, Pair::Hmac(Box::new(key)))
    }

    /// The algorithm it signs with.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// The public key, for a key set; `null` for a shared secret.
    pub fn public_jwk(&self, kid: &str) -> Value {
        let mut jwk = self.bare_jwk();
        if !jwk.is_null() {
            jwk["use"] = "sig".into();
            jwk["alg"] = self.alg.as_str().into();
            jwk["kid"] = kid.into();
        }
        jwk
    }

    /// The public key's thumbprint (RFC 7638 §3), with SHA-256.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.bare_jwk())
    }

    /// The public key with the members that its kind needs, and no others; `null` for a shared secret.
    fn bare_jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &*self.pair {
            Pair::Hmac(_) => Value::Null,
            Pair::Ecdsa(pair) => {
                let point = &pair.public_key().as_ref()[1..]; // 0x04, then both coordinates
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if self.alg == Alg::ES256 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Pair::Rsa(pair) => {
                let (n, e) = pem::rsa_public_key(pair.public_key().as_ref()).expect("the library writes DER");
                json!({"kty": "RSA", "n": text(n), "e": text(e)})
            }
        }
    }

    fn new(alg: Alg, pair: Pair) -> SigningKey {
        SigningKey { alg, pair: Arc::new(pair) }
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let failed = |_| JoseError::Key("signing failed");
        match &*self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.try_sign(message).map_err(failed)?.as_ref().to_vec()),
            Pair::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding = padding(self.alg).ok_or(JoseError::Key("not an algorithm of RSA"))?;
                pair.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.alg)
    }
}

/// A compact JWT of these claims, signed; `kid` names the key in its header.
///
/// # Errors
/// The key does not sign.
pub fn sign(key: &SigningKey, kid: Option<&str>, claims: &Map<String, Value>) -> Result<String, JoseError> {
    sign_as(key, kid, "JWT", claims)
}

/// The same with another `typ` than `JWT` (RFC 8725 §3.11).
///
/// # Errors
/// The key does not sign.
pub fn sign_as(
    key: &SigningKey,
    kid: Option<&str>,
    typ: &str,
    claims: &Map<String, Value>,
) -> Result<String, JoseError> {
    let mut header = json!({"alg": key.alg.as_str(), "typ": typ});
    if let Some(kid) = kid {
        header["kid"] = kid.into();
    }
    compact(key, &header, claims)
}

/// A JWT that brings its key along: a proof that whoever sends it holds that key (RFC 9449 §4.2).
///
/// # Errors
/// The key does not sign.
pub fn sign_proof(key: &SigningKey, claims: &Map<String, Value>) -> Result<String, JoseError> {
    let header = json!({"alg": key.alg.as_str(), "typ": PROOF_TYPE, "jwk": key.bare_jwk()});
    compact(key, &header, claims)
}

fn compact(key: &SigningKey, header: &Value, claims: &Map<String, Value>) -> Result<String, JoseError> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(&Value::Object(claims.clone())));
    let signature = key.signature(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn curve(alg: Alg) -> Option<&'static EcdsaSigningAlgorithm> {
    match alg {
        Alg::ES256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Alg::ES384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => None,
    }
}

fn padding(alg: Alg) -> Option<&'static RsaSignatureEncoding> {
    match alg {
        Alg::RS256 => Some(&RSA_PKCS1_SHA256),
        Alg::RS384 => Some(&RSA_PKCS1_SHA384),
        Alg::RS512 => Some(&RSA_PKCS1_SHA512),
        Alg::PS256 => Some(&RSA_PSS_SHA256),
        Alg::PS384 => Some(&RSA_PSS_SHA384),
        Alg::PS512 => Some(&RSA_PSS_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::{JwkSet, Jws};

    fn pem(label: &str, der: &[u8]) -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    /// Signs with `key`, verifies with its public key.
    fn round(key: &SigningKey) -> bool {
        let keys = JwkSet::parse(&json!({"keys": [key.public_jwk("a")]})).unwrap();
        let token = sign(key, Some("a"), &Map::new()).unwrap();
        Jws::parse(&token).unwrap().verify(&keys, &[key.alg()], None).is_ok()
    }

    #[test]
    fn reads_private_keys_in_every_usual_form() {
        use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};

        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let pkcs8 = pem("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref());
        let sec1: EcPrivateKeyRfc5915Der = ec.private_key().as_der().unwrap();
        assert!(round(&SigningKey::from_pem(Alg::ES256, &pkcs8).unwrap()));
        assert!(round(&SigningKey::from_pem(Alg::ES256, &pem("EC PRIVATE KEY", sec1.as_ref())).unwrap()));

        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der = rsa.as_der().unwrap();
        let rsa_pem = pem("PRIVATE KEY", der.as_ref());
        assert!(round(&SigningKey::from_pem(Alg::PS256, &rsa_pem).unwrap()));

        let ed = Ed25519KeyPair::generate().unwrap();
        for der in [ed.to_pkcs8().unwrap(), ed.to_pkcs8v1().unwrap()] {
            assert!(round(&SigningKey::from_pem(Alg::EdDSA, &pem("PRIVATE KEY", der.as_ref())).unwrap()));
        }

        for (alg, text) in [
            (Alg::ES384, pkcs8.as_str()),
            (Alg::RS256, pkcs8.as_str()),
            (Alg::EdDSA, pkcs8.as_str()),
            (Alg::HS256, pkcs8.as_str()),
            (Alg::ES256, rsa_pem.as_str()),
            (Alg::ES256, "secret"),
            (Alg::RS256, ""),
        ] {
            let error = SigningKey::from_pem(alg, text).unwrap_err().to_string();
            assert!(!error.contains("secret") || alg == Alg::HS256, "{error}");
        }
    }

    #[test]
    fn a_broken_private_key_is_an_error() {
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let der = ec.to_pkcs8v1().unwrap().as_ref().to_vec();
        for end in 0..der.len() {
            assert!(SigningKey::from_pem(Alg::ES256, &pem("PRIVATE KEY", &der[..end])).is_err());
        }
        for position in 0..der.len() {
            let mut changed = der.clone();
            changed[position] ^= 0x41;
            let _ = SigningKey::from_pem(Alg::ES256, &pem("PRIVATE KEY", &changed));
        }
    }

    #[test]
    fn a_key_shows_its_algorithm_alone() {
        let key = SigningKey::from_secret(&Secret::from("0123456789abcdef0123456789abcdef"));
        assert_eq!(format!("{key:?}"), "SigningKey(HS256)");
        assert_eq!(key.public_jwk("a"), Value::Null);
        assert!(SigningKey::generate(Alg::HS256).is_err());
    }
}
