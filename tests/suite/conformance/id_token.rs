//! The id_token (OpenID Connect Core §3.1.3.7, RFC 7515, RFC 8725): signature, header, keys, claims. T-02, T-10 to T-12, T-14.

use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::{KEY, OTHER_KEY, Sign, at_hash, b64, ec_jwk};
use super::op::{ACCESS_TOKEN, Behaviour, CLIENT_ID, CLIENT_SECRET, NOW, Op, SUB};
use super::{Accepted, Outcome, Refused, cases, claims, header};

const INVALID: Outcome = Refused("id_token_invalid", 1);

/// Changes one member of the first key.
pub fn key(member: &'static str, value: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        behaviour.keys[0][member] = value;
    }
}

fn id_token(edit: impl Fn(&str) -> String + Send + Sync + 'static) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.id_token = Arc::new(move |token| *token = edit(token))
}

fn payload(edit: impl Fn(&str) -> String + Send + Sync + 'static) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.payload = Arc::new(move |text| *text = edit(text))
}

pub fn hs256(secret: impl Fn() -> Vec<u8>) -> impl FnOnce(&mut Behaviour) {
    let secret = secret();
    move |behaviour| {
        behaviour.header = json!({"alg": "HS256"});
        behaviour.sign = Sign::Hs256(secret);
    }
}

pub fn es256(behaviour: &mut Behaviour) {
    behaviour.keys = vec![ec_jwk("k1")];
    behaviour.header = json!({"alg": "ES256"});
    behaviour.sign = Sign::Es256;
}

mod signature {
    use super::*;

