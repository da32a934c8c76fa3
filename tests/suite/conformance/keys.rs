//! JOSE by hand: keys and signatures that no well-behaved library would make. Nothing of the engine is used here, so that
//! its own reading of JOSE is what is tested.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, UnparsedPublicKey,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub struct Rsa {
    pair: RsaKeyPair,
}

pub static KEY: LazyLock<Rsa> = LazyLock::new(Rsa::generate);
pub static OTHER_KEY: LazyLock<Rsa> = LazyLock::new(Rsa::generate);
pub static EC_KEY: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("key generation"));

/// The key of the client, for `private_key_jwt`.
pub static CLIENT_KEY: LazyLock<ClientKey> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("key generation");
    ClientKey { pair }
});

pub struct ClientKey {
    pair: EcdsaKeyPair,
}

impl ClientKey {
    /// The private key as PEM (RFC 5958).
    pub fn pem(&self) -> String {
        pem("PRIVATE KEY", self.pair.to_pkcs8v1().expect("a private key").as_ref())
    }

    /// What a JWT of the client says; nothing where it is not signed with ES256 by this key.
    pub fn claims(&self, jwt: &str) -> Option<Value> {
        let (message, signature) = jwt.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref());
        key.verify(message.as_bytes(), &decode(signature)?).ok()?;
        json(payload).filter(|_| json(header).is_some_and(|header| header["alg"] == "ES256"))
    }
}

impl Rsa {
    fn generate() -> Rsa {
        Rsa { pair: RsaKeyPair::generate(KeySize::Rsa2048).expect("key generation") }
    }

    /// The public key as a JWK (RFC 7517).
    pub fn jwk(&self, kid: &str) -> Value {
        let (n, e) = modulus_and_exponent(self.pair.public_key().as_ref());
        json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(n), "e": b64(e)})
    }

    /// The public key as PEM, the text that a confused verifier takes for an HMAC secret.
    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der())
    }

    /// The same in DER.
    pub fn public_der(&self) -> Vec<u8> {
        self.pair.public_key().as_der().expect("a public key").as_ref().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a signature");
        signature
    }
}

/// How an id_token is signed.
#[derive(Clone)]
pub enum Sign {
    Rs256(&'static LazyLock<Rsa>),
    Es256,
    Hs256(Vec<u8>),
    Nothing,
    /// A signature of the right length that is none.
    Garbage,
    /// What a key with the exponent 1 takes for a signature, whatever its modulus (RFC 8017 §9.2).
    Padding,
}

/// A JWS in compact form (RFC 7515 §7.1).
pub fn compact(header: &Value, payload: &[u8], sign: &Sign) -> String {
    let message = format!("{}.{}", b64(header.to_string().as_bytes()), b64(payload));
    let signature = match sign {
        Sign::Rs256(key) => key.sign(message.as_bytes()),
        Sign::Es256 => {
            EC_KEY.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature").as_ref().to_vec()
        }
        Sign::Hs256(secret) => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes()).as_ref().to_vec()
        }
        Sign::Nothing => vec![],
        Sign::Garbage => vec![7; 256],
        Sign::Padding => {
            let info = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
            let hash = digest::digest(&digest::SHA256, message.as_bytes());
            let padding = vec![0xff; 256 - 3 - info.len() - hash.as_ref().len()];
            [b"\x00\x01", &padding[..], b"\x00", info, hash.as_ref()].concat()
        }
    };
    format!("{message}.{}", b64(&signature))
}

pub fn ec_jwk(kid: &str) -> Value {
    let point = EC_KEY.public_key().as_ref();
    json!({"kty": "EC", "kid": kid, "crv": "P-256", "alg": "ES256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
}

/// `at_hash` of an access token (OpenID Connect Core §3.1.3.6).
pub fn at_hash(access_token: &str) -> String {
    b64(&digest::digest(&digest::SHA256, access_token.as_bytes()).as_ref()[..16])
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The two integers of an RSAPublicKey (RFC 8017, Appendix A.1.1).
fn modulus_and_exponent(der: &[u8]) -> (&[u8], &[u8]) {
    let (_, sequence, _) = element(der);
    let (_, n, rest) = element(sequence);
    let (_, e, _) = element(rest);
    (n.strip_prefix(&[0]).unwrap_or(n), e)
}

/// The first DER element: tag, content, and what follows.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, start) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            (der[2..2 + count].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
        }
    };
    (der[0], &der[start..start + length], &der[start + length..])
}
