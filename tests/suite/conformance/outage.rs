//! A provider that fails: what a visitor sees, and how often it is asked. A token request is sent once, whatever becomes of its
//! answer: a code, and a refresh token that rotates, are good once. T-26.

use std::sync::Arc;
use std::time::Duration;

use authcfg::transport::{Deadlines, Lookup, Options};
use serde_json::json;

use super::op::Fate::{Answered, Closed, Cut, CutByReset, Reset, Silence};
use super::op::{Answer, Behaviour, Fate, REFRESH_TOKEN};
use super::rp::{Played, Rp, WITH_STORE};
use super::table::{Row, check_page, rows, sign_in};

mod of_a_sign_in {
    use super::*;

    rows! {
        refuses_connections: "Nobody listens at the token endpoint.",
            nobody_listens() => "refused: unreachable", "discovery";
        has_no_address: "The name of the token endpoint's host is unknown.",
            its_name_is_unknown() => "refused: unreachable", "discovery";
        closes: "Closes the connection once it has read the token request.",
            code(Closed) => "refused: unreachable", "discovery token";
        resets: "Resets the connection once it has read the token request.",
            code(Reset) => "refused: unreachable", "discovery token";
        cuts_the_answer: "Closes the connection in the middle of the token response.",
            code(Cut) => "refused: unreachable", "discovery token";
        resets_in_the_answer: "Resets the connection in the middle of the token response.",
            code(CutByReset) => "refused: unreachable", "discovery token";
        says_nothing: "Reads the token request and says nothing.",
            code(Silence) => "refused: unreachable", "discovery token";
        token_500: "Answers the token request with status 500.",
            code(Answered("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")) => "refused: token_response_invalid", "discovery token";
        token_503: "Answers the token request with status 503, and `Retry-After: 1`.",
            code(Answered("HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")) => "refused: token_response_invalid", "discovery token";
        token_503_for_an_hour: "Answers the token request with status 503, and `Retry-After: 3600`.",
            code(Answered("HTTP/1.1 503 No\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")) => "refused: token_response_invalid", "discovery token";
        token_429: "Answers the token request with status 429, and `Retry-After: 1`.",
            code(Answered("HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")) => "refused: token_response_invalid", "discovery token";
        token_308: "Answers the token request with status 308, to itself.",
            code(Answered("HTTP/1.1 308 On\r\nLocation: /token\r\nContent-Length: 0\r\n\r\n")) => "refused: token_response_invalid", "discovery token";
        token_408: "Answers the token request with status 408 and closes the connection.",
            code(Answered("HTTP/1.1 408 Late\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")) => "refused: token_response_invalid", "discovery token";

        discovery_500: "Answers for the discovery document with status 500.",
            sign_in(discovery(500, None)) => "refused: discovery_failed", "discovery discovery discovery";
        discovery_503_for_an_hour: "Answers for the discovery document with status 503, and `Retry-After: 3600`.",
            sign_in(discovery(503, Some("3600"))) => "refused: discovery_failed", "discovery";
        discovery_404: "Has no discovery document.",
            sign_in(discovery(404, None)) => "refused: discovery_failed", "discovery";
        jwks_500: "Answers for the keys with status 500.",
            sign_in(|b| b.jwks_answer = Some(down(500, None))) => "refused: discovery_failed", "discovery token jwks jwks jwks";
        jwks_500_for_two: "The same, to two visitors within five seconds.",
            both(|b| b.jwks_answer = Some(down(500, None))) => "refused: discovery_failed, refused: discovery_failed", "discovery token jwks jwks jwks token";
        userinfo_500: "Answers for userinfo with status 500.",
            sign_in(|b| b.userinfo_answer = Some(down(500, None))) => "refused: userinfo_failed", "discovery token jwks userinfo";
        closes_again_and_again: "Closes the connection once it has read the token request, six times: the last one is not sent.",
            six_times() => "6 times refused: unreachable", "discovery token token token token token";
        is_back: "Answers with status 503 for everything, and is back a few seconds later.",
            back() => "refused: discovery_failed, then signed in", "discovery discovery token jwks userinfo";
    }
}

mod of_a_refresh {
    use super::*;

