//! Two providers of which one is hostile (RFC 9700 §4.4): a code of the good one must never reach the other's token
//! endpoint. T-05.

use authcfg::flow::CallbackParams;

use super::op::{Behaviour, Op};

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn a_code_with_the_good_ones_iss_never_reaches_the_evil_one() {
    let (good, evil) = (Op::start(Behaviour::default()).await, Op::start(Behaviour::default()).await);
    let (pending, _) = evil.begin().await.expect("a sign-in at the evil one");
    // The evil one sends the browser on to the good one, with its own state: the good one's code comes back.
    let state = encoded(pending.state.expose());
    let callback = format!("code=good-code&state={state}&iss={}", encoded(good.issuer()));
    let error = evil.finish(pending, &callback).await.expect_err("mixed up");
    assert_eq!(error.code(), "issuer_mismatch");
    assert_eq!((evil.hits().token, good.hits().token), (0, 0));
}

#[tokio::test]
async fn what_was_begun_at_one_provider_does_not_end_at_another() {
    let (a, b) = (Op::start(Behaviour::default()).await, Op::start(Behaviour::default()).await);
    let (pending, callback) = a.begin().await.expect("a sign-in at a");
    let error =
        b.client.callback(pending, CallbackParams::parse(&callback)).await.expect_err("begun elsewhere");
    assert!(["state_mismatch", "issuer_mismatch"].contains(&error.code()), "{}", error.code());
    assert_eq!((a.hits().token, b.hits().token), (0, 0));
}

#[tokio::test]
async fn what_was_begun_under_another_id_or_client_is_refused() {
    let op = Op::start(Behaviour::default()).await;
    for change in ["provider", "client"] {
        let (mut pending, callback) = op.begin().await.expect("a sign-in");
        match change {
            "provider" => pending.provider_id = "another".into(),
            _ => pending.client_id_hash = "another".into(),
        }
        let error = op.finish(pending, &callback).await.expect_err(change);
        assert_eq!(error.code(), "state_mismatch", "{change}");
    }
    assert_eq!(op.hits().token, 0);
}
