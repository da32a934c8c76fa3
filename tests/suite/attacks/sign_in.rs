//! A callback with another cookie than its own, and forms that are not this browser's. T-01, T-05, T-40 to T-43.

use http::StatusCode;
use http::header::COOKIE;

use super::app::{Answer, App, FORM, SESSION, SignIn, session_of};

async fn callback(app: &App, provider: &str, state: &str, cookies: &str) -> Answer {
    app.get(&format!("/auth/callback/{provider}?code=c&state={state}"), cookies.as_bytes()).await
}

/// It was refused before anything was asked of the provider, and nobody is signed in.
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, StatusCode::FOUND, "{what}");
    assert_eq!(answer.location(), "https://app.example.com/auth/error?error=Configuration", "{what}");
    assert!(!answer.sets(SESSION), "{what}");
}

#[tokio::test]
async fn a_callback_needs_the_cookie_of_its_own_sign_in() {
    let app = App::new();
    let SignIn { state, name, value, .. } = app.begin("github", "").await;
    let other = app.begin("github", "").await;
    let (_, csrf) = app.csrf().await;
    let right = format!("{name}={value}");
    for (what, state, cookies) in [
        ("no cookie", state.as_str(), String::new()),
        ("no state", "", right.clone()),
        ("two states", &format!("{state}&state={state}"), right.clone()),
        ("another state", &format!("{state}x"), right.clone()),
        ("the cookie of another sign-in", &state, other.cookie()),
        ("the value of another sign-in", &state, format!("{name}={}", other.value)),
        ("its value under another name", &other.state, format!("{}={value}", other.name)),
        ("the cookie twice", &state, format!("{right}; {right}")),
        ("the cookie tossed", &state, format!("{name}={}; {right}", other.value)),
        ("without prefix", &state, right.replace("__Host-", "")),
        ("a session", &state, format!("{name}={}", session_of("Eve"))),
        ("a CSRF token", &state, format!("{name}={}", csrf.split_once('=').unwrap().1)),
        ("cut", &state, right[..right.len() - 1].to_owned()),
    ] {
        assert_refused(&callback(&app, "github", state, &cookies).await, what);
    }
    assert_refused(&callback(&app, "gitlab", &state, &right).await, "at another provider");
    let (headers, body) = ([(COOKIE.as_str(), right.as_bytes()), FORM], format!("code=c&state={state}"));
    assert_refused(&app.send("POST", "/auth/callback/github", &headers, &body).await, "as a form");
    app.clock.advance(601);
    assert_refused(&callback(&app, "github", &state, &right).await, "too late");
}

#[tokio::test]
async fn a_callback_is_used_once() {
    let app = App::new();
    let sign_in = app.begin("github", "").await;
    let denied = format!("/auth/callback/github?error=access_denied&state={}", sign_in.state);
    let first = app.get(&denied, sign_in.cookie().as_bytes()).await;
    assert_eq!(first.location(), "https://app.example.com/auth/signin?error=OAuthCallbackError");
    assert_eq!(first.cleared(), [sign_in.name.as_str()]);
    assert_refused(&app.get(&denied, sign_in.cookie().as_bytes()).await, "again");
}

#[tokio::test]
async fn the_oldest_of_too_many_sign_ins_makes_room() {
    let app = App::new();
    let mut begun: Vec<SignIn> = vec![];
    let mut cookies = "__Host-authcfg.tx.junk=1; __Host-authcfg.tx.a b=2".to_owned();
    for number in 0..11 {
        app.clock.advance(1);
        let sign_in = app.begin("github", &cookies).await;
        assert_eq!(sign_in.answer.cleared(), [""; 0], "{number}");
        cookies = format!("{}; {cookies}", sign_in.cookie());
        begun.push(sign_in);
    }
    assert_eq!(app.begin("github", &cookies).await.answer.cleared(), ["__Host-authcfg.tx.junk"]);
    let cookies = cookies
        .replace("; __Host-authcfg.tx.junk=1", &format!("; {}", app.begin("gitlab", "").await.cookie()));
    assert_eq!(app.begin("github", &cookies).await.answer.cleared(), [begun[0].name.as_str()]);
}

