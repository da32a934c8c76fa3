//! The claims of an id_token, one rule each (OpenID Connect Core §2, §3.1.3.7).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::flow::id_token::{Expected, IdTokenError, invalid};
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, shown};

/// An id_token that was issued longer ago than this is not of this sign-in, in seconds.
const MAX_AGE: u64 = 600;
/// The longest subject, in bytes (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// Byte for byte, as OpenID Connect Discovery §4.3 and RFC 9207 §2.4 compare issuers.
pub fn check_issuer(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let found = claims.get("iss");
    let right = |iss: &str| !iss.is_empty() && expected.issuers.iter().any(|issuer| issuer == iss);
    if found.and_then(Value::as_str).is_some_and(right) {
        return Ok(());
    }
    let issuers: Vec<String> = expected
        .issuers
        .iter()
        .filter(|issuer| !issuer.is_empty())
        .map(|issuer| format!("`{issuer}`"))
        .collect();
    Err(wrong("iss", found, &issuers.join(" or ")))
}

/// `aud` must have us. Where it has somebody else that we do not trust, and wherever there is an `azp`, that must say
/// that the token was issued to us (OpenID Connect Core §2, §3.1.3.7).
pub fn check_audience(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let us = format!("`{}`", expected.client_id);
    let (aud, azp) = (claims.get("aud"), claims.get("azp"));
    let audiences: Option<Vec<&str>> = match aud {
        Some(Value::String(audience)) => Some(vec![audience]),
        Some(Value::Array(audiences)) => audiences.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let is_trusted = |text: &&str| {
        !text.is_empty()
            && (*text == expected.client_id || expected.audiences.iter().any(|known| known == text))
    };
    let audiences = audiences.ok_or_else(|| wrong("aud", aud, &us))?;
    if !audiences.iter().any(is_trusted) {
        return Err(wrong("aud", aud, &us));
    }
    let others = !audiences.iter().all(is_trusted);
    if (azp.is_some() || others) && azp.and_then(Value::as_str) != Some(expected.client_id) {
        return Err(wrong("azp", azp, &us));
    }
    Ok(())
}

pub fn check_times(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Expected { now, clock_skew, .. } = *expected;
    let latest = now.saturating_add(clock_skew);
    let exp = date(claims, "exp")?.ok_or_else(|| invalid("`exp` is missing"))?;
    if exp.saturating_add(clock_skew) <= now {
        let late = now.saturating_sub(exp);
        return Err(invalid(format!("`exp` was {late} s ago; is this machine's clock right?")));
    }
    let iat = date(claims, "iat")?.ok_or_else(|| invalid("`iat` is missing"))?;
    if iat > latest {
        return Err(invalid(format!(
            "`iat` is {} s ahead of now; is this machine's clock right?",
            iat - now
        )));
    }
    if iat.saturating_add(MAX_AGE) < now {
        return Err(invalid(format!("`iat` was {} s ago, before this sign-in", now - iat)));
    }
    if let Some(nbf) = date(claims, "nbf")?.filter(|nbf| *nbf > latest) {
        return Err(invalid(format!(
            "`nbf` is {} s ahead of now; is this machine's clock right?",
            nbf - now
        )));
    }
    if let Some(max_age) = expected.max_age {
        let missing = || invalid("`auth_time` is missing, and `max_age` was asked for");
        let auth_time = date(claims, "auth_time")?.ok_or_else(missing)?;
        if auth_time > latest {
            return Err(invalid(format!("`auth_time` is {} s ahead of now", auth_time - now)));
        }
        if auth_time.saturating_add(max_age).saturating_add(clock_skew) < now {
            let ago = now - auth_time;
            return Err(invalid(format!("`auth_time` was {ago} s ago; `max_age` is {max_age}")));
        }
    }
    Ok(())
}

/// A NumericDate (RFC 7519 §2), in whole seconds; a fraction is dropped.
pub fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, IdTokenError> {
    let Some(found) = claims.get(name) else { return Ok(None) };
    let fraction =
        || found.as_f64().filter(|seconds| (0.0..1e15).contains(seconds)).map(|seconds| seconds as u64);
    let seconds = found.as_u64().or_else(fraction);
    seconds.map(Some).ok_or_else(|| wrong(name, Some(found), "a number of seconds since 1970"))
}

pub fn check_nonce(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Some(nonce) = expected.nonce else { return Ok(()) };
    match claims.get("nonce") {
        Some(Value::String(found)) if nonce.ct_eq(&Secret::from(found.as_str())) => Ok(()),
        _ => Err(IdTokenError::NonceMismatch),
    }
}

/// `at_hash` may be absent; where it is there, it must be that of the access token (OpenID Connect Core §3.1.3.6).
pub fn check_at_hash(
    claims: &Map<String, Value>,
    alg: Alg,
    expected: &Expected<'_>,
) -> Result<(), IdTokenError> {
    let (Some(found), Some(access_token)) = (claims.get("at_hash"), expected.access_token) else {
        return Ok(());
    };
    let hash = digest::digest(alg.digest(), access_token.expose().as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
    if found.as_str() == Some(half.as_str()) {
        Ok(())
    } else {
        Err(invalid("`at_hash` is not that of the access token"))
    }
}

/// What the provider file requires of single claims.
pub fn check_required(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    for (name, pattern) in expected.require {
        let found = claims.get(name);
        if !found.and_then(Value::as_str).is_some_and(|text| pattern.is_match(text)) {
            return Err(wrong(name, found, &format!("text that matches `{pattern}`")));
        }
    }
    Ok(())
}

/// An essential claim that was asked for with values has one of them: a sign-in below the `acr` that was asked for has failed
/// (OpenID Connect Core §5.5.1.1).
pub fn check_requested(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    for (name, values) in expected.requested {
        let found = claims.get(name);
        if !found.is_some_and(|found| values.contains(found)) {
            let values: Vec<String> = values.iter().map(|value| format!("`{}`", text_of(value))).collect();
            return Err(wrong(name, found, &format!("{}, as was asked for", values.join(" or "))));
        }
    }
    Ok(())
}

/// Text of 1 to 255 bytes that a log, a database and a comparison read alike.
pub fn subject(claims: &Map<String, Value>) -> Result<String, IdTokenError> {
    let found = claims.get("sub");
    match found.and_then(Value::as_str) {
        Some(sub) if !sub.is_empty() && sub.len() <= MAX_SUB && !sub.contains(char::is_control) => {
            Ok(sub.to_owned())
        }
        _ => Err(wrong("sub", found, "1 to 255 bytes of text without control characters")),
    }
}

/// What came for a claim, cut and escaped, and what should have.
pub fn wrong(claim: &str, found: Option<&Value>, expected: &str) -> IdTokenError {
    let found = found.map_or("missing".to_owned(), |found| format!("`{}`", text_of(found)));
    invalid(format!("`{claim}` is {found}; expected {expected}"))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use regex::Regex;
    use serde_json::json;

    use super::*;
    use crate::flow::id_token::{VerifiedIdToken, verify_signature};
    use crate::oauth::jose::{JwkSet, SigningKey, sign};

    const NOW: u64 = 1_800_000_000;
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).expect("a key"));

    fn half_hash(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
    }

    /// Verifies a token whose claims have `over` laid over them; null takes one away.
    fn verify(over: Value) -> Result<VerifiedIdToken, IdTokenError> {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "client", "sub": "1", "iat": NOW, "exp": NOW + 300, "nonce": "n",
        });
        for (name, value) in over.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().shift_remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let token = Secret::from(sign(&KEY, Some("k"), claims.as_object().unwrap()).unwrap());
        let keys = JwkSet::parse(&json!({"keys": [KEY.public_jwk("k")]})).unwrap();
        let tenant = [("tid".to_owned(), Regex::new("^[0-9]+$").unwrap())];
        let expected = Expected {
            issuers: &["https://id.example".to_owned(), String::new()],
            client_id: "client",
            audiences: &["service".to_owned()],
            nonce: Some(&Secret::from("n")),
            access_token: Some(&Secret::from("AT")),
            require: if over.get("tid").is_some() { &tenant } else { &[] },
            max_age: over.get("auth_time").map(|_| 3600),
            requested: &[],
            now: NOW,
            clock_skew: 60,
        };
        verify_signature(&token, &keys, &[Alg::ES256], None)?.check(&expected)
    }

    /// Of one claim: the values that are right, and those that are not. Null is a token without the claim.
    fn check(name: &str, right: &[Value], wrong: &[Value]) {
        for value in right {
            assert!(verify(json!({ name: value })).is_ok(), "{name}: {value}");
        }
        for value in wrong {
            let error = verify(json!({ name: value })).unwrap_err();
            assert!(
                matches!(&error, IdTokenError::Invalid(text) if text.contains(name)),
                "{name}: {value}: {error}"
            );
        }
    }

    #[test]
    fn takes_the_issuer_byte_for_byte() {
        check(
            "iss",
            &[json!("https://id.example")],
            &[
                json!(null),
                json!(""),
                json!(1),
                json!("https://id.example/"),
                json!("https://id.example:443"),
                json!("https://ID.example"),
                json!("http://id.example"),
                json!(["https://id.example"]),
            ],
        );
    }

    #[test]
    fn is_for_us() {
        let right = [json!("client"), json!("service"), json!(["client"]), json!(["client", "service"])];
        let wrong = [
            json!(null),
            json!(""),
            json!([]),
            json!("other"),
            json!("client "),
            json!(["other"]),
            json!([["client"]]),
            json!(["client", 1]),
            json!({"client": true}),
        ];
        check("aud", &right, &wrong);
        check(
            "azp",
            &[json!(null), json!("client")],
            &[json!("other"), json!("service"), json!(""), json!(["client"])],
        );
        assert!(verify(json!({"aud": ["client", "other"], "azp": "client"})).is_ok());
        assert!(verify(json!({"aud": ["client", "other"], "azp": "other"})).is_err());
        assert!(verify(json!({"aud": ["client", "other"]})).is_err());
        assert!(verify(json!({"aud": ["other"], "azp": "client"})).is_err());
    }

    #[test]
    fn is_of_now() {
        let other = [
            json!("1800000000"),
            json!("never"),
            json!(-1),
            json!(-0.5),
            json!(true),
            json!([NOW]),
            json!(1e300),
        ];
        let with = |more: &[Value]| [&other[..], more].concat();
        check(
            "exp",
            &[json!(NOW - 59), json!(NOW as f64 + 0.5)],
            &with(&[json!(null), json!(NOW - 60), json!(0)]),
        );
        check(
            "iat",
            &[json!(NOW - 600), json!(NOW + 60)],
            &with(&[json!(null), json!(NOW - 601), json!(NOW + 61), json!(NOW + 7200)]),
        );
        check("nbf", &[json!(null), json!(0), json!(NOW + 60)], &with(&[json!(NOW + 61)]));
        check("exp", &[json!(u64::MAX)], &[]);
        check(
            "auth_time",
            &[json!(NOW - 3660), json!(NOW)],
            &with(&[json!(null), json!(NOW - 3661), json!(NOW + 61)]),
        );
    }

    #[test]
    fn is_about_somebody() {
        let right = [json!("1"), json!("s".repeat(255)), json!("acme|a b"), json!("é".repeat(127))];
        let wrong = [
            json!(null),
            json!(""),
            json!(1),
            json!(["1"]),
            json!("s".repeat(256)),
            json!("é".repeat(128)),
            json!("a\u{0}"),
            json!("a\n"),
        ];
        check("sub", &right, &wrong);
    }

    #[test]
    fn binds_the_access_token_and_what_the_file_requires() {
        check(
            "at_hash",
            &[json!(null), json!(half_hash("AT"))],
            &[json!(half_hash("at")), json!(""), json!(1)],
        );
        check("tid", &[json!("12")], &[json!(null), json!("a"), json!(12), json!("")]);
    }

    #[test]
    fn refuses_a_nonce_of_another_sign_in() {
        assert!(verify(json!({"nonce": "n"})).is_ok());
        for nonce in [json!(null), json!(""), json!("m"), json!(1), json!(["n"])] {
            assert_eq!(
                verify(json!({ "nonce": nonce })).unwrap_err(),
                IdTokenError::NonceMismatch,
                "{nonce}"
            );
        }
    }

    #[test]
    fn says_what_came_and_what_was_expected() {
        let message = |over: Value| verify(over).unwrap_err().to_string();
        assert_eq!(
            message(json!({"iss": "https://evil.example\n"})),
            "`iss` is `https://evil.example\\n`; expected `https://id.example`"
        );
        assert_eq!(message(json!({"azp": 1})), "`azp` is `1`; expected `client`");
        assert_eq!(
            message(json!({"aud": "x".repeat(999)})).len(),
            "`aud` is ``; expected `client`".len() + 203
        );
        let nonce = message(json!({"nonce": "hunter2"}));
        assert!(!nonce.contains("hunter2"), "{nonce}");
    }
}
