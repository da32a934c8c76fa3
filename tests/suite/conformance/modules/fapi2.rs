//! FAPI 2.0 Security Profile: `fapi2-security-profile-final-client-test-plan`, with `private_key_jwt`, pushed authorization requests,
//! DPoP and OpenID Connect. The client's own part of the profile is what the provider looks at in every module: a signed assertion, used
//! once; nothing but a reference in the browser; PKCE; a proof of possession, by the key that the sign-in began with.

use serde_json::json;
use url::form_urlencoded;

use crate::conformance::callback::{remove, set};
use crate::conformance::claims;
use crate::conformance::id_token::es256;
use crate::conformance::keys::{KEY, Sign};
use crate::conformance::op::{Behaviour, CLIENT_ID, NOW, REFRESH_TOKEN};
use crate::conformance::rp::{Played, Rp, WITH_STORE};
use crate::conformance::table::{rows, sign_in};

rows! {
    fapi2_security_profile_final_client_test_happy_path: "Does everything right, and wants a nonce in each proof.",
        fapi(|b| b.asks_nonces = Some("DPoP")) => "signed in", "discovery par par token jwks userinfo userinfo";
    fapi2_security_profile_final_client_test_happy_path_no_dpop_nonce: "Does everything right, and wants no nonces.",
        fapi(|_| ()) => "signed in", "discovery par token jwks userinfo";
    fapi2_security_profile_final_client_test_discovery_issuer_mismatch: "The `issuer` of the discovery document is another.",
        fapi(|b| b.discovery["issuer"] = "https://other.example".into()) => "refused: discovery_failed", "discovery";
    fapi2_security_profile_final_client_test_invalid_iss: "The `iss` of the id_token is another's.",
        fapi(claims(json!({"iss": "https://other.example"}))) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_missing_iss: "The id_token has no `iss`.",
        fapi(claims(json!({"iss": null}))) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_aud: "The `aud` of the id_token is another client.",
        fapi(claims(json!({"aud": "another-client"}))) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_missing_aud: "The id_token has no `aud`.",
        fapi(claims(json!({"aud": null}))) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_valid_aud_as_array: "The `aud` of the id_token is a list with the client alone.",
        fapi(claims(json!({"aud": [CLIENT_ID]}))) => "signed in", "discovery par token jwks userinfo";
    fapi2_security_profile_final_client_test_invalid_secondary_aud: "The `aud` of the id_token is a list with another client beside ours.",
        fapi(claims(json!({"aud": [CLIENT_ID, "another-client"]}))) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_null_alg: "Does not sign the id_token: `alg` is `none`.",
        fapi(|b| { b.header = json!({"alg": "none"}); b.sign = Sign::Nothing; }) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_alternate_alg: "Signs the id_token with RS256.",
        fapi(rs256) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_expired_exp: "The id_token expired five minutes ago.",
        fapi(|b| b.claims = json!({"exp": NOW - 300, "iat": NOW - 400})) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_missing_exp: "The id_token has no `exp`.",
        fapi(claims(json!({"exp": null}))) => "refused: id_token_invalid", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_nonce: "The `nonce` of the id_token is of another sign-in.",
        fapi(claims(json!({"nonce": "of-another-sign-in-0123456789"}))) => "refused: nonce_mismatch", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_missing_nonce: "The id_token has no `nonce`.",
        fapi(claims(json!({"nonce": null}))) => "refused: nonce_mismatch", "discovery par token jwks";
    fapi2_security_profile_final_client_test_invalid_authorization_response_iss: "The `iss` of the callback is another's.",
        fapi(set("iss", "https://other.example")) => "refused: issuer_mismatch", "discovery par";
    fapi2_security_profile_final_client_test_remove_authorization_response_iss: "The callback has no `iss`, which the discovery document promises.",
        fapi(remove("iss")) => "refused: issuer_mismatch", "discovery par";
    fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails: "The `state` of the callback is another.",
        fapi(set("state", "of-another-sign-in-0123456789")) => "refused: state_mismatch", "discovery par";
    fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails: "The callback has no `state`.",
        fapi(remove("state")) => "refused: state_mismatch", "discovery par";
    fapi2_security_profile_final_client_test_token_endpoint_response_without_expires_in: "The token response has no `expires_in`.",
        fapi(|b| b.token["expires_in"] = json!(null)) => "signed in", "discovery par token jwks userinfo";
    fapi2_security_profile_final_client_test_token_type_case_insensitivity: "The `token_type` is `dpOp`.",
        fapi(|b| b.token["token_type"] = "dpOp".into()) => "signed in", "discovery par token jwks userinfo";
    fapi2_security_profile_final_client_test_rs_dpop_auth_scheme_case_insensitivity: "Userinfo asks for a nonce by the scheme `dpOp`.",
        fapi(|b| b.asks_nonces = Some("dpOp")) => "signed in", "discovery par par token jwks userinfo userinfo";
    fapi2_security_profile_final_client_refresh_token_test: "Gives a new refresh token with each refresh, and takes the last one alone.",
        refresh_twice() => "signed in, renewed, renewed", "discovery par token jwks userinfo token userinfo token userinfo";
}

