//! Cookies that are swapped, tossed, doubled, cut and mixed. T-42, T-43, T-44.

use serde_json::json;

use super::app::{App, CSRF, SECRET, SESSION, long_session_of, session_of, token};

fn chunks(parts: &[String]) -> Vec<String> {
    parts.iter().enumerate().map(|(number, part)| format!("{SESSION}.{number}={part}")).collect()
}

#[tokio::test]
async fn a_session_is_read_whole_or_in_chunks() {
    let app = App::new();
    assert_eq!(app.who(format!("{SESSION}={}", session_of("Ada"))).await.as_deref(), Some("Ada"));
    let parts = long_session_of("Ada");
    assert_eq!(parts.len(), 3);
    let mut cookies = chunks(&parts);
    cookies.reverse();
    assert_eq!(app.who(cookies.join("; ")).await.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn a_value_for_another_purpose_is_nobody() {
    let app = App::new();
    let sign_in = app.begin("github", "").await;
    let (_, csrf) = app.csrf().await;
    let claims = || json!({"name": "Eve"});
    for value in [
        sign_in.value.as_str(),
        csrf.split_once('=').unwrap().1,
        &sign_in.state,
        &token(SECRET, "authjs.session-token", claims()),
        &token(SECRET, "__Host-authjs.session-token", claims()),
        &token(SECRET, "__Secure-authjs.state", claims()),
        &token(SECRET, "__Secure-authjs.pkce.code_verifier", claims()),
        &token(SECRET, "encodedState", claims()),
        &token(SECRET, "", claims()),
        &token("another secret, of more than 32 bytes as well", SESSION, claims()),
        "null",
        "{}",
        "",
    ] {
        assert_eq!(app.who(format!("{SESSION}={value}")).await, None, "{value}");
    }
    let session = session_of("Ada");
    for name in [
        "authjs.session-token",
        "__Host-authjs.session-token",
        "__secure-authjs.session-token",
        "next-auth.session-token",
        CSRF,
    ] {
        assert_eq!(app.who(format!("{name}={session}")).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_session_ends() {
    let app = App::new();
    let cookie = format!("{SESSION}={}", session_of("Ada"));
    app.clock.advance(3600 + 14);
    assert!(app.who(&cookie).await.is_some());
    app.clock.advance(1);
    assert_eq!(app.who(&cookie).await, None);
}

#[tokio::test]
async fn two_of_a_name_are_nobody_and_cleared() {
    let app = App::new();
    let (ada, eve) = (session_of("Ada"), session_of("Eve"));
    for cookies in [
        format!("{SESSION}={eve}; {SESSION}={ada}"),
        format!("{SESSION}={ada}; {SESSION}={ada}"),
        format!("{SESSION}=; {SESSION}={ada}"),
    ] {
        let answer = app.get("/auth/session", cookies.as_bytes()).await;
        assert_eq!((answer.text.as_str(), answer.cleared()), ("null", vec![SESSION]));
    }
}

#[tokio::test]
async fn odd_neighbours_do_not_sign_anybody_out_or_in() {
    let app = App::new();
    let (ada, eve) = (session_of("Ada"), session_of("Eve"));
    for stray in [
        format!("\u{2000}{SESSION}={eve}"),
        format!("\u{a0}{SESSION}={eve}"),
        format!("\u{3000}{SESSION}={eve}"),
        format!("{SESSION}\u{85}={eve}"),
        format!("={SESSION}={eve}"),
        format!("{}={eve}", SESSION.to_lowercase()),
        format!("{SESSION}-old={eve}"),
        format!("{SESSION}.={eve}"),
        format!("{SESSION}.00={eve}"),
        format!("{SESSION}.01={eve}"),
        format!("{SESSION}.-1={eve}"),
        format!("{SESSION}.99={eve}"),
        format!("{SESSION}.1e1={eve}"),
        format!("{SESSION}.0=stray"),
        format!("authjs.session-token={eve}"),
        "$Version=1; $Path=/".to_owned(),
        "a=\"b".to_owned(),
        "é=ü; ;=; ;;x".to_owned(),
    ] {
        for cookies in [format!("{stray}; {SESSION}={ada}"), format!("{SESSION}={ada}; {stray}")] {
            assert_eq!(app.who(&cookies).await.as_deref(), Some("Ada"), "{stray}");
        }
        assert_eq!(app.who(&stray).await, None, "{stray}");
    }
    let bytes =
        [b"bad=\xff\xfe; ".to_vec(), format!("{SESSION}={ada}").into_bytes(), b"; \x80=\x80".to_vec()]
            .concat();
    assert_eq!(app.who(bytes).await.as_deref(), Some("Ada"));
    let many: String = (0..200).map(|number| format!("c{number}=1; ")).collect();
    assert_eq!(app.who(format!("{many}{SESSION}={ada}")).await.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn chunks_are_a_session_or_nobody() {
    let app = App::new();
    let (ada, eve) = (chunks(&long_session_of("Ada")), chunks(&long_session_of("Eve")));
    let numbered = |from: &str, to: &str| {
        ada.join("; ").replace(&format!("{SESSION}.{from}="), &format!("{SESSION}.{to}="))
    };
    let of =
        |cookies: &[&String]| cookies.iter().map(|cookie| cookie.as_str()).collect::<Vec<_>>().join("; ");
    for nobody in [
        of(&[&ada[0], &ada[1]]),
        of(&[&ada[0], &ada[2]]),
        of(&[&ada[1], &ada[2]]),
        of(&[&ada[0], &eve[1], &ada[2]]),
        of(&[&eve[0], &ada[1], &ada[2]]),
        of(&[&ada[0], &ada[1], &ada[2], &ada[1]]),
        of(&[&eve[0], &ada[0], &ada[1], &ada[2]]),
        numbered("0", "3"),
        numbered("1", "01"),
        numbered("1", "1e0"),
        numbered("2", "-2"),
        numbered("2", "99"),
        // A chunk more, of an older and longer session.
        format!("{}; {SESSION}.3=AAAA", ada.join("; ")),
        // Both open, and nobody knows which of them is this browser's.
        format!("{}; {SESSION}={}", ada.join("; "), session_of("Eve")),
    ] {
        assert_eq!(app.who(&nobody).await, None);
    }
    for whole in [
        format!("{}; {SESSION}=stray", ada.join("; ")),
        format!("{}; {SESSION}.5={}", ada.join("; "), "x".repeat(3936)),
        format!("{SESSION}={}; {}", session_of("Ada"), eve[1]),
    ] {
        assert_eq!(app.who(&whole).await.as_deref(), Some("Ada"));
    }
}

#[tokio::test]
async fn what_is_no_chunk_any_more_is_cleared() {
    let app = App::new();
    let cookies = format!(
        "{SESSION}={}; {SESSION}.1=old; {SESSION}.2=old; {SESSION}.99=old; other=1",
        session_of("Ada")
    );
    let answer = app.get("/auth/session", cookies.as_bytes()).await;
    let mut cleared = answer.cleared();
    cleared.sort_unstable();
    assert_eq!(cleared, ["1", "2", "99"].map(|number| format!("{SESSION}.{number}")));
    assert!(answer.set(&format!("{SESSION}=")).unwrap().contains("; Path=/; Expires="));

    let cookies = format!("{}; {SESSION}=old; {SESSION}.4=old", chunks(&long_session_of("Ada")).join("; "));
    let answer = app.get("/auth/session", cookies.as_bytes()).await;
    assert_eq!(answer.cleared(), [SESSION.to_owned(), format!("{SESSION}.4")]);
    assert_eq!(
        answer
            .all_set()
            .filter(|cookie| cookie.starts_with(SESSION) && !cookie.contains("Max-Age=0"))
            .count(),
        3
    );
}
