//! The client that signs in at the mock, and whether a request proves to be from it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::flow::dpop;
use crate::mock::endpoints::SHOWN_CERTIFICATE;
use crate::mock::placeholders::Placeholders;
use crate::mock::record::Recorded;
use crate::mock::request_object::RequestObject;
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JwkSet, Jws};
use crate::provider::Provider;

/// The client that signs in at the mock.
#[derive(Clone)]
pub(super) struct Credentials {
    pub client_id: String,
    pub client_secret: Option<String>,
    pub minted: Option<Minted>,
    /// What the assertion of a JWT bearer grant must look like, where the client makes it.
    pub made_assertion: Option<Minted>,
    pub assertion: Assertion,
    /// What its request objects must look like, where it sends any.
    pub request_object: Option<RequestObject>,
    /// The thumbprint of the certificate that the client shows (RFC 8705); absent where nobody here can know it.
    pub certificate: Option<String>,
}

/// What an assertion of the client must look like (RFC 7523 §3).
#[derive(Clone, Default)]
pub(super) struct Assertion {
    /// The public keys of the client, for `private_key_jwt`.
    pub keys: JwkSet,
    pub alg: Option<Alg>,
    pub aud: String,
    pub ttl: u64,
}

/// What a JWT that the client makes for one request must look like.
#[derive(Clone)]
pub(super) struct Minted {
    pub alg: String,
    pub kid: Option<String>,
    pub claims: Map<String, Value>,
    pub ttl: u64,
}

impl Credentials {
    /// Whether a request authenticates by `word`; else what it does instead.
    pub fn authenticates(
        &self,
        word: &str,
        recorded: &Recorded,
        provider: &Provider,
        placeholders: &Placeholders,
    ) -> Result<(), String> {
        let authorization = recorded.header("authorization");
        let param = |name: &str| recorded.param(provider.rename.get(name).map_or(name, String::as_str));
        let secret = placeholders.get("CLIENT_SECRET").unwrap_or_default();
        let token = placeholders.get("ACCESS_TOKEN").unwrap_or_default();
        let only_header = |expected: String| authorization == Some(expected.as_str());
        let proven = match word.split_once(':') {
            Some(("scheme", scheme)) => only_header(format!("{scheme} {token}")),
            Some(("header", name)) => authorization.is_none() && recorded.header(name) == Some(token),
            Some(("query", name)) => {
                authorization.is_none()
                    && recorded.query.iter().any(|(key, value)| key == name && value == token)
            }
            _ => match word {
                "bearer" if provider.dpop_bound_access_tokens => {
                    only_header(format!("{} {token}", dpop::SCHEME))
                }
                "bearer" => only_header(format!("Bearer {token}")),
                "client_secret_basic" => {
                    let encode =
                        |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                    recorded.basic() == Some((encode(&self.client_id), encode(secret)))
                        && param("client_secret").is_none()
                }
                "client_secret_basic_unencoded" => {
                    recorded.basic() == Some((self.client_id.clone(), secret.to_owned()))
                        && param("client_secret").is_none()
                }
                "client_secret_post" => {
                    authorization.is_none()
                        && param("client_id") == Some(&self.client_id)
                        && param("client_secret") == Some(secret)
                }
                "private_key_jwt" | "client_secret_jwt" => {
                    let assertion = recorded.param("client_assertion").unwrap_or_default();
                    return match self.check_assertion(word, assertion, secret) {
                        Ok(()) if authorization.is_none() => Ok(()),
                        Ok(()) => Err(found(authorization, None)),
                        Err(why) => Err(why),
                    };
                }
                // The certificate itself is checked beside it.
                "tls_client_auth" | "self_signed_tls_client_auth" => {
                    authorization.is_none() && param("client_id") == Some(&self.client_id)
                }
                // Where a secret travels all the same, the file has written it as a parameter.
                "none" => authorization.is_none(),
                _ => false,
            },
        };
        if proven { Ok(()) } else { Err(found(authorization, param("client_secret"))) }
    }

    /// Whether a request shows the client's certificate if it must, and else none; else what should be there, and what is.
    pub fn shows_certificate(&self, must: bool, recorded: &Recorded) -> Result<(), (String, String)> {
        let Some(own) = &self.certificate else { return Ok(()) };
        let wanted = must.then_some(own.as_str());
        let got = recorded.header(SHOWN_CERTIFICATE);
        let told = |thumbprint: Option<&str>| thumbprint.unwrap_or("none").to_owned();
        if got == wanted { Ok(()) } else { Err((told(wanted), told(got))) }
    }

