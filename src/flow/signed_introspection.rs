//! The answer to an introspection that is a JWT (RFC 9701 §5): its signature, its type, then whose word it is and for whom.

use serde_json::{Map, Value};

use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::id_token::claims;
use crate::flow::id_token::{Expected, IdTokenError, invalid};
use crate::flow::later::Later;
use crate::flow::verify::{Against, Refusal};
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JoseError, JwkSet, Jws};
use crate::provider::id_token::IdTokenAlg;

/// `typ` of such a JWT (RFC 9701 §5).
const TYPE: &str = "token-introspection+jwt";

impl Against<'_> {
    /// What the JWT says of the token: its `token_introspection`, an object with `active`.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] where other keys may help; else [`MisbehaviourKind::TokenResponseInvalid`].
    pub fn introspection(&self, raw: &Secret, keys: &JwkSet) -> Result<Value, Refusal> {
        let alg = self.registration.provider.introspection_signed_response_alg.unwrap_or(IdTokenAlg::RS256);
        let alg = Alg::from(alg);
        let verified =
            Jws::parse(raw.expose()).and_then(|jws| jws.verify(keys, &[alg], self.hmac_secret(&[alg])));
        let verified = verified.map_err(|error| match error {
            JoseError::UnknownKey { .. } => Refusal::UnknownKey(refused(error.to_string())),
            error => Refusal::Final(refused(error.to_string())),
        })?;
        let typ = verified.typ().unwrap_or_default().to_ascii_lowercase();
        if typ.strip_prefix("application/").unwrap_or(&typ) != TYPE {
            return Err(Refusal::Final(refused("its type is not that of an introspection")));
        }
        check(self, &verified.into_claims()).map_err(|error| Refusal::Final(refused(error.to_string())))
    }
}

fn check(against: &Against<'_>, claims: &Map<String, Value>) -> Result<Value, IdTokenError> {
    let issuers: Vec<String> = against.metadata.issuer.iter().cloned().collect();
    let expected = Expected::of(&issuers, against.registration, against.now, against.clock_skew);
    claims::check_issuer(claims, &expected)?;
    claims::check_audience(claims, &expected)?;
    let iat = claims::date(claims, "iat")?.ok_or_else(|| invalid("`iat` is missing"))?;
    if iat > against.now.saturating_add(against.clock_skew) {
        return Err(invalid("`iat` is in the future"));
    }
    match claims.get("token_introspection") {
        Some(told) if told.get("active").is_some_and(Value::is_boolean) => Ok(told.clone()),
        _ => Err(invalid("`token_introspection` does not say whether the token is active")),
    }
}

fn refused(detail: impl Into<String>) -> Error {
    Misbehaviour::error(Later::Introspection.as_str(), MisbehaviourKind::TokenResponseInvalid, detail)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use serde_json::json;

    use super::*;
    use crate::flow::metadata::Metadata;
    use crate::oauth::jose::{SigningKey, sign_as};
    use crate::provider::{Registration, RegistrationValues, load_value};

    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).unwrap());
    static OTHER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).unwrap());
    const NOW: u64 = 1_764_000_000;

    fn opened(key: &SigningKey, typ: &str, over: Value) -> Result<Value, String> {
        let file = json!({
            "id": "acme", "name": "Acme", "protocol": "oidc", "issuer": "https://acme.example", "discovery": true,
            "introspection_signed_response_alg": "ES256",
        });
        let (provider, findings) = load_value(file);
        let provider = Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}")));
        let client_secret = Some("secret".into());
        let values = RegistrationValues { client_id: "me".into(), client_secret, ..Default::default() };
        let registration = Registration::new("acme", provider, values).unwrap();
        let metadata = Metadata::written(&registration).unwrap();
        let mut claims = json!({"iss": "https://acme.example", "aud": "me", "iat": NOW, "token_introspection": {"active": true, "sub": "1"}});
        for (name, value) in over.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims: Map<String, Value> =
            claims.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
        let jwt = sign_as(key, Some("k"), typ, &claims).unwrap();
        let keys = JwkSet::parse(&json!({"keys": [KEY.public_jwk("k")]})).unwrap();
        let against = Against { registration: &registration, metadata: &metadata, now: NOW, clock_skew: 60 };
        against.introspection(&Secret::from(jwt), &keys).map_err(|refusal| match refusal {
            Refusal::UnknownKey(error) | Refusal::Final(error) => error.to_string(),
        })
    }

    #[test]
    fn tells_what_the_provider_knows_of_the_token() {
        let told = json!({"active": true, "sub": "1"});
        for typ in [TYPE, "application/token-introspection+jwt", "Token-Introspection+JWT"] {
            assert_eq!(opened(&KEY, typ, json!({})), Ok(told.clone()), "{typ}");
        }
        assert_eq!(
            opened(&KEY, TYPE, json!({"aud": ["other", "me"], "azp": "me", "iat": NOW + 60})),
            Ok(told)
        );
        let over = json!({"token_introspection": {"active": false}});
        assert_eq!(opened(&KEY, TYPE, over), Ok(json!({"active": false})));
    }

    #[test]
    fn what_is_not_the_providers_word_for_us_is_refused() {
        assert!(opened(&OTHER, TYPE, json!({})).is_err(), "another key");
        for typ in ["JWT", "at+jwt", ""] {
            assert!(opened(&KEY, typ, json!({})).unwrap_err().contains("type"), "{typ}");
        }
        for over in [
            json!({"iss": "https://evil.example"}),
            json!({"iss": null}),
            json!({"aud": "other"}),
            json!({"aud": []}),
            json!({"aud": ["other", "me"]}),
            json!({"aud": null}),
            json!({"iat": NOW + 61}),
            json!({"iat": "now"}),
            json!({"iat": null}),
            json!({"token_introspection": null}),
            json!({"token_introspection": {"active": "true"}}),
            json!({"token_introspection": {}, "active": true}),
            json!({"token_introspection": [true]}),
        ] {
            assert!(opened(&KEY, TYPE, over.clone()).is_err(), "{over}");
        }
    }
}
