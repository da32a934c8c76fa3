//! Which section of which standard asks for what a request holds where no file says anything about it.
//!
//! It stands beside the code that builds the requests: a test below builds them, and wants a section for every parameter.

/// The section that defines a parameter in the request of a step; `None` for one that no standard knows there.
///
/// ```
/// use authcfg::flow::sections;
///
/// assert_eq!(sections::parameter("token", "code_verifier"), Some("RFC 7636 §4.5"));
/// assert_eq!(sections::parameter("token", "audience"), None);
/// ```
pub fn parameter(step: &str, name: &str) -> Option<&'static str> {
    Some(match (step, name) {
        (_, "client_assertion" | "client_assertion_type") => "RFC 7523 §2.2",
        ("authorization", "client_id" | "redirect_uri" | "response_type" | "scope" | "state") => {
            "RFC 6749 §4.1.1"
        }
        ("authorization", "code_challenge" | "code_challenge_method") => "RFC 7636 §4.3",
        ("authorization", "dpop_jkt") => "RFC 9449 §10",
        ("authorization", "request") => "RFC 9101 §5",
        ("authorization", "request_uri") => "RFC 9126 §4",
        ("authorization", "response_mode") => "OAuth 2.0 Form Post Response Mode §2",
        (
            "authorization",
            "acr_values" | "display" | "id_token_hint" | "login_hint" | "max_age" | "nonce" | "prompt"
            | "ui_locales",
        ) => "OpenID Connect Core §3.1.2.1",
        ("token", "code" | "grant_type" | "redirect_uri") => "RFC 6749 §4.1.3",
        ("token", "code_verifier") => "RFC 7636 §4.5",
        ("refresh", "grant_type" | "refresh_token" | "scope") => "RFC 6749 §6",
        ("client_credentials", "grant_type" | "scope") => "RFC 6749 §4.4.2",
        ("client_credentials", "resource") => "RFC 8707 §2",
        ("jwt_bearer", "assertion" | "grant_type") => "RFC 7523 §2.1",
        ("jwt_bearer", "scope") => "RFC 7521 §4.1",
        (
            "token_exchange",
            "actor_token"
            | "actor_token_type"
            | "audience"
            | "grant_type"
            | "requested_token_type"
            | "resource"
            | "scope"
            | "subject_token"
            | "subject_token_type",
        ) => "RFC 8693 §2.1",
        ("revocation", "token" | "token_type_hint") => "RFC 7009 §2.1",
        ("introspection", "token" | "token_type_hint") => "RFC 7662 §2.1",
        ("pushed_authorization_request", "client_id") => "RFC 9126 §2.1",
        ("pushed_authorization_request", name) if name != "client_secret" => {
            return parameter("authorization", name);
        }
        ("authorization", _) => return None,
        (_, "client_id" | "client_secret") => "RFC 6749 §2.3.1",
        _ => return None,
    })
}

/// The section that defines where the request of a step goes, and by which method.
pub fn request(step: &str) -> Option<&'static str> {
    Some(match step {
        "authorization" => "RFC 6749 §3.1",
        "pushed_authorization_request" => "RFC 9126 §2.1",
        "token" => "RFC 6749 §3.2",
        "refresh" => "RFC 6749 §6",
        "client_credentials" => "RFC 6749 §4.4.2",
        "jwt_bearer" => "RFC 7523 §2.1",
        "token_exchange" => "RFC 8693 §2.1",
        "revocation" => "RFC 7009 §2.1",
        "introspection" => "RFC 7662 §2.1",
        "userinfo" => "OpenID Connect Core §5.3.1",
        _ => return None,
    })
}

/// The section that defines a header where no file sets it; `auth` is the way in which the request authenticates.
pub fn header(name: &str, auth: &str) -> Option<&'static str> {
    Some(match name {
        "accept" => "RFC 9110 §12.5.1",
        "authorization" => return authentication(auth),
        "content-type" => "RFC 9110 §8.3",
        "dpop" => "RFC 9449 §4.1",
        "user-agent" => "RFC 9110 §10.1.5",
        _ => return None,
    })
}

/// The section that defines a way to authenticate.
pub fn authentication(auth: &str) -> Option<&'static str> {
    Some(match auth {
        "bearer" => "RFC 6750 §2.1",
        "client_secret_basic" | "client_secret_post" => "RFC 6749 §2.3.1",
        "client_secret_jwt" | "private_key_jwt" => "RFC 7523 §2.2",
        "tls_client_auth" => "RFC 8705 §2.1",
        "self_signed_tls_client_auth" => "RFC 8705 §2.2",
        _ => return None,
    })
}

