//! Proof of possession (RFC 9449): the key of one sign-in, and the proof in each request that gets its access token or carries
//! it.
//!
//! Whoever copies the token cannot use it without the key. Sending a request again with the nonce that a server asks for is the
//! client's business; here is what tells that it asks.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::{Map, Value};

use crate::flow::error::{Error, Misuse};
use crate::oauth::jose::{self, SigningKey};
use crate::oauth::{Secret, json};
use crate::rng::{self, Rng};

/// The scheme of a token that is bound to a key (RFC 9449 §7.1), and its `token_type` (§5).
pub const SCHEME: &str = "DPoP";
/// The header of a proof (RFC 9449 §4.1).
pub const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header in which a server gives a nonce (RFC 9449 §8).
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The error of a server that wants a nonce in the proof (RFC 9449 §8, §9).
const USE_NONCE: &str = "use_dpop_nonce";
/// A longer nonce than this is none.
const MAX_NONCE: usize = 1024;

/// Makes the key of one sign-in: the private number of an ES256 key, 32 random bytes as base64url.
///
/// # Errors
/// Randomness that gives no such number.
pub fn new_key(rng: &dyn Rng) -> Result<Secret, Error> {
    // Of 4 billion numbers about one is too large.
    let mut drawn = (0..8).map(|_| Secret::from(rng::token(rng, 32)));
    drawn.find(|key| signing_key(key).is_ok()).ok_or_else(unusable)
}

/// The thumbprint of a key, `dpop_jkt` (RFC 9449 §10): the code of a sign-in that was begun with it is of no use without the key.
///
/// # Errors
/// A key that [`new_key`] did not make.
pub fn jkt(key: &Secret) -> Result<String, Error> {
    Ok(signing_key(key)?.thumbprint())
}

/// Puts a proof into a request (RFC 9449 §4.2): for its method and address, and for the access token where it carries one.
///
/// `now` is in seconds since 1970.
///
/// # Errors
/// A key that [`new_key`] did not make.
pub fn prove(
    request: &mut Request<Bytes>,
    key: &Secret,
    nonce: Option<&str>,
    now: u64,
    rng: &dyn Rng,
) -> Result<(), Error> {
    let address = request.uri().to_string();
    let mut claims = Map::new();
    claims.insert("jti".into(), rng::uuid(rng).into());
    claims.insert("htm".into(), request.method().as_str().into());
    claims.insert("htu".into(), address.split(['?', '#']).next().unwrap_or_default().into());
    claims.insert("iat".into(), now.into());
    if let Some(token) = bound_token(request) {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        claims.insert("ath".into(), URL_SAFE_NO_PAD.encode(hash).into());
    }
    if let Some(nonce) = nonce {
        claims.insert("nonce".into(), nonce.into());
    }
    let proof = jose::sign_proof(&signing_key(key)?, &claims).map_err(|_| unusable())?;
    let mut value = HeaderValue::try_from(proof).expect("a JWT is ASCII");
    value.set_sensitive(true);
    request.headers_mut().insert(PROOF, value);
    Ok(())
}

/// Whether a request carries a token that is bound to a key.
pub fn carries_bound_token(request: &Request<Bytes>) -> bool {
    bound_token(request).is_some()
}

/// The nonce that an answer gives for the next proof (RFC 9449 §8.2).
pub fn nonce(answer: &Response<Bytes>) -> Option<&str> {
    let mut given = answer.headers().get_all(NONCE).iter();
    let (Some(nonce), None) = (given.next(), given.next()) else { return None };
    // RFC 9449 §8.1: NQCHAR, as in RFC 6749 §A
    let is_right = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
    nonce.to_str().ok().filter(|text| (1..=MAX_NONCE).contains(&text.len()) && text.bytes().all(is_right))
}

/// Whether a request was refused for the lack of a nonce that the answer gives: as a token endpoint says it (RFC 9449 §8), or as
/// whoever takes the token does (§9). The server has done nothing else with it.
pub fn wants_nonce(answer: &Response<Bytes>) -> bool {
    let says_so = match answer.status() {
        StatusCode::BAD_REQUEST => names_error(answer),
        StatusCode::UNAUTHORIZED => names_error(answer) || challenges(answer),
        _ => false,
    };
    says_so && nonce(answer).is_some()
}

fn names_error(answer: &Response<Bytes>) -> bool {
    json::parse(answer.body()).is_ok_and(|body| body.get("error").and_then(Value::as_str) == Some(USE_NONCE))
}

/// `WWW-Authenticate: DPoP error="use_dpop_nonce"`; the scheme is in any letters (RFC 9110 §11.1).
fn challenges(answer: &Response<Bytes>) -> bool {
    answer.headers().get_all(WWW_AUTHENTICATE).iter().any(|challenge| {
        let challenge = String::from_utf8_lossy(challenge.as_bytes());
        let words = challenge.split([' ', ',']).any(|word| word.eq_ignore_ascii_case(SCHEME));
        words && challenge.contains(&format!("error=\"{USE_NONCE}\""))
    })
}

