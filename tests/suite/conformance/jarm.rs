//! Authorization responses that are signed (JARM §2.4): each of the eight defects that the OpenID Foundation's suite plays, and what
//! stands beside a response. T-17.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::keys::{KEY, OTHER_KEY, Sign, compact, ec_jwk};
use super::op::{Behaviour, CLIENT_ID, CLIENT_SECRET, Op};

/// How a response deviates.
#[derive(Clone)]
struct Response {
    /// Laid over the claims; null takes one away.
    claims: Value,
    header: Value,
    sign: Sign,
    /// What stands beside it.
    beside: Vec<(&'static str, &'static str)>,
    /// How often it comes.
    times: usize,
    /// Instead of the JWT.
    raw: Option<&'static str>,
}

impl Default for Response {
    fn default() -> Response {
        let header = json!({"alg": "RS256", "kid": "k1"});
        Response { claims: json!({}), header, sign: Sign::Rs256(&KEY), beside: vec![], times: 1, raw: None }
    }
}

/// A provider that answers so; `mode` and `alg` are what the file says.
async fn op(mode: &str, alg: Option<&str>, response: Response) -> Op {
    let mut file = json!({"authorization": {"response_mode": mode}});
    if let Some(alg) = alg {
        file["callback"] = json!({"authorization_signed_response_alg": alg});
    }
    let op =
        Op::start(Behaviour { file, keys: vec![KEY.jwk("k1"), ec_jwk("k2")], ..Behaviour::default() }).await;
    let (issuer, now) = (op.issuer().to_owned(), authcfg::clock::Clock::now(&*op.clock));
    op.change(|behaviour| {
        behaviour.callback = Arc::new(move |params| {
            let mut claims: Map<String, Value> =
                params.drain(..).map(|(name, value)| (name, value.into())).collect();
            claims.extend(
                json!({"iss": issuer, "aud": CLIENT_ID, "exp": now + 600}).as_object().unwrap().clone(),
            );
            for (name, value) in response.claims.as_object().unwrap() {
                match value {
                    Value::Null => drop(claims.shift_remove(name)),
                    Value::String(text) => {
                        drop(claims.insert(name.clone(), text.replace("ISSUER", &issuer).into()))
                    }
                    value => drop(claims.insert(name.clone(), value.clone())),
                }
            }
            let jwt = compact(&response.header, Value::Object(claims).to_string().as_bytes(), &response.sign);
            let jwt = response.raw.map_or(jwt, str::to_owned);
            params.extend((0..response.times).map(|_| ("response".to_owned(), jwt.clone())));
            params.extend(
                response.beside.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            );
        });
    });
    op
}

async fn accepted(mode: &str, alg: Option<&str>, response: Response) {
    let op = op(mode, alg, response).await;
    let signed_in = op.sign_in().await;
    assert!(signed_in.is_ok(), "{signed_in:?}");
}

async fn refused(code: &str, response: Response) {
    let op = op("jwt", None, response).await;
    let error = op.sign_in().await.expect_err("a refusal");
    assert_eq!(error.code(), code, "{error}");
    assert_eq!(op.hits().token, 0, "{error}: no code is redeemed");
}

async fn refused_claims(claims: Value) {
    refused("callback_refused", Response { claims, ..Response::default() }).await;
}

#[tokio::test]
async fn accepts_a_right_response_in_each_mode_and_algorithm() {
    for mode in ["jwt", "query.jwt", "form_post.jwt"] {
        accepted(mode, None, Response::default()).await;
    }
    let (header, sign) = (json!({"alg": "ES256", "kid": "k2"}), Sign::Es256);
    accepted("jwt", Some("ES256"), Response { header, sign, ..Response::default() }).await;
    let (header, sign) = (json!({"alg": "HS256"}), Sign::Hs256(CLIENT_SECRET.into()));
    accepted("jwt", Some("HS256"), Response { header, sign, ..Response::default() }).await;
    let claims = json!({"aud": [CLIENT_ID], "iat": 1, "iss": "ISSUER"});
    accepted("jwt", None, Response { claims, ..Response::default() }).await;
}

#[tokio::test]
async fn refuses_another_issuer_or_none() {
    for iss in [json!(null), json!("https://other.example"), json!("ISSUER/"), json!(1), json!([])] {
        refused_claims(json!({"iss": iss})).await;
    }
}

#[tokio::test]
async fn refuses_another_audience_or_none() {
    for aud in [
        json!(null),
        json!("another"),
        json!([]),
        json!(["another"]),
        json!([CLIENT_ID, "another"]),
        json!(1),
    ] {
        refused_claims(json!({"aud": aud})).await;
    }
}

#[tokio::test]
async fn refuses_an_expired_response_or_one_that_does_not_expire() {
    for exp in [json!(null), json!(1_000_000_000), json!("9999999999"), json!(-1), json!(true)] {
        refused_claims(json!({"exp": exp})).await;
    }
}

#[tokio::test]
async fn refuses_a_wrong_signature_and_none() {
    let rs256 = || json!({"alg": "RS256", "kid": "k1"});
    for (header, sign) in [
        (rs256(), Sign::Rs256(&OTHER_KEY)),
        (rs256(), Sign::Garbage),
        (rs256(), Sign::Nothing),
        (json!({"alg": "none"}), Sign::Nothing),
        (json!({"alg": "none"}), Sign::Rs256(&KEY)),
        (json!({"alg": "HS256"}), Sign::Hs256(CLIENT_SECRET.into())),
        (json!({"alg": "ES256", "kid": "k2"}), Sign::Es256),
        (json!({"alg": "RS256", "kid": "unknown"}), Sign::Rs256(&KEY)),
        (json!({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}), Sign::Rs256(&KEY)),
    ] {
        refused("callback_refused", Response { header, sign, ..Response::default() }).await;
    }
    for raw in ["", "a.b.c", "{}"] {
        refused("callback_refused", Response { raw: Some(raw), ..Response::default() }).await;
    }
}

#[tokio::test]
async fn what_stands_beside_a_response_is_not_read() {
    let beside = vec![
        ("code", "another"),
        ("state", "another"),
        ("iss", "https://other.example"),
        ("error", "access_denied"),
    ];
    accepted("jwt", None, Response { beside, ..Response::default() }).await;
}

#[tokio::test]
async fn refuses_a_plain_response_where_a_signed_one_was_asked_for() {
    let op = Op::start(Behaviour {
        file: json!({"authorization": {"response_mode": "jwt"}}),
        ..Behaviour::default()
    })
    .await;
    assert_eq!(op.sign_in().await.expect_err("a refusal").code(), "callback_refused");
    assert_eq!(op.hits().token, 0);
    refused("callback_refused", Response { times: 2, ..Response::default() }).await;
}

#[tokio::test]
async fn refuses_a_signed_response_where_none_was_asked_for() {
    let op = op("query", None, Response::default()).await;
    assert_eq!(op.sign_in().await.expect_err("a refusal").code(), "callback_refused");
    assert_eq!(op.hits().token, 0);
}

#[tokio::test]
async fn what_a_signed_response_says_is_checked_as_any_other() {
    let with = |claims: Value| Response { claims, ..Response::default() };
    refused("state_mismatch", with(json!({"state": "another"}))).await;
    refused("state_mismatch", with(json!({"state": null}))).await;
    refused("code_missing", with(json!({"code": null}))).await;
    refused("access_denied", with(json!({"code": null, "error": "access_denied"}))).await;
    refused("callback_refused", with(json!({"code": ["a"]}))).await;
    refused("callback_refused", with(json!({"id_token": "a"}))).await;
}
