//! A JWS in compact form (RFC 7515 §7.1), taken apart but not yet believed.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::oauth::json;

/// Longer tokens are not looked at, in bytes.
const MAX_TOKEN: usize = 32 * 1024;
/// Longer headers are not looked at, in bytes of their encoded form.
const MAX_HEADER: usize = 4 * 1024;

/// Exactly the encoding of RFC 7515 §2: no padding, and no bits behind the last byte.
const STRICT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// A token that was taken apart. Nothing of it is verified.
#[derive(Clone)]
pub struct Jws<'a> {
    /// `alg` of the header, whatever it says.
    pub alg: String,
    /// `kid` of the header.
    pub kid: Option<String>,
    pub(super) signed: &'a str,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// What is wrong with the form of a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// It must be understood, and is not (RFC 7515 §4.1.11).
    #[error("the token's header has `{0}`")]
    Critical(&'static str),
    /// A part is not base64url in its one form.
    #[error("the token's {0} is not base64url")]
    Encoding(&'static str),
    /// The header is not what a header is.
    #[error("the token's header is not a JSON object with a text as `alg` and, if at all, as `kid`")]
    Header,
    /// It has not three parts.
    #[error("the token has {0} parts and not three")]
    Parts(usize),
    /// It is longer than anything sensible.
    #[error("the token or its header is too long")]
    TooLong,
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(token: &'a str) -> Result<Jws<'a>, JwsError> {
        if token.len() > MAX_TOKEN {
            return Err(JwsError::TooLong);
        }
        let parts: Vec<&str> = token.splitn(5, '.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(JwsError::Parts(token.split('.').count()));
        };
        if header.len() > MAX_HEADER {
            return Err(JwsError::TooLong);
        }
        let signed = &token[..header.len() + 1 + payload.len()];
        let decode = |name, part: &str| STRICT.decode(part).map_err(|_| JwsError::Encoding(name));
        let header = json::parse(&decode("header", header)?).map_err(|_| JwsError::Header)?;
        let Value::Object(header) = header else { return Err(JwsError::Header) };
        let (alg, kid) = read_header(&header)?;
        Ok(Jws {
            alg,
            kid,
            signed,
            payload: decode("payload", payload)?,
            signature: decode("signature", signature)?,
        })
    }
}

/// `alg` and `kid`. A key that the header brings along (`jwk`, `jku`, `x5c`, `x5u`) is never looked at.
fn read_header(header: &Map<String, Value>) -> Result<(String, Option<String>), JwsError> {
    for name in ["crit", "b64", "zip", "enc"] {
        if header.contains_key(name) {
            return Err(JwsError::Critical(name));
        }
    }
    let alg = header.get("alg").and_then(Value::as_str).ok_or(JwsError::Header)?;
    let kid = match header.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str().ok_or(JwsError::Header)?.to_owned()),
    };
    Ok((alg.to_owned(), kid))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn takes_a_token_apart() {
        let text = token(r#"{"alg":"RS256","kid":"k","jku":"https://evil.example"}"#);
        let jws = Jws::parse(&text).unwrap();
        assert_eq!((jws.alg.as_str(), jws.kid.as_deref()), ("RS256", Some("k")));
        assert_eq!(jws.payload, b"{}");
        assert_eq!(jws.signed, text.rsplit_once('.').unwrap().0);
    }

    #[test]
    fn refuses_what_has_another_form() {
        let right = token(r#"{"alg":"RS256"}"#);
        for (text, error) in [
            (String::new(), JwsError::Parts(1)),
            ("a.b".into(), JwsError::Parts(2)),
            (format!("{right}."), JwsError::Parts(4)),
            (format!("{right}{}", ".".repeat(100)), JwsError::Parts(103)),
            (format!("{right}="), JwsError::Encoding("signature")),
            (right.replace("AAAA", "AAB"), JwsError::Encoding("signature")),
            (right.replace("AAAA", "AA A"), JwsError::Encoding("signature")),
            (right.replace("e30", "e31"), JwsError::Encoding("payload")),
            (format!(" {right}"), JwsError::Encoding("header")),
            ("x".repeat(MAX_TOKEN + 1), JwsError::TooLong),
            (token(&format!(r#"{{"alg":"RS256","x":"{}"}}"#, "x".repeat(MAX_HEADER))), JwsError::TooLong),
        ] {
            assert_eq!(Jws::parse(&text).err(), Some(error), "{text:.80}");
        }
    }

    #[test]
    fn refuses_a_header_that_is_none() {
        for header in [
            "[]",
            "{}",
            "x",
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":null}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r#"{"alg":"none","alg":"RS256"}"#,
        ] {
            assert_eq!(Jws::parse(&token(header)).err(), Some(JwsError::Header), "{header}");
        }
        for (header, name) in [
            (r#"{"alg":"RS256","crit":["exp"]}"#, "crit"),
            (r#"{"alg":"RS256","b64":false}"#, "b64"),
            (r#"{"alg":"RS256","zip":"DEF"}"#, "zip"),
        ] {
            assert_eq!(Jws::parse(&token(header)).err(), Some(JwsError::Critical(name)), "{header}");
        }
    }
}
