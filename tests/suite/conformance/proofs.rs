//! Proofs of possession (RFC 9449 §4.3), looked at by hand, with nothing of the engine's own.

use std::collections::HashSet;
use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use serde_json::{Map, Value};

/// The proofs of a server's clients: each is good once.
#[derive(Default)]
pub struct Proofs {
    used: Mutex<HashSet<String>>,
}

impl Proofs {
    /// The nonce of a request's proof and the thumbprint of its key, with nothing of the engine's own.
    pub fn check(
        &self,
        parts: &Parts,
        url: &str,
        now: u64,
    ) -> Result<(Option<String>, String), &'static str> {
        let headers = &parts.headers;
        let proofs: Vec<_> = headers.get_all("dpop").iter().collect();
        let [proof] = proofs[..] else { return Err("not one proof") };
        let (message, signature) = proof.to_str().unwrap().rsplit_once('.').ok_or("no JWS")?;
        let (header, payload) = message.split_once('.').ok_or("no JWS")?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let object = |text: &str| serde_json::from_slice::<Map<String, Value>>(&bytes(text)).unwrap();
        let (header, claims) = (object(header), object(payload));
        if (header["typ"].as_str(), header["alg"].as_str()) != (Some("dpop+jwt"), Some("ES256")) {
            return Err("another type or algorithm");
        }
        let jwk = header["jwk"].as_object().ok_or("no key")?;
        let mut members: Vec<&str> = jwk.keys().map(String::as_str).collect();
        members.sort_unstable();
        if members != ["crv", "kty", "x", "y"] {
            return Err("more of the key than is public");
        }
        let (x, y) = (jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap());
        let point = [vec![4], bytes(x), bytes(y)].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        key.verify(message.as_bytes(), &bytes(signature)).map_err(|_| "the signature")?;
        if claims["htm"] != *parts.method.as_str() || claims["htu"] != url {
            return Err("for another request");
        }
        if claims["iat"] != now {
            return Err("of another time");
        }
        if !self.used.lock().unwrap().insert(claims["jti"].as_str().unwrap().to_owned()) {
            return Err("used before");
        }
        let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("DPoP "));
        let ath = token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        if claims.get("ath").and_then(Value::as_str) != ath.as_deref() {
            return Err("for another token");
        }
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, thumbprint.as_bytes()));
        Ok((claims.get("nonce").map(|nonce| nonce.as_str().unwrap().to_owned()), thumbprint))
    }
}