/// Signed authorization responses, of FAPI 2.0 Message Signing: `fapi2-message-signing-final-client-test-plan`.
pub mod jarm {
    use super::*;

    rows! {
        fapi2_security_profile_final_client_test_ensure_jarm_signature_is_not_none: "Does not sign the response: `alg` is `none`.",
            jarm(|b| { b.response_header = json!({"alg": "none"}); b.response_sign = Some(Sign::Nothing); }) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_sig_fails: "The signature of the response is wrong.",
            jarm(|b| b.response_sign = Some(Sign::Garbage)) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_iss_fails: "The `iss` of the response is another's.",
            jarm(|b| b.response = json!({"iss": "https://other.example"})) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_without_iss_fails: "The response has no `iss`.",
            jarm(|b| b.response = json!({"iss": null})) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_aud_fails: "The `aud` of the response is another client.",
            jarm(|b| b.response = json!({"aud": "another-client"})) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_without_aud_fails: "The response has no `aud`.",
            jarm(|b| b.response = json!({"aud": null})) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_with_expired_exp_fails: "The response expired five minutes ago.",
            jarm(|b| b.response = json!({"exp": NOW - 300})) => "refused: callback_refused", "discovery par jwks";
        fapi2_security_profile_final_client_test_ensure_jarm_without_exp_fails: "The response has no `exp`.",
            jarm(|b| b.response = json!({"exp": null})) => "refused: callback_refused", "discovery par jwks";
    }

    #[tokio::test]
    async fn a_right_response_signs_in() {
        let Played { outcome, asked } = jarm(|_| ()).await;
        assert_eq!((&*outcome, &*asked), ("signed in", "discovery par jwks token userinfo"));
    }

    async fn jarm(change: impl FnOnce(&mut Behaviour)) -> Played {
        fapi(|behaviour| {
            behaviour.file["authorization"] = json!({"response_mode": "jwt"});
            behaviour.file["callback"] = json!({"authorization_signed_response_alg": "ES256"});
            behaviour.signs_response = true;
            change(behaviour);
        })
        .await
    }
}

async fn fapi(change: impl FnOnce(&mut Behaviour)) -> Played {
    sign_in(|behaviour| {
        profile(behaviour);
        change(behaviour);
    })
    .await
}

/// What the profile asks of both sides (FAPI 2.0 Security Profile §5.3).
fn profile(behaviour: &mut Behaviour) {
    behaviour.file = json!({
        "token_endpoint_auth_method": "private_key_jwt", "client": {"private_key": {"format": "pem", "secret": true}},
        "client_assertion": {"alg": "ES256"}, "id_token": {"algs": ["ES256"]}, "dpop_bound_access_tokens": true,
    });
    behaviour.token = json!({"token_type": "DPoP"});
    behaviour.discovery = json!({
        "pushed_authorization_request_endpoint": "ISSUER/par", "require_pushed_authorization_requests": true,
        "authorization_response_iss_parameter_supported": true,
    });
    behaviour.sends_iss = true;
    es256(behaviour);
}

async fn refresh_twice() -> Played {
    let change = |behaviour: &mut Behaviour| {
        profile(behaviour);
        behaviour.token = json!({"token_type": "DPoP", "refresh_token": REFRESH_TOKEN, "expires_in": 120});
    };
    let rp = Rp::start(change, WITH_STORE).await;
    let mut browser = rp.site.browser();
    let mut outcome = rp.sign_in_with(&mut browser).await;
    for name in ["Jane Roe", "Jane Poe"] {
        rp.op.clock.advance(120);
        rp.op.change(|behaviour| {
            behaviour.token["refresh_token"] = format!("{REFRESH_TOKEN}-for-{name}").into();
            behaviour.userinfo = json!({ "name": name });
        });
        let session = browser.get("/auth/session").await.json();
        outcome += if session["user"]["name"] == name { ", renewed" } else { ", and no more" };
    }
    rp.played(outcome)
}

fn rs256(behaviour: &mut Behaviour) {
    behaviour.keys = vec![KEY.jwk("k1")];
    behaviour.header = json!({"alg": "RS256"});
    behaviour.sign = Sign::Rs256(&KEY);
}

#[tokio::test]
async fn the_request_with_a_nonce_had_the_assertion_of_the_one_without() {
    let change = |behaviour: &mut Behaviour| {
        profile(behaviour);
        behaviour.asks_nonces = Some("DPoP");
    };
    let rp = Rp::start(change, "").await;
    assert_eq!(rp.sign_in().await, "signed in");
    let requests = rp.op.seen();
    let sent = |request: usize, name: &str| -> String {
        let form = requests[request].rsplit(' ').next().expect("a body");
        let mut params = form_urlencoded::parse(form.as_bytes());
        params.find(|(key, _)| key == name).expect("a parameter").1.into_owned()
    };
    assert_eq!(sent(0, "state"), sent(1, "state"));
    assert_ne!(sent(0, "client_assertion"), sent(1, "client_assertion"));
}
