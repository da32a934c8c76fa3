//! Parameters that go ahead of the browser (RFC 9126): what is sent where, and what a provider can answer.

use serde_json::{Value, json};

use super::findings;

const NOTHING: Vec<String> = vec![];

fn pushes(over: Value) -> Value {
    let mut file = json!({"pushed_authorization_request_endpoint": "https://acme.example/par"});
    authcfg::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
    file
}

#[tokio::test]
async fn the_parameters_go_ahead_and_the_browser_carries_a_reference() {
    let vector = json!({
        "request": {"tenant": "t1"},
        "expect": {
            "pushed_authorization_request.url": "https://acme.example/par", "pushed_authorization_request.method": "POST",
            "pushed_authorization_request.body": "form", "pushed_authorization_request.auth": "client_secret_basic",
            "authorization": {"tenant": "t1", "audience": "a"}, "authorization.url": "https://acme.example/authorize",
        },
    });
    let over = pushes(json!({"authorization": {"params": {"audience": "a"}}}));
    assert_eq!(findings(over, vector.clone()).await, NOTHING);
    let found = findings(json!({"authorization": {"params": {"audience": "a"}}}), vector).await;
    assert_eq!(found, ["pushed_authorization_request request: a request/none was made"]);
}

#[tokio::test]
async fn the_client_proves_itself_as_at_the_token_endpoint() {
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"] {
        let over = pushes(json!({"token_endpoint_auth_method": method}));
        let vector = json!({"expect": {"pushed_authorization_request.auth": method, "authorization": {}}});
        assert_eq!(findings(over, vector).await, NOTHING, "{method}");
    }
    let vector = json!({"expect": {"pushed_authorization_request.auth": "client_secret_post"}});
    let found = findings(pushes(json!({})), vector).await;
    assert!(
        found[0].starts_with("pushed_authorization_request auth: client_secret_post/the header `Basic "),
        "{found:?}"
    );
}

#[tokio::test]
async fn names_of_the_provider_go_ahead_too() {
    let over = pushes(
        json!({"rename": {"client_id": "client_key"}, "token_endpoint_auth_method": "client_secret_post"}),
    );
    let vector = json!({"expect": {"authorization": {"client_key": "CLIENT_ID"}}});
    assert_eq!(findings(over, vector).await, NOTHING);
}

#[tokio::test]
async fn a_file_can_say_that_nothing_goes_ahead() {
    let over = pushes(json!({"require_pushed_authorization_requests": false}));
    assert_eq!(findings(over, json!({"expect": {"authorization": {}}})).await, NOTHING);
}

#[tokio::test]
async fn what_the_provider_requires_is_found_in_its_document() {
    let file = json!({
        "protocol": "oidc", "issuer": "https://acme.example", "discovery": true, "authorization_endpoint": null,
        "token_endpoint": null, "userinfo_endpoint": null, "profile": {"sub": "$.claims.sub"},
    });
    let vector = |document: Value, expect: Value| {
        json!({
            "discovery": document, "token_response": {"access_token": "AT", "token_type": "Bearer", "id_token": "ID_TOKEN"},
            "claims": {"sub": "1"}, "profile": {"sub": "1", "email_verified": false}, "userinfo": null, "expect": expect,
        })
    };
    let endpoint = "https://acme.example/par";
    let required = json!({"pushed_authorization_request_endpoint": endpoint, "require_pushed_authorization_requests": true});
    let expect = json!({"pushed_authorization_request.url": endpoint});
    assert_eq!(findings(file.clone(), vector(required, expect.clone())).await, NOTHING);
    // One that only can take them so is sent the browser as ever.
    let possible = json!({"pushed_authorization_request_endpoint": endpoint});
    let found = findings(file.clone(), vector(possible, expect)).await;
    assert_eq!(found, ["pushed_authorization_request request: a request/none was made"]);
    let nowhere = json!({"require_pushed_authorization_requests": true});
    let found = findings(file, vector(nowhere, json!({}))).await;
    assert_eq!(
        found,
        ["result error: a sign-in/misconfigured: the provider has no pushed_authorization_request_endpoint"]
    );
}

#[tokio::test]
async fn a_refusal_signs_nobody_in() {
    for (answer, code) in [
        (json!({"http": {"status": 400, "body": {"error": "invalid_request"}}}), "invalid_request"),
        (json!({"http": {"status": 401, "body": {"error": "invalid_client"}}}), "invalid_client"),
        (json!({"http": {"status": 500, "body": {}}}), "pushed_authorization_request_failed"),
        (json!({"http": {"status": 201, "body": {"expires_in": 60}}}), "pushed_authorization_request_failed"),
        (
            json!({"http": {"status": 201, "body": {"request_uri": ""}}}),
            "pushed_authorization_request_failed",
        ),
        (json!({"http": {"status": 201, "body": {"request_uri": 1}}}), "pushed_authorization_request_failed"),
        (json!({"http": {"status": 201, "body": "request_uri=x"}}), "pushed_authorization_request_failed"),
        // A redirect is no answer: it would carry the client's secret elsewhere.
        (
            json!({"http": {"status": 307, "headers": {"location": "https://acme.example/me"}, "body": {"request_uri": "x"}}}),
            "pushed_authorization_request_failed",
        ),
    ] {
        let vector = json!({
            "pushed_authorization_request_response": answer, "userinfo": null, "profile": null, "error": code,
        });
        assert_eq!(findings(pushes(json!({})), vector).await, NOTHING, "{answer}");
    }
}
