//! Parameters that go as a request object (RFC 9101): what it holds, what stands beside it.

use serde_json::{Value, json};

use super::findings;

const NOTHING: Vec<String> = vec![];

fn signs(alg: &str, over: Value) -> Value {
    let mut file = json!({
        "issuer": "https://acme.example", "client": {"private_key": {"format": "pem", "secret": true}},
        "authorization": {
            "request_object_signing_alg": alg, "inputs": {"max_age": {}},
            "params": {"resource": ["a", "b"], "claims": {"userinfo": {"email": null}}},
        },
    });
    authcfg::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
    file
}

fn vector(over: Value) -> Value {
    let sent = json!({"tenant": "t1", "max_age": "60", "resource": ["a", "b"], "claims": {"userinfo": {"email": null}}});
    let mut vector = json!({"request": {"tenant": "t1", "max_age": "60"}, "expect": {"authorization": sent}});
    authcfg::provider::merge(vector.as_object_mut().unwrap(), over.as_object().unwrap());
    vector
}

#[tokio::test]
async fn the_parameters_are_in_the_object_alone() {
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        assert_eq!(findings(signs(alg, json!({})), vector(json!({}))).await, NOTHING, "{alg}");
    }
    let wrong = vector(json!({"expect": {"authorization": {"tenant": "t2"}}}));
    assert_eq!(findings(signs("ES256", json!({})), wrong).await, ["authorization tenant: t2/t1"]);
}

#[tokio::test]
async fn an_object_goes_ahead_too_and_has_the_names_of_the_provider() {
    let over = json!({
        "pushed_authorization_request_endpoint": "https://acme.example/par", "rename": {"client_id": "client_key"},
        "token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"alg": "ES256", "kid": "k1"},
        "dpop_bound_access_tokens": true,
    });
    let vector = vector(json!({
        "token_response": {"access_token": "AT", "token_type": "DPoP"},
        "expect": {"authorization": {"client_key": "CLIENT_ID"}, "pushed_authorization_request.auth": "private_key_jwt"},
    }));
    assert_eq!(findings(signs("ES256", over), vector).await, NOTHING);
}

#[tokio::test]
async fn a_key_of_another_kind_signs_nothing() {
    let over = json!({"token_endpoint_auth_method": "private_key_jwt", "client_assertion": {"alg": "RS256"}});
    let found = findings(signs("ES256", over), vector(json!({}))).await;
    assert!(
        found.len() == 1 && found[0].contains("misconfigured: the request object: the private key"),
        "{found:?}"
    );
}
