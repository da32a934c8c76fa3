//! A signed token: parsed without trust, verified against keys (RFC 7515 §5.2).

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JoseError, JwkSet, base64url, shown};
use crate::oauth::json;

/// How long a token may be, in characters.
pub const MAX_TOKEN: usize = 32 * 1024;
/// How long a header may be, in bytes.
pub const MAX_HEADER: usize = 4 * 1024;

/// Members that would change what the signature means or bring a key along: an attacker's, if they are there.
const REFUSED: [&str; 7] = ["crit", "jwk", "jku", "x5u", "zip", "b64", "enc"];

/// A compact JWS whose signature nobody has looked at: nothing of the payload can be read.
pub struct Jws {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    message: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The claims of a JWS whose signature is right. Only [`Jws::verify`] makes one.
#[derive(Clone)]
pub struct VerifiedJws {
    claims: Map<String, Value>,
    alg: Alg,
    typ: Option<String>,
}

impl Jws {
    /// Reads a compact JWS with a JSON header.
    ///
    /// # Errors
    /// It is too long, is not of three parts in strict base64url, or its header holds what is not taken.
    pub fn parse(token: &str) -> Result<Jws, JoseError> {
        let (jws, header) = Jws::read(token)?;
        match REFUSED.into_iter().find(|name| header.contains_key(*name)) {
            Some(name) => Err(JoseError::Header(name)),
            None => Ok(jws),
        }
    }

    /// Reads the one kind of JWS that brings its key along: a proof (RFC 9449 §4.2). Out comes that key, too.
    pub(super) fn parse_with_key(token: &str) -> Result<(Jws, Value), JoseError> {
        let (jws, mut header) = Jws::read(token)?;
        let jwk = header.shift_remove("jwk").ok_or(JoseError::Malformed("its header has no `jwk`"))?;
        match REFUSED.into_iter().find(|name| header.contains_key(*name)) {
            Some(name) => Err(JoseError::Header(name)),
            None => Ok((jws, jwk)),
        }
    }

    fn read(token: &str) -> Result<(Jws, Map<String, Value>), JoseError> {
        if token.len() > MAX_TOKEN {
            return Err(JoseError::Malformed("it is longer than 32 KB"));
        }
        let mut parts = token.splitn(4, '.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JoseError::Malformed("it is not of three parts"));
        };
        let message = format!("{header}.{payload}");
        let decode =
            |part| base64url(part).ok_or(JoseError::Malformed("a part of it is no strict base64url"));
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        if header.len() > MAX_HEADER {
            return Err(JoseError::Malformed("its header is longer than 4 KB"));
        }
        let header = match json::parse(&header) {
            Ok(Value::Object(header)) => header,
            _ => return Err(JoseError::Malformed("its header is no JSON object")),
        };
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(JoseError::Malformed("a member of its header has the wrong type")),
        };
        let alg = text("alg")?.ok_or(JoseError::Malformed("its header has no `alg`"))?;
        let (kid, typ) = (text("kid")?, text("typ")?);
        Ok((Jws { alg, kid, typ, message, payload, signature }, header))
    }

    /// Verifies the signature with an algorithm of `algs` and the one key of `keys` that fits; HS256 with `hmac`.
    ///
    /// A public key is never an HMAC secret, whatever the header says.
    ///
    /// # Errors
    /// [`JoseError::UnknownKey`] where a newer key set may help; everything else is final.
    pub fn verify(
        &self,
        keys: &JwkSet,
        algs: &[Alg],
        hmac: Option<&Secret>,
    ) -> Result<VerifiedJws, JoseError> {
        let alg = self.alg.parse().ok().filter(|alg| algs.contains(alg)).ok_or_else(|| {
            let expected: Vec<String> = algs.iter().map(|alg| format!("`{alg}`")).collect();
            JoseError::Alg { found: shown(&self.alg), expected: expected.join(" or ") }
        })?;
        let message = self.message.as_bytes();
        let right = match alg {
            Alg::HS256 => {
                let key = hmac_key(hmac.ok_or(JoseError::Key("HS256 needs the client secret"))?)?;
                hmac::verify(&key, message, &self.signature).is_ok()
            }
            _ => keys.select(self.kid.as_deref(), alg)?.verifies(alg, message, &self.signature),
        };
        if !right {
            return Err(JoseError::Signature);
        }
        match json::parse(&self.payload) {
            Ok(Value::Object(claims)) => Ok(VerifiedJws { claims, alg, typ: self.typ.clone() }),
            _ => Err(JoseError::Malformed("its payload is no JSON object")),
        }
    }
}

impl VerifiedJws {
    /// What the signer says.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The same, to keep.
    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// The algorithm it is signed with.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// `typ` of the header (RFC 7515 §4.1.9).
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }
}

