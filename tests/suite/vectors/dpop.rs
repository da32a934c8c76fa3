//! Access tokens that are bound to a key (RFC 9449): what is sent with a proof, and what a provider can answer.

use serde_json::{Value, json};

use super::findings;

const NOTHING: Vec<String> = vec![];

fn bound(over: Value) -> Value {
    let mut file = json!({"dpop_bound_access_tokens": true});
    authcfg::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
    file
}

fn vector(over: Value) -> Value {
    let mut vector =
        json!({"token_response": {"access_token": "AT", "token_type": "DPoP", "refresh_token": "RT"}});
    authcfg::provider::merge(vector.as_object_mut().unwrap(), over.as_object().unwrap());
    vector
}

#[tokio::test]
async fn every_request_with_a_token_has_its_proof() {
    let over = bound(json!({
        "pushed_authorization_request_endpoint": "https://acme.example/par",
        "introspection_endpoint": "https://acme.example/introspect", "introspection": {"auth": "bearer"},
        "revocation_endpoint": "https://acme.example/revoke",
        "token": {"then": [{"endpoint": "https://acme.example/then", "auth": "bearer"}]},
        "userinfo": [{}, {"as": "groups", "endpoint": "https://acme.example/groups", "method": "POST"}],
    }));
    let vector = vector(json!({
        "then": [{"access_token": "AT2", "token_type": "dpop"}], "groups": [], "token": {"token_type": "DPoP"},
        "refresh_response": {"access_token": "AT3", "token_type": "DPoP"}, "refreshed": {"token_type": "DPoP"},
        "expect": {
            "pushed_authorization_request.auth": "client_secret_basic", "authorization": {"tenant": null},
            "token.auth": "client_secret_basic", "then.auth": ["bearer"], "then.headers": [{"Authorization": "DPoP AT"}],
            "userinfo.headers": {"Authorization": "DPoP AT2"}, "groups.auth": "bearer", "refresh": {},
            "introspection.auth": "bearer", "revocation": {}, "client_credentials": {}, "jwt_bearer": {}, "token_exchange": {},
        },
    }));
    assert_eq!(findings(over, vector).await, NOTHING);
}

#[tokio::test]
async fn without_the_key_there_is_no_proof_and_no_such_token() {
    let plain = json!({"expect": {"token.headers": {"DPoP": null}, "authorization": {"dpop_jkt": null}}});
    assert_eq!(findings(json!({}), plain).await, NOTHING);
    let refused = |token_type: Value| json!({"token_response": {"access_token": "AT", "token_type": token_type}, "userinfo": null, "profile": null, "error": "token_response_invalid"});
    assert_eq!(findings(json!({}), refused(json!("DPoP"))).await, NOTHING);
    for token_type in [json!("bearer"), json!("mac"), json!(null), json!("DPoP2")] {
        assert_eq!(findings(bound(json!({})), refused(token_type.clone())).await, NOTHING, "{token_type}");
    }
}

#[tokio::test]
async fn a_vector_sees_the_proof_and_what_it_is_for() {
    let found =
        findings(bound(json!({})), vector(json!({"expect": {"token.headers": {"DPoP": null}}}))).await;
    assert!(found.len() == 1 && found[0].starts_with("token headers.DPoP: absent/eyJ"), "{found:?}");
    let found =
        findings(bound(json!({})), vector(json!({"expect": {"authorization": {"dpop_jkt": null}}}))).await;
    assert!(found.len() == 1 && found[0].starts_with("authorization dpop_jkt: absent/"), "{found:?}");
}

#[tokio::test]
async fn a_provider_that_always_asks_for_a_nonce_is_asked_twice() {
    let asks = json!({"http": {"status": 400, "headers": {"dpop-nonce": "n-1"}, "body": {"error": "use_dpop_nonce"}}});
    let vector =
        json!({"token_response": asks, "userinfo": null, "profile": null, "error": "use_dpop_nonce"});
    assert_eq!(findings(bound(json!({})), vector).await, NOTHING);
}
