//! RP-initiated logout and back-channel logout: `oidcc-client-rp-initiated-logout-rp-basic`, `oidcc-client-back-channel-logout-rp-basic`.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use crate::conformance::keys::{KEY, Sign, compact};
use crate::conformance::op::{Behaviour, CLIENT_ID, CLIENT_SECRET, SUB, lay};
use crate::conformance::rp::{ORIGIN, Played, Rp};
use crate::conformance::table::rows;
use crate::server::browser::Browser;

const AT_PROVIDER: &str = "session: {logout: provider, strategy: database, store: memory, claims: [sub]}\n";

rows! {
    oidcc_client_test_rp_init_logout: "Sends the browser back with the `state` that it was given.",
        sign_out(|state| format!("?state={state}")) => "signed in, then signed out, and back at /bye", "discovery token jwks userinfo";
    oidcc_client_test_rp_init_logout_other_state: "Sends the browser back with another `state`.",
        sign_out(|_| "?state=of-another-sign-out".to_owned()) => "signed in, then signed out, and back at /auth/signin", "discovery token jwks userinfo";
    oidcc_client_test_rp_init_logout_no_state: "Sends the browser back without `state`.",
        sign_out(|_| String::new()) => "signed in, then signed out, and back at /auth/signin", "discovery token jwks userinfo";
}

/// `oidcc-client-back-channel-logout-rp-basic`.
pub mod back_channel {
    use super::*;

    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    const RS256: Sign = Sign::Rs256(&KEY);

    rows! {
        oidcc_client_test_rp_backchannel_rpinitlogout: "Tells that the person has signed out.",
            logout_token(json!({}), json!({}), RS256) => "200, signed out in the other browser too", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_alg_none: "Does not sign the logout token.",
            logout_token(json!({"alg": "none"}), json!({}), Sign::Nothing) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_no_event: "The logout token has no `events`.",
            logout_token(json!({}), json!({"events": null}), RS256) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_with_nonce: "The logout token has a `nonce`.",
            logout_token(json!({}), json!({"nonce": "n"}), RS256) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_wrong_alg: "Signs the logout token with HS256 and the client secret.",
            logout_token(json!({"alg": "HS256"}), json!({}), Sign::Hs256(CLIENT_SECRET.into())) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_wrong_aud: "The `aud` of the logout token is another client.",
            logout_token(json!({}), json!({"aud": "another-client"}), RS256) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_wrong_event: "The `events` of the logout token are others.",
            logout_token(json!({}), json!({"events": {"http://schemas.openid.net/event/other": {}}}), RS256) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_backchannel_rpinitlogout_wrong_iss: "The `iss` of the logout token is another's.",
            logout_token(json!({}), json!({"iss": "https://other.example"}), RS256) => "400, still signed in in the other browser", "discovery token jwks userinfo token userinfo";
    }

    /// Somebody with two browsers signs out in one of them; meanwhile the provider sends a logout token, with these things laid over
    /// its header and claims.
    async fn logout_token(header: Value, over: Value, sign: Sign) -> Played {
        let rp = start().await;
        let (mut browser, mut other) = (rp.site.browser(), rp.site.browser());
        for browser in [&mut browser, &mut other] {
            assert_eq!(rp.sign_in_with(browser).await, "signed in");
        }
        let state = leave(&rp, &mut browser).await;
        let now = authcfg::clock::Clock::now(&*rp.op.clock);
        let mut claims = json!({
            "iss": rp.op.issuer(), "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": "j", "sub": SUB, "events": {EVENT: {}},
        });
        lay(&mut claims, &over);
        let mut head = json!({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"});
        lay(&mut head, &header);
        let token = compact(&head, claims.to_string().as_bytes(), &sign);
        let told = rp.site.browser().post("/auth/backchannel-logout/op", &[("logout_token", &token)]).await;
        assert_eq!(come_back(&mut browser, &format!("?state={state}")).await, "/bye");
        let outcome = match other.get("/auth/session").await.body.as_str() {
            "null" => "signed out in the other browser too",
            _ => "still signed in in the other browser",
        };
        rp.played(format!("{}, {outcome}", told.status.as_u16()))
    }
}

/// Modules of Front-Channel Logout.
pub mod front_channel {
    use super::*;

    rows! {
        oidcc_client_test_rp_frontchannel_rpinitlogout: "The page to which the person signs out has a frame for each application.",
            frame(true) => "200, signed out in the other browser too", "discovery token jwks userinfo token userinfo";
        oidcc_client_test_rp_frontchannel_opinitlogout: "The person signs out at the provider, whose page has a frame for each application.",
            frame(false) => "200, signed out in the other browser too", "discovery token jwks userinfo token userinfo";
    }

    /// Somebody with two browsers signs out, here first or at the provider alone; the frame is in a browser without our cookies.
    async fn frame(here_first: bool) -> Played {
        let claims = |b: &mut Behaviour| {
            b.discovery = json!({"end_session_endpoint": "ISSUER/logout"});
            b.claims = json!({"sid": "s"});
            if !here_first {
                b.file = json!({"revocation_endpoint": "ISSUER/revoke"});
            }
        };
        let rp = Rp::start(claims, AT_PROVIDER).await;
        let (mut browser, mut other) = (rp.site.browser(), rp.site.browser());
        for browser in [&mut browser, &mut other] {
            assert_eq!(rp.sign_in_with(browser).await, "signed in");
        }
        if here_first {
            leave(&rp, &mut browser).await;
        }
        let issuer = rp.op.issuer().to_owned();
        let told = rp.site.browser().get(&format!("/auth/frontchannel-logout/op?iss={issuer}&sid=s")).await;
        assert_eq!(browser.get("/auth/session").await.body, "null");
        let outcome = match other.get("/auth/session").await.body.as_str() {
            "null" => "signed out in the other browser too",
            _ => "still signed in in the other browser",
        };
        rp.played(format!("{}, {outcome}", told.status.as_u16()))
    }
}

async fn start() -> Rp {
    Rp::start(|b| b.discovery = json!({"end_session_endpoint": "ISSUER/logout"}), AT_PROVIDER).await
}

async fn sign_out(back: impl FnOnce(&str) -> String) -> Played {
    let rp = start().await;
    let mut browser = rp.site.browser();
    let first = rp.sign_in_with(&mut browser).await;
    let state = leave(&rp, &mut browser).await;
    let back = come_back(&mut browser, &back(&state)).await;
    rp.played(format!("{first}, then signed out, and back at {back}"))
}

/// Signs out here; the provider looks at what it is sent, and keeps the `state`.
async fn leave(rp: &Rp, browser: &mut Browser) -> String {
    let reply = browser.sign_in("/auth/signout", &[("callbackUrl", "/bye")]).await;
    assert_eq!(browser.get("/auth/session").await.body, "null", "signed out before the browser leaves");
    let url = Url::parse(reply.location()).expect("an address");
    assert!(url.as_str().starts_with(&format!("{}/logout?", rp.op.issuer())), "{url}");
    let mut params: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(params["post_logout_redirect_uri"], format!("{ORIGIN}/auth/signed-out"));
    let claims = params["id_token_hint"].split('.').nth(1).expect("a payload");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("claims");
    assert_eq!((claims["sub"].as_str(), claims["iss"].as_str()), (Some(SUB), Some(rp.op.issuer())));
    params.remove("state").expect("a state")
}

/// Where the browser ends that comes back from the provider.
async fn come_back(browser: &mut Browser, query: &str) -> String {
    let reply = browser.get(&format!("/auth/signed-out{query}")).await;
    reply.location().strip_prefix(ORIGIN).expect("a page of ours").to_owned()
}
