//! A userinfo response that is a JWT (OpenID Connect Core §5.3.2). T-13.

use serde_json::{Value, json};

use super::keys::{KEY, OTHER_KEY, Sign, compact};
use super::op::{Answer, Behaviour, CLIENT_ID, CLIENT_SECRET, SUB};
use super::{Accepted, Outcome, RefusedUserinfo, cases};

const INVALID: Outcome = RefusedUserinfo("userinfo_invalid");

/// A client that wants a signed answer, and this one.
fn signed(header: Value, claims: Value, sign: Sign) -> impl FnOnce(&mut Behaviour) {
    let jwt = compact(&header, claims.to_string().as_bytes(), &sign);
    move |behaviour| {
        behaviour.file = json!({"userinfo_signed_response_alg": "RS256"});
        behaviour.userinfo_answer = Some(Answer::new(200, "application/jwt", jwt));
    }
}

pub fn right(claims: Value) -> impl FnOnce(&mut Behaviour) {
    signed(json!({"alg": "RS256", "kid": "k1"}), claims, Sign::Rs256(&KEY))
}

cases! {
    accepts_a_signed_answer: right(json!({"sub": SUB, "name": "Jane"})) => Accepted;
    accepts_our_client_id_as_its_audience: right(json!({"sub": SUB, "aud": ["other", CLIENT_ID]})) => Accepted;
    refuses_another_audience: right(json!({"sub": SUB, "aud": "other"})) => INVALID;
    refuses_an_empty_list_of_audiences: right(json!({"sub": SUB, "aud": []})) => INVALID;
    refuses_another_issuer: right(json!({"sub": SUB, "iss": "https://evil.example"})) => INVALID;
    refuses_an_issuer_that_is_no_text: right(json!({"sub": SUB, "iss": 1})) => INVALID;
    refuses_a_signed_answer_about_somebody_else: right(json!({"sub": "admin"})) => RefusedUserinfo("sub_mismatch");
    refuses_another_key_under_our_kid: signed(json!({"alg": "RS256", "kid": "k1"}), json!({"sub": SUB}), Sign::Rs256(&OTHER_KEY)) => INVALID;
    refuses_alg_none: signed(json!({"alg": "none"}), json!({"sub": SUB}), Sign::Nothing) => INVALID;
    refuses_no_signature: signed(json!({"alg": "RS256", "kid": "k1"}), json!({"sub": SUB}), Sign::Nothing) => INVALID;
    refuses_another_algorithm: signed(json!({"alg": "ES256", "kid": "k1"}), json!({"sub": SUB}), Sign::Es256) => INVALID;
    refuses_the_public_key_as_a_secret: signed(json!({"alg": "HS256"}), json!({"sub": SUB}), Sign::Hs256(KEY.public_pem().into_bytes())) => INVALID;
    refuses_the_client_secret_where_a_key_is_wanted: signed(json!({"alg": "HS256"}), json!({"sub": SUB}), Sign::Hs256(CLIENT_SECRET.into())) => INVALID;
    refuses_plain_json_where_it_is_signed: |b| {
        b.file = json!({"userinfo_signed_response_alg": "RS256"});
    } => INVALID;
    refuses_an_access_token_in_its_place: signed(json!({"alg": "RS256", "kid": "k1", "typ": "at+jwt"}), json!({"sub": SUB}), Sign::Rs256(&KEY)) => INVALID;
}
