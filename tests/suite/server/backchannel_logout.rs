//! A provider ends our sessions of its own accord (OpenID Connect Back-Channel Logout).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authcfg::clock::FixedClock;
use authcfg::oauth::jose::{Alg, SigningKey, sign_as};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::server::browser::{Browser, NOW, Reply};
use crate::server::openid::Openid;
use crate::server::store::Unsteady;

const WITH_STORE: &str = "session: {strategy: database, store: memory}\n";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of a logout token that is right, with `over` laid over them; null takes one away.
fn claims(provider: &Openid, over: Value) -> Value {
    let mut claims = json!({
        "iss": provider.issuer, "aud": "acme-client", "iat": NOW, "exp": NOW + 120, "jti": "j", "sub": "7", "events": {EVENT: {}},
    });
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().shift_remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

async fn send(provider: &Openid, token: &str) -> Reply {
    let form = [("logout_token", token)];
    provider.site().browser().post("/auth/backchannel-logout/acme", &form).await
}

async fn tell(provider: &Openid, over: Value) -> Reply {
    send(provider, &provider.sign("logout+jwt", &claims(provider, over))).await
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/auth/session").await.body != "null"
}

/// Whether a session of subject 7 and provider session `s` outlives a logout token.
async fn outlives(over: Value) -> bool {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, _) = provider.signed_in(json!({"sid": "s"})).await;
    let reply = tell(&provider, over.clone()).await;
    let lives = is_signed_in(&mut browser).await;
    assert_eq!(reply.status, if lives { 400 } else { 200 }, "{over}: {reply:?}");
    assert!(reply.header("cache-control").contains("no-store"), "{reply:?}");
    assert!(reply.set_cookies().is_empty() && reply.location().is_empty(), "{reply:?}");
    lives
}

#[tokio::test]
async fn each_claim_is_right_or_nobody_is_signed_out() {
    let right = [
        json!({}),
        json!({"sid": "s"}),
        json!({"sid": "s", "sub": null}),
        json!({"aud": ["acme-client"]}),
        json!({"iat": NOW + 60}),
        json!({"iat": NOW - 600}),
        json!({"exp": NOW - 59}),
        json!({"events": {EVENT: {"reason": "x"}, "https://acme.example/other": 1}}),
    ];
    for over in right {
        assert!(!outlives(over.clone()).await, "{over}");
    }
    let wrong = [
        json!({"iss": null}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": null}),
        json!({"aud": "other"}),
        json!({"aud": ["acme-client", "other"]}),
        json!({"iat": null}),
        json!({"iat": NOW + 61}),
        json!({"iat": NOW - 601}),
        json!({"exp": null}),
        json!({"exp": NOW - 60}),
        json!({"events": null}),
        json!({"events": {}}),
        json!({"events": {EVENT: true}}),
        json!({"events": [EVENT]}),
        json!({"events": EVENT}),
        json!({"events": {"http://schemas.openid.net/event/other": {}}}),
        json!({"nonce": "n"}),
        json!({"nonce": false}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": null, "sid": ""}),
        json!({"sid": 1}),
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"jti": 1}),
    ];
    for over in wrong {
        assert!(outlives(over.clone()).await, "{over}");
    }
}

#[tokio::test]
async fn only_a_logout_token_of_the_provider_counts() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut browser, id_token) = provider.signed_in(json!({})).await;
    let claims = claims(&provider, json!({}));
    let object = claims.as_object().unwrap();
    let right = provider.sign("logout+jwt", &claims);
    let b64 = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let stranger = SigningKey::generate(Alg::ES256).unwrap();
    let rsa = SigningKey::generate(Alg::RS256).unwrap();
    let (head, signature) = right.rsplit_once('.').unwrap();
    let other_payload = b64(json!({"sub": "8"}));
    let header = right.split('.').next().unwrap();
    for (name, token) in [
        ("a key of nobody", sign_as(&stranger, Some("k"), "logout+jwt", object).unwrap()),
        ("an unknown key", sign_as(&stranger, Some("other"), "logout+jwt", object).unwrap()),
        ("another algorithm", sign_as(&rsa, Some("k"), "logout+jwt", object).unwrap()),
        (
            "alg none",
            format!("{}.{}.", b64(json!({"alg": "none", "typ": "logout+jwt"})), b64(claims.clone())),
        ),
        ("no signature", format!("{head}.")),
        ("another payload", format!("{header}.{other_payload}.{signature}")),
        ("an access token", provider.sign("at+jwt", &claims)),
        ("a security event", provider.sign("secevent+jwt", &claims)),
        ("an id_token", id_token),
        ("nothing", String::new()),
        ("no token", "a.b.c".into()),
    ] {
        assert_eq!(send(&provider, &token).await.status, 400, "{name}");
        assert!(is_signed_in(&mut browser).await, "{name}");
    }
    assert_eq!(send(&provider, &right).await.status, 200);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn types_of_before_the_final_standard_count() {
    for typ in ["JWT", "logout+jwt", "application/logout+jwt", "LOGOUT+JWT"] {
        let provider = Openid::start(json!({}), WITH_STORE).await;
        let token = provider.sign(typ, &claims(&provider, json!({})));
        assert_eq!(send(&provider, &token).await.status, 200, "{typ}");
    }
}