/// The section that gives the default of a key of the provider file, or says what a key is about.
pub fn key(name: &str) -> Option<&'static str> {
    Some(match name {
        "id_token.algs" => "OpenID Connect Registration §2",
        "id_token.audiences" | "id_token.issuer" => "OpenID Connect Core §3.1.3.7",
        "id_token.nonce" => "OpenID Connect Core §3.1.2.1",
        "pkce" => "RFC 7636 §4.2",
        "profile" => "OpenID Connect Core §5.1",
        "dpop_bound_access_tokens" => "RFC 9449 §5.2",
        "protocol" => "RFC 6749",
        "response_mode" => "OAuth 2.0 Multiple Response Types §2.1",
        "scopes" => "RFC 6749 §3.3",
        "scopes.oidc" => "OpenID Connect Core §5.4",
        "token_endpoint_auth_method" => "RFC 8414 §2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indexmap::IndexMap;
    use serde_json::{Value, json};
    use url::{Url, form_urlencoded};

    use super::*;
    use crate::clock::FixedClock;
    use crate::flow::caller::Caller;
    use crate::flow::metadata::Metadata;
    use crate::flow::{CallbackParams, authorize, token};
    use crate::oauth::Secret;
    use crate::provider::{Registration, RegistrationValues, load_value};
    use crate::rng::SystemRng;

    /// The parameters of the authorization request and of the token request of a provider.
    fn sent(over: Value) -> Vec<(&'static str, String)> {
        let mut file = json!({
            "id": "acme", "name": "Acme", "issuer": "https://acme.example",
            "authorization_endpoint": "https://acme.example/authorize",
            "token_endpoint": "https://acme.example/token",
            "scopes": {"default": ["a"]}, "profile": {"sub": "$.token.raw.id"},
        });
        crate::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
        let (provider, findings) = load_value(file);
        let provider = Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}")));
        let values = RegistrationValues {
            client_id: "id".into(),
            client_secret: Some(Secret::from("secret")),
            ..RegistrationValues::default()
        };
        let registration = Registration::new("acme", provider, values).unwrap();
        let metadata = Metadata::written(&registration).unwrap();
        let clock = FixedClock::new(1);
        let inputs = ["login_hint", "prompt", "max_age", "ui_locales", "acr_values"];
        let inputs: IndexMap<String, String> = inputs
            .into_iter()
            .zip(["a", "login", "1", "de", "a"])
            .map(|(a, b)| (a.into(), b.into()))
            .collect();
        let begun = authorize::request(
            &registration,
            &metadata,
            "https://app.example/callback",
            &inputs,
            &clock,
            &SystemRng,
        )
        .unwrap()
        .by_value(&registration);
        let mut context = authorize::context(&registration, &begun.pending, &clock, &SystemRng).unwrap();
        let callback = format!("code=c&state={}", begun.pending.state.expose());
        let response = CallbackParams::parse(&callback)
            .verify(&registration, &metadata, &begun.pending, &mut context, 1)
            .unwrap();
        let caller = Caller {
            registration: &registration,
            metadata: &metadata,
            context: &context,
            clock: &clock,
            rng: &SystemRng,
        };
        let url = Url::parse("https://acme.example/token").unwrap();
        let request = token::request(&caller, url, &response, &begun.pending).unwrap();
        let names = begun.url.query_pairs().map(|(name, _)| ("authorization", name.into_owned()));
        let body = form_urlencoded::parse(request.body()).map(|(name, _)| ("token", name.into_owned()));
        names.chain(body).collect()
    }

    #[test]
    fn every_parameter_that_nobody_wrote_has_its_section() {
        for over in [
            json!({}),
            json!({"protocol": "oidc", "jwks_uri": "https://acme.example/jwks", "profile": {"sub": "$.claims.sub"}}),
            json!({"token_endpoint_auth_method": "client_secret_post", "pkce": "plain"}),
            json!({"token_endpoint_auth_method": "client_secret_jwt"}),
            json!({"token_endpoint_auth_method": "none", "authorization": {"response_mode": "form_post"}}),
        ] {
            let sent = sent(over.clone());
            assert!(sent.iter().any(|(step, _)| *step == "token"));
            for (step, name) in sent {
                assert!(parameter(step, &name).is_some(), "{step}: {name} of {over}");
            }
        }
    }

    #[test]
    fn a_parameter_of_nobodys_standard_has_none() {
        for (step, name) in
            [("authorization", "audience"), ("authorization", "client_secret"), ("then[0]", "grant_type")]
        {
            assert_eq!(parameter(step, name), None, "{step} {name}");
        }
        assert_eq!((header("x-api", "bearer"), key("brand"), authentication("none")), (None, None, None));
    }
}
