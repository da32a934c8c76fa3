//! A client that proves itself with a certificate (RFC 8705): which requests show it, and where they go.

use authcfg::oauth::Secret;
use authcfg::provider::{Registration, RegistrationValues};
use serde_json::{Value, json};

use super::{acme, findings};

const NOTHING: Vec<String> = vec![];

fn certified(over: Value) -> Value {
    let member = json!({"secret": true, "format": "pem"});
    let mut file = json!({
        "client": {"certificate": member, "certificate_key": member}, "token_endpoint_auth_method": "tls_client_auth",
    });
    authcfg::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
    file
}

#[tokio::test]
async fn the_client_is_named_and_sends_no_secret() {
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let vector = json!({
            "refresh_response": {"access_token": "AT2"}, "token_response": {"access_token": "AT", "token_type": "bearer", "refresh_token": "RT"},
            "expect": {
                "token": {"client_id": "CLIENT_ID", "client_secret": null}, "token.auth": method,
                "refresh": {"client_id": "CLIENT_ID"}, "refresh.auth": method, "userinfo.auth": "bearer",
            },
        });
        let over = certified(json!({"token_endpoint_auth_method": method}));
        assert_eq!(findings(over, vector).await, NOTHING, "{method}");
    }
    let wrong = json!({"expect": {"token.auth": "client_secret_post"}});
    let found = findings(certified(json!({})), wrong).await;
    assert_eq!(found, ["token auth: client_secret_post/nothing of the kind"]);
}

#[tokio::test]
async fn a_bound_token_is_used_with_the_certificate() {
    let over = json!({"tls_client_certificate_bound_access_tokens": true, "token_endpoint_auth_method": "client_secret_post"});
    let vector = json!({"expect": {"token.auth": "client_secret_post", "userinfo.auth": "bearer"}});
    assert_eq!(findings(certified(over), vector).await, NOTHING);
}

#[tokio::test]
async fn an_alias_of_the_document_comes_before_its_endpoint() {
    let file = |over: Value| {
        let mut file = json!({
            "protocol": "oidc", "issuer": "https://acme.example", "discovery": true, "authorization_endpoint": null,
            "token_endpoint": null, "userinfo_endpoint": null, "profile": {"sub": "$.claims.sub"},
        });
        for (name, value) in over.as_object().unwrap() {
            file[name] = value.clone();
        }
        file
    };
    let alias = "https://mtls.acme.example/token";
    let vector = |token_url: &str| {
        json!({
            "discovery": {"mtls_endpoint_aliases": {"token_endpoint": alias}}, "claims": {"sub": "1"}, "userinfo": null,
            "token_response": {"access_token": "AT", "token_type": "Bearer", "id_token": "ID_TOKEN"},
            "profile": {"sub": "1", "email_verified": false}, "expect": {"token.url": token_url},
        })
    };
    assert_eq!(findings(file(certified(json!({}))), vector(alias)).await, NOTHING);
    let secret = json!({"token_endpoint_auth_method": "client_secret_post"});
    let found = findings(file(secret), vector(alias)).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(&format!("token url: {alias}/https://acme.example/")), "{found:?}");
    // What the file writes is where it goes.
    let written = file(certified(json!({"token_endpoint": "https://acme.example/own"})));
    assert_eq!(findings(written, vector("https://acme.example/own")).await, NOTHING);
}

#[test]
fn a_certificate_and_a_key_that_do_not_belong_together_are_refused_at_start() {
    const CERTIFICATE: &str = include_str!("../../../src/mock/client_certificate.pem");
    const KEY: &str = include_str!("../../../src/mock/client_certificate_key.pem");
    let errors = |certificate: &str, key: &str| {
        let client = [("certificate", certificate), ("certificate_key", key)];
        let values = RegistrationValues {
            client_id: "me".into(),
            client: client.map(|(name, value)| (name.to_owned(), Secret::from(value))).into_iter().collect(),
            ..RegistrationValues::default()
        };
        match Registration::new("acme", acme(certified(json!({}))), values) {
            Ok(_) => vec![],
            Err(errors) => {
                errors.into_iter().map(|error| format!("{}: {}", error.name, error.message)).collect()
            }
        }
    };
    assert_eq!(errors(CERTIFICATE, KEY), NOTHING);
    assert_eq!(errors(KEY, KEY), ["certificate: there is no X.509 certificate in PEM"]);
    assert_eq!(
        errors(CERTIFICATE, CERTIFICATE),
        ["certificate_key: there is no unencrypted private key in PEM"]
    );
}
