//! The OpenID Foundation's relying-party modules: Basic RP (14), Config RP (5), Form Post (14 and one), under their names.

use serde_json::json;

use super::keys::{KEY, OTHER_KEY, Sign, at_hash};
use super::op::{ACCESS_TOKEN, Answer, Behaviour, Op, REDIRECT_URI, SUB};
use super::{Accepted, Refused, RefusedUserinfo, cases, claims};

mod basic_rp {
    use super::*;

    cases! {
        oidcc_client_test: |_| () => Accepted;
        oidcc_client_test_invalid_iss: claims(json!({"iss": "https://other.example"})) => Refused("id_token_invalid", 1);
        oidcc_client_test_missing_sub: claims(json!({"sub": null})) => Refused("id_token_invalid", 1);
        oidcc_client_test_invalid_aud: claims(json!({"aud": "another-client"})) => Refused("id_token_invalid", 1);
        oidcc_client_test_missing_iat: claims(json!({"iat": null})) => Refused("id_token_invalid", 1);
        oidcc_client_test_kid_absent_single_jwks: kid_absent_single => Accepted;
        oidcc_client_test_kid_absent_multiple_jwks: kid_absent_multiple => Refused("id_token_invalid", 1);
        oidcc_client_test_idtoken_sig_rs256: |_| () => Accepted;
        oidcc_client_test_idtoken_sig_none: sig_none => Refused("id_token_invalid", 1);
        oidcc_client_test_invalid_sig_rs256: |b| b.sign = Sign::Garbage => Refused("id_token_invalid", 1);
        oidcc_client_test_userinfo_invalid_sub: |b| b.userinfo = json!({"sub": "another"}) => RefusedUserinfo("sub_mismatch");
        oidcc_client_test_nonce_invalid: claims(json!({"nonce": "of-another-sign-in-0123456789"})) => Refused("nonce_mismatch", 1);
    }

    #[tokio::test]
    async fn oidcc_client_test_scope_userinfo_claims() {
        scope_userinfo_claims(json!({})).await;
    }

    #[tokio::test]
    async fn oidcc_client_test_client_secret_basic() {
        client_secret_basic(json!({})).await;
    }
}

mod form_post_basic_rp {
    use super::*;

    fn form_post(change: impl FnOnce(&mut Behaviour)) -> impl FnOnce(&mut Behaviour) {
        move |behaviour| {
            change(behaviour);
            behaviour.file = json!({"authorization": {"response_mode": "form_post"}});
        }
    }

    cases! {
        oidcc_client_test: form_post(|_| ()) => Accepted;
        oidcc_client_test_invalid_iss: form_post(claims(json!({"iss": "https://other.example"}))) => Refused("id_token_invalid", 1);
        oidcc_client_test_missing_sub: form_post(claims(json!({"sub": null}))) => Refused("id_token_invalid", 1);
        oidcc_client_test_invalid_aud: form_post(claims(json!({"aud": "another-client"}))) => Refused("id_token_invalid", 1);
        oidcc_client_test_missing_iat: form_post(claims(json!({"iat": null}))) => Refused("id_token_invalid", 1);
        oidcc_client_test_kid_absent_single_jwks: form_post(kid_absent_single) => Accepted;
        oidcc_client_test_kid_absent_multiple_jwks: form_post(kid_absent_multiple) => Refused("id_token_invalid", 1);
        oidcc_client_test_idtoken_sig_rs256: form_post(|_| ()) => Accepted;
        oidcc_client_test_idtoken_sig_none: form_post(sig_none) => Refused("id_token_invalid", 1);
        oidcc_client_test_invalid_sig_rs256: form_post(|b| b.sign = Sign::Garbage) => Refused("id_token_invalid", 1);
        oidcc_client_test_userinfo_invalid_sub: form_post(|b| b.userinfo = json!({"sub": "another"})) => RefusedUserinfo("sub_mismatch");
        oidcc_client_test_nonce_invalid: form_post(claims(json!({"nonce": "of-another-sign-in-0123456789"}))) => Refused("nonce_mismatch", 1);
        oidcc_client_test_form_post_error: form_post(|b| super::super::callback(b, |params| {
            params[0] = ("error".into(), "access_denied".into());
        })) => Refused("access_denied", 0);
    }

    #[tokio::test]
    async fn oidcc_client_test_scope_userinfo_claims() {
        scope_userinfo_claims(json!({"authorization": {"response_mode": "form_post"}})).await;
    }

    #[tokio::test]
    async fn oidcc_client_test_client_secret_basic() {
        client_secret_basic(json!({"authorization": {"response_mode": "form_post"}})).await;
    }

    #[tokio::test]
    async fn the_request_asks_for_a_form_post() {
        let op = Op::start(Behaviour {
            file: json!({"authorization": {"response_mode": "form_post"}}),
            ..Behaviour::default()
        })
        .await;
        let authorization = op.client.authorize(REDIRECT_URI, &Default::default()).await.expect("a request");
        assert!(
            authorization.url.query_pairs().any(|pair| pair == ("response_mode".into(), "form_post".into()))
        );
    }
}

