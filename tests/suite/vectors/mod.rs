//! Every test of every provider file, played over a real socket.

mod certificate;
mod dpop;
mod learned;
mod params;
mod pushed;
mod request_object;
mod tokens;

use std::sync::Arc;

use authcfg::mock::play;
use authcfg::provider::load_value;
use authcfg::spec::vector::Vector;
use serde_json::{Value, json};

fn provider(file: Value) -> Arc<authcfg::provider::Provider> {
    let (provider, findings) = load_value(file);
    Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}")))
}

#[tokio::test]
async fn every_vector_of_every_provider_passes() {
    let catalog = authcfg::provider::catalog::Catalog::builtin();
    let (mut passed, mut failed) = (0, vec![]);
    for entry in catalog.entries() {
        let provider = entry.provider().unwrap_or_else(|| panic!("{}: {:?}", entry.id, entry.diagnostics()));
        for (number, vector) in provider.tests.iter().enumerate() {
            let result = play(provider, vector).await;
            let name = vector.name.clone().unwrap_or_else(|| format!("#{}", number + 1));
            if result.passed() {
                passed += 1;
            } else {
                failed.push(format!("{}: {name}: {:#?}", entry.id, result.failures));
            }
        }
    }
    println!("{passed} passed, {} failed", failed.len());
    assert!(failed.is_empty(), "{}\n{passed} passed, {} failed", failed.join("\n"), failed.len());
    assert!(passed >= 16 * 2, "a success and an error of each provider, not {passed}");
}

/// A small OAuth 2.0 provider, with something laid over it.
fn acme(over: Value) -> Arc<authcfg::provider::Provider> {
    let mut file = json!({
        "id": "acme", "name": "Acme",
        "authorization_endpoint": "https://acme.example/authorize",
        "token_endpoint": "https://acme.example/token",
        "userinfo_endpoint": "https://acme.example/me",
        "authorization": {"inputs": {"tenant": {}}},
        "profile": {"sub": "$.userinfo.id"},
    });
    authcfg::provider::merge(file.as_object_mut().unwrap(), over.as_object().unwrap());
    provider(file)
}

