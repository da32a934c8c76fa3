//! No input panics, and none is believed that was not signed or sealed: strangers write keys, tokens, claims and cookies.

use std::sync::LazyLock;

use authcfg::flow::id_token::{Expected, VerifiedIdToken, verify_signature};
use authcfg::oauth::jose::{Alg, JwkSet, Jws, SigningKey, sign};
use authcfg::oauth::{Secret, json};
use authcfg::rng::SystemRng;
use authcfg::session::sealing::Sealer;
use authcfg::session::transaction::TransactionKeys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NOW: u64 = 1_800_000_000;
const ALGS: [Alg; 2] = [Alg::ES256, Alg::HS256];

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::ES256).expect("a key"));
static KEYS: LazyLock<JwkSet> =
    LazyLock::new(|| JwkSet::parse(&json!({"keys": [KEY.public_jwk("k")]})).expect("a key set"));
static CLIENT_SECRET: LazyLock<Secret> =
    LazyLock::new(|| Secret::from("a client secret of more than 32 bytes"));

fn right_claims() -> Map<String, Value> {
    let claims = json!({"iss": "https://id.example", "aud": "client", "sub": "1", "iat": NOW, "exp": NOW + 300, "nonce": "n"});
    claims.as_object().expect("an object").clone()
}

fn verify(token: &str) -> Option<VerifiedIdToken> {
    let expected = Expected {
        issuers: &["https://id.example".to_owned()],
        client_id: "client",
        audiences: &[],
        nonce: Some(&Secret::from("n")),
        access_token: Some(&Secret::from("AT")),
        require: &[],
        max_age: None,
        requested: &[],
        now: NOW,
        clock_skew: 60,
    };
    let signed = verify_signature(&Secret::from(token), &KEYS, &ALGS, Some(&CLIENT_SECRET)).ok()?;
    signed.check(&expected).ok()
}

/// Any JSON value, with the words in it that keys, headers and claims are made of.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just(String::new()),
        proptest::sample::select(vec![
            "ES256",
            "RS256",
            "HS256",
            "none",
            "EC",
            "RSA",
            "OKP",
            "oct",
            "P-256",
            "P-384",
            "Ed25519",
            "sig",
            "enc",
            "verify",
            "k",
            "AQAB",
            "client",
            "n",
            "https://id.example",
            "1",
        ])
        .prop_map(str::to_owned),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
        "\\PC{0,20}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        (NOW - 700..NOW + 700).prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "kty",
        "crv",
        "x",
        "y",
        "n",
        "e",
        "d",
        "k",
        "kid",
        "use",
        "key_ops",
        "alg",
        "typ",
        "crit",
        "jwk",
        "iss",
        "aud",
        "azp",
        "sub",
        "exp",
        "iat",
        "nbf",
        "nonce",
        "at_hash",
        "auth_time",
        "acr",
    ])
    .prop_map(str::to_owned)
}

fn members() -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::vec((name(), any_json()), 0..8).prop_map(|members| members.into_iter().collect())
}

/// A text with one part replaced, left out or repeated.
fn changed(text: &str, at: usize, length: usize, by: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = at % (characters.len() + 1);
    let end = (at + length).min(characters.len());
    characters[..at].iter().copied().chain(by.chars()).chain(characters[end..].iter().copied()).collect()
}

proptest! {
    #[test]
    fn any_text_is_json_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:0-9eE+.\\\\utrufalsn -]{0,80}") {
        let _ = json::parse(&bytes);
        if let Ok(value) = json::parse(text.as_bytes()) {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{} {}", text, value);
        }
    }

    #[test]
    fn json_survives_a_round_trip(value in any_json()) {
        prop_assert_eq!(json::parse(value.to_string().as_bytes()).unwrap(), value);
    }

    #[test]
    fn any_keys_are_a_key_set_or_an_error(keys in proptest::collection::vec(members(), 0..4), stray in any_json()) {
        let _ = JwkSet::parse(&stray);
        let mut keys: Vec<Value> = keys.into_iter().map(Value::Object).collect();
        keys.push(stray);
        let set = JwkSet::parse(&json!({ "keys": keys })).unwrap();
        let token = sign(&KEY, Some("k"), &Map::new()).unwrap();
        prop_assert!(Jws::parse(&token).unwrap().verify(&set, &Alg::ALL, None).is_err());
    }

    #[test]
    fn any_header_over_no_signature_is_refused(header in members(), payload in any_json(), signature in proptest::collection::vec(any::<u8>(), 0..80)) {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = format!("{}.{}.{}", part(Value::Object(header)), part(payload), URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(verify(&token).is_none());
    }

    #[test]
    fn any_text_is_no_token(text in "[ -~é.=]{0,100}", dots in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}") {
        prop_assert!(verify(&text).is_none() && verify(&dots).is_none());
    }

    #[test]
    fn a_changed_token_is_refused(at in any::<usize>(), length in 0_usize..9, by in "[A-Za-z0-9_.=-]{0,6}") {
        let token = sign(&KEY, Some("k"), &right_claims()).unwrap();
        let other = changed(&token, at, length, &by);
        prop_assert_eq!(verify(&other).is_some(), other == token);
    }

    #[test]
    fn claims_of_any_type_are_right_or_refused(over in members()) {
        let mut claims = right_claims();
        claims.extend(over);
        if let Some(verified) = verify(&sign(&KEY, Some("k"), &claims).unwrap()) {
            prop_assert_eq!(&claims["iss"], "https://id.example");
            prop_assert_eq!(&claims["nonce"], "n");
            prop_assert_eq!(&claims["sub"], verified.sub());
            prop_assert!(claims["aud"] == "client" || claims["aud"].as_array().is_some_and(|aud| aud.contains(&"client".into())));
            prop_assert!(claims["iat"].is_number() && claims["exp"].is_number());
        }
    }

    #[test]
    fn a_changed_cookie_is_refused(at in any::<usize>(), length in 0_usize..9, by in "[A-Za-z0-9_.=%-]{0,6}", stray in "\\PC{0,80}") {
        let secrets = [Secret::from("a"), Secret::from("b")];
        let sealer = Sealer::new(&secrets, "authjs.session-token");
        let token = sealer.seal(&right_claims(), 60, NOW, &SystemRng);
        let other = changed(&token, at, length, &by);
        prop_assert_eq!(sealer.open(&other, NOW).is_some(), other == token);
        prop_assert!(sealer.open(&stray, NOW).is_none());
        prop_assert!(TransactionKeys::new(&secrets).open(&stray, "authcfg.tx.0", NOW).is_none());
    }
}

#[test]
fn the_token_that_is_not_changed_is_believed() {
    assert!(verify(&sign(&KEY, Some("k"), &right_claims()).unwrap()).is_some());
}