    rows! {
        closes: "Closes the connection once it has read the refresh.",
            refresh(Closed) => "signed in, and still", "discovery token jwks userinfo token";
        resets: "Resets the connection once it has read the refresh.",
            refresh(Reset) => "signed in, and still", "discovery token jwks userinfo token";
        cuts_the_answer: "Closes the connection in the middle of the answer to the refresh.",
            refresh(Cut) => "signed in, and still", "discovery token jwks userinfo token";
        resets_in_the_answer: "Resets the connection in the middle of the answer to the refresh.",
            refresh(CutByReset) => "signed in, and still", "discovery token jwks userinfo token";
        says_nothing: "Reads the refresh and says nothing.",
            refresh(Silence) => "signed in, and still", "discovery token jwks userinfo token";
        token_503: "Answers the refresh with status 503, and `Retry-After: 1`.",
            refresh(Answered("HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")) => "signed in, and still", "discovery token jwks userinfo token";
        token_308: "Answers the refresh with status 308, to itself.",
            refresh(Answered("HTTP/1.1 308 On\r\nLocation: /token\r\nContent-Length: 0\r\n\r\n")) => "signed in, and still", "discovery token jwks userinfo token";
    }
}

#[test]
fn page() {
    let mut page = "# A provider that fails\n\n\
        Each row is the test of its name (`cargo test --test suite -- conformance::outage`). *Asked* are the provider's endpoints, in order:\n\
        a token request goes out once, whatever becomes of it.\n\
        This page is written by `AUTHCFG_BLESS=1 cargo test --test suite -- outage::page`.\n"
        .to_owned();
    for (title, rows) in [("A sign-in", of_a_sign_in::ROWS), ("A refresh", of_a_refresh::ROWS)] {
        page += &format!("\n## {title} ({})\n\n", rows.len());
        page += "| Case | The provider | Outcome | Asked |\n|---|---|---|---|\n";
        page.extend(rows.iter().map(|row: &Row| row.line(row.test)));
    }
    check_page("outage.md", &page);
}

/// Deadlines that a test can wait for.
fn hasty() -> Options {
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(2));
    let deadlines = Deadlines { connect: short, first_byte: short, total: long, document: long };
    Options { deadlines, ..Options::default() }
}

/// A sign-in whose token request meets its fate, on a connection that the discovery document came over.
async fn code(fate: Fate) -> Played {
    let rp = Rp::over(|b| (b.wired, b.fate) = (true, Some(fate)), "", hasty()).await;
    let outcome = rp.sign_in().await;
    assert_eq!(rp.op.connections(), 1, "the request is not sent again over a new connection");
    rp.played(outcome)
}

/// A session that is read after its token has expired, and after that.
async fn refresh(fate: Fate) -> Played {
    let change = |behaviour: &mut Behaviour| {
        behaviour.wired = true;
        behaviour.token = json!({"refresh_token": REFRESH_TOKEN, "expires_in": 200});
    };
    let rp = Rp::over(change, WITH_STORE, hasty()).await;
    let mut browser = rp.site.browser();
    let first = rp.sign_in_with(&mut browser).await;
    rp.op.clock.advance(200);
    rp.op.change(|behaviour| behaviour.fate = Some(fate));
    let mut then = "and still";
    for _ in 0..3 {
        if browser.get("/auth/session").await.body == "null" {
            then = "then signed out";
        }
    }
    rp.played(format!("{first}, {then}"))
}

async fn nobody_listens() -> Played {
    sign_in(|behaviour| behaviour.file = json!({"token_endpoint": "http://127.0.0.1:9/token"})).await
}

async fn its_name_is_unknown() -> Played {
    let nowhere = Lookup(Arc::new(|_| vec![]));
    let options = Options { lookup: Some(nowhere), ..hasty() };
    let change = |behaviour: &mut Behaviour| {
        behaviour.file = json!({"token_endpoint": "https://nowhere.example/token"});
    };
    let rp = Rp::over(change, "", options).await;
    rp.played(rp.sign_in().await)
}

fn down(status: u16, retry_after: Option<&str>) -> Answer {
    let mut answer = Answer::new(status, "text/plain", "down");
    answer.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_owned())));
    answer
}

fn discovery(status: u16, retry_after: Option<&'static str>) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.discovery_answer = Some(down(status, retry_after))
}

/// Two sign-ins at one time.
async fn both(change: impl FnOnce(&mut Behaviour)) -> Played {
    let rp = Rp::start(change, "").await;
    let (first, second) = (rp.sign_in().await, rp.sign_in().await);
    rp.played(format!("{first}, {second}"))
}

async fn six_times() -> Played {
    let rp = Rp::over(|b| (b.wired, b.fate) = (true, Some(Closed)), "", hasty()).await;
    for _ in 0..5 {
        assert_eq!(rp.sign_in().await, "refused: unreachable");
    }
    let last = rp.sign_in().await;
    rp.played(format!("6 times {last}"))
}

async fn back() -> Played {
    let rp = Rp::start(discovery(503, Some("3600")), "").await;
    let first = rp.sign_in().await;
    rp.op.change(|behaviour| behaviour.discovery_answer = None);
    rp.op.clock.advance(10);
    rp.played(format!("{first}, then {}", rp.sign_in().await))
}
