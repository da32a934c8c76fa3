//! The token response (RFC 6749 §5, OpenID Connect Core §3.1.3.3): every form it comes in. T-16.

use serde_json::json;

use super::op::{ACCESS_TOKEN, Answer, Behaviour};
use super::{Accepted, Outcome, Refused, cases};

const INVALID: Outcome = Refused("token_response_invalid", 1);

/// A token response as text, with the id_token that belongs to the sign-in.
pub fn right() -> String {
    format!(
        r#"{{"access_token":"{ACCESS_TOKEN}","token_type":"Bearer","expires_in":3600,"id_token":"ID_TOKEN"}}"#
    )
}

fn answer(answer: Answer) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.token_answer = Some(answer)
}

fn text(content_type: &'static str, body: impl Into<Vec<u8>>) -> impl FnOnce(&mut Behaviour) {
    answer(Answer::new(200, content_type, body))
}

/// A redirect to the userinfo endpoint of the same provider: a client that follows it shows in the hits.
pub fn redirect(status: u16) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        let mut answer = Answer::new(status, "text/plain", "");
        answer.headers.push(("location", "/userinfo".into()));
        behaviour.token_answer = Some(answer);
    }
}

pub fn with(member: serde_json::Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.token = member
}

cases! {
    accepts_a_right_response: text("application/json", right()) => Accepted;
    accepts_any_2xx: answer(Answer::new(201, "application/json", right())) => Accepted;
    accepts_json_with_a_charset: text("application/json; charset=utf-8", right()) => Accepted;
    accepts_no_token_type: with(json!({"token_type": null})) => Accepted;
    accepts_a_text_as_expires_in_where_the_file_says_so: |b| {
        b.file = json!({"token": {"response": {"map": {"expires_in": {"from": "$.body.expires_in", "as": "int"}}}}});
        b.token = json!({"expires_in": "3600"});
    } => Accepted;
    accepts_a_form_where_the_file_says_so: |b| {
        b.file = json!({"token": {"response": {"format": "form"}}});
        b.token_answer = Some(Answer::new(200, "application/x-www-form-urlencoded",
            format!("access_token={ACCESS_TOKEN}&token_type=bearer&id_token=ID_TOKEN")));
    } => Accepted;
    refuses_a_form: text("application/x-www-form-urlencoded", format!("access_token={ACCESS_TOKEN}&id_token=ID_TOKEN")) => INVALID;
    refuses_json_that_calls_itself_html: text("text/html", right()) => INVALID;
    refuses_a_text: text("application/json", r#""AT""#) => INVALID;
    refuses_null: text("application/json", "null") => INVALID;
    refuses_nothing: text("application/json", "") => INVALID;
    refuses_a_byte_order_mark: text("application/json", format!("\u{feff}{}", right())) => INVALID;
    refuses_utf_16: text("application/json", right().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()) => INVALID;
    refuses_latin_1: text("application/json", [right().replacen('{', r#"{"x":"Z"#, 1).replacen("\"Z", "\"", 1).into_bytes(), vec![0xe9]].concat()) => INVALID;
    refuses_a_lone_surrogate: text("application/json", right().replacen('{', r#"{"x":"\ud800","#, 1)) => INVALID;
    refuses_a_hundred_thousand_levels: text("application/json", "[".repeat(100_000)) => INVALID;
    refuses_what_follows_the_object: text("application/json", format!("{}{}", right(), "{}")) => INVALID;
    refuses_an_empty_access_token: with(json!({"access_token": ""})) => INVALID;
    refuses_an_access_token_that_is_a_number: with(json!({"access_token": 1})) => INVALID;
    refuses_an_access_token_with_a_line_end: |b| {
        b.token = json!({"access_token": "a\r\nX-Injected: 1"});
        b.claims = json!({"at_hash": null});
    } => INVALID;
    refuses_a_token_type_of_dpop: with(json!({"token_type": "DPoP"})) => INVALID;
    refuses_a_text_as_expires_in: with(json!({"expires_in": "3600"})) => INVALID;
    refuses_a_negative_expires_in: with(json!({"expires_in": -1})) => INVALID;
    refuses_an_empty_id_token: with(json!({"id_token": ""})) => Refused("id_token_missing", 1);
    refuses_an_id_token_that_is_no_text: with(json!({"id_token": {"sub": "1"}})) => INVALID;
    refuses_an_error_beside_a_token: with(json!({"error": "server_error"})) => Refused("server_error", 1);
    refuses_status_500: answer(Answer::new(500, "application/json", right())) => INVALID;
    refuses_status_401_with_a_token: answer(Answer::new(401, "application/json", right())) => INVALID;
    never_follows_a_301: redirect(301) => INVALID;
    never_follows_a_302: redirect(302) => INVALID;
    never_follows_a_303: redirect(303) => INVALID;
    never_follows_a_308: redirect(308) => INVALID;
}

#[tokio::test]
async fn a_body_of_more_than_256_kb_is_refused() {
    let padded = right().replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(300_000)), 1);
    let op = super::Op::start(Behaviour { token_answer: Some(Answer::json(padded)), ..Behaviour::default() })
        .await;
    op.sign_in().await.expect_err("too large");
    assert_eq!((op.hits().token, op.hits().userinfo), (1, 0));
}

#[tokio::test]
async fn a_client_with_a_certificate_sent_the_secret_that_it_happened_to_have() {
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let member = json!({"format": "pem", "secret": true});
        let file = json!({"client": {"certificate": member, "certificate_key": member}, "token_endpoint_auth_method": method});
        let op = super::Op::start(Behaviour { file, ..Behaviour::default() }).await;
        drop(op.sign_in().await);
        let request = op.seen().remove(0);
        assert!(request.contains("client_id=") && !request.contains("client_secret"), "{method}: {request}");
    }
}
