//! Basic RP, and the same with a form post.

use serde_json::{Value, json};

use crate::conformance::claims;
use crate::conformance::keys::{KEY, OTHER_KEY, Sign};
use crate::conformance::op::Behaviour;
use crate::conformance::rp::{Played, Rp};
use crate::conformance::table::{rows, sign_in};

rows! {
    oidcc_client_test: "Does everything right.",
        sign_in(|_| ()) => "signed in", "discovery token jwks userinfo";
    oidcc_client_test_invalid_iss: "The `iss` of the id_token is another's.",
        sign_in(other_iss()) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_missing_sub: "The id_token has no `sub`.",
        sign_in(without("sub")) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_invalid_aud: "The `aud` of the id_token is another client.",
        sign_in(other_aud()) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_missing_iat: "The id_token has no `iat`.",
        sign_in(without("iat")) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_kid_absent_single_jwks: "The id_token has no `kid`, and there is one key.",
        sign_in(kid_absent_single) => "signed in", "discovery token jwks userinfo";
    oidcc_client_test_kid_absent_multiple_jwks: "The id_token has no `kid`, and there are two keys. The suite takes a sign-in as well.",
        sign_in(kid_absent_multiple) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_idtoken_sig_rs256: "Signs the id_token with RS256.",
        sign_in(|b| b.sign = Sign::Rs256(&KEY)) => "signed in", "discovery token jwks userinfo";
    oidcc_client_test_idtoken_sig_none: "Does not sign the id_token: `alg` is `none`. The suite takes a sign-in as well.",
        sign_in(sig_none) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_invalid_sig_rs256: "The signature of the id_token is wrong.",
        sign_in(|b| b.sign = Sign::Garbage) => "refused: id_token_invalid", "discovery token jwks";
    oidcc_client_test_userinfo_invalid_sub: "Userinfo is about somebody else.",
        sign_in(other_person()) => "refused: sub_mismatch", "discovery token jwks userinfo";
    oidcc_client_test_nonce_invalid: "The `nonce` of the id_token is of another sign-in.",
        sign_in(other_nonce()) => "refused: nonce_mismatch", "discovery token jwks";
    oidcc_client_test_scope_userinfo_claims: "Gives claims for the scopes `profile` and `email` alone.",
        scope_userinfo_claims(json!({})) => "signed in as Jane Doe, jane@example.com", "discovery token jwks userinfo";
    oidcc_client_test_client_secret_basic: "Takes the client secret in the header alone.",
        sign_in(|_| ()) => "signed in", "discovery token jwks userinfo";
}

/// `oidcc-client-formpost-basic-certification-test-plan`.
pub mod form_post {
    use super::*;

    fn form_post(change: impl FnOnce(&mut Behaviour)) -> impl Future<Output = Played> {
        sign_in(|behaviour| {
            change(behaviour);
            behaviour.file = json!({"authorization": {"response_mode": "form_post"}});
        })
    }

    rows! {
        oidcc_client_test: "Does everything right.",
            form_post(|_| ()) => "signed in", "discovery token jwks userinfo";
        oidcc_client_test_invalid_iss: "The `iss` of the id_token is another's.",
            form_post(other_iss()) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_missing_sub: "The id_token has no `sub`.",
            form_post(without("sub")) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_invalid_aud: "The `aud` of the id_token is another client.",
            form_post(other_aud()) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_missing_iat: "The id_token has no `iat`.",
            form_post(without("iat")) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_kid_absent_single_jwks: "The id_token has no `kid`, and there is one key.",
            form_post(kid_absent_single) => "signed in", "discovery token jwks userinfo";
        oidcc_client_test_kid_absent_multiple_jwks: "The id_token has no `kid`, and there are two keys. The suite takes a sign-in as well.",
            form_post(kid_absent_multiple) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_idtoken_sig_rs256: "Signs the id_token with RS256.",
            form_post(|b| b.sign = Sign::Rs256(&KEY)) => "signed in", "discovery token jwks userinfo";
        oidcc_client_test_idtoken_sig_none: "Does not sign the id_token: `alg` is `none`. The suite takes a sign-in as well.",
            form_post(sig_none) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_invalid_sig_rs256: "The signature of the id_token is wrong.",
            form_post(|b| b.sign = Sign::Garbage) => "refused: id_token_invalid", "discovery token jwks";
        oidcc_client_test_userinfo_invalid_sub: "Userinfo is about somebody else.",
            form_post(other_person()) => "refused: sub_mismatch", "discovery token jwks userinfo";
        oidcc_client_test_nonce_invalid: "The `nonce` of the id_token is of another sign-in.",
            form_post(other_nonce()) => "refused: nonce_mismatch", "discovery token jwks";
        oidcc_client_test_scope_userinfo_claims: "Gives claims for the scopes `profile` and `email` alone.",
            scope_userinfo_claims(json!({"authorization": {"response_mode": "form_post"}})) => "signed in as Jane Doe, jane@example.com", "discovery token jwks userinfo";
        oidcc_client_test_client_secret_basic: "Takes the client secret in the header alone.",
            form_post(|_| ()) => "signed in", "discovery token jwks userinfo";
        oidcc_client_test_form_post_error: "Posts an error instead of a code.",
            form_post(access_denied) => "denied: access_denied", "discovery";
    }

    fn access_denied(behaviour: &mut Behaviour) {
        crate::conformance::callback(behaviour, |params| {
            params[0] = ("error".into(), "access_denied".into())
        });
    }
}

fn other_iss() -> impl FnOnce(&mut Behaviour) {
    claims(json!({"iss": "https://other.example"}))
}

fn other_aud() -> impl FnOnce(&mut Behaviour) {
    claims(json!({"aud": "another-client"}))
}

fn other_nonce() -> impl FnOnce(&mut Behaviour) {
    claims(json!({"nonce": "of-another-sign-in-0123456789"}))
}

fn without(claim: &str) -> impl FnOnce(&mut Behaviour) + use<> {
    claims(json!({ claim: null }))
}

fn other_person() -> impl FnOnce(&mut Behaviour) {
    |behaviour| behaviour.userinfo = json!({"sub": "another"})
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

async fn scope_userinfo_claims(file: Value) -> Played {
    let rp = Rp::start(|behaviour| behaviour.file = file, "").await;
    let mut browser = rp.site.browser();
    let outcome = rp.sign_in_with(&mut browser).await;
    let user = browser.get("/auth/session").await.json()["user"].clone();
    let text = |name: &str| user[name].as_str().unwrap_or_default().to_owned();
    rp.played(format!("{outcome} as {}, {}", text("name"), text("email")))
}
