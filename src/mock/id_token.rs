//! The mock's keys: what it signs id_tokens and responses with, and the private keys of clients that mint their secrets.
//!
//! Each is made once per process, at its first use.

use std::sync::{LazyLock, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::oauth::Secret;
use crate::oauth::jose::{self, Alg, SigningKey};
use crate::provider::Provider;
use crate::provider::client_auth::JwtAlg;
use crate::provider::id_token::IdTokenAlg;

/// The `kid` of the mock's key.
const KID: &str = "mock-1";

/// The keys that were made so far.
static KEYS: Mutex<Vec<SigningKey>> = Mutex::new(Vec::new());
static RSA_PEM: LazyLock<String> = LazyLock::new(|| {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a 2048-bit RSA key can be generated");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a generated key has a PKCS #8 form");
    pem(der.as_ref())
});
static EC_PEM: LazyLock<String> = LazyLock::new(|| {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key can be generated");
    pem(key.to_pkcs8v1().expect("a generated key has a PKCS #8 form").as_ref())
});
static ED_PEM: LazyLock<String> = LazyLock::new(|| {
    let key = Ed25519KeyPair::generate().expect("an Ed25519 key can be generated");
    pem(key.to_pkcs8v1().expect("a generated key has a PKCS #8 form").as_ref())
});

/// The algorithm that the mock signs with: the first that the file takes.
pub(super) fn alg(algs: &[IdTokenAlg]) -> Alg {
    algs.first().copied().unwrap_or(IdTokenAlg::RS256).into()
}

/// Signs the claims of an id_token; `secret` is the client secret, for HS256.
pub(super) fn sign(alg: Alg, claims: &Map<String, Value>, secret: Option<&str>) -> String {
    jose::sign(&key(alg, secret), Some(KID), claims).expect("a generated key signs JSON")
}

/// The same for a token of another type than an id_token.
pub(super) fn sign_as(alg: Alg, typ: &str, claims: &Map<String, Value>, secret: Option<&str>) -> String {
    jose::sign_as(&key(alg, secret), Some(KID), typ, claims).expect("a generated key signs JSON")
}

/// The public keys that verify what [`sign`] signs for a provider (RFC 7517 §5): none for a shared secret.
pub(super) fn public_keys(provider: &Provider) -> Value {
    let mut algs = vec![alg(&provider.id_token.algs)];
    algs.extend(provider.userinfo_signed_response_alg.map(Alg::from));
    algs.extend(provider.introspection_signed_response_alg.map(Alg::from));
    algs.push(provider.callback.authorization_signed_response_alg.into());
    let mut keys: Vec<Value> = vec![];
    for alg in algs.into_iter().filter(|alg| *alg != Alg::HS256) {
        let jwk = key(alg, None).public_jwk(KID);
        if !keys.contains(&jwk) {
            keys.push(jwk);
        }
    }
    json!({"keys": keys})
}

/// The parameters of a callback as a signed response holds them (JARM §2.1): `over` are those that a vector writes, which may be
/// claims of the JWT too; null takes one away.
pub(super) fn response(
    provider: &Provider,
    (issuer, client_id): (&str, &str),
    params: Vec<(String, String)>,
    over: &Map<String, Value>,
    (now, secret): (u64, Option<&str>),
) -> Vec<(String, String)> {
    let mut claims = Map::new();
    claims.insert("iss".into(), issuer.into());
    claims.insert("aud".into(), client_id.into());
    claims.insert("exp".into(), (now + 300).into());
    claims.extend(params.into_iter().map(|(name, value)| (name, value.into())));
    for (name, value) in over.iter().filter(|(_, value)| !value.is_string()) {
        match value {
            Value::Null => drop(claims.shift_remove(name)),
            value => drop(claims.insert(name.clone(), value.clone())),
        }
    }
    let alg = provider.callback.authorization_signed_response_alg.into();
    vec![("response".into(), sign(alg, &claims, secret))]
}

/// A private key as a provider hands it out, in PEM.
pub(super) fn private_key_pem(alg: Option<JwtAlg>) -> String {
    match alg {
        Some(JwtAlg::RS256 | JwtAlg::PS256) => RSA_PEM.clone(),
        Some(JwtAlg::EdDSA) => ED_PEM.clone(),
        Some(JwtAlg::ES256) | None => EC_PEM.clone(),
    }
}

fn key(alg: Alg, secret: Option<&str>) -> SigningKey {
    if alg == Alg::HS256 {
        return SigningKey::from_secret(&Secret::from(secret.unwrap_or_default()));
    }
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = keys.iter().find(|key| key.alg() == alg) {
        return key.clone();
    }
    let key = SigningKey::generate(alg).expect("a key can be generated");
    keys.push(key.clone());
    key
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PRIVATE KEY-----");
    for (index, character) in STANDARD.encode(der).chars().enumerate() {
        if index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + "\n-----END PRIVATE KEY-----\n"
}