fn vector(vector: Value) -> Vector {
    let mut whole = json!({
        "token_response": {"access_token": "AT", "token_type": "bearer"},
        "userinfo": {"id": "1"},
        "profile": {"sub": "1"},
    });
    for (name, value) in vector.as_object().unwrap() {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

/// What a vector finds wrong, as `request what: expected/got`.
async fn findings(over: Value, wanted: Value) -> Vec<String> {
    let result = play(&acme(over), &vector(wanted)).await;
    let text = |failure: authcfg::mock::Failure| {
        format!("{} {}: {}/{}", failure.request, failure.what, failure.expected, failure.got)
    };
    result.failures.into_iter().map(text).collect()
}

#[tokio::test]
async fn a_right_vector_passes() {
    let expect = json!({
        "authorization": {}, "authorization.url": "https://acme.example/authorize",
        "token": {"code_verifier": "CODE_VERIFIER", "code": "CODE", "redirect_uri": "REDIRECT_URI"},
        "token.method": "POST", "token.body": "form", "token.auth": "client_secret_basic",
        "userinfo.url": "https://acme.example/me", "userinfo.auth": "bearer", "userinfo.headers": {"Accept": "application/json"},
    });
    assert_eq!(findings(json!({}), json!({"expect": expect})).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_vector_sees_a_wrong_profile_and_token() {
    assert_eq!(
        findings(json!({}), json!({"profile": {"sub": "2"}})).await,
        [r#"result profile.sub: "2"/"1""#]
    );
    assert_eq!(findings(json!({}), json!({"profile": {}})).await, [r#"result profile.sub: absent/"1""#]);
    assert_eq!(
        findings(json!({}), json!({"token": {"access_token": "other"}})).await,
        [r#"result token.access_token: "other"/"AT""#]
    );
}

#[tokio::test]
async fn a_vector_sees_what_is_wrong_with_a_request() {
    for (expect, wanted) in [
        (json!({"authorization": {"scope": "a"}}), "authorization scope: a/absent"),
        (json!({"authorization": {"response_type": null}}), "authorization response_type: absent/code"),
        (
            json!({"authorization.url": "https://acme.example/other"}),
            "authorization url: https://acme.example/other/https://acme.example/authorize",
        ),
        (json!({"token": {"grant_type": "password"}}), "token grant_type: password/authorization_code"),
        (json!({"token.method": "GET"}), "token method: GET/POST"),
        (json!({"token.body": "json"}), "token body: json/form"),
        (
            json!({"token.auth": "client_secret_post"}),
            "token auth: client_secret_post/the header `Basic Q0xJRU5UX0lEOkNMSUVOVF9TRUNSRVQ=`",
        ),
        (
            json!({"userinfo.headers": {"Accept": "text/plain"}}),
            "userinfo headers.Accept: text/plain/application/json",
        ),
        (
            json!({"userinfo.auth": "query:access_token"}),
            "userinfo auth: query:access_token/the header `Bearer AT`",
        ),
    ] {
        assert_eq!(findings(json!({}), json!({"expect": expect})).await, [wanted]);
    }
}

#[tokio::test]
async fn a_step_that_is_named_lists_every_parameter() {
    let over =
        json!({"authorization": {"params": {"audience": "api"}}, "token": {"params": {"audience": "api"}}});
    assert_eq!(findings(over.clone(), json!({})).await, Vec::<String>::new(), "no step is named");
    let found = findings(over.clone(), json!({"expect": {"authorization": {}, "token": {}}})).await;
    let unlisted = "audience: absent: the vector does not list it/api";
    assert_eq!(found, [format!("authorization {unlisted}"), format!("token {unlisted}")]);
    let listed = json!({"expect": {"authorization": {"audience": "api"}, "token": {"audience": "api"}}});
    assert_eq!(findings(over, listed).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_a_finding() {
    let found = findings(
        json!({"userinfo": [], "userinfo_endpoint": null, "profile": {"sub": "$.token.raw.id"}}),
        json!({"token_response": {"access_token": "AT", "id": "1"}}),
    )
    .await;
    assert_eq!(found, ["userinfo request: a request/none was made"]);
}

#[tokio::test]
async fn a_request_that_has_no_answer_is_a_finding() {
    let over = json!({"userinfo": [{}, {"as": "groups", "endpoint": "https://acme.example/groups", "optional": true}]});
    let found = findings(over, json!({})).await;
    assert_eq!(
        found,
        ["groups request: no request: the vector has no answer to it/https://acme.example/groups"]
    );
}

#[tokio::test]
async fn an_error_must_be_the_one_that_was_named() {
    let vector = |error: &str| json!({"token_response": {"error": "invalid_grant"}, "userinfo": null, "profile": null, "error": error});
    assert_eq!(findings(json!({}), vector("invalid_grant")).await, Vec::<String>::new());
    assert_eq!(findings(json!({}), vector("any")).await, Vec::<String>::new());
    let found = findings(json!({}), vector("invalid_client")).await;
    assert!(
        found.len() == 1 && found[0].starts_with("result error: invalid_client/invalid_grant"),
        "{found:?}"
    );
    let found = findings(json!({}), json!({"profile": null, "error": "any"})).await;
    assert_eq!(found, ["result error: any/a sign-in"]);
}

#[tokio::test]
async fn renamed_and_dropped_parameters_are_seen_under_their_names() {
    let over = json!({"rename": {"client_id": "client_key"}, "token_endpoint_auth_method": "client_secret_post", "token": {"params": {"grant_type": null}}});
    let expect = json!({
        "authorization": {"client_key": "CLIENT_ID", "client_id": null},
        "token": {"client_key": "CLIENT_ID", "client_id": null, "grant_type": null},
    });
    assert_eq!(findings(over, json!({"expect": expect})).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_minted_secret_is_looked_into() {
    let over = json!({
        "client": {"private_key": {"format": "pem", "secret": true}}, "token_endpoint_auth_method": "client_secret_post",
        "client_secret": {"jwt": {"alg": "ES256", "kid": "K1", "claims": {"iss": "{{ client.id }}"}}},
    });
    let found = async |jwt: Value| findings(over.clone(), json!({"expect": {"token.jwt": jwt}})).await;
    assert_eq!(found(json!({"alg": "ES256", "kid": "K1", "iss": "CLIENT_ID"})).await, Vec::<String>::new());
    assert_eq!(
        found(json!({"kid": "K2", "aud": "a"})).await,
        ["token jwt.kid: K2/K1", "token jwt.aud: a/absent"]
    );
}

#[tokio::test]
async fn a_subject_that_is_a_number_keeps_every_digit() {
    for digits in ["12345678901234567890123", "9007199254740993", "18446744073709551616", "7"] {
        let body = format!(r#"{{"id": {digits}}}"#);
        let vector = json!({"userinfo": {"http": {"body": body}}, "profile": {"sub": digits}});
        assert_eq!(findings(json!({}), vector).await, Vec::<String>::new(), "{digits}");
    }
    for number in ["1.0", "1e3", "12345678901234567890123.5", "true", "[1]"] {
        let body = format!(r#"{{"id": {number}}}"#);
        let vector = json!({"userinfo": {"http": {"body": body}}, "profile": null, "error": "sub_missing"});
        assert_eq!(findings(json!({}), vector).await, Vec::<String>::new(), "{number}");
    }
}

#[tokio::test]
async fn what_is_sent_is_never_half_empty() {
    let over = json!({"authorization": {"params": {"audience": "{{ request.tenant | default('') }}"}}});
    let vector = json!({"expect": {"authorization": {"audience": null}}});
    assert_eq!(findings(over, vector).await, Vec::<String>::new(), "an empty parameter is left out");
    let over = json!({"authorization": {"params": {"audience": "{{ request.tenant }}-x"}}});
    let found = findings(over, json!({})).await;
    assert!(
        found.len() == 1 && found[0].contains("misconfigured"),
        "undefined is an error in what is sent: {found:?}"
    );
    let over =
        json!({"profile": {"sub": "$.userinfo.id", "name": "{{ userinfo.first }} {{ userinfo.last }}"}});
    let vector = json!({"userinfo": {"id": "1", "first": "Ada", "last": null}, "profile": {"sub": "1"}});
    assert_eq!(findings(over, vector).await, Vec::<String>::new(), "never `Ada null`");
}