    cases! {
        refuses_changed_claims: id_token(|token| {
            let parts: Vec<&str> = token.split('.').collect();
            format!("{}.{}.{}", parts[0], b64(br#"{"sub":"admin"}"#), parts[2])
        }) => INVALID;
        refuses_alg_none_with_a_signature: header(json!({"alg": "none"})) => INVALID;
        refuses_an_empty_alg: header(json!({"alg": ""})) => INVALID;
        refuses_no_alg: header(json!({"alg": null})) => INVALID;
        refuses_a_list_of_algs: header(json!({"alg": ["RS256"]})) => INVALID;
        refuses_alg_rs1: header(json!({"alg": "RS1"})) => INVALID;
        refuses_another_alg_of_the_same_key: header(json!({"alg": "RS512"})) => INVALID;
        refuses_hs256_with_the_public_key_as_der: hs256(|| KEY.public_der()) => INVALID;
        refuses_hs256_with_the_public_key_as_jwk: hs256(|| KEY.jwk("k1").to_string().into_bytes()) => INVALID;
        accepts_es256_where_the_file_says_so: |b| {
            es256(b);
            b.file = json!({"id_token": {"algs": ["ES256"]}});
        } => Accepted;
        accepts_hs256_where_the_file_says_so: |b| {
            hs256(|| CLIENT_SECRET.as_bytes().to_vec())(b);
            b.file = json!({"id_token": {"algs": ["HS256"]}});
        } => Accepted;
        refuses_hs256_with_another_secret_where_the_file_says_so: |b| {
            hs256(|| b"of-another-client-and-long-enough-to-be-one".to_vec())(b);
            b.file = json!({"id_token": {"algs": ["HS256"]}});
        } => INVALID;
    }
}

mod jose_header {
    use super::*;

    cases! {
        never_fetches_x5u: |b| { b.header = json!({"x5u": "ISSUER/elsewhere"}); b.sign = Sign::Rs256(&OTHER_KEY) } => INVALID;
        refuses_an_unencoded_payload: header(json!({"b64": false, "crit": ["b64"]})) => INVALID;
        refuses_a_header_of_more_than_4_kb: header(json!({"x": "x".repeat(5000)})) => INVALID;
        refuses_a_token_of_more_than_32_kb: claims(json!({"x": "x".repeat(40_000)})) => INVALID;
        refuses_a_hundred_dots: id_token(|token| format!("{token}{}", ".".repeat(100))) => INVALID;
        refuses_a_token_of_two_parts: id_token(|token| token.rsplit_once('.').expect("a dot").0.to_owned()) => INVALID;
        refuses_an_encrypted_token: id_token(|_| "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA".to_owned()) => INVALID;
        refuses_a_token_that_wants_two_billion_rounds: id_token(|_| format!(
            "{}.AAAA.AAAA.AAAA.AAAA", b64(br#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA"}"#),
        )) => INVALID;
        refuses_a_compressed_token: header(json!({"zip": "DEF"})) => INVALID;
        refuses_padding: id_token(|token| format!("{token}=")) => INVALID;
        refuses_bits_behind_the_end: id_token(|token| format!("{}B", &token[..token.len() - 1])) => INVALID;
        refuses_white_space_within: id_token(|token| token.replacen('.', ".\n", 1)) => INVALID;
        refuses_white_space_around: id_token(|token| format!(" {token}")) => INVALID;
        refuses_what_is_no_jws: id_token(|_| "id_token".to_owned()) => INVALID;
    }
}

mod keys {
    use super::*;

    cases! {
        refuses_an_unknown_kid_even_where_there_is_one_key: header(json!({"kid": "K1"})) => INVALID;
        refuses_a_kid_that_is_no_text: header(json!({"kid": 1})) => INVALID;
        refuses_a_kid_of_100_kb: header(json!({"kid": "k".repeat(100_000)})) => INVALID;
        refuses_a_key_whose_operation_is_encrypt: |b| {
            b.keys[0].as_object_mut().expect("a key").shift_remove("use");
            b.keys[0]["key_ops"] = json!(["encrypt"]);
        } => INVALID;
        refuses_a_key_of_another_type: key("kty", json!("EC")) => INVALID;
        refuses_a_shared_secret_in_the_key_set: |b| {
            b.keys = vec![json!({"kty": "oct", "kid": "k1", "k": b64(b"0123456789012345678901234567890123456789")})];
            b.header = json!({"alg": "HS256"});
            b.sign = Sign::Hs256(b"0123456789012345678901234567890123456789".to_vec());
        } => INVALID;
        refuses_what_a_key_with_exponent_1_takes: |b| { b.keys[0]["e"] = json!("AQ"); b.sign = Sign::Padding } => INVALID;
        refuses_a_key_with_exponent_3: key("e", json!("Aw")) => INVALID;
        refuses_two_keys_of_one_kid: |b| b.keys.push(OTHER_KEY.jwk("k1")) => INVALID;
        refuses_a_key_whose_private_part_is_there: key("d", json!("AQAB")) => INVALID;
        refuses_a_point_off_the_curve: |b| {
            es256(b);
            b.file = json!({"id_token": {"algs": ["ES256"]}});
            b.keys[0]["y"] = b.keys[0]["x"].clone();
        } => INVALID;
        refuses_a_short_key: |b| b.keys[0]["n"] = json!(b64(&[0xc1; 128])) => INVALID;
        accepts_a_key_without_use_and_alg: |b| {
            let key = b.keys[0].as_object_mut().expect("a key");
            key.shift_remove("use");
            key.shift_remove("alg");
        } => Accepted;
        accepts_a_key_among_ones_that_nobody_knows: |b| {
            b.keys.insert(0, json!({"kty": "XYZ", "kid": "k0"}));
            b.keys.insert(0, json!({"kty": "EC", "kid": "k00", "crv": "P-256", "x": "AA", "y": "AA"}));
        } => Accepted;
    }

    #[tokio::test]
    async fn an_unknown_kid_asks_for_the_keys_once_more_and_no_more_within_a_minute() {
        let op = Op::start(Behaviour::default()).await;
        op.sign_in().await.expect("a sign-in");
        op.clock.advance(61);
        for number in 0..30 {
            op.change(|behaviour| behaviour.header = json!({"kid": format!("random-{number}")}));
            assert_eq!(op.sign_in().await.expect_err("an unknown key").code(), "id_token_invalid");
        }
        assert_eq!(op.hits().jwks, 2, "thirty unknown kids are one request");
        op.clock.advance(61);
        op.sign_in().await.expect_err("an unknown key");
        assert_eq!(op.hits().jwks, 3, "a minute later there may be another");
        op.change(|behaviour| behaviour.header = json!({}));
        op.sign_in().await.expect("the known key still works");
    }

    #[tokio::test]
    async fn a_key_storm_stays_bounded_where_the_key_set_cannot_be_had() {
        let op = Op::start(Behaviour::default()).await;
        op.sign_in().await.expect("a sign-in");
        op.clock.advance(61);
        op.change(|behaviour| {
            behaviour.jwks_answer = Some(super::super::op::Answer::new(404, "text/plain", ""))
        });
        for number in 0..10 {
            op.change(|behaviour| behaviour.header = json!({"kid": format!("random-{number}")}));
            op.sign_in().await.expect_err("an unknown key");
        }
        let storm = op.hits().jwks;
        assert!(storm <= 4, "the first sign-in, one refetch and its retries; not {storm}");
        op.change(|behaviour| behaviour.header = json!({}));
        op.sign_in().await.expect("the key that is kept still works");
    }
}

mod claim {
    use super::*;

    cases! {
        refuses_an_iss_that_is_no_text: claims(json!({"iss": ["https://a.example"]})) => INVALID;
        refuses_an_iss_with_a_slash_more: payload(|text| text.replacen("\",\"sub\"", "/\",\"sub\"", 1)) => INVALID;
        refuses_an_iss_in_capitals: payload(|text| text.replacen("http://127", "HTTP://127", 1)) => INVALID;
        refuses_an_empty_list_of_aud: claims(json!({"aud": []})) => INVALID;
        refuses_a_nested_list_of_aud: claims(json!({"aud": [[CLIENT_ID]]})) => INVALID;
        refuses_an_aud_that_only_begins_like_ours: claims(json!({"aud": format!("{CLIENT_ID}2")})) => INVALID;
        refuses_several_audiences_with_a_foreign_azp: claims(json!({"aud": [CLIENT_ID, "other"], "azp": "other"})) => INVALID;
        accepts_our_own_azp: claims(json!({"azp": CLIENT_ID})) => Accepted;
        accepts_an_exp_within_the_skew: claims(json!({"exp": NOW - 30, "iat": NOW - 300})) => Accepted;
        refuses_an_exp_that_is_text: claims(json!({"exp": (NOW + 600).to_string()})) => INVALID;
        refuses_an_exp_that_is_a_word: claims(json!({"exp": "never"})) => INVALID;
        refuses_an_exp_below_zero: claims(json!({"exp": -1})) => INVALID;
        refuses_an_exp_without_end: payload(|text| text.replacen("\"exp\":", "\"exp\":1e400,\"old\":", 1)) => INVALID;
        refuses_an_iat_that_is_text: claims(json!({"iat": NOW.to_string()})) => INVALID;
        accepts_an_nbf_that_is_past: claims(json!({"nbf": NOW - 10})) => Accepted;
        refuses_a_sub_that_is_a_number: claims(json!({"sub": 248_289_761_001_u64})) => INVALID;
        refuses_a_sub_of_256_characters: claims(json!({"sub": "s".repeat(256)})) => INVALID;
        refuses_a_sub_with_nul: claims(json!({"sub": "a\u{0}b"})) => INVALID;
        refuses_a_nonce_that_is_no_text: claims(json!({"nonce": 1})) => Refused("nonce_mismatch", 1);
        refuses_an_at_hash_that_is_no_text: claims(json!({"at_hash": 1})) => INVALID;
        accepts_a_c_hash_which_is_of_another_flow: claims(json!({"c_hash": "AAAAAAAAAAAAAAAAAAAAAA"})) => Accepted;
        accepts_no_at_hash: claims(json!({"at_hash": null})) => Accepted;
        accepts_the_right_at_hash: claims(json!({"at_hash": at_hash(ACCESS_TOKEN)})) => Accepted;
        refuses_claims_that_are_a_list: payload(|_| "[]".to_owned()) => INVALID;
        refuses_claims_that_are_no_json: payload(|_| "sub=1".to_owned()) => INVALID;
        refuses_no_auth_time_where_max_age_was_asked: max_age(Value::Null) => INVALID;
        refuses_an_auth_time_that_is_too_old: max_age(json!(NOW - 7200)) => INVALID;
        accepts_an_auth_time_that_is_fresh: max_age(json!(NOW - 30)) => Accepted;
    }

    fn max_age(auth_time: Value) -> impl FnOnce(&mut Behaviour) {
        move |behaviour| {
            behaviour.inputs.insert("max_age".into(), "3600".into());
            behaviour.claims = json!({"auth_time": auth_time});
        }
    }

    #[tokio::test]
    async fn refuses_the_id_token_of_an_earlier_sign_in() {
        let op = Op::start(Behaviour::default()).await;
        let first = op.sign_in().await.expect("a sign-in");
        let old = first.token.id_token.expect("an id_token").expose().to_owned();
        op.change(|behaviour| behaviour.id_token = Arc::new(move |token| token.clone_from(&old)));
        assert_eq!(op.sign_in().await.expect_err("a replay").code(), "nonce_mismatch");
        assert_eq!(op.hits().userinfo, 1, "userinfo was asked for the first one only");
    }
}

/// Claims that the request asked for as essential (OpenID Connect Core §5.5.1).
mod requested {
    use super::*;

    fn asks(id_token: Value, claims: Value) -> impl FnOnce(&mut Behaviour) {
        move |behaviour| {
            behaviour.file = json!({"authorization": {"params": {"claims": {"id_token": id_token}}}});
            behaviour.claims = claims;
        }
    }

    fn acr() -> Value {
        json!({"acr": {"essential": true, "values": ["phr", "phrh"]}})
    }

    cases! {
        accepts_one_of_the_values: asks(acr(), json!({"acr": "phrh"})) => Accepted;
        accepts_the_value: asks(json!({"acr": {"essential": true, "value": "phr"}}), json!({"acr": "phr"})) => Accepted;
        accepts_another_where_it_is_voluntary: asks(json!({"acr": {"values": ["phr"]}}), json!({"acr": "pwd"})) => Accepted;
        accepts_none_where_no_value_was_asked_for: asks(json!({"auth_time": {"essential": true}}), json!({})) => Accepted;
        accepts_the_person_who_was_asked_for: asks(json!({"sub": {"value": SUB}}), json!({})) => Accepted;
        refuses_another_acr: asks(acr(), json!({"acr": "pwd"})) => INVALID;
        refuses_no_acr: asks(acr(), json!({})) => INVALID;
        refuses_acr_0: asks(acr(), json!({"acr": "0"})) => INVALID;
        refuses_an_acr_of_another_type: asks(acr(), json!({"acr": ["phr"]})) => INVALID;
        refuses_an_empty_acr: asks(acr(), json!({"acr": ""})) => INVALID;
        refuses_another_person: asks(json!({"sub": {"value": "another"}}), json!({})) => INVALID;
    }
}
