//! A client that registers itself (RFC 7591): what it says of itself, and who it is from then on.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Request, Response};
use serde_json::{Map, Value, json};

use crate::flow::answer::Answer;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind, Misuse};
use crate::flow::metadata::{Endpoint, EndpointName, Metadata};
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::step::Step;

/// The name of the step.
pub const STEP: &str = "registration";

/// Where a client registers itself.
///
/// # Errors
/// [`Misuse::Configuration`]: the provider file does not say that a client may, or nobody knows where.
pub fn endpoint(registration: &Registration, metadata: &Metadata) -> Result<Endpoint, Error> {
    if registration.provider.client_metadata.is_none() {
        let why = "the client id is missing, and the provider file has no `client_metadata` to register with";
        return Err(Error::Misuse(Misuse::Configuration(why.into())));
    }
    metadata.needed(EndpointName::Registration, registration, &registration.context())
}

/// Builds the request (RFC 7591 §3.1): what the file says of the client, and what a sign-in that comes back to `redirect_uri` needs.
pub fn request(registration: &Registration, endpoint: &Endpoint, redirect_uri: &str) -> Request<Bytes> {
    let provider = &registration.provider;
    let mut client = Map::new();
    client.insert("redirect_uris".into(), json!([redirect_uri]));
    client.insert("grant_types".into(), json!(["authorization_code", "refresh_token"]));
    client.insert("response_types".into(), json!(["code"]));
    client.insert("token_endpoint_auth_method".into(), json!(provider.client_auth.method));
    client.extend(provider.client_metadata.clone().unwrap_or_default());
    Request::post(endpoint.url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "authcfg")
        .body(Value::Object(client).to_string().into())
        .expect("a URL is a URI")
}

/// Reads the answer (RFC 7591 §3.2): our registration, with the id and the secret that the provider gave.
///
/// # Errors
/// [`MisbehaviourKind::RegistrationFailed`], with the provider's own error where it named one.
pub fn response(registration: &Registration, response: &Response<Bytes>) -> Result<Registration, Error> {
    let answer = Answer::read(&Step::default(), response, &mut registration.context(), STEP)?;
    let text = |name: &str| answer.body[name].as_str().filter(|text| !text.is_empty());
    let method = json!(registration.provider.client_auth.method);
    let detail = match (text("client_id"), answer.body.get("token_endpoint_auth_method")) {
        _ if !answer.success => format!("the endpoint answered {} with an error", answer.status.as_u16()),
        (None, _) => "the answer has no client_id".into(),
        (Some(_), Some(other)) if *other != method => {
            format!("the client is to authenticate by {other}, the provider file has {method}")
        }
        (Some(id), _) => return Ok(registration.registered(id, text("client_secret").map(Secret::from))),
    };
    Err(Error::ProviderMisbehaved(Misbehaviour {
        step: STEP.into(),
        kind: MisbehaviourKind::RegistrationFailed,
        detail,
        response: answer.error,
        status: Some(answer.status),
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::provider::{RegistrationValues, load_value};

    fn unregistered(over: Value) -> Registration {
        let mut file = json!({
            "id": "acme", "name": "Acme", "sign_in": false, "token_endpoint_auth_method": "none",
            "authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t",
            "registration_endpoint": "https://acme.example/r", "client_metadata": {"client_name": "Us"},
        });
        for (name, value) in over.as_object().unwrap() {
            file[name] = value.clone();
        }
        let (provider, findings) = load_value(file);
        let provider = provider.unwrap_or_else(|| panic!("{findings:?}"));
        Registration::new("acme", Arc::new(provider), RegistrationValues::default()).unwrap()
    }

    fn answered(status: u16, body: Value) -> Result<Registration, String> {
        let answer = Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap();
        response(&unregistered(json!({})), &answer).map_err(|error| match error {
            Error::ProviderMisbehaved(misbehaviour) => {
                format!("{}: {}", misbehaviour.code(), misbehaviour.detail)
            }
            other => panic!("{other}"),
        })
    }

    #[test]
    fn the_client_says_what_the_file_says_and_what_a_sign_in_needs() {
        let scopes = json!({"scopes": {"default": ["a", "b"]}, "client_metadata": {"client_name": "Us", "grant_types": ["authorization_code"]}});
        let registration = unregistered(scopes);
        let endpoint = endpoint(&registration, &Metadata::default()).unwrap();
        let request = request(&registration, &endpoint, "http://127.0.0.1:4711/callback");
        assert_eq!(
            (request.method(), request.uri().to_string()),
            (&http::Method::POST, "https://acme.example/r".into())
        );
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            sent,
            json!({
                "redirect_uris": ["http://127.0.0.1:4711/callback"], "grant_types": ["authorization_code"], "response_types": ["code"],
                "token_endpoint_auth_method": "none", "client_name": "Us",
            })
        );
    }

    #[test]
    fn what_the_provider_gives_is_the_client_from_then_on() {
        let registration =
            answered(201, json!({"client_id": "C1", "token_endpoint_auth_method": "none"})).unwrap();
        assert_eq!((registration.client_id.as_str(), registration.client_secret.is_none()), ("C1", true));
        let registration = answered(201, json!({"client_id": "C1", "client_secret": "S1"})).unwrap();
        assert_eq!(registration.client_secret.as_ref().map(Secret::expose), Some("S1"));
        assert_eq!(registration.context().get("client").unwrap()["id"], "C1");
    }

    #[test]
    fn an_answer_that_registers_nobody_is_refused() {
        let refused = |status, body| answered(status, body).unwrap_err();
        assert!(refused(201, json!({})).starts_with("registration_failed: "));
        assert!(refused(201, json!({"client_id": ""})).starts_with("registration_failed: "));
        assert!(refused(201, json!({"client_id": 1})).starts_with("registration_failed: "));
        assert!(
            refused(400, json!({"client_id": "C1", "error": "invalid_redirect_uri"}))
                .starts_with("invalid_redirect_uri: ")
        );
        let other = json!({"client_id": "C1", "token_endpoint_auth_method": "client_secret_basic"});
        assert!(refused(201, other).contains("to authenticate by"));
    }

    #[test]
    fn a_file_without_metadata_of_the_client_registers_nobody() {
        let file = json!({
            "id": "acme", "name": "Acme", "authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t",
            "userinfo_endpoint": "https://acme.example/u", "profile": {"sub": "$.userinfo.id"},
        });
        let provider = Arc::new(load_value(file).0.unwrap());
        let refused = Registration::new("acme", provider, RegistrationValues::default()).unwrap_err();
        assert!(refused.iter().any(|error| error.section == "client_id"), "{refused:?}");
    }
}