#[tokio::test]
async fn it_ends_the_sessions_it_is_about_and_no_others() {
    for (over, left) in [
        (json!({}), [false, false, true]),
        (json!({"sid": "a", "sub": null}), [false, true, true]),
        (json!({"sid": "a"}), [false, true, true]),
        (json!({"sid": "b"}), [true, false, true]),
        (json!({"sid": "c"}), [true, true, true]), // of somebody else
        (json!({"sid": "c", "sub": "8"}), [true, true, false]),
        (json!({"sid": "d"}), [true, true, true]),
        (json!({"sub": "9"}), [true, true, true]),
    ] {
        let provider = Openid::start(json!({}), WITH_STORE).await;
        let mut browsers = vec![];
        for (sub, sid) in [("7", "a"), ("7", "b"), ("8", "c")] {
            browsers.push(provider.signed_in(json!({"sub": sub, "sid": sid})).await.0);
        }
        assert_eq!(tell(&provider, over.clone()).await.status, 200, "{over}");
        for (browser, left) in browsers.iter_mut().zip(left) {
            assert_eq!(is_signed_in(browser).await, left, "{over}");
        }
    }
}

#[tokio::test]
async fn a_token_is_good_once() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut first, _) = provider.signed_in(json!({})).await;
    assert_eq!(tell(&provider, json!({})).await.status, 200);
    assert!(!is_signed_in(&mut first).await);
    let (mut second, _) = provider.signed_in(json!({})).await;
    for seconds in [0, 119, 60] {
        provider.clock.advance(seconds);
        assert_eq!(tell(&provider, json!({})).await.status, 400, "used, or over");
    }
    assert!(is_signed_in(&mut second).await);
    let over = json!({"jti": "k", "iat": NOW + 179, "exp": NOW + 299});
    assert_eq!(tell(&provider, over).await.status, 200, "another one");
    assert!(!is_signed_in(&mut second).await);
}

#[tokio::test]
async fn a_token_that_had_no_effect_may_come_again() {
    let down = Arc::new(AtomicBool::new(false));
    let store = |clock: Arc<FixedClock>| Arc::new(Unsteady::new(clock, down.clone())) as Arc<_>;
    let provider = Openid::over(json!({}), WITH_STORE, store).await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    down.store(true, Ordering::SeqCst);
    let reply = tell(&provider, json!({})).await;
    assert_eq!((reply.status.as_u16(), &*reply.json()["error"].to_string()), (400, "\"invalid_request\""));
    down.store(false, Ordering::SeqCst);
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(tell(&provider, json!({})).await.status, 200);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn sessions_in_cookies_cannot_be_found() {
    let provider = Openid::start(json!({}), "").await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let reply = tell(&provider, json!({})).await;
    assert_eq!(reply.status, 404);
    assert!(reply.json()["error_description"].as_str().unwrap().contains("cookies"), "{reply:?}");
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn what_is_no_logout_request_is_refused() {
    let provider = Openid::start(json!({}), WITH_STORE).await;
    let (mut signed_in, _) = provider.signed_in(json!({})).await;
    let token = provider.sign("logout+jwt", &claims(&provider, json!({})));
    let mut op = provider.site().browser();
    let path = "/auth/backchannel-logout/acme";
    let form = [("logout_token", &*token)];
    let twice = [form[0], form[0]];
    for reply in [
        op.get(&format!("{path}?logout_token={token}")).await,
        op.post(path, &[]).await,
        op.post(path, &twice).await,
        op.post(&format!("{path}?logout_token={token}"), &[]).await,
        op.post("/auth/backchannel-logout/other", &form).await,
        op.post("/auth/backchannel-logout", &form).await,
        op.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            &json!({"logout_token": token}).to_string(),
        )
        .await,
    ] {
        assert_eq!(reply.status, 400, "{reply:?}");
    }
    assert!(is_signed_in(&mut signed_in).await);
    assert_eq!(op.post(path, &form).await.status, 200, "no token of ours, no cookie, is asked for");
    assert!(!is_signed_in(&mut signed_in).await);
}

#[tokio::test]
async fn a_provider_without_id_tokens_ends_nothing() {
    let over = "providers: {acme: {}, github: {}}\n";
    let provider = Openid::start(json!({}), &format!("{WITH_STORE}{over}")).await;
    let (mut browser, _) = provider.signed_in(json!({})).await;
    let token = provider.sign("logout+jwt", &claims(&provider, json!({})));
    let form = [("logout_token", &*token)];
    let reply = provider.site().browser().post("/auth/backchannel-logout/github", &form).await;
    assert_eq!(reply.status, 400);
    assert!(is_signed_in(&mut browser).await);
}
