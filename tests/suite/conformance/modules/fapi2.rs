//! FAPI 2.0 Security Profile: `fapi2-security-profile-final-client-test-plan`, with `private_key_jwt`, pushed authorization requests
//! and OpenID Connect. The client's own part of the profile is what the provider looks at in every module: a signed assertion, used
//! once; nothing but a reference in the browser; PKCE.

use serde_json::json;

use crate::conformance::callback::{remove, set};
use crate::conformance::claims;
use crate::conformance::id_token::es256;
use crate::conformance::keys::{KEY, Sign};
use crate::conformance::op::{Behaviour, CLIENT_ID, NOW};
use crate::conformance::rp::Played;
use crate::conformance::table::{rows, sign_in};

rows! {
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
        fapi(|b| b.token = json!({"expires_in": null})) => "signed in", "discovery par token jwks userinfo";
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
        "client_assertion": {"alg": "ES256"}, "id_token": {"algs": ["ES256"]},
    });
    behaviour.discovery = json!({
        "pushed_authorization_request_endpoint": "ISSUER/par", "require_pushed_authorization_requests": true,
        "authorization_response_iss_parameter_supported": true,
    });
    behaviour.sends_iss = true;
    es256(behaviour);
}

fn rs256(behaviour: &mut Behaviour) {
    behaviour.keys = vec![KEY.jwk("k1")];
    behaviour.header = json!({"alg": "RS256"});
    behaviour.sign = Sign::Rs256(&KEY);
}
