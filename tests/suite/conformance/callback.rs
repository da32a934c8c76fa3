//! The authorization response (RFC 6749 §4.1.2, RFC 9207): what comes back through a browser is not to be believed.
//! T-01, T-03, T-04, T-06 to T-08.

use serde_json::json;

use super::op::{Behaviour, Op, REDIRECT_URI};
use super::{Accepted, Refused, callback, cases};

pub fn set(name: &'static str, value: &'static str) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        callback(behaviour, move |params| {
            params.retain(|(existing, _)| existing != name);
            params.push((name.into(), value.into()));
        });
    }
}

pub fn remove(name: &'static str) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| callback(behaviour, move |params| params.retain(|(existing, _)| existing != name))
}

pub fn add(name: &'static str, value: &'static str) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| callback(behaviour, move |params| params.push((name.into(), value.into())))
}

/// `error` instead of a code, with the right state.
fn error(code: &'static str) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| callback(behaviour, move |params| params[0] = ("error".into(), code.into()))
}

const PROMISES_ISS: &str = "authorization_response_iss_parameter_supported";

mod state {
    use super::*;

    cases! {
        refuses_an_empty_state: set("state", "") => Refused("state_mismatch", 0);
        refuses_a_state_that_only_begins_like_ours: |b| callback(b, |params| { params[1].1.push('x'); }) => Refused("state_mismatch", 0);
        refuses_an_error_without_state: |b| callback(b, |params| {
            *params = vec![("error".into(), "access_denied".into())];
        }) => Refused("state_mismatch", 0);
    }

    #[tokio::test]
    async fn refuses_the_callback_of_another_sign_in() {
        let op = Op::start(Behaviour::default()).await;
        let (_, attackers) = op.begin().await.expect("the attacker's sign-in");
        let (victims, _) = op.begin().await.expect("the victim's sign-in");
        assert_eq!(op.finish(victims, &attackers).await.expect_err("another state").code(), "state_mismatch");
        assert_eq!(op.hits().token, 0);
    }

    #[tokio::test]
    async fn refuses_a_sign_in_that_took_too_long() {
        let op = Op::start(Behaviour::default()).await;
        let (pending, callback) = op.begin().await.expect("a sign-in");
        op.clock.advance(601);
        assert_eq!(op.finish(pending, &callback).await.expect_err("too late").code(), "state_mismatch");
        assert_eq!(op.hits().token, 0);
    }

    #[tokio::test]
    async fn state_nonce_and_verifier_are_32_random_bytes_each_time() {
        let op = Op::start(Behaviour::default()).await;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..8 {
            let authorization =
                op.client.authorize(REDIRECT_URI, &Default::default()).await.expect("a request");
            for (name, value) in authorization.url.query_pairs() {
                if ["state", "nonce", "code_challenge"].contains(&name.as_ref()) {
                    assert_eq!(value.len(), 43, "{name}");
                    assert!(seen.insert(value.into_owned()), "{name} comes twice");
                }
            }
        }
        assert_eq!(seen.len(), 24);
    }
}

mod iss {
    use super::*;

    cases! {
        refuses_an_empty_iss: set("iss", "") => Refused("issuer_mismatch", 0);
        refuses_an_error_of_another_issuer: |b| callback(b, |params| {
            params[0] = ("error".into(), "access_denied".into());
            params.push(("iss".into(), "https://other.example".into()));
        }) => Refused("issuer_mismatch", 0);
        accepts_no_iss_where_it_is_not_promised: |_| () => Accepted;
    }

    #[tokio::test]
    async fn accepts_the_right_iss_promised_or_not() {
        for promised in [true, false] {
            let op =
                Op::start(Behaviour { discovery: json!({PROMISES_ISS: promised}), ..Behaviour::default() })
                    .await;
            let (pending, callback) = op.begin().await.expect("a sign-in");
            let issuer: String = url::form_urlencoded::byte_serialize(op.issuer().as_bytes()).collect();
            op.finish(pending, &format!("{callback}&iss={issuer}")).await.expect("our own issuer");
        }
    }

    #[tokio::test]
    async fn refuses_an_iss_with_a_slash_more() {
        let op = Op::start(Behaviour::default()).await;
        let (pending, callback) = op.begin().await.expect("a sign-in");
        let issuer: String = url::form_urlencoded::byte_serialize(op.issuer().as_bytes()).collect();
        let error = op.finish(pending, &format!("{callback}&iss={issuer}%2F")).await.expect_err("not ours");
        assert_eq!((error.code(), op.hits().token), ("issuer_mismatch", 0));
    }
}