/// The key of HS256: the secret's bytes, at least as many as the hash has (RFC 7518 §3.2).
fn hmac_key(secret: &Secret) -> Result<hmac::Key, JoseError> {
    if secret.expose().len() < 32 {
        return Err(JoseError::Key("the client secret is shorter than the 32 bytes that HS256 needs"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;
    use crate::oauth::jose::{SigningKey, sign};

    fn claims() -> Map<String, Value> {
        json!({"sub": "1", "iss": "https://a.example"}).as_object().unwrap().clone()
    }

    fn keys(key: &SigningKey) -> JwkSet {
        JwkSet::parse(&json!({"keys": [key.public_jwk("a")]})).unwrap()
    }

    fn verify(token: &str, keys: &JwkSet, algs: &[Alg]) -> Result<VerifiedJws, JoseError> {
        Jws::parse(token)?.verify(keys, algs, None)
    }

    /// A token with that header, over a signature of nobody.
    fn with_header(header: &str) -> String {
        format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn verifies_what_each_algorithm_signs() {
        for alg in Alg::ALL.into_iter().filter(|alg| *alg != Alg::HS256) {
            let key = SigningKey::generate(alg).unwrap();
            let other = SigningKey::generate(alg).unwrap();
            let token = sign(&key, Some("a"), &claims()).unwrap();
            let verified = verify(&token, &keys(&key), &[alg]).unwrap();
            assert_eq!((verified.claims(), verified.alg(), verified.typ()), (&claims(), alg, Some("JWT")));
            assert_eq!(verify(&token, &keys(&other), &[alg]).err(), Some(JoseError::Signature), "{alg}");
            let unexpected = Alg::ALL.into_iter().filter(|other| *other != alg).collect::<Vec<_>>();
            assert!(matches!(verify(&token, &keys(&key), &unexpected), Err(JoseError::Alg { .. })));
            assert!(matches!(verify(&token, &keys(&key), &[]), Err(JoseError::Alg { .. })));
        }
    }

    #[test]
    fn a_key_of_one_algorithm_does_not_verify_another() {
        let key = SigningKey::generate(Alg::RS256).unwrap();
        let set = |alg: Value| {
            let mut jwk = key.public_jwk("a");
            jwk["alg"] = alg;
            JwkSet::parse(&json!({ "keys": [jwk] })).unwrap()
        };
        let token = sign(&key, Some("a"), &claims()).unwrap();
        assert!(verify(&token, &set("RS256".into()), &[Alg::RS256]).is_ok());
        let error = verify(&token, &set("RS512".into()), &[Alg::RS256, Alg::RS512]).err().unwrap();
        assert_eq!(error.to_string(), "the key for kid `a` is not one for `RS256`");
    }

    #[test]
    fn hs256_takes_a_long_secret_and_nothing_else() {
        let secret = Secret::from("0123456789abcdef0123456789abcdef");
        let token = sign(&SigningKey::from_secret(&secret), None, &claims()).unwrap();
        let jws = Jws::parse(&token).unwrap();
        let none = JwkSet::default();
        assert!(jws.verify(&none, &[Alg::HS256], Some(&secret)).is_ok());
        let other = Secret::from("0123456789abcdef0123456789abcdeF");
        assert_eq!(jws.verify(&none, &[Alg::HS256], Some(&other)).err(), Some(JoseError::Signature));
        assert!(matches!(jws.verify(&none, &[Alg::HS256], None), Err(JoseError::Key(_))));
        assert!(matches!(jws.verify(&none, &[Alg::HS256], Some(&"short".into())), Err(JoseError::Key(_))));
        assert!(matches!(jws.verify(&none, &[Alg::RS256], Some(&secret)), Err(JoseError::Alg { .. })));
    }

    #[test]
    fn a_public_key_is_no_hmac_secret() {
        let key = SigningKey::generate(Alg::RS256).unwrap();
        let public = Secret::new(key.public_jwk("a").to_string());
        let forged = sign(&SigningKey::from_secret(&public), Some("a"), &claims()).unwrap();
        let client_secret = Secret::from("a client secret of ours, 32 bytes");
        let jws = Jws::parse(&forged).unwrap();
        assert!(jws.verify(&keys(&key), &[Alg::RS256], Some(&client_secret)).is_err());
        assert!(jws.verify(&keys(&key), &[Alg::RS256, Alg::HS256], Some(&client_secret)).is_err());
        assert!(jws.verify(&keys(&key), &[Alg::HS256], None).is_err());
    }

    #[test]
    fn refuses_algorithms_by_name() {
        for alg in ["none", "nOnE", "", "RS1", "HS256", "rs256", "RS256 "] {
            let token = with_header(&json!({ "alg": alg }).to_string());
            assert!(
                matches!(verify(&token, &JwkSet::default(), &[Alg::RS256]), Err(JoseError::Alg { .. })),
                "{alg}"
            );
        }
        let error = verify(&with_header(r#"{"alg":"none"}"#), &JwkSet::default(), &[Alg::RS256, Alg::ES256]);
        assert_eq!(error.err().unwrap().to_string(), "it is signed with `none`; expected `RS256` or `ES256`");
    }

    #[test]
    fn refuses_headers_that_bring_keys_or_change_meaning() {
        assert!(Jws::parse(&with_header(r#"{"alg":"RS256","x5c":["AAAA"],"x5t":"A","cty":"JWT"}"#)).is_ok());
        for name in REFUSED {
            let token = with_header(&format!(r#"{{"alg":"RS256","{name}":null}}"#));
            assert_eq!(Jws::parse(&token).err(), Some(JoseError::Header(name)));
        }
        for header in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"alg":null}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r#"{"alg":"RS256","typ":1}"#,
            "\u{feff}{\"alg\":\"RS256\"}",
        ] {
            assert!(matches!(Jws::parse(&with_header(header)), Err(JoseError::Malformed(_))), "{header}");
        }
    }

    #[test]
    fn refuses_what_is_too_long() {
        let header =
            |length: usize| with_header(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "a".repeat(length)));
        assert!(Jws::parse(&header(4000)).is_ok());
        assert!(Jws::parse(&header(4090)).is_err());
        assert!(Jws::parse(&header(1 << 20)).is_err());
        let token = |length: usize| format!("eyJhbGciOiJSUzI1NiJ9.{}.AAAA", "A".repeat(length));
        assert!(Jws::parse(&token(32 * 1024 - 28)).is_ok());
        assert!(Jws::parse(&token(32 * 1024)).is_err());
    }

    #[test]
    fn takes_one_spelling_of_a_token() {
        let key = SigningKey::generate(Alg::ES256).unwrap();
        let token = sign(&key, Some("a"), &claims()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let (h, p, s) = (parts[0], parts[1], parts[2]);
        assert!(verify(&token, &keys(&key), &[Alg::ES256]).is_ok());
        for bad in [
            format!("{h}.{p}"),
            format!("{h}.{p}."),
            format!("{h}.{p}.{s}."),
            format!("{h}.{p}.{s}.{s}.{s}"),
            format!("{h}.{p}.{s}="),
            format!("{h}.{p}.{s}=="),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{h}. {p}.{s}"),
            format!("{h}.{p}.{}", &s[..s.len() - 1]),
            format!("{h}.{p}.{}+", &s[..s.len() - 1]),
            ".".repeat(100),
            String::new(),
        ] {
            assert!(verify(&bad, &keys(&key), &[Alg::ES256]).is_err(), "{bad}");
        }
        let stray = with_header(r#"{"alg":"RS256"}"#).replace(".AAAA", ".AB"); // bits that no byte holds
        assert!(Jws::parse(&stray).is_err());
        assert!(Jws::parse(&stray.replace(".AB", ".AA")).is_ok());
    }

    #[test]
    fn the_payload_is_one_object_without_repeats() {
        let secret = Secret::from("0123456789abcdef0123456789abcdef");
        let key = hmac_key(&secret).unwrap();
        let signed = |payload: &str| {
            let message = format!("eyJhbGciOiJIUzI1NiJ9.{}", URL_SAFE_NO_PAD.encode(payload));
            let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
            let token = format!("{message}.{signature}");
            Jws::parse(&token).unwrap().verify(&JwkSet::default(), &[Alg::HS256], Some(&secret))
        };
        assert!(signed(r#"{"sub":"1"}"#).is_ok());
        for payload in ["", "[]", "1", r#"{"sub":"1","sub":"2"}"#, r#"{"exp":1e400}"#, "{} "] {
            assert_eq!(signed(payload).is_ok(), payload == "{} ", "{payload}");
        }
    }

    #[test]
    fn no_changed_token_verifies() {
        let key = SigningKey::generate(Alg::EdDSA).unwrap();
        let token = sign(&key, Some("a"), &claims()).unwrap();
        let keys = keys(&key);
        for position in 0..token.len() {
            for byte in [b'A', b'_', b'.', b'=', 0, 0x7f] {
                let mut changed = token.clone().into_bytes();
                if std::mem::replace(&mut changed[position], byte) == byte {
                    continue;
                }
                let changed = String::from_utf8(changed).unwrap();
                assert!(verify(&changed, &keys, &[Alg::EdDSA]).is_err(), "{changed}");
            }
            assert!(verify(&token[..position], &keys, &[Alg::EdDSA]).is_err());
        }
    }

    #[test]
    fn an_error_holds_nothing_of_the_token() {
        let key = SigningKey::generate(Alg::ES256).unwrap();
        let token = sign(&key, Some("a\u{202e}\n<b>"), &claims()).unwrap();
        let error = verify(&token, &keys(&key), &[Alg::ES256]).err().unwrap().to_string();
        assert!(!token.split('.').any(|part| error.contains(part)), "{error}");
        assert!(!error.contains('\n') && !error.contains('\u{202e}'), "{error}");
    }
}