    /// Checks an assertion: its signature, then `iss`, `sub`, `aud`, `jti` and its lifetime.
    fn check_assertion(&self, word: &str, assertion: &str, secret: &str) -> Result<(), String> {
        let hmac = word == "client_secret_jwt";
        let alg = if hmac { Alg::HS256 } else { self.assertion.alg.unwrap_or(Alg::RS256) };
        let secret = Secret::from(secret);
        let verified = Jws::parse(assertion)
            .and_then(|jws| jws.verify(&self.assertion.keys, &[alg], hmac.then_some(&secret)))
            .map_err(|error| format!("a client_assertion of which {error}"))?;
        let claims = verified.into_claims();
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        for (name, wanted) in
            [("iss", &self.client_id), ("sub", &self.client_id), ("aud", &self.assertion.aud)]
        {
            if text(name) != wanted {
                return Err(format!("a client_assertion whose {name} is `{}`, not `{wanted}`", text(name)));
            }
        }
        let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
        if number("exp").checked_sub(number("iat")) != Some(self.assertion.ttl) || text("jti").len() < 22 {
            return Err("a client_assertion with another lifetime, or without a random jti".into());
        }
        Ok(())
    }

    /// Checks a client secret that was minted for one request.
    pub fn check_minted(&self, secret: &str) -> Result<(), String> {
        self.minted.as_ref().map_or(Ok(()), |minted| minted.check(secret))
    }
}

impl Minted {
    /// Checks a JWT: algorithm, key id, claims, lifetime.
    pub fn check(&self, jwt: &str) -> Result<(), String> {
        let mut parts = jwt.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
        let mut object =
            || parts.next().and_then(|part| serde_json::from_slice::<Map<String, Value>>(&part).ok());
        let (Some(header), Some(claims)) = (object(), object()) else { return Err("a JWT".into()) };
        let member = |name: &str| header.get(name).and_then(Value::as_str);
        if member("alg") != Some(&self.alg) || member("kid") != self.kid.as_deref() {
            return Err(format!(
                "a JWT of alg {} and kid {}",
                self.alg,
                self.kid.as_deref().unwrap_or("none")
            ));
        }
        if let Some((name, value)) =
            self.claims.iter().find(|(name, value)| claims.get(*name) != Some(*value))
        {
            return Err(format!("a JWT whose {name} is {value}"));
        }
        let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
        if number("exp").checked_sub(number("iat")) != Some(self.ttl) {
            return Err(format!("a JWT that is valid for {} s", self.ttl));
        }
        Ok(())
    }
}

/// How a request authenticates, in a word or two.
fn found(authorization: Option<&str>, secret: Option<&str>) -> String {
    match (authorization, secret) {
        (Some(header), None) => format!("the header `{header}`"),
        (Some(header), Some(_)) => format!("the header `{header}` and a client_secret"),
        (None, Some(_)) => "a client_secret among the parameters".into(),
        (None, None) => "nothing of the kind".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oauth::jose::{SigningKey, sign};

    #[test]
    fn an_assertion_must_be_the_clients_own() {
        let (key, other) = (
            SigningKey::generate(Alg::ES256).expect("a key"),
            SigningKey::generate(Alg::ES256).expect("a key"),
        );
        let keys = JwkSet::parse(&json!({"keys": [key.public_jwk("k")]})).expect("a key set");
        let assertion =
            Assertion { keys, alg: Some(Alg::ES256), aud: "https://acme.example".into(), ttl: 60 };
        let client = Credentials {
            client_id: "me".into(),
            client_secret: None,
            request_object: None,
            minted: None,
            made_assertion: None,
            assertion,
            certificate: None,
        };
        let right = json!({"iss": "me", "sub": "me", "aud": "https://acme.example", "iat": 100, "exp": 160,
                           "jti": "0123456789012345678901"});
        let check = |key: &SigningKey, over: Value| {
            let mut claims = right.as_object().cloned().unwrap_or_default();
            claims.extend(over.as_object().cloned().unwrap_or_default());
            let jwt = sign(key, Some("k"), &claims).expect("a JWT");
            client.check_assertion("private_key_jwt", &jwt, "")
        };
        assert_eq!(check(&key, json!({})), Ok(()));
        assert!(check(&other, json!({})).is_err(), "signed by somebody else");
        for over in [
            json!({"iss": "you"}),
            json!({"sub": "you"}),
            json!({"aud": "https://acme.example/token"}),
            json!({"exp": 3700}),
            json!({"jti": "1"}),
        ] {
            assert!(check(&key, over.clone()).is_err(), "{over}");
        }
    }
}