mod parameters {
    use super::*;

    cases! {
        refuses_two_states: add("state", "another") => Refused("callback_refused", 0);
        refuses_the_same_state_twice: |b| callback(b, |params| params.push(params[1].clone())) => Refused("callback_refused", 0);
        refuses_two_errors: |b| callback(b, |params| {
            params[0] = ("error".into(), "access_denied".into());
            params.push(("error".into(), "server_error".into()));
        }) => Refused("callback_refused", 0);
        refuses_two_issuers: |b| callback(b, |params| {
            params.push(("iss".into(), "https://a.example".into()));
            params.push(("iss".into(), "https://b.example".into()));
        }) => Refused("callback_refused", 0);
        refuses_an_id_token_at_the_front: add("id_token", "eyJ") => Refused("callback_refused", 0);
        refuses_an_access_token_at_the_front: add("access_token", "AT") => Refused("callback_refused", 0);
        refuses_a_response_that_was_not_asked_for: add("response", "eyJ") => Refused("callback_refused", 0);
        refuses_an_empty_code: set("code", "") => Refused("code_missing", 0);
        refuses_a_code_of_64_kb: |b| callback(b, |params| params[0].1 = "c".repeat(65_536)) => Refused("code_missing", 0);
        accepts_parameters_that_nobody_knows: add("session_state", "x") => Accepted;
        tells_what_the_provider_said: error("access_denied") => Refused("access_denied", 0);
        tells_what_the_provider_said_in_its_own_words: error("server_error") => Refused("server_error", 0);
    }
}

mod code {
    use super::*;

    #[tokio::test]
    async fn pkce_stops_a_code_of_another_sign_in() {
        let op = Op::start(Behaviour::default()).await;
        let error = inject(&op).await;
        assert_eq!((error.as_str(), op.hits().userinfo), ("invalid_grant", 0));
    }

    #[tokio::test]
    async fn nonce_stops_a_code_of_another_sign_in_where_the_provider_does_not_look_at_pkce() {
        let op = Op::start(Behaviour { checks_pkce: false, ..Behaviour::default() }).await;
        let error = inject(&op).await;
        assert_eq!((error.as_str(), op.hits().userinfo), ("nonce_mismatch", 0));
    }

    /// The attacker's code in a callback with the victim's own state.
    async fn inject(op: &Op) -> String {
        let (_, attackers) = op.begin().await.expect("the attacker's sign-in");
        let (victims, callback) = op.begin().await.expect("the victim's sign-in");
        let code =
            |query: &str| query.split('&').find(|part| part.starts_with("code=")).expect("a code").to_owned();
        let forged = callback.replace(&code(&callback), &code(&attackers));
        op.finish(victims, &forged).await.expect_err("another's code").code().to_owned()
    }

    #[tokio::test]
    async fn the_verifier_is_sent_even_where_the_provider_does_not_advertise_pkce() {
        let discovery = json!({"code_challenge_methods_supported": null});
        let op = Op::start(Behaviour { discovery, checks_pkce: false, ..Behaviour::default() }).await;
        op.sign_in().await.expect("a sign-in");
        assert!(op.seen()[0].contains("code_verifier="));
    }

    cases! {
        refuses_a_provider_that_only_knows_plain:
            |b| b.discovery = json!({"code_challenge_methods_supported": ["plain"]}) => Refused("discovery_failed", 0);
        accepts_plain_where_the_file_says_so: |b| {
            b.discovery = json!({"code_challenge_methods_supported": ["plain"]});
            b.file = json!({"pkce": "plain"});
        } => Accepted;
        accepts_none_where_the_file_says_so: |b| {
            b.checks_pkce = false;
            b.file = json!({"pkce": "none"});
        } => Accepted;
        refuses_a_replay_where_the_provider_counts: |b| callback(b, |params| params[0].1 = "code-used-before".into()) => Refused("invalid_grant", 1);
    }

    #[tokio::test]
    async fn the_token_request_is_sent_once_whatever_comes_back() {
        for status in [500, 502, 503] {
            let answer = super::super::op::Answer::new(status, "text/html", "<h1>down</h1>");
            let op = Op::start(Behaviour { token_answer: Some(answer), ..Behaviour::default() }).await;
            op.sign_in().await.expect_err("a broken provider");
            assert_eq!(op.hits().token, 1, "{status}");
        }
    }
}
