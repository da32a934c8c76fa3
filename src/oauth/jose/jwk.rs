//! Public keys of a provider (RFC 7517): what can be used is kept, the rest is left alone.

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use serde_json::{Map, Value};

use crate::oauth::jose::{Alg, JoseError, base64url, shown_kid};

/// How many keys a set may hold.
pub const MAX_KEYS: usize = 64;

/// The members that only a private or symmetric key has (RFC 7518 §6): a provider that shows them has lost the key.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that verifies signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<Alg>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A provider's keys: those that can verify a signature. The default is empty.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    ignored: Vec<(Option<String>, &'static str)>,
}

impl JwkSet {
    /// Reads a key set (RFC 7517 §5).
    ///
    /// A key that is not for verifying signatures, is weak, or is not sound is ignored, as §5 asks.
    ///
    /// # Errors
    /// The document has no `keys`, or more than [`MAX_KEYS`].
    pub fn parse(document: &Value) -> Result<JwkSet, JoseError> {
        let keys = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(JoseError::KeySet("the key set has no array `keys`"))?;
        if keys.len() > MAX_KEYS {
            return Err(JoseError::KeySet("the key set holds more than 64 keys"));
        }
        let mut set = JwkSet::default();
        for key in keys {
            match Jwk::parse(key) {
                Ok(jwk) if set.keys.contains(&jwk) => {} // the same key twice is one key
                Ok(jwk) => set.keys.push(jwk),
                Err(reason) => {
                    let kid = key.get("kid").and_then(Value::as_str);
                    set.ignored.push((kid.map(str::to_owned), reason));
                }
            }
        }
        Ok(set)
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The one key that a token may be signed with.
    pub(super) fn select(&self, kid: Option<&str>, alg: Alg) -> Result<&Jwk, JoseError> {
        let named: Vec<&Jwk> =
            self.keys.iter().filter(|key| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))).collect();
        let mut fitting = named.iter().filter(|key| key.fits(alg));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(JoseError::AmbiguousKey { kid: shown_kid(kid) }),
            (None, _) if kid.is_some() && !named.is_empty() => {
                Err(JoseError::KeyMismatch { kid: shown_kid(kid), alg })
            }
            (None, _) => {
                let ignored = self.ignored.iter().find(|(name, _)| kid.is_some() && name.as_deref() == kid);
                let ignored = ignored.map(|(_, reason)| *reason);
                Err(JoseError::UnknownKey { kid: shown_kid(kid), alg, ignored })
            }
        }
    }
}

impl Jwk {
    /// Reads one key; the error is why it cannot be used.
    fn parse(key: &Value) -> Result<Jwk, &'static str> {
        let members = key.as_object().ok_or("the key is no object")?;
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err("a member of the key has the wrong type"),
        };
        if PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return Err("the key set shows it with its private part");
        }
        if text("use")?.is_some_and(|purpose| purpose != "sig") || !may_verify(members) {
            return Err("the key is not for verifying signatures");
        }
        let kid = text("kid")?.map(str::to_owned);
        let alg = match text("alg")? {
            None => None,
            Some(alg) => Some(alg.parse().map_err(|_| "the key is for an algorithm that is not taken")?),
        };
        let bytes = |name: &str| match text(name)? {
            None => Err("a member of the key is missing"),
            Some(text) => base64url(text).ok_or("a member of the key is no base64url"),
        };
        let material = match (text("kty")?.unwrap_or_default(), text("crv")?.unwrap_or_default()) {
            ("RSA", _) => rsa(bytes("n")?, bytes("e")?)?,
            ("EC", "P-256") => Material::P256(point(bytes("x")?, bytes("y")?, 32)?),
            ("EC", "P-384") => Material::P384(point(bytes("x")?, bytes("y")?, 48)?),
            ("OKP", "Ed25519") => Material::Ed25519(bytes("x")?),
            _ => return Err("the key is of a kind that is not taken"),
        };
        let jwk = Jwk { kid, alg, material };
        if alg.is_some_and(|alg| !jwk.fits(alg)) {
            return Err("the key is of another kind than its `alg`");
        }
        jwk.check()?;
        Ok(jwk)
    }

    /// Whether a signature of that algorithm can be this key's.
    fn fits(&self, alg: Alg) -> bool {
        let kind = match &self.material {
            Material::Rsa { .. } => rsa_parameters(alg).is_some(),
            Material::P256(_) => alg == Alg::ES256,
            Material::P384(_) => alg == Alg::ES384,
            Material::Ed25519(_) => alg == Alg::EdDSA,
        };
        kind && self.alg.is_none_or(|own| own == alg)
    }

    /// That the numbers are a key: for a curve, that the point is on it.
    fn check(&self) -> Result<(), &'static str> {
        self.parsed(Alg::RS256).map(drop).ok_or("the key is not sound")
    }

    /// Whether `signature` is this key's, of `message`.
    pub(super) fn verifies(&self, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
        self.fits(alg) && self.parsed(alg).is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    /// The key as the library takes it; `alg` matters for RSA alone.
    fn parsed(&self, alg: Alg) -> Option<ParsedPublicKey> {
        match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa_parameters(alg)?).ok()
            }
            Material::P256(point) => ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).ok(),
            Material::P384(point) => ParsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point).ok(),
            Material::Ed25519(x) => {
                ParsedPublicKey::new(&signature::ED25519, x).ok().filter(|_| x.len() == 32)
            }
        }
    }
}

