//! Config RP: `oidcc-client-config-certification-test-plan`, besides `oidcc-client-test-idtoken-sig-none`, which is in Basic RP.

use serde_json::json;

use crate::conformance::keys::{KEY, OTHER_KEY, Sign};
use crate::conformance::op::Behaviour;
use crate::conformance::rp::{Played, Rp};
use crate::conformance::table::{rows, sign_in};

rows! {
    oidcc_client_test_discovery_openid_config: "Says in its discovery document where its endpoints are today.",
        sign_in(|b| b.discovery = json!({"token_endpoint": "ISSUER/today/token", "userinfo_endpoint": "ISSUER/today/userinfo"})) => "signed in", "discovery token jwks userinfo";
    oidcc_client_test_discovery_jwks_uri_keys: "Has its keys where `jwks_uri` says today.",
        sign_in(|b| b.discovery = json!({"jwks_uri": "ISSUER/today/jwks"})) => "signed in", "discovery token jwks userinfo";
    oidcc_client_test_discovery_issuer_mismatch: "The `issuer` of the discovery document is another.",
        sign_in(|b| b.discovery = json!({"issuer": "https://other.example"})) => "refused: discovery_failed", "discovery";
    oidcc_client_test_signing_key_rotation: "Has a new key beside the old one at the second sign-in.",
        twice(|b| rotate(b, vec![KEY.jwk("k1"), OTHER_KEY.jwk("k2")])) => "signed in, signed in", "discovery token jwks userinfo token jwks userinfo";
    oidcc_client_test_signing_key_rotation_just_before_signing: "Has a new key alone, from just before it signs.",
        just_before_signing() => "signed in, signed in", "discovery token jwks userinfo token jwks userinfo";
}

/// Two sign-ins, with a change and two minutes between them.
async fn twice(change: impl FnOnce(&mut Behaviour)) -> Played {
    let rp = Rp::start(|_| (), "").await;
    let first = rp.sign_in().await;
    rp.op.clock.advance(120);
    rp.op.change(change);
    let second = rp.sign_in().await;
    rp.played(format!("{first}, {second}"))
}

async fn just_before_signing() -> Played {
    let rp = Rp::start(|_| (), "").await;
    let first = rp.sign_in().await;
    rp.op.clock.advance(120);
    let mut browser = rp.site.browser();
    let callback = rp.begin(&mut browser).await.expect("a sign-in under way");
    rp.op.change(|behaviour| rotate(behaviour, vec![OTHER_KEY.jwk("k2")]));
    let second = rp.come_back(&mut browser, &callback).await;
    rp.played(format!("{first}, {second}"))
}

fn rotate(behaviour: &mut Behaviour, keys: Vec<serde_json::Value>) {
    behaviour.keys = keys;
    behaviour.header = json!({"kid": "k2"});
    behaviour.sign = Sign::Rs256(&OTHER_KEY);
}
