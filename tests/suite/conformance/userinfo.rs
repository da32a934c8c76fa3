//! The userinfo response (OpenID Connect Core §5.3.2 to §5.3.4). T-13.

use serde_json::{Value, json};

use super::op::{Answer, Behaviour, Op, SUB};
use super::{Accepted, Outcome, RefusedUserinfo, cases};

const FAILED: Outcome = RefusedUserinfo("userinfo_failed");
const INVALID: Outcome = RefusedUserinfo("userinfo_invalid");
const ANOTHER: Outcome = RefusedUserinfo("sub_mismatch");

fn answer(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> impl FnOnce(&mut Behaviour) {
    let answer = Answer::new(status, content_type, body);
    move |behaviour| behaviour.userinfo_answer = Some(answer)
}

fn with(members: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.userinfo = members
}

cases! {
    refuses_a_sub_in_other_letters: |b| {
        b.claims = json!({"sub": "Abc"});
        b.userinfo = json!({"sub": "abc"});
    } => ANOTHER;
    refuses_an_empty_sub: with(json!({"sub": ""})) => ANOTHER;
    refuses_a_sub_that_is_a_number: with(json!({"sub": 248_289_761_001_u64})) => ANOTHER;
    refuses_a_list: answer(200, "application/json", format!(r#"[{{"sub":"{SUB}"}}]"#)) => INVALID;
    refuses_a_text: answer(200, "application/json", format!(r#""{SUB}""#)) => INVALID;
    refuses_nothing: answer(204, "application/json", "") => INVALID;
    refuses_html: answer(200, "text/html", "<h1>Welcome</h1>") => INVALID;
    refuses_json_that_calls_itself_html: answer(200, "text/html", format!(r#"{{"sub":"{SUB}"}}"#)) => INVALID;
    refuses_a_member_that_comes_twice: answer(200, "application/json", format!(r#"{{"sub":"admin","sub":"{SUB}"}}"#)) => INVALID;
    refuses_a_jwt_that_was_not_asked_for: answer(200, "application/jwt", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIyNDgyODk3NjEwMDEifQ.") => INVALID;
    refuses_status_401: answer(401, "application/json", r#"{"error":"invalid_token"}"#) => FAILED;
    refuses_status_403_with_a_person: answer(403, "application/json", format!(r#"{{"sub":"{SUB}"}}"#)) => FAILED;
    never_follows_a_redirect: |b| {
        let mut answer = Answer::new(302, "text/plain", "");
        answer.headers.push(("location", "/elsewhere".into()));
        b.userinfo_answer = Some(answer);
    } => FAILED;
    accepts_json_under_another_content_type: answer(200, "text/plain", format!(r#"{{"sub":"{SUB}"}}"#)) => Accepted;
    never_asks_where_a_distributed_claim_is: with(json!({
        "_claim_names": {"address": "src1"}, "_claim_sources": {"src1": {"endpoint": "ISSUER/elsewhere", "access_token": "AT"}},
    })) => Accepted;
    accepts_a_null_among_the_claims: with(json!({"name": Value::Null, "middle_name": ""})) => Accepted;
}

#[tokio::test]
async fn claims_of_another_person_never_reach_the_profile() {
    let behaviour = Behaviour {
        claims: json!({"name": "Jane of the id_token", "email": "jane@id-token.example"}),
        userinfo: json!({"name": "Jane of userinfo"}),
        ..Behaviour::default()
    };
    let op = Op::start(behaviour).await;
    let profile = op.sign_in().await.expect("a sign-in").profile.into_json();
    assert_eq!(profile["name"], "Jane of userinfo", "userinfo lies over the id_token where sub agrees");
    op.change(|behaviour| behaviour.userinfo = json!({"sub": "admin"}));
    op.sign_in().await.expect_err("somebody else's");
}

#[tokio::test]
async fn no_userinfo_request_where_the_file_says_none() {
    let op = Op::start(Behaviour { file: json!({"userinfo": []}), ..Behaviour::default() }).await;
    op.sign_in().await.expect("a sign-in");
    assert_eq!(op.hits().userinfo, 0);
}

#[tokio::test]
async fn a_5xx_of_userinfo_signs_nobody_in() {
    let answer = Answer::new(500, "application/json", format!(r#"{{"sub":"{SUB}"}}"#));
    let op = Op::start(Behaviour { userinfo_answer: Some(answer), ..Behaviour::default() }).await;
    assert_eq!(op.sign_in().await.expect_err("broken").code(), "userinfo_failed");
}
