//! Tokens without a browser: token exchange (RFC 8693), an assertion as a grant (RFC 7523 §2.1), client credentials.

use authcfg::client::Error;
use authcfg::flow::grant::{ClientCredentialsRequest, JwtBearerRequest, TokenExchangeRequest, TypedToken};
use authcfg::oauth::Secret;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::op::{ACCESS_TOKEN, Answer, Behaviour, Op};

const SAML2: &str = TypedToken::SAML2;

async fn op(file: Value, token: Value) -> Op {
    Op::start(Behaviour { file, token, ..Behaviour::default() }).await
}

/// The body of the only token request.
fn sent(op: &Op) -> Vec<(String, String)> {
    let seen = op.seen();
    let [request] = seen.as_slice() else { panic!("one request, not {seen:?}") };
    let body = request.rsplit(' ').next().unwrap_or_default();
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn subject() -> TokenExchangeRequest {
    TokenExchangeRequest::new(TypedToken::access_token(Secret::from("ST")))
}

#[tokio::test]
async fn a_token_is_exchanged_with_all_that_the_rfc_knows() {
    let op = op(json!({}), json!({"issued_token_type": SAML2, "token_type": "n_a", "scope": "read"})).await;
    let request = TokenExchangeRequest {
        actor_token: Some(TypedToken { token: Secret::from("AC"), token_type: TypedToken::JWT.into() }),
        requested_token_type: Some(SAML2.into()),
        audience: vec!["one".into(), "two".into()],
        resource: vec!["https://a.example/x".into(), "urn:b".into()],
        scope: Some("read".into()),
        ..subject()
    };
    let exchanged = op.client.token_exchange(&request).await.expect("an exchange");
    assert_eq!((exchanged.token.access_token.expose(), exchanged.is_bearer), (ACCESS_TOKEN, false));
    assert_eq!(
        (exchanged.issued_token_type.as_str(), exchanged.token.scope.as_deref()),
        (SAML2, Some("read"))
    );
    let wanted = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "ST"),
        ("subject_token_type", TypedToken::ACCESS_TOKEN),
        ("actor_token", "AC"),
        ("actor_token_type", TypedToken::JWT),
        ("resource", "https://a.example/x"),
        ("resource", "urn:b"),
        ("audience", "one"),
        ("audience", "two"),
        ("scope", "read"),
        ("requested_token_type", SAML2),
    ];
    assert_eq!(sent(&op), pairs(&wanted));
}

#[tokio::test]
async fn an_exchange_asks_for_nothing_that_nobody_wants() {
    let op = op(json!({}), json!({"issued_token_type": TypedToken::ACCESS_TOKEN})).await;
    let exchanged = op.client.token_exchange(&subject()).await.expect("an exchange");
    assert!(exchanged.is_bearer && exchanged.token.expires_at.is_some());
    let names: Vec<String> = sent(&op).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["grant_type", "subject_token", "subject_token_type"]);
}

#[tokio::test]
async fn an_exchange_tells_what_was_issued() {
    for (file, token, code) in [
        (json!({}), json!({}), "token_response_invalid"),
        (json!({}), json!({"issued_token_type": 7}), "token_response_invalid"),
        (json!({}), json!({"issued_token_type": SAML2, "token_type": "mac"}), "token_response_invalid"),
        (json!({}), json!({"issued_token_type": SAML2, "access_token": null}), "token_response_invalid"),
    ] {
        let op = op(file, token.clone()).await;
        let error = op.client.token_exchange(&subject()).await.expect_err("a refusal");
        assert_eq!(error.code(), code, "{token}");
        assert!(matches!(error, Error::ProviderMisbehaved(_)), "{error:?}");
    }
    let maps = json!({"token_exchange": {"response": {"map": {"issued_token_type": TypedToken::JWT}}}});
    let op = op(maps, json!({})).await;
    let exchanged = op.client.token_exchange(&subject()).await.expect("an exchange");
    assert_eq!(exchanged.issued_token_type, TypedToken::JWT);
}