mod config_rp {
    use super::*;

    cases! {
        oidcc_client_test_discovery_issuer_mismatch:
            |b| b.discovery = json!({"issuer": "https://other.example"}) => Refused("discovery_failed", 0);
    }

    #[tokio::test]
    async fn oidcc_client_test_discovery_openid_config() {
        let op = Op::start(Behaviour::default()).await;
        let authorization = op.client.authorize(REDIRECT_URI, &Default::default()).await.expect("a request");
        assert!(authorization.url.as_str().starts_with(&format!("{}/authorize?", op.issuer())));
        assert_eq!(op.hits().discovery, 1);
    }

    #[tokio::test]
    async fn oidcc_client_test_discovery_jwks_uri_keys() {
        let op = Op::start(Behaviour::default()).await;
        op.sign_in().await.expect("a sign-in");
        assert_eq!((op.hits().discovery, op.hits().jwks), (1, 1));
    }

    #[tokio::test]
    async fn oidcc_client_test_signing_key_rotation() {
        let op = Op::start(Behaviour::default()).await;
        op.sign_in().await.expect("a sign-in with the first key");
        op.clock.advance(120);
        op.change(|behaviour| rotate(behaviour, vec![KEY.jwk("k1"), OTHER_KEY.jwk("k2")]));
        op.sign_in().await.expect("a sign-in with the second key");
        assert_eq!(op.hits().jwks, 2, "the unknown kid asks for the keys again");
    }

    #[tokio::test]
    async fn oidcc_client_test_signing_key_rotation_just_before_signing() {
        let op = Op::start(Behaviour::default()).await;
        op.sign_in().await.expect("a sign-in with the first key");
        op.clock.advance(120);
        let (pending, callback) = op.begin().await.expect("a sign-in under way");
        op.change(|behaviour| rotate(behaviour, vec![OTHER_KEY.jwk("k2")]));
        op.finish(pending, &callback).await.expect("the key that came meanwhile");
        assert_eq!(op.hits().jwks, 2);
    }
}

fn kid_absent_single(behaviour: &mut Behaviour) {
    behaviour.header = json!({"kid": null});
    behaviour.keys[0].as_object_mut().expect("a key").shift_remove("kid");
}

fn kid_absent_multiple(behaviour: &mut Behaviour) {
    behaviour.header = json!({"kid": null});
    behaviour.keys = vec![OTHER_KEY.jwk("k2"), KEY.jwk("k1")];
}

fn sig_none(behaviour: &mut Behaviour) {
    behaviour.header = json!({"alg": "none", "kid": null});
    behaviour.sign = Sign::Nothing;
}

fn rotate(behaviour: &mut Behaviour, keys: Vec<serde_json::Value>) {
    behaviour.keys = keys;
    behaviour.header = json!({"kid": "k2"});
    behaviour.sign = Sign::Rs256(&OTHER_KEY);
}

async fn scope_userinfo_claims(file: serde_json::Value) {
    let mut behaviour = Behaviour { file, ..Behaviour::default() };
    let person = json!({"given_name": "Jane", "family_name": "Doe", "email_verified": true, "zoneinfo": "Europe/Berlin"});
    behaviour.userinfo_answer = Some({
        let mut userinfo = json!({"sub": SUB, "email": "Jane@Example.com"});
        userinfo.as_object_mut().expect("an object").extend(person.as_object().expect("an object").clone());
        Answer::json(userinfo.to_string())
    });
    behaviour.claims = json!({"at_hash": at_hash(ACCESS_TOKEN)});
    let op = Op::start(behaviour).await;
    let authorization = op.client.authorize(REDIRECT_URI, &Default::default()).await.expect("a request");
    let scope =
        authorization.url.query_pairs().find(|(name, _)| name == "scope").expect("a scope").1.into_owned();
    assert_eq!(scope, "openid profile email");
    let profile = op.sign_in().await.expect("a sign-in").profile.into_json();
    for (name, value) in person.as_object().expect("an object") {
        assert_eq!(&profile[name], value, "{name}");
    }
    assert_eq!(profile["email"], "jane@example.com");
    let userinfo = op.seen().pop().expect("a userinfo request");
    assert!(
        userinfo.contains(&format!("Bearer {ACCESS_TOKEN}")) && userinfo.starts_with("GET /userinfo "),
        "{userinfo}"
    );
}

async fn client_secret_basic(file: serde_json::Value) {
    let op = Op::start(Behaviour { file, ..Behaviour::default() }).await;
    op.sign_in().await.expect("a sign-in");
    let token = op.seen().remove(0);
    assert!(
        token.contains("\"authorization\": Sensitive") || token.contains("\"authorization\": \"Basic "),
        "{token}"
    );
    assert!(!token.contains("client_secret=") && !token.contains("client_id="), "{token}");
}
