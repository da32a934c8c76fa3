//! Signing a JWT (RFC 7519), for clients that mint their secret and for the mock provider.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};

use crate::oauth::Secret;
use crate::oauth::jose::Alg;

/// A private key, or a shared secret, with the algorithm it signs with.
#[derive(Clone)]
pub struct SigningKey {
    alg: Alg,
    key: EncodingKey,
    pem: Option<Secret>,
}

/// A key that cannot be read or cannot sign. It never says anything about the key itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The key is not one for the algorithm, or not in PEM (RFC 7468).
    #[error("the private key is no PEM of a key for {0}")]
    Key(Alg),
    /// The claims cannot be signed.
    #[error("the claims cannot be signed with {0}")]
    Sign(Alg),
}

impl SigningKey {
    /// Reads a private key in PEM form, PKCS #8 (`BEGIN PRIVATE KEY`) as providers hand them out.
    ///
    /// # Errors
    /// A text that is none, or a key of another type.
    pub fn from_pem(alg: Alg, pem: &str) -> Result<SigningKey, SigningError> {
        let bytes = pem.trim().as_bytes();
        let key = match alg {
            Alg::ES256 | Alg::ES384 => EncodingKey::from_ec_pem(bytes),
            Alg::EdDSA => EncodingKey::from_ed_pem(bytes),
            Alg::HS256 => return Err(SigningError::Key(alg)),
            _ => EncodingKey::from_rsa_pem(bytes),
        };
        let key = key.map_err(|_| SigningError::Key(alg))?;
        let signing = SigningKey { alg, key, pem: Some(Secret::from(pem)) };
        // A key of another curve reads well and fails at its first use.
        sign(&signing, None, &Map::new()).map_err(|_| SigningError::Key(alg))?;
        Ok(signing)
    }

    /// A shared secret, for HS256.
    pub fn from_secret(secret: &Secret) -> SigningKey {
        SigningKey { alg: Alg::HS256, key: EncodingKey::from_secret(secret.expose().as_bytes()), pem: None }
    }

    /// Makes a new key.
    ///
    /// # Errors
    /// The system cannot make one; for HS256 there is none to make.
    pub fn generate(alg: Alg) -> Result<SigningKey, SigningError> {
        let failed = |_| SigningError::Key(alg);
        let pem = match alg {
            Alg::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?,
            Alg::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(failed)?,
            Alg::EdDSA => {
                let key = Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8v1()).map_err(failed)?;
                to_pem(key.as_ref())
            }
            Alg::HS256 => return Err(SigningError::Key(alg)),
            _ => {
                let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                to_pem(der.as_ref())
            }
        };
        SigningKey::from_pem(alg, &pem)
    }

    /// The public key as a JWK named `kid`; null for a shared secret.
    pub fn public_jwk(&self, kid: &str) -> Value {
        if self.alg == Alg::HS256 {
            return Value::Null;
        }
        let Ok(mut jwk) = Jwk::from_encoding_key(&self.key, algorithm(self.alg)) else { return Value::Null };
        jwk.common.key_id = Some(kid.to_owned());
        serde_json::to_value(jwk).unwrap_or_default()
    }

    /// The private key in PEM form, where there is one.
    pub fn pem(&self) -> Option<&Secret> {
        self.pem.as_ref()
    }

    /// What it signs with.
    pub fn alg(&self) -> Alg {
        self.alg
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("alg", &self.alg).finish_non_exhaustive()
    }
}

/// Signs claims as a JWT; `kid` names the key in its header.
///
/// # Errors
/// A key that cannot sign.
pub fn sign(
    key: &SigningKey,
    kid: Option<&str>,
    claims: &Map<String, Value>,
) -> Result<String, SigningError> {
    let mut header = Header::new(algorithm(key.alg));
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, &key.key).map_err(|_| SigningError::Sign(key.alg))
}

fn algorithm(alg: Alg) -> Algorithm {
    match alg {
        Alg::RS256 => Algorithm::RS256,
        Alg::RS384 => Algorithm::RS384,
        Alg::RS512 => Algorithm::RS512,
        Alg::PS256 => Algorithm::PS256,
        Alg::PS384 => Algorithm::PS384,
        Alg::PS512 => Algorithm::PS512,
        Alg::ES256 => Algorithm::ES256,
        Alg::ES384 => Algorithm::ES384,
        Alg::EdDSA => Algorithm::EdDSA,
        Alg::HS256 => Algorithm::HS256,
    }
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> Result<String, aws_lc_rs::error::Unspecified> {
    Ok(to_pem(EcdsaKeyPair::generate(algorithm)?.to_pkcs8v1()?.as_ref()))
}

fn to_pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PRIVATE KEY-----");
    for (index, character) in STANDARD.encode(der).chars().enumerate() {
        if index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + "\n-----END PRIVATE KEY-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_type_is_refused() {
        let ec = SigningKey::generate(Alg::ES256).unwrap();
        let pem = ec.pem().unwrap().expose();
        assert!(SigningKey::from_pem(Alg::ES256, pem).is_ok());
        for alg in [Alg::RS256, Alg::ES384, Alg::EdDSA, Alg::HS256] {
            assert_eq!(SigningKey::from_pem(alg, pem).unwrap_err(), SigningError::Key(alg));
        }
        assert_eq!(SigningKey::from_pem(Alg::ES256, "no key").unwrap_err(), SigningError::Key(Alg::ES256));
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = SigningKey::generate(Alg::ES256).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey { alg: ES256, .. }");
    }
}