#[tokio::test]
async fn a_token_that_is_no_access_token_comes_of_an_exchange_alone() {
    let op = op(json!({}), json!({"issued_token_type": SAML2, "token_type": "N_A"})).await;
    let error =
        op.client.client_credentials(&ClientCredentialsRequest::default()).await.expect_err("a refusal");
    assert!(error.to_string().contains("the token_type is not bearer"), "{error}");
}

#[tokio::test]
async fn the_providers_own_error_is_told() {
    let answer = Answer::new(400, "application/json", r#"{"error":"invalid_target"}"#);
    let op = Op::start(Behaviour { token_answer: Some(answer), ..Behaviour::default() }).await;
    let error = op.client.token_exchange(&subject()).await.expect_err("a refusal");
    assert_eq!((error.code(), error.step()), ("invalid_target", "token_exchange"));
}

#[tokio::test]
async fn a_resource_is_an_absolute_uri_without_a_fragment() {
    for wrong in ["calendar", "/calendar", "https://a.example/#x", ""] {
        let op = op(json!({}), json!({"issued_token_type": SAML2})).await;
        let resource = vec!["https://a.example".to_owned(), wrong.to_owned()];
        let request = TokenExchangeRequest { resource: resource.clone(), ..subject() };
        let error = op.client.token_exchange(&request).await.expect_err("a refusal");
        assert!(error.to_string().contains("RFC 8707"), "{error}");
        let request = ClientCredentialsRequest { resource, ..ClientCredentialsRequest::default() };
        assert!(op.client.client_credentials(&request).await.is_err());
        assert_eq!(op.hits().token, 0, "nobody is asked");
    }
}

#[tokio::test]
async fn a_file_writes_what_its_provider_wants() {
    let file = json!({"token_exchange": {"params": {"audience": "{{ client.id | length }}", "scope": null}}});
    let op = op(file, json!({"issued_token_type": SAML2})).await;
    let audience = vec!["one".to_owned(), "two".to_owned()];
    let request = TokenExchangeRequest { audience, scope: Some("read".into()), ..subject() };
    op.client.token_exchange(&request).await.expect("an exchange");
    let sent: Vec<_> = sent(&op).into_iter().skip(3).collect();
    assert_eq!(sent, pairs(&[("audience", "10")]));
}

#[tokio::test]
async fn a_client_asks_for_less_than_the_deployment_and_says_where() {
    let op = op(json!({"scopes": {"default": ["openid", "a", "b"]}}), json!({})).await;
    let resource = vec!["https://a.example".to_owned()];
    let request = ClientCredentialsRequest { scope: Some("a".into()), resource };
    op.client.client_credentials(&request).await.expect("a token");
    let wanted = [("grant_type", "client_credentials"), ("scope", "a"), ("resource", "https://a.example")];
    assert_eq!(sent(&op), pairs(&wanted));
}

#[tokio::test]
async fn an_assertion_that_is_given_becomes_a_token() {
    let op = op(json!({"scopes": {"default": ["openid"]}}), json!({})).await;
    let request = JwtBearerRequest { assertion: Some(Secret::from("AS")), scope: None };
    let token = op.client.jwt_bearer(&request).await.expect("a token");
    assert_eq!(token.access_token.expose(), ACCESS_TOKEN);
    let grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    assert_eq!(sent(&op), pairs(&[("grant_type", grant_type), ("assertion", "AS"), ("scope", "openid")]));
}

#[tokio::test]
async fn without_an_assertion_nobody_is_asked() {
    let op = op(json!({}), json!({})).await;
    let error = op.client.jwt_bearer(&JwtBearerRequest::default()).await.expect_err("a refusal");
    assert!(error.to_string().contains("`jwt_bearer.assertion`"), "{error}");
    assert_eq!(op.hits().token, 0);
}
