//! What comes of tokens: exchanged, refreshed, revoked, looked into; and how the client proves itself meanwhile. Each check of
//! the mock is seen to fail.

use serde_json::{Value, json};

use super::findings;

const NOTHING: Vec<String> = vec![];

fn chain() -> Value {
    json!({
        "token_endpoint_auth_method": "client_secret_post",
        "token": {"response": {"map": {"expires_in": 3600}}, "then": [{
            "method": "GET", "endpoint": "https://acme.example/exchange",
            "params": {"grant_type": "exchange", "client_secret": "{{ client.secret }}", "access_token": "{{ token.access_token }}"},
        }]},
    })
}

#[tokio::test]
async fn a_token_is_turned_into_another_one() {
    let vector = json!({
        "token_response": {"access_token": "SHORT", "team": "T1"},
        "then": [{"access_token": "LONG", "expires_in": 5_000_000}],
        "expect": {
            "then": [{"grant_type": "exchange", "client_secret": "CLIENT_SECRET", "access_token": "SHORT"}],
            "then.method": ["GET"], "then.auth": ["none"], "userinfo.auth": "bearer", "userinfo.headers": {"Authorization": "Bearer LONG"},
        },
        "token": {"access_token": "LONG", "expires_in": 5_000_000, "raw": {"access_token": "LONG", "team": "T1", "expires_in": 5_000_000}},
    });
    assert_eq!(findings(chain(), vector.clone()).await, NOTHING);
    let mut unlisted = vector.clone();
    unlisted["expect"]["then"] = json!([{"grant_type": "other"}]);
    assert_eq!(
        findings(chain(), unlisted).await,
        [
            "then[0] grant_type: other/exchange",
            "then[0] client_secret: absent: the vector does not list it/CLIENT_SECRET",
            "then[0] access_token: absent: the vector does not list it/SHORT",
        ]
    );
}

#[tokio::test]
async fn an_answer_without_a_lifetime_takes_none_over() {
    let vector =
        json!({"then": [{"access_token": "LONG"}], "token": {"access_token": "LONG", "expires_in": null}});
    assert_eq!(findings(chain(), vector).await, NOTHING);
}

#[tokio::test]
async fn a_chain_that_breaks_signs_nobody_in() {
    for answer in
        [json!({"http": {"status": 400, "body": {"error": "expired"}}}), json!({"error": "expired"})]
    {
        let vector = json!({"then": [answer], "userinfo": null, "profile": null, "error": "expired"});
        assert_eq!(findings(chain(), vector).await, NOTHING);
    }
    let found = findings(chain(), json!({})).await;
    assert!(found[0].starts_with("then[0] request: no request: the vector has no answer"), "{found:?}");
}

