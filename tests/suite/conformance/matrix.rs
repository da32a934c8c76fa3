//! Sixty-five ways in which a provider can be: right, wrong, or a matter of taste. A client must refuse 55 of them and sign in with
//! six; of the last four both can be defended, and what this one does is written down. The tables make the page
//! `tests/golden/conformance/matrix.md`.

use serde_json::{Value, json};

use super::callback::{add, remove, set};
use super::id_token::{es256, hs256, key};
use super::keys::{KEY, OTHER_KEY, Sign, at_hash};
use super::op::{Answer, Behaviour, CLIENT_ID, CLIENT_SECRET, NOW};
use super::rp::{Played, Rp};
use super::table::{check_page, rows, sign_in};
use super::token::{redirect, right as right_token, with as token};
use super::{callback, claims, header};

/// What must be refused.
mod refused {
    use super::*;

    rows! {
        state_other: "The `state` of the callback is another.",
            sign_in(set("state", "of-another-sign-in-0123456789")) => "refused: state_mismatch", "discovery";
        state_missing: "The callback has no `state`.",
            sign_in(remove("state")) => "refused: state_mismatch", "discovery";
        error_with_other_state: "The callback is an error, with another `state`.",
            sign_in(|b| callback(b, |params| {
                *params = vec![("error".into(), "access_denied".into()), ("state".into(), "another".into())];
            })) => "refused: state_mismatch", "discovery";
        callback_replayed: "The browser comes back a second time with the same callback.",
            twice() => "signed in, then refused: state_mismatch", "discovery token jwks userinfo";
        code_missing: "The callback has no `code`.",
            sign_in(remove("code")) => "refused: code_missing", "discovery";
        code_twice: "The callback has two `code`s.",
            sign_in(add("code", "another")) => "refused: callback_refused", "discovery";
        code_and_error: "The callback has `code` and `error`.",
            sign_in(add("error", "access_denied")) => "refused: callback_refused", "discovery";
        iss_other: "The `iss` of the callback is another's.",
            sign_in(add("iss", "https://other.example")) => "refused: issuer_mismatch", "discovery";
        iss_missing: "The callback has no `iss`, which the discovery document promises.",
            sign_in(|b| b.discovery = json!({"authorization_response_iss_parameter_supported": true})) => "refused: issuer_mismatch", "discovery";

        discovery_issuer_other: "The `issuer` of the discovery document has a slash more.",
            sign_in(|b| b.discovery = json!({"issuer": "ISSUER/"})) => "refused: discovery_failed", "discovery";
        discovery_html: "The discovery document is a page.",
            sign_in(|b| b.discovery_answer = Some(Answer::new(200, "text/html", "<h1>Welcome</h1>"))) => "refused: discovery_failed", "discovery";

        token_response_error: "The token endpoint refuses the code.",
            sign_in(|b| b.token_answer = Some(Answer::new(400, "application/json", r#"{"error":"invalid_grant"}"#))) => "refused: invalid_grant", "discovery token";
        token_response_error_with_status_200: "The token endpoint answers with an error and status 200.",
            sign_in(|b| b.token_answer = Some(Answer::json(r#"{"error":"invalid_grant"}"#))) => "refused: invalid_grant", "discovery token";
        token_response_redirect: "The token endpoint redirects with status 307.",
            sign_in(redirect(307)) => "refused: token_response_invalid", "discovery token";
        token_response_html: "The token response is a page.",
            sign_in(|b| b.token_answer = Some(Answer::new(200, "text/html", "<h1>Welcome</h1>"))) => "refused: token_response_invalid", "discovery token";
        token_response_list: "The token response is a list.",
            sign_in(|b| b.token_answer = Some(Answer::json(format!("[{}]", right_token())))) => "refused: token_response_invalid", "discovery token";
        token_response_duplicate_member: "The token response has two `access_token`s.",
            sign_in(|b| b.token_answer = Some(Answer::json(right_token().replacen('{', r#"{"access_token":"other","#, 1)))) => "refused: token_response_invalid", "discovery token";
        token_type_mac: "The `token_type` is `mac`.",
            sign_in(token(json!({"token_type": "mac"}))) => "refused: token_response_invalid", "discovery token";
        access_token_missing: "The token response has no `access_token`.",
            sign_in(token(json!({"access_token": null}))) => "refused: token_response_invalid", "discovery token";
        id_token_missing: "The token response has no `id_token`.",
            sign_in(token(json!({"id_token": null}))) => "refused: id_token_missing", "discovery token";

        signature_wrong: "The signature of the id_token is wrong.",
            sign_in(|b| b.sign = Sign::Garbage) => "refused: id_token_invalid", "discovery token jwks";
        signature_empty: "The signature of the id_token is empty.",
            sign_in(|b| b.sign = Sign::Nothing) => "refused: id_token_invalid", "discovery token jwks";
        signature_of_other_key: "The id_token is signed by another key with the same `kid`.",
            sign_in(|b| b.sign = Sign::Rs256(&OTHER_KEY)) => "refused: id_token_invalid", "discovery token jwks";
        header_jwk: "The header of the id_token brings the key (`jwk`).",
            sign_in(other_key(json!({"jwk": OTHER_KEY.jwk("k1")}))) => "refused: id_token_invalid", "discovery token jwks";
        header_jku: "The header of the id_token says where the keys are (`jku`).",
            sign_in(other_key(json!({"jku": "ISSUER/elsewhere"}))) => "refused: id_token_invalid", "discovery token jwks";
        header_crit: "The header of the id_token has a critical extension.",
            sign_in(header(json!({"crit": ["exp"], "exp": 1}))) => "refused: id_token_invalid", "discovery token jwks";
        alg_none: "The id_token has the `alg` `none`.",
            sign_in(unsigned("none")) => "refused: id_token_invalid", "discovery token jwks";
        alg_none_in_other_letters: "The id_token has the `alg` `nOnE`.",
            sign_in(unsigned("nOnE")) => "refused: id_token_invalid", "discovery token jwks";
        alg_hs256_with_public_key: "The id_token is signed with HS256, and the public key in PEM for a secret.",
            sign_in(hs256(|| KEY.public_pem().into_bytes())) => "refused: id_token_invalid", "discovery token jwks";
        alg_hs256_with_client_secret: "The id_token is signed with HS256 and the client secret, where RS256 is expected.",
            sign_in(hs256(|| CLIENT_SECRET.into())) => "refused: id_token_invalid", "discovery token jwks";
        alg_es256: "The id_token is signed with ES256, where RS256 is expected.",
            sign_in(es256) => "refused: id_token_invalid", "discovery token jwks";
        kid_unknown: "No key has the `kid` of the id_token.",
            sign_in(header(json!({"kid": "k9"}))) => "refused: id_token_invalid", "discovery token jwks jwks";
        keys_none: "There are no keys.",
            sign_in(|b| b.keys = vec![]) => "refused: id_token_invalid", "discovery token jwks jwks";
        key_for_encryption: "The key has the `use` `enc`.",
            sign_in(key("use", json!("enc"))) => "refused: id_token_invalid", "discovery token jwks jwks";
        key_of_other_alg: "The key has the `alg` `RS512`.",
            sign_in(key("alg", json!("RS512"))) => "refused: id_token_invalid", "discovery token jwks";

        claim_iss_other: "The `iss` of the id_token is another's.",
            sign_in(claims(json!({"iss": "https://other.example"}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_iss_missing: "The id_token has no `iss`.",
            sign_in(claims(json!({"iss": null}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_aud_other: "The `aud` of the id_token is another client.",
            sign_in(claims(json!({"aud": "another-client"}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_aud_missing: "The id_token has no `aud`.",
            sign_in(claims(json!({"aud": null}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_aud_with_others: "The `aud` of the id_token has another client beside ours, and there is no `azp`.",
            sign_in(claims(json!({"aud": [CLIENT_ID, "another-client"]}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_azp_other: "The `aud` of the id_token is ours, its `azp` another client.",
            sign_in(claims(json!({"azp": "another-client"}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_exp_past: "The id_token expired two minutes ago.",
            sign_in(claims(json!({"exp": NOW - 120, "iat": NOW - 400}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_exp_missing: "The id_token has no `exp`.",
            sign_in(claims(json!({"exp": null}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_iat_ahead: "The id_token was issued in two hours.",
            sign_in(claims(json!({"iat": NOW + 7200, "exp": NOW + 9000}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_iat_missing: "The id_token has no `iat`.",
            sign_in(claims(json!({"iat": null}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_nbf_ahead: "The id_token is not valid before an hour has passed.",
            sign_in(claims(json!({"nbf": NOW + 3600}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_nbf_text: "The `nbf` of the id_token is text.",
            sign_in(claims(json!({"nbf": "0"}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_nonce_other: "The `nonce` of the id_token is of another sign-in.",
            sign_in(claims(json!({"nonce": "of-another-sign-in-0123456789"}))) => "refused: nonce_mismatch", "discovery token jwks";
        claim_nonce_missing: "The id_token has no `nonce`.",
            sign_in(claims(json!({"nonce": null}))) => "refused: nonce_mismatch", "discovery token jwks";
        claim_at_hash_other: "The `at_hash` of the id_token is of another access token.",
            sign_in(claims(json!({"at_hash": at_hash("another")}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_sub_missing: "The id_token has no `sub`.",
            sign_in(claims(json!({"sub": null}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_sub_empty: "The `sub` of the id_token is empty.",
            sign_in(claims(json!({"sub": ""}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_twice: "The id_token has two `sub`s.",
            sign_in(|b| b.payload = std::sync::Arc::new(|text| *text = text.replacen('{', "{\"sub\":\"admin\",", 1))) => "refused: id_token_invalid", "discovery token jwks";

        userinfo_sub_other: "Userinfo is about somebody else.",
            sign_in(|b| b.userinfo = json!({"sub": "admin"})) => "refused: sub_mismatch", "discovery token jwks userinfo";
        userinfo_sub_missing: "Userinfo does not say whom it is about.",
            sign_in(|b| b.userinfo = json!({"sub": null})) => "refused: sub_mismatch", "discovery token jwks userinfo";
    }
}

/// What must be accepted.
mod accepted {
    use super::*;

    rows! {
        right: "Is right in every way.",
            sign_in(|_| ()) => "signed in", "discovery token jwks userinfo";
        iss_of_its_own: "The callback has the right `iss`, which nothing promised.",
            sign_in(|b| b.sends_iss = true) => "signed in", "discovery token jwks userinfo";
        token_type_in_other_letters: "The `token_type` is `bEARER`.",
            sign_in(token(json!({"token_type": "bEARER"}))) => "signed in", "discovery token jwks userinfo";
        expires_in_missing: "The token response has no `expires_in`.",
            sign_in(token(json!({"expires_in": null}))) => "signed in", "discovery token jwks userinfo";
        kid_missing: "The id_token has no `kid`, and there is one key.",
            sign_in(header(json!({"kid": null}))) => "signed in", "discovery token jwks userinfo";
        claim_aud_list: "The `aud` of the id_token is a list with the client alone.",
            sign_in(claims(json!({"aud": [CLIENT_ID]}))) => "signed in", "discovery token jwks userinfo";
    }
}

/// What a client may take or leave.
mod policy {
    use super::*;

    rows! {
        kid_missing_among_two_keys: "The id_token has no `kid`, and there are two keys. Refused: to try them one after the other is to let the provider choose.",
            sign_in(|b| { b.header = json!({"kid": null}); b.keys = vec![OTHER_KEY.jwk("k2"), KEY.jwk("k1")]; }) => "refused: id_token_invalid", "discovery token jwks";
        claim_iat_of_last_week: "The id_token was issued a week ago. Refused: the sign-in began a moment ago.",
            sign_in(claims(json!({"iat": NOW - 604_800}))) => "refused: id_token_invalid", "discovery token jwks";
        claim_aud_with_others_and_azp: "The `aud` of the id_token has another client beside ours, and `azp` is ours. Accepted: it was issued to us.",
            sign_in(claims(json!({"aud": [CLIENT_ID, "another-client"], "azp": CLIENT_ID}))) => "signed in", "discovery token jwks userinfo";
        json_under_other_content_type: "The token response calls itself `text/plain`. Accepted: it is JSON, and no page.",
            sign_in(|b| b.token_answer = Some(Answer::new(200, "text/plain", right_token()))) => "signed in", "discovery token jwks userinfo";
    }
}

#[test]
fn there_are_sixty_five() {
    assert_eq!((refused::ROWS.len(), accepted::ROWS.len(), policy::ROWS.len()), (55, 6, 4));
}

#[test]
fn page() {
    let mut page = "# Sixty-five providers\n\n\
        Each row is the test of its name (`cargo test --test suite -- conformance::matrix`): a visitor signs in through the server at a\n\
        provider that does what the third column says. *Asked* are the provider's endpoints, in order.\n\
        This page is written by `AUTHCFG_BLESS=1 cargo test --test suite -- matrix::page`.\n"
        .to_owned();
    for (title, letter, rows) in
        [("Refused", 'R', refused::ROWS), ("Accepted", 'A', accepted::ROWS), ("Policy", 'P', policy::ROWS)]
    {
        page += &format!("\n## {title} ({})\n\n", rows.len());
        page += "| Id | Case | The provider | Outcome | Asked |\n|---|---|---|---|---|\n";
        for (number, row) in rows.iter().enumerate() {
            page += &row.line(&format!("{letter}-{:02} | {}", number + 1, row.test));
        }
    }
    check_page("matrix.md", &page);
}

/// A sign-in whose callback comes twice.
async fn twice() -> Played {
    let rp = Rp::start(|b| b.reuses_codes = true, "").await;
    let mut browser = rp.site.browser();
    let callback = rp.begin(&mut browser).await.expect("a sign-in under way");
    let mut thief = browser.clone();
    let first = rp.come_back(&mut browser, &callback).await;
    let second = rp.come_back(&mut thief, &callback).await;
    rp.played(format!("{first}, then {second}"))
}

/// A header, and another key that has signed.
fn other_key(header: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        behaviour.header = header;
        behaviour.sign = Sign::Rs256(&OTHER_KEY);
    }
}

fn unsigned(alg: &str) -> impl FnOnce(&mut Behaviour) + use<> {
    let header = json!({ "alg": alg });
    move |behaviour| {
        behaviour.header = header;
        behaviour.sign = Sign::Nothing;
    }
}
