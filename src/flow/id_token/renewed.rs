//! An id_token that came with a refresh: it is of the same sign-in as the first, or it does not count (OpenID Connect Core
//! §12.2).

use serde_json::{Map, Value};

use crate::flow::id_token::claims::wrong;
use crate::flow::id_token::{IdTokenError, VerifiedIdToken};

/// The claims that tell one sign-in from another.
const OF_THE_SIGN_IN: [&str; 6] = ["aud", "auth_time", "azp", "iss", "nonce", "sub"];

impl VerifiedIdToken {
    /// What later id_tokens of this sign-in are held against.
    pub fn of_the_sign_in(&self) -> Map<String, Value> {
        let named = |name: &str| Some((name.to_owned(), self.claims.get(name)?.clone()));
        OF_THE_SIGN_IN.into_iter().filter_map(named).collect()
    }

    /// Checks that it is of the sign-in whose first id_token had these claims: the same `iss`, `sub` and `azp`, every audience
    /// of the first, and the same `auth_time` and `nonce` where it has them.
    ///
    /// # Errors
    /// The first claim that differs.
    pub fn check_renewed(&self, first: &Map<String, Value>) -> Result<(), IdTokenError> {
        for name in ["iss", "sub", "azp"] {
            if self.claims.get(name) != first.get(name) {
                return Err(differs(name, self.claims.get(name)));
            }
        }
        let audiences = audiences(self.claims.get("aud"));
        if !self::audiences(first.get("aud")).iter().all(|audience| audiences.contains(audience)) {
            return Err(differs("aud", self.claims.get("aud")));
        }
        let auth_time = self.claims.get("auth_time");
        if auth_time.is_some() && first.contains_key("auth_time") && auth_time != first.get("auth_time") {
            return Err(differs("auth_time", auth_time));
        }
        match self.claims.get("nonce") {
            Some(nonce) if first.get("nonce") != Some(nonce) => Err(IdTokenError::NonceMismatch),
            _ => Ok(()),
        }
    }
}

fn differs(name: &str, found: Option<&Value>) -> IdTokenError {
    wrong(name, found, "what the first id_token of this sign-in has")
}

fn audiences(aud: Option<&Value>) -> Vec<&str> {
    match aud {
        Some(Value::String(audience)) => vec![audience],
        Some(Value::Array(audiences)) => audiences.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(over: Value) -> VerifiedIdToken {
        let mut claims = json!({
            "iss": "https://id.example", "sub": "1", "aud": ["client", "service"], "azp": "client", "auth_time": 7, "nonce": "n",
        });
        for (name, value) in over.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().shift_remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        VerifiedIdToken { claims: claims.as_object().unwrap().clone(), sub: "1".into() }
    }

    fn check(first: Value, over: Value) -> Result<(), IdTokenError> {
        token(over).check_renewed(&token(first).of_the_sign_in())
    }

    #[test]
    fn takes_a_token_of_the_same_sign_in() {
        for over in [
            json!({}),
            json!({"auth_time": null}),
            json!({"nonce": null}),
            json!({"aud": ["service", "more", "client"]}),
            json!({"email": "new@acme.example"}),
        ] {
            assert_eq!(check(json!({}), over.clone()), Ok(()), "{over}");
        }
        assert_eq!(check(json!({"aud": "client"}), json!({"aud": ["client"]})), Ok(()));
        assert_eq!(check(json!({"azp": null}), json!({"azp": null})), Ok(()));
        assert_eq!(check(json!({"auth_time": null}), json!({"auth_time": 7})), Ok(()));
    }

    #[test]
    fn refuses_a_token_of_another() {
        for (first, over, claim) in [
            (json!({}), json!({"iss": "https://id.example/"}), "`iss`"),
            (json!({}), json!({"sub": "2"}), "`sub`"),
            (json!({}), json!({"azp": "other"}), "`azp`"),
            (json!({}), json!({"azp": null}), "`azp`"),
            (json!({"azp": null}), json!({}), "`azp`"),
            (json!({}), json!({"aud": "client"}), "`aud`"),
            (json!({}), json!({"aud": ["service", "other"]}), "`aud`"),
            (json!({}), json!({"auth_time": 8}), "`auth_time`"),
            (json!({}), json!({"nonce": "m"}), "`nonce`"),
            (json!({"nonce": null}), json!({}), "`nonce`"),
        ] {
            let error = check(first, over.clone()).unwrap_err().to_string();
            assert!(error.starts_with(claim), "{over}: {error}");
        }
    }
}
