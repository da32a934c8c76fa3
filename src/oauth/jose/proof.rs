//! A proof of possession (RFC 9449 §4): a JWS that brings the key along which it is signed with.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::oauth::jose::{Alg, JoseError, JwkSet, Jws};

/// `typ` of a proof (RFC 9449 §4.2).
pub const PROOF_TYPE: &str = "dpop+jwt";

/// A proof whose signature is that of the key it holds. What it proves is for its claims to say.
pub struct Proof {
    claims: Map<String, Value>,
    thumbprint: String,
}

impl Proof {
    /// Verifies that a proof is signed, with one of `algs`, by the key in its header (RFC 9449 §4.3, points 3 to 7).
    ///
    /// # Errors
    /// What is wrong with it; a private key in its header, too.
    pub fn verify(token: &str, algs: &[Alg]) -> Result<Proof, JoseError> {
        let (jws, jwk) = Jws::parse_with_key(token)?;
        let keys = JwkSet::parse(&json!({"keys": [jwk]}))?;
        let verified = jws.verify(&keys, algs, None)?;
        if verified.typ() != Some(PROOF_TYPE) {
            return Err(JoseError::Malformed("its type is not that of a proof"));
        }
        Ok(Proof { claims: verified.into_claims(), thumbprint: thumbprint(&jwk) })
    }

    /// What it says.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Which key it is signed with: the thumbprint of RFC 7638.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

/// The thumbprint of a public key (RFC 7638 §3): SHA-256 of the members that its kind needs, in the order of their names.
pub fn thumbprint(jwk: &Value) -> String {
    let needed: &[&str] = match jwk["kty"].as_str() {
        Some("EC") => &["crv", "kty", "x", "y"],
        Some("OKP") => &["crv", "kty", "x"],
        _ => &["e", "kty", "n"],
    };
    let members: Map<String, Value> =
        needed.iter().map(|name| ((*name).to_owned(), jwk[*name].clone())).collect();
    let hash = digest::digest(&digest::SHA256, Value::Object(members).to_string().as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::{SigningKey, sign_as, sign_proof};

    fn claims() -> Map<String, Value> {
        json!({"jti": "1", "htm": "POST", "htu": "https://a.example/token", "iat": 1})
            .as_object()
            .unwrap()
            .clone()
    }

    #[test]
    fn a_thumbprint_is_that_of_the_standard() {
        // RFC 7638 §3.1
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        assert_eq!(thumbprint(&jwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        // RFC 9449 §6.1, of the key in §4.1
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        });
        assert_eq!(thumbprint(&jwk), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn the_proof_of_the_standard_is_one() {
        // RFC 9449 §4.1
        let token = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let proof = Proof::verify(token, &[Alg::ES256]).unwrap();
        assert_eq!(proof.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(proof.claims()["htm"], "POST");
        assert!(Proof::verify(token, &[Alg::RS256]).is_err());
        assert!(Proof::verify(&format!("{}A", token.strip_suffix('g').unwrap()), &[Alg::ES256]).is_err());
    }

    #[test]
    fn a_proof_is_of_the_key_that_it_brings() {
        let key = SigningKey::from_es256_scalar(&[7; 32]).unwrap();
        let proof = sign_proof(&key, &claims()).unwrap();
        let verified = Proof::verify(&proof, &[Alg::ES256]).unwrap();
        assert_eq!((verified.thumbprint(), verified.claims()), (key.thumbprint().as_str(), &claims()));
        let other = SigningKey::from_es256_scalar(&[8; 32]).unwrap();
        assert_ne!(other.thumbprint(), key.thumbprint());
        let (_, foreign) = sign_proof(&other, &claims())
            .unwrap()
            .rsplit_once('.')
            .map(|(m, s)| (m.to_owned(), s.to_owned()))
            .unwrap();
        let (message, _) = proof.rsplit_once('.').unwrap();
        let forged = format!("{message}.{foreign}");
        assert_eq!(Proof::verify(&forged, &[Alg::ES256]).err(), Some(JoseError::Signature));
        let of_another_type = sign_as(&key, None, "JWT", &claims()).unwrap();
        assert!(Proof::verify(&of_another_type, &[Alg::ES256]).is_err());
        // Where a key of the provider is expected, one that comes along is refused.
        assert!(matches!(Jws::parse(&proof), Err(JoseError::Header("jwk"))));
    }

    #[test]
    fn a_number_that_no_key_has_is_refused() {
        assert!(SigningKey::from_es256_scalar(&[0; 32]).is_err());
        assert!(SigningKey::from_es256_scalar(&[0xff; 32]).is_err());
    }
}