#[tokio::test]
async fn a_refresh_keeps_what_its_answer_leaves_out() {
    let over = json!({"refresh": {"keep": ["team"], "rotates": true}});
    let vector = json!({
        "token_response": {"access_token": "AT", "refresh_token": "RT", "scope": "a b", "team": {"id": 1}, "gone": 1},
        "refresh_response": {"access_token": "AT2", "expires_in": 60},
        "expect": {"refresh": {}, "refresh.url": "https://acme.example/token", "refresh.auth": "client_secret_basic", "refresh.method": "POST"},
        "refreshed": {"access_token": "AT2", "refresh_token": "RT", "scope": "a b", "expires_in": 60,
                      "raw": {"access_token": "AT2", "expires_in": 60, "team": {"id": 1}}},
    });
    assert_eq!(findings(over.clone(), vector.clone()).await, NOTHING);
    let mut rotated = vector.clone();
    rotated["refresh_response"]["refresh_token"] = "RT2".into();
    let found = findings(over, rotated).await;
    assert_eq!(found[0], r#"result refreshed.refresh_token: "RT"/"RT2""#);
}

#[tokio::test]
async fn a_refresh_is_as_the_token_request_unless_the_file_says_otherwise() {
    let over = json!({
        "token": {"body": "json", "headers": {"X-Version": "1"}, "params": {"audience": "a"}, "response": {"ok": "body.ok", "error": "$.body.why"}},
    });
    let vector = json!({
        "token_response": {"ok": true, "access_token": "AT", "refresh_token": "RT"},
        "refresh_response": {"ok": true, "access_token": "AT2"},
        "expect": {"refresh": {}, "refresh.body": "json", "refresh.headers": {"X-Version": "1"}},
    });
    assert_eq!(findings(over.clone(), vector).await, NOTHING);
    let refused = json!({
        "token_response": {"ok": true, "access_token": "AT", "refresh_token": "RT"},
        "refresh_response": {"ok": false, "why": "revoked"}, "profile": null, "error": "revoked",
    });
    assert_eq!(findings(over, refused).await, NOTHING);
}

#[tokio::test]
async fn the_end_of_a_grant_in_a_providers_own_words_is_invalid_grant() {
    let over =
        json!({"refresh": {"ended": "body.error | default('') == 'gone' or body.code | default(0) == 7"}});
    let refused = |answer: Value, error: &str| {
        json!({
            "token_response": {"access_token": "AT", "refresh_token": "RT"}, "refresh_response": answer, "profile": null, "error": error,
        })
    };
    for (answer, error) in [
        (json!({"error": "gone"}), "invalid_grant"),
        (json!({"http": {"status": 400, "body": {"code": 7}}}), "invalid_grant"),
        (json!({"error": "invalid_grant"}), "invalid_grant"),
        (json!({"error": "later"}), "later"),
        (json!({"http": {"status": 400, "body": {"code": 8}}}), "token_response_invalid"),
    ] {
        assert_eq!(findings(over.clone(), refused(answer.clone(), error)).await, NOTHING, "{answer}");
    }
    let answer = json!({"access_token": "AT2", "code": 7});
    let vector = json!({
        "token_response": {"access_token": "AT", "refresh_token": "RT"}, "refresh_response": answer,
        "refreshed": {"access_token": "AT2"},
    });
    assert_eq!(findings(over, vector).await, NOTHING, "an answer with a token is no error");
}

#[tokio::test]
async fn an_access_token_renews_itself() {
    let over = json!({"refresh": {
        "method": "GET", "endpoint": "https://acme.example/renew", "auth": "none", "requires": "access_token",
        "params": {"grant_type": "renew", "access_token": "{{ token.access_token }}"},
    }});
    let vector = json!({"expect": {"refresh": {"grant_type": "renew", "access_token": "AT", "refresh_token": null}}, "refreshed": {"access_token": "AT2"}});
    assert_eq!(findings(over, vector).await, NOTHING);
    let found = findings(json!({}), json!({"expect": {"refresh": {}}})).await;
    assert_eq!(found, ["result error: a sign-in/misconfigured: there is no refresh token"]);
}

#[tokio::test]
async fn a_token_is_revoked_and_looked_into() {
    let over = json!({"revocation_endpoint": "https://acme.example/revoke", "introspection_endpoint": "https://acme.example/introspect"});
    let vector = json!({
        "token_response": {"access_token": "AT", "refresh_token": "RT"},
        "expect": {"revocation": {"token": "RT", "token_type_hint": "refresh_token"}, "introspection": {"token": "AT"}},
    });
    assert_eq!(findings(over.clone(), vector.clone()).await, NOTHING);
    for (step, answer) in [
        ("revocation_response", json!({"http": {"status": 503, "body": {"error": "busy"}}})),
        ("introspection_response", json!({"active": "yes", "error": "busy"})),
    ] {
        let mut vector = vector.clone();
        vector[step] = answer;
        vector["profile"] = Value::Null;
        vector["error"] = "busy".into();
        assert_eq!(findings(over.clone(), vector).await, NOTHING, "{step}");
    }
    let found = findings(over, json!({"expect": {"revocation": {"token": "other"}}})).await;
    assert_eq!(found, ["revocation token: other/AT"]);
}

#[tokio::test]
async fn an_access_token_that_outlives_its_refresh_token_is_revoked_too() {
    let over = |cascades: bool| json!({"revocation_endpoint": "https://acme.example/revoke", "revocation": {"cascades": cascades}});
    let vector = |token: &str| {
        json!({
            "token_response": {"access_token": "AT", "refresh_token": "RT"},
            "expect": {"revocation": {"token": "RT"}, "access_token_revocation": {"token": token, "token_type_hint": "access_token"}},
        })
    };
    assert_eq!(findings(over(false), vector("AT")).await, NOTHING);
    assert_eq!(findings(over(false), vector("RT")).await, ["access_token_revocation token: RT/AT"]);
    let found = findings(over(true), vector("AT")).await;
    assert_eq!(found, ["access_token_revocation request: a request/none was made"]);
    let mut alone = vector("AT");
    alone["token_response"] = json!({"access_token": "AT"});
    alone["expect"] = json!({"revocation": {"token": "AT", "token_type_hint": "access_token"}});
    assert_eq!(findings(over(false), alone).await, NOTHING, "one token, one request");
    // What becomes of the first request says nothing about the second.
    let mut refused = vector("AT");
    refused["revocation_response"] = json!({"http": {"status": 400, "body": {"error": "invalid_grant"}}});
    refused["profile"] = Value::Null;
    refused["error"] = "invalid_grant".into();
    assert_eq!(findings(over(false), refused).await, NOTHING);
}

#[tokio::test]
async fn the_client_gets_a_token_for_itself() {
    let over = json!({"scopes": {"default": ["a"]}, "client_credentials": {"params": {"audience": "api"}}});
    let vector = |audience: &str| json!({"expect": {"client_credentials": {"grant_type": "client_credentials", "scope": "a", "audience": audience}}});
    assert_eq!(findings(over.clone(), vector("api")).await, NOTHING);
    assert_eq!(findings(over, vector("other")).await, ["client_credentials audience: other/api"]);
}

#[tokio::test]
async fn a_token_is_exchanged() {
    let over = json!({"token_exchange": {"params": {"audience": "calendar"}, "auth": "client_secret_post"}});
    let vector = |expect: Value| json!({"expect": {"token_exchange": expect, "token_exchange.auth": "client_secret_post"}});
    let right = json!({"subject_token": "AT", "audience": "calendar"});
    assert_eq!(findings(over.clone(), vector(right)).await, NOTHING);
    let wrong = json!({"subject_token": "AT", "audience": "mail"});
    assert_eq!(findings(over.clone(), vector(wrong)).await, ["token_exchange audience: mail/calendar"]);
    let answer = |answer: Value, error: &str| json!({"token_exchange_response": answer, "profile": null, "error": error});
    let refused = json!({"http": {"status": 400, "body": {"error": "invalid_target"}}});
    assert_eq!(findings(over.clone(), answer(refused, "invalid_target")).await, NOTHING);
    let untyped = json!({"access_token": "ET", "token_type": "bearer"});
    assert_eq!(findings(over, answer(untyped, "token_response_invalid")).await, NOTHING);
}

#[tokio::test]
async fn a_request_that_turns_the_token_into_another_is_no_exchange_of_the_file() {
    let over = json!({"token": {"then": [{
        "endpoint": "https://acme.example/token", "auth": "client_secret_post",
        "params": {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "{{ token.access_token }}"},
    }]}});
    let vector = json!({"then": [{"access_token": "AT2"}], "token": {"access_token": "AT2"}, "expect": {"then": [{"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "AT"}]}});
    assert_eq!(findings(over, vector).await, NOTHING);
}

#[tokio::test]
async fn an_assertion_becomes_a_token() {
    let vector = |assertion: &str| json!({"expect": {"jwt_bearer": {"assertion": assertion}}});
    assert_eq!(findings(json!({}), vector("ASSERTION")).await, NOTHING);
    assert_eq!(findings(json!({}), vector("other")).await, ["jwt_bearer assertion: other/ASSERTION"]);
}

#[tokio::test]
async fn a_client_makes_an_assertion_for_each_request() {
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let claims = json!({"iss": "{{ client.id }}", "aud": "https://acme.example/token", "scope": "{{ flow.scope }}"});
        let over = json!({
            "scopes": {"default": ["a", "b"]}, "client": {"private_key": {"format": "pem", "secret": true}},
            "jwt_bearer": {"auth": "none", "params": {"scope": null}, "assertion": {"alg": alg, "kid": "K1", "claims": claims, "ttl": 3600}},
        });
        let vector = |scope: &str| {
            json!({"expect": {
                "jwt_bearer": {"scope": null, "client_id": null}, "jwt_bearer.auth": "none",
                "jwt_bearer.jwt": {"alg": alg, "kid": "K1", "iss": "CLIENT_ID", "scope": scope},
            }})
        };
        assert_eq!(findings(over.clone(), vector("a b")).await, NOTHING, "{alg}");
        assert_eq!(findings(over, vector("a")).await, ["jwt_bearer jwt.scope: a/a b"], "{alg}");
    }
}

#[tokio::test]
async fn a_client_proves_itself_with_a_key() {
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let over = json!({
            "issuer": "https://acme.example", "token_endpoint_auth_method": "private_key_jwt",
            "client": {"private_key": {"format": "pem", "secret": true}, "key_id": {}},
            "client_assertion": {"alg": alg, "kid": "{{ client.key_id }}"},
        });
        let vector = |aud: &str| {
            json!({
                "client": {"key_id": "K1"},
                "expect": {"token.auth": "private_key_jwt", "token.jwt": {"alg": alg, "kid": "K1", "iss": "CLIENT_ID", "sub": "CLIENT_ID", "aud": aud},
                           "token": {"client_secret": null, "client_id": "CLIENT_ID"}, "refresh.auth": "private_key_jwt"},
                "token_response": {"access_token": "AT", "refresh_token": "RT"},
            })
        };
        assert_eq!(findings(over.clone(), vector("https://acme.example")).await, NOTHING, "{alg}");
        let found = findings(over, vector("https://acme.example/token")).await;
        assert_eq!(found, ["token jwt.aud: https://acme.example/token/https://acme.example"]);
    }
}

#[tokio::test]
async fn a_client_proves_itself_with_what_its_secret_signs() {
    let over = json!({"token_endpoint_auth_method": "client_secret_jwt", "client_assertion": {"ttl": 30}});
    let vector = json!({"expect": {"token.auth": "client_secret_jwt", "token.jwt": {"alg": "HS256", "aud": "https://acme.example/token"}}});
    assert_eq!(findings(over.clone(), vector).await, NOTHING);
    let found = findings(over, json!({"expect": {"token.auth": "client_secret_post"}})).await;
    assert!(found[0].starts_with("token auth: client_secret_post/"), "{found:?}");
}

#[tokio::test]
async fn a_body_can_travel_in_the_address_and_a_value_as_it_is() {
    let over = json!({
        "scopes": {"default": ["a:b", "c"], "separator": ","},
        "authorization": {"raw": ["scope"], "fragment": "wechat_like"},
        "token": {"body": "query", "raw": ["scope"], "params": {"scope": "a:b,c"}},
    });
    let expect = json!({
        "authorization": {"scope": "a:b,c"}, "authorization.raw": {"scope": "a:b,c"}, "authorization.fragment": "wechat_like",
        "token": {"scope": "a:b,c"}, "token.body": "query", "token.method": "POST", "token.raw": {"scope": "a:b,c"},
    });
    assert_eq!(findings(over.clone(), json!({"expect": expect})).await, NOTHING);
    let encoded = json!({"expect": {"authorization.raw": {"scope": "a%3Ab%2Cc"}}});
    assert_eq!(findings(over.clone(), encoded).await, ["authorization raw.scope: a%3Ab%2Cc/a:b,c"]);
    let found = findings(over, json!({"expect": {"authorization.fragment": "other"}})).await;
    assert!(found[0].starts_with("result error: a sign-in/the fragment is"), "{found:?}");
}

#[tokio::test]
async fn numbers_of_the_file_are_numbers_in_a_json_body() {
    let over = json!({"userinfo": {"method": "POST", "body": "json", "params": {"limit": 1, "deep": true, "text": "1"}}});
    let vector =
        json!({"expect": {"userinfo": {"limit": "1", "deep": "true", "text": "1"}, "userinfo.body": "json"}});
    assert_eq!(findings(over, vector).await, NOTHING);
}

#[tokio::test]
async fn an_image_becomes_a_picture() {
    let over = json!({
        "userinfo": [{}, {"as": "photo", "endpoint": "https://acme.example/photo", "optional": true, "response": {"format": "bytes"}}],
        "profile": {"sub": "$.userinfo.id", "picture": "{{ photo.base64 | data_uri(photo.content_type) }}"},
    });
    let photo = json!({"http": {"content_type": "image/png", "body_base64": "iVBORw=="}});
    let vector =
        json!({"photo": photo, "profile": {"sub": "1", "picture": "data:image/png;base64,iVBORw=="}});
    assert_eq!(findings(over.clone(), vector).await, NOTHING);
    let missing = json!({"photo": {"http": {"status": 404, "body": {}}}, "profile": {"sub": "1"}});
    assert_eq!(findings(over, missing).await, NOTHING);
}

#[tokio::test]
async fn a_signed_answer_is_believed_for_its_issuer_alone() {
    let over = |response: Value| {
        json!({
            "protocol": "oidc", "issuer": "https://acme.example", "jwks_uri": "https://acme.example/keys",
            "userinfo": {"response": response}, "profile": {"sub": "$.claims.sub"},
        })
    };
    let vector = |iss: Value| {
        let mut userinfo = json!({"sub": "1", "name": "Ada"});
        if !iss.is_null() {
            userinfo["iss"] = iss;
        }
        json!({"claims": {"sub": "1"}, "userinfo": userinfo, "profile": {"sub": "1", "name": "Ada", "email_verified": false}})
    };
    assert_eq!(findings(over(json!({"format": "jwt"})), vector(Value::Null)).await, NOTHING);
    let mut wrong = vector(json!("https://other.example"));
    wrong["profile"] = Value::Null;
    wrong["error"] = "userinfo_invalid".into();
    assert_eq!(findings(over(json!({"format": "jwt"})), wrong).await, NOTHING);
    let own = json!({"format": "jwt", "issuer": "https://other.example"});
    assert_eq!(findings(over(own), vector(json!("https://other.example"))).await, NOTHING);
}