/// `key_ops` (RFC 7517 §4.3): if it is there, `verify` is in it.
fn may_verify(members: &Map<String, Value>) -> bool {
    members.get("key_ops").is_none_or(|ops| {
        ops.as_array()
            .is_some_and(|ops| ops.iter().all(Value::is_string) && ops.iter().any(|op| op == "verify"))
    })
}

/// An RSA key of 2048 to 8192 bits with an odd exponent from 65537.
fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Material, &'static str> {
    let trimmed = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let (n, e) = (trimmed(n), trimmed(e));
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err("the RSA key has less than 2048 or more than 8192 bits");
    }
    let exponent = e.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    if e.len() > 4 || exponent < 65537 || exponent % 2 == 0 || n.last().is_none_or(|last| last % 2 == 0) {
        return Err("the RSA key has an exponent or a modulus that is not sound");
    }
    Ok(Material::Rsa { n, e })
}

/// An uncompressed point (SEC 1 §2.3.3) of coordinates of the full length (RFC 7518 §6.2.1.2).
fn point(x: Vec<u8>, y: Vec<u8>, length: usize) -> Result<Vec<u8>, &'static str> {
    if x.len() != length || y.len() != length {
        return Err("a coordinate of the key has the wrong length");
    }
    Ok([vec![4], x, y].concat())
}