#[tokio::test]
async fn a_form_needs_this_browsers_token() {
    let app = App::new();
    let ((token, cookie), (other_token, other_cookie)) = (app.csrf().await, app.csrf().await);
    let right = format!("csrfToken={token}");
    let session = session_of("Ada");
    let with = |cookie: &str| format!("{cookie}; {SESSION}={session}");
    let json = ("content-type", &b"application/json"[..]);
    let text = ("content-type", &b"text/plain"[..]);
    let foreign = ("sec-fetch-site", &b"cross-site"[..]);
    for (what, cookies, headers, body) in [
        ("no token", with(&cookie), vec![FORM], String::new()),
        ("an empty token", with(&cookie), vec![FORM], "csrfToken=".to_owned()),
        ("another token", with(&cookie), vec![FORM], format!("csrfToken={other_token}")),
        ("another cookie", with(&other_cookie), vec![FORM], right.clone()),
        ("no cookie", with("x=1"), vec![FORM], right.clone()),
        ("two cookies", with(&format!("{other_cookie}; {cookie}")), vec![FORM], right.clone()),
        ("the cookie twice", with(&format!("{cookie}; {cookie}")), vec![FORM], right.clone()),
        (
            "a cookie of one's own",
            with(&format!("__Host-authjs.csrf-token={token}%7C{}", "0".repeat(64))),
            vec![FORM],
            right.clone(),
        ),
        ("an unprefixed cookie", with(&cookie.replace("__Host-", "")), vec![FORM], right.clone()),
        ("another site", with(&cookie), vec![FORM, foreign], right.clone()),
        ("a neighbouring host", with(&cookie), vec![FORM, ("sec-fetch-site", b"same-site")], right.clone()),
        ("another origin", with(&cookie), vec![FORM, ("origin", b"https://evil.example")], right.clone()),
        ("no origin and no token", with(&cookie), vec![FORM, ("origin", b"null")], String::new()),
        ("JSON without a token", with(&cookie), vec![json], "{}".to_owned()),
        (
            "JSON with two tokens",
            with(&cookie),
            vec![json],
            format!(r#"{{"csrfToken":"{token}","csrfToken":"{token}"}}"#),
        ),
        ("no form", with(&cookie), vec![text], right.clone()),
    ] {
        let headers: Vec<(&str, &[u8])> =
            headers.into_iter().chain([(COOKIE.as_str(), cookies.as_bytes())]).collect();
        for path in ["/auth/signin/github", "/auth/signout"] {
            let answer = app.send("POST", path, &headers, &body).await;
            assert_eq!(
                answer.location(),
                "https://app.example.com/auth/signin?error=MissingCSRF",
                "{what}: {path}"
            );
            assert_eq!(answer.all_set().count(), 0, "{what}: {path}");
        }
        let answer = app.send("POST", "/auth/session", &headers, &body).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::BAD_REQUEST, "null"), "{what}");
    }
    for (what, headers) in [
        ("a form of ours", vec![FORM]),
        (
            "as browsers send it",
            vec![FORM, ("sec-fetch-site", b"same-origin"), ("origin", b"https://app.example.com")],
        ),
        ("of a page without referrer", vec![FORM, ("sec-fetch-site", b"same-origin"), ("origin", b"null")]),
        ("of an old browser", vec![FORM, ("origin", b"https://app.example.com")]),
    ] {
        let cookies = with(&cookie);
        let headers: Vec<(&str, &[u8])> =
            headers.into_iter().chain([(COOKIE.as_str(), cookies.as_bytes())]).collect();
        let answer = app.send("POST", "/auth/signout", &headers, &right).await;
        assert_eq!(
            (answer.location(), answer.cleared()),
            ("https://app.example.com", vec![SESSION]),
            "{what}"
        );
        assert!(
            app.send("POST", "/auth/signin/github", &headers, &right)
                .await
                .location()
                .starts_with("https://github.com/"),
            "{what}"
        );
    }
    for path in ["/auth/signout", "/auth/signin"] {
        let answer = app.get(path, with(&cookie).as_bytes()).await;
        assert_eq!((answer.status, answer.cleared().len()), (StatusCode::OK, 0), "{path}");
    }
}