fn bound_token(request: &Request<Bytes>) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(SCHEME)?.strip_prefix(' ')
}

fn signing_key(key: &Secret) -> Result<SigningKey, Error> {
    let scalar = URL_SAFE_NO_PAD.decode(key.expose()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    SigningKey::from_es256_scalar(&scalar.ok_or_else(unusable)?).map_err(|_| unusable())
}

fn unusable() -> Error {
    Error::Misuse(Misuse::Configuration("the key of the sign-in's proofs cannot be used".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::{Alg, Proof};
    use crate::rng::SystemRng;

    fn proven(request: http::request::Builder, nonce: Option<&str>) -> (Secret, Proof) {
        let key = new_key(&SystemRng).unwrap();
        let mut request = request.body(Bytes::new()).unwrap();
        prove(&mut request, &key, nonce, 1_000, &SystemRng).unwrap();
        assert!(request.headers()[PROOF].is_sensitive());
        let proof = Proof::verify(request.headers()[PROOF].to_str().unwrap(), &[Alg::ES256]).unwrap();
        (key, proof)
    }

    #[test]
    fn a_proof_is_for_one_request() {
        let (key, proof) = proven(Request::post("https://acme.example/token?a=b"), None);
        assert_eq!(proof.thumbprint(), jkt(&key).unwrap());
        let mut claims = proof.claims().clone();
        assert_eq!(claims.shift_remove("jti").unwrap().as_str().unwrap().len(), 36);
        let wanted = serde_json::json!({"htm": "POST", "htu": "https://acme.example/token", "iat": 1_000});
        assert_eq!(Value::Object(claims), wanted);
        let (other, again) = proven(Request::post("https://acme.example/token?a=b"), None);
        assert_ne!(proof.claims()["jti"], again.claims()["jti"]);
        assert!(!key.ct_eq(&other));
    }

    #[test]
    fn a_proof_is_for_the_token_that_its_request_carries() {
        // RFC 9449 §7.1
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        let request =
            Request::get("https://acme.example/me").header("authorization", format!("DPoP {token}"));
        let (_, proof) = proven(request, Some("n"));
        assert_eq!(proof.claims()["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(proof.claims()["nonce"], "n");
        for other in ["Bearer abc", "Basic abc", "DPoPabc"] {
            let request = Request::get("https://acme.example/me").header("authorization", other);
            assert!(!proven(request, None).1.claims().contains_key("ath"), "{other}");
        }
    }

    #[test]
    fn a_key_is_one_that_was_made_here() {
        for key in ["", "AAAA", &"A".repeat(43), "no base64url at all"] {
            assert!(jkt(&Secret::from(key)).is_err(), "{key}");
        }
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Response<Bytes> {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        answer.body(Bytes::from(body)).unwrap()
    }

    #[test]
    fn knows_who_asks_for_a_nonce() {
        let asks = r#"{"error":"use_dpop_nonce"}"#;
        let given = ("DPoP-Nonce", "eyJ7S_zG.eyJH0-Z.HX4w-7v");
        let challenge = |text| ("WWW-Authenticate", text);
        for right in [
            answer(400, &[given], asks),
            answer(401, &[given], asks),
            answer(401, &[given, challenge(r#"DPoP error="use_dpop_nonce", error_description="…""#)], ""),
            answer(401, &[given, challenge(r#"dPoP realm="a", error="use_dpop_nonce""#)], "<html>"),
            answer(401, &[given, challenge(r#"Bearer, DPoP algs="ES256", error="use_dpop_nonce""#)], ""),
            answer(401, &[given, challenge("Bearer"), challenge(r#"DPoP error="use_dpop_nonce""#)], ""),
        ] {
            assert!(wants_nonce(&right), "{right:?}");
        }
        for wrong in [
            answer(400, &[], asks),
            answer(400, &[given], r#"{"error":"invalid_dpop_proof"}"#),
            answer(400, &[given], r#"["use_dpop_nonce"]"#),
            answer(400, &[given, challenge(r#"DPoP error="use_dpop_nonce""#)], "{}"),
            answer(200, &[given], asks),
            answer(500, &[given], asks),
            answer(401, &[challenge(r#"DPoP error="use_dpop_nonce""#)], ""),
            answer(401, &[given, challenge(r#"DPoP error="invalid_token""#)], ""),
            answer(401, &[given, challenge(r#"Bearer error="use_dpop_nonce""#)], ""),
            answer(400, &[given, given], asks),
            answer(400, &[("DPoP-Nonce", "")], asks),
            answer(400, &[("DPoP-Nonce", "a b")], asks),
            answer(400, &[("DPoP-Nonce", "a\"b")], asks),
        ] {
            assert!(!wants_nonce(&wrong), "{wrong:?}");
        }
        let long = "n".repeat(MAX_NONCE + 1);
        assert_eq!(nonce(&answer(200, &[("DPoP-Nonce", &long)], "")), None);
        assert_eq!(nonce(&answer(200, &[given], "")), Some(given.1));
    }
}