fn rsa_parameters(alg: Alg) -> Option<&'static RsaParameters> {
    Some(match alg {
        Alg::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Alg::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Alg::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Alg::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Alg::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Alg::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        Alg::HS256 | Alg::ES256 | Alg::ES384 | Alg::EdDSA => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::slice;

    use serde_json::json;

    use super::*;
    use crate::oauth::jose::SigningKey;

    fn set(keys: &[Value]) -> JwkSet {
        JwkSet::parse(&json!({ "keys": keys })).unwrap()
    }

    fn with(key: &Value, member: &str, value: impl Into<Value>) -> Value {
        let mut key = key.clone();
        key[member] = value.into();
        key
    }

    fn key(alg: Alg, kid: &str) -> Value {
        SigningKey::generate(alg).unwrap().public_jwk(kid)
    }

    #[test]
    fn keeps_every_kind_it_verifies_with() {
        for alg in [Alg::RS256, Alg::PS384, Alg::ES256, Alg::ES384, Alg::EdDSA] {
            let key = key(alg, "a");
            assert!(set(slice::from_ref(&key)).select(Some("a"), alg).is_ok(), "{alg}");
            assert!(matches!(set(&[key]).select(Some("a"), Alg::HS256), Err(JoseError::KeyMismatch { .. })));
        }
    }

    #[test]
    fn ignores_keys_for_something_else() {
        let good = key(Alg::ES256, "a");
        for kept in [
            good.clone(),
            with(&good, "key_ops", json!(["verify"])),
            with(&good, "x5c", json!([1])),
            with(&good, "ext", true),
        ] {
            assert_eq!(set(slice::from_ref(&kept)).len(), 1, "{kept}");
        }
        for ignored in [
            with(&good, "use", "enc"),
            with(&good, "use", 1),
            with(&good, "key_ops", json!(["encrypt"])),
            with(&good, "key_ops", json!([])),
            with(&good, "key_ops", json!(["verify", 1])),
            with(&good, "key_ops", "verify"),
            with(&good, "alg", "ECDH-ES"),
            with(&good, "alg", "RS256"),
            with(&good, "alg", json!(["ES256"])),
            with(&good, "kid", 1),
            with(&good, "d", "AQAB"),
            with(&good, "k", "AQAB"),
            with(&good, "crv", "P-521"),
            with(&good, "kty", "oct"),
            with(&good, "kty", "ec"),
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}),
            json!("key"),
            json!(null),
        ] {
            let set = set(slice::from_ref(&ignored));
            assert!(set.is_empty(), "{ignored}");
            let error = set.select(Some("a"), Alg::ES256).unwrap_err();
            assert!(matches!(error, JoseError::UnknownKey { .. }), "{error}");
        }
    }

    #[test]
    fn ignores_weak_and_broken_keys() {
        let rsa = key(Alg::RS256, "a");
        let n = base64url(rsa["n"].as_str().unwrap()).unwrap();
        let text = |bytes: &[u8]| {
            use base64::Engine;
            Value::from(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
        };
        assert_eq!(set(&[with(&rsa, "n", text(&[&[0], &n[..]].concat()))]).len(), 1, "a leading zero");
        for (member, value) in [
            ("n", text(&n[..128])),
            ("n", text(&n[..255])),
            ("n", text(&[&n[..255], &[2]].concat())),
            ("n", text(&[0xff; 1025])),
            ("n", text(&[])),
            ("n", Value::from(format!("{}=", rsa["n"].as_str().unwrap()))),
            ("e", text(&[1])),
            ("e", text(&[3])),
            ("e", text(&[17])),
            ("e", text(&[1, 0, 0])),
            ("e", text(&[1, 0, 0, 0, 1])),
            ("e", text(&[])),
            ("e", json!(65537)),
        ] {
            let bad = with(&rsa, member, value);
            assert!(set(slice::from_ref(&bad)).is_empty(), "{bad}");
        }
        for (alg, length) in [(Alg::ES256, 32), (Alg::ES384, 48)] {
            let point = key(alg, "a");
            for value in [text(&vec![1; length]), text(&vec![1; length - 1]), text(&vec![0; length + 1])] {
                assert!(set(&[with(&point, "x", value.clone())]).is_empty());
                assert!(set(&[with(&point, "y", value)]).is_empty());
            }
        }
        let edwards = key(Alg::EdDSA, "a");
        assert!(set(&[with(&edwards, "x", text(&[1; 31]))]).is_empty());
        assert!(set(&[with(&edwards, "x", text(&[1; 33]))]).is_empty());
    }

    #[test]
    fn says_why_the_named_key_is_not_used() {
        let error =
            set(&[with(&key(Alg::ES256, "a"), "use", "enc")]).select(Some("a"), Alg::ES256).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the key set holds no usable key for kid `a` and `ES256`: the key is not for verifying signatures"
        );
    }

    #[test]
    fn one_key_alone_may_be_meant() {
        let (a, b, ed) = (key(Alg::ES256, "a"), key(Alg::ES256, "b"), key(Alg::EdDSA, "c"));
        assert!(set(&[a.clone(), ed.clone()]).select(None, Alg::ES256).is_ok());
        assert!(set(&[a.clone(), a.clone()]).select(Some("a"), Alg::ES256).is_ok(), "the same key twice");
        assert!(set(&[a.clone(), b.clone()]).select(Some("b"), Alg::ES256).is_ok());
        let ambiguous =
            |set: JwkSet, kid| matches!(set.select(kid, Alg::ES256), Err(JoseError::AmbiguousKey { .. }));
        assert!(ambiguous(set(&[a.clone(), b.clone()]), None));
        assert!(ambiguous(set(&[a.clone(), with(&b, "kid", "a")]), Some("a")));
        let unknown =
            |set: JwkSet, kid| matches!(set.select(kid, Alg::ES256), Err(JoseError::UnknownKey { .. }));
        assert!(unknown(set(&[a]), Some("A")));
        assert!(unknown(set(&[ed]), None));
        assert!(unknown(JwkSet::default(), None));
    }

    #[test]
    fn a_set_is_an_object_with_at_most_64_keys() {
        let keys = |count: usize| json!({"keys": vec![json!({}); count]});
        assert!(JwkSet::parse(&keys(64)).is_ok());
        for document in [keys(65), keys(1000), json!([]), json!({}), json!({"keys": {}}), json!(null)] {
            assert!(JwkSet::parse(&document).is_err());
        }
    }
}
