//! Sessions of Auth.js open here, and ours there; what is wrong opens nowhere.

use serde_json::json;

use super::*;
use crate::rng::SystemRng;

const NOW: u64 = 1_767_225_600;
const SALT: &str = "__Secure-authjs.session-token";

fn sealer(secrets: &[&str]) -> Sealer {
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
    Sealer::new(&secrets, SALT)
}

fn claims() -> Map<String, Value> {
    json!({"name": "Ada"}).as_object().unwrap().clone()
}

/// What somebody who has the secret seals, whatever its header and payload say.
fn by_hand(secret: &str, header: &str, payload: &str) -> String {
    let key = Key::derive(&secret.into(), SALT);
    let header = URL_SAFE_NO_PAD.encode(header);
    let mut text = payload.as_bytes().to_vec();
    let (iv, tag) = if header == URL_SAFE_NO_PAD.encode(gcm_header(&key)) {
        let nonce = Nonce::assume_unique_for_key([7; 12]);
        let tag = key.gcm.seal_in_place_separate_tag(nonce, Aad::from(&header), &mut text).unwrap();
        (vec![7; 12], tag.as_ref().to_vec())
    } else {
        let context = EncryptionContext::Iv128(FixedLength::from([7; 16]));
        key.encrypting.less_safe_encrypt(&mut text, context).unwrap();
        (vec![7; 16], key.tag(&header, &[7; 16], &text).as_ref()[..32].to_vec())
    };
    let [iv, text, tag] = [iv, text, tag].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}..{iv}.{text}.{tag}")
}

fn gcm_header(key: &Key) -> String {
    format!(r#"{{"alg":"dir","enc":"A256GCM","kid":"{}"}}"#, key.gcm_kid)
}

fn payload() -> String {
    format!(r#"{{"name":"Ada","exp":{}}}"#, NOW + 60)
}

#[test]
fn derives_the_key_of_auth_js() {
    let key = Key::derive(&"oracle-secret-0123456789abcdef0123456789abcdef".into(), SALT);
    assert_eq!(
        key.kid,
        "AdDade5XX0zPqniSmpiJTNUlmMBXCxwE28rSbMxR_FpSp594mfGECZBSzPgKNeJ92nCsoiU1cScR7lsINEKNRg"
    );
}

#[test]
fn opens_what_auth_js_sealed() {
    let golden: Value = serde_json::from_str(include_str!("../../../tests/golden/jwe-vectors.json")).unwrap();
    let secret = Secret::from(golden["secret"].as_str().unwrap());
    let now = golden["now"].as_u64().unwrap();
    for token in golden["tokens"].as_array().unwrap() {
        let (salt, jwe) = (token["salt"].as_str().unwrap(), token["jwe"].as_str().unwrap());
        let opened = Sealer::new(&["other".into(), secret.clone()], salt).open(jwe, now).expect(salt);
        for (name, value) in token["claims"].as_object().unwrap() {
            assert_eq!(&opened[name], value, "{salt}: {name}");
        }
        assert_eq!(opened["iat"], now);
        assert!(Sealer::new(&["other".into()], salt).open(jwe, now).is_none());
        assert!(Sealer::new(std::slice::from_ref(&secret), "another salt").open(jwe, now).is_none());
    }
}

#[test]
fn opens_what_it_sealed() {
    let sealer = sealer(&["a"]);
    let token = sealer.seal(&claims(), 60, NOW, &SystemRng);
    let opened = sealer.open(&token, NOW).unwrap();
    assert_eq!(opened["name"], "Ada");
    assert_eq!(opened["exp"], NOW + 60);
    assert_eq!(opened.keys().collect::<Vec<_>>(), ["name", "iat", "exp", "jti"]);
    assert_ne!(sealer.open(&sealer.seal(&opened, 60, NOW, &SystemRng), NOW).unwrap()["jti"], opened["jti"]);
}

#[test]
fn claims_of_others_survive_another_seal_unchanged() {
    let foreign = r#"{"role":{"a":[1,2.5,null,true]},"big":9007199254740993,"huge":1e21,"Ünï":"🦀","deep":[[[]]],"exp":"#;
    let token = by_hand("a", r#"{"alg":"dir","enc":"A256CBC-HS512"}"#, &format!("{foreign}{}}}", NOW + 60));
    let sealer = sealer(&["a"]);
    let first = sealer.open(&token, NOW).unwrap();
    let again = sealer.open(&sealer.seal(&first, 60, NOW, &SystemRng), NOW).unwrap();
    assert_eq!(again["big"], 9_007_199_254_740_993_u64);
    for name in ["role", "big", "huge", "Ünï", "deep"] {
        assert_eq!(first[name], again[name], "{name}");
    }
}

#[test]
fn a_token_ends_with_a_tolerance_of_15_seconds() {
    let sealer = sealer(&["a"]);
    let token = sealer.seal(&claims(), 60, NOW, &SystemRng);
    assert!(sealer.open(&token, NOW + 74).is_some());
    assert!(sealer.open(&token, NOW + 75).is_none());
}

#[test]
fn a_time_of_another_type_is_not_an_absent_one() {
    let sealer = sealer(&["a"]);
    let open =
        |payload: String| sealer.open(&by_hand("a", r#"{"alg":"dir","enc":"A256CBC-HS512"}"#, &payload), NOW);
    assert!(open(format!(r#"{{"exp":{}}}"#, NOW)).is_some());
    assert!(open(format!(r#"{{"exp":{NOW},"nbf":{}}}"#, NOW + 15)).is_some());
    for times in [
        r#""exp":"never""#,
        r#""exp":null"#,
        r#""exp":1e400"#,
        r#""exp":-1"#,
        r#""exp":1e99"#,
        r#""exp":[9999999999]"#,
        r#""iat":1"#,
        r#""exp":9999999999,"nbf":"0""#,
        r#""exp":9999999999,"nbf":9999999998"#,
    ] {
        assert!(open(format!("{{{times}}}")).is_none(), "{times}");
    }
    for payload in ["", "null", "[]", "\"x\"", "{\"exp\":9999999999", "\u{feff}{\"exp\":9999999999}"] {
        assert!(open(payload.into()).is_none(), "{payload}");
    }
}

#[test]
fn every_secret_opens_and_the_first_seals() {
    let (old, new) = (sealer(&["old"]), sealer(&["new", "old"]));
    assert!(new.open(&old.seal(&claims(), 60, NOW, &SystemRng), NOW).is_some());
    assert!(old.open(&new.seal(&claims(), 60, NOW, &SystemRng), NOW).is_none());
}

#[test]
fn reads_the_other_headers_of_the_format() {
    let sealer = sealer(&["new", "a"]);
    let key = Key::derive(&"a".into(), SALT);
    let kid = &key.kid;
    assert!(sealer.open(&by_hand("a", &gcm_header(&key), &payload()), NOW).is_some());
    assert!(
        sealer
            .open(
                &by_hand("a", &format!(r#"{{"kid":"{kid}","enc":"A256CBC-HS512","alg":"dir"}}"#), &payload()),
                NOW
            )
            .is_some()
    );
    // Without a `kid`, the first secret is meant, as with Auth.js.
    let nameless = r#"{"alg":"dir","enc":"A256CBC-HS512"}"#;
    assert!(sealer.open(&by_hand("new", nameless, &payload()), NOW).is_some());
    assert!(sealer.open(&by_hand("a", nameless, &payload()), NOW).is_none());
}

#[test]
fn refuses_headers_that_ask_for_something_else() {
    let sealer = sealer(&["a"]);
    for header in [
        r#"{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}"#,
        r#"{"alg":"dir","enc":"A256CBC-HS512","crit":["exp"]}"#,
        r#"{"alg":"dir","enc":"A256CBC-HS512","kid":null}"#,
        r#"{"alg":"dir","enc":"A256CBC-HS512","kid":"other"}"#,
        r#"{"alg":"dir","enc":"A256CBC-HS512","enc":"A256CBC-HS512"}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256"}"#,
        r#"{"alg":"dir","enc":"none"}"#,
        r#"{"alg":"dir"}"#,
        r#"{"alg":"none","enc":"A256CBC-HS512"}"#,
        r#"{"alg":"PBES2-HS256+A128KW","p2c":2147483648,"p2s":"AAAA","enc":"A256CBC-HS512"}"#,
        r#"["dir"]"#,
        "",
    ] {
        assert!(sealer.open(&by_hand("a", header, &payload()), NOW).is_none(), "{header}");
    }
}

#[test]
fn a_tag_has_its_whole_length() {
    let sealer = sealer(&["a"]);
    let key = Key::derive(&"a".into(), SALT);
    for header in [gcm_header(&key), r#"{"alg":"dir","enc":"A256CBC-HS512"}"#.to_owned()] {
        let token = by_hand("a", &header, &payload());
        let (head, tag) = token.rsplit_once('.').unwrap();
        assert!(sealer.open(&token, NOW).is_some());
        assert!(sealer.open(&format!("{head}."), NOW).is_none());
        assert!(sealer.open(&format!("{head}.{}", &tag[..8]), NOW).is_none());
        // The tag behind the ciphertext is the same bytes, and another token.
        let (front, text) = head.rsplit_once('.').unwrap();
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let moved = URL_SAFE_NO_PAD.encode([decoded(text), decoded(tag)].concat());
        assert!(sealer.open(&format!("{front}.{moved}."), NOW).is_none());
    }
}

#[test]
fn bytes_do_not_move_from_iv_to_ciphertext() {
    let sealer = sealer(&["a"]);
    let token = sealer.seal(&claims(), 60, NOW, &SystemRng);
    let parts: Vec<&str> = token.split('.').collect();
    let [iv, text] = [parts[2], parts[3]].map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let all = [iv, text].concat();
    for at in [0, 8, 15, 17, 32] {
        let [iv, text] = [&all[..at], &all[at..]].map(|part| URL_SAFE_NO_PAD.encode(part));
        assert!(sealer.open(&format!("{}..{iv}.{text}.{}", parts[0], parts[4]), NOW).is_none(), "{at}");
    }
}

#[test]
fn is_for_one_purpose() {
    let token = sealer(&["a"]).seal(&claims(), 60, NOW, &SystemRng);
    for salt in [
        "authjs.session-token",
        "__Host-authjs.session-token",
        "authcfg.tx.",
        "",
        "__Secure-authjs.session-token ",
    ] {
        assert!(Sealer::new(&["a".into()], salt).open(&token, NOW).is_none(), "{salt}");
    }
}

#[test]
fn of_two_that_open_none_is_believed() {
    let sealer = sealer(&["a"]);
    let [mine, theirs] = ["Ada", "Eve"]
        .map(|name| sealer.seal(json!({ "name": name }).as_object().unwrap(), 60, NOW, &SystemRng));
    assert_eq!(sealer.open_only(&[&mine], NOW).unwrap()["name"], "Ada");
    assert_eq!(sealer.open_only(&["stray", &mine], NOW).unwrap()["name"], "Ada");
    assert_eq!(sealer.open_only(&[&mine, "stray"], NOW).unwrap()["name"], "Ada");
    assert!(sealer.open_only(&[&theirs, &mine], NOW).is_none());
    assert!(sealer.open_only::<&str>(&[], NOW).is_none());
}

#[test]
fn no_change_goes_unnoticed() {
    let sealer = sealer(&["a", "b"]);
    let token = sealer.seal(&claims(), 60, NOW, &SystemRng);
    for at in 0..token.len() {
        for byte in *b"A_." {
            let mut changed = token.clone().into_bytes();
            if std::mem::replace(&mut changed[at], byte) != byte {
                assert!(sealer.open(&String::from_utf8(changed).unwrap(), NOW).is_none(), "{at}");
            }
        }
        assert!(sealer.open(&token[..at], NOW).is_none());
        assert!(sealer.open(&format!("{}{}", &token[..at], &token[at + 1..]), NOW).is_none());
    }
    for text in [
        "",
        ".",
        "....",
        ".....",
        "é....",
        &format!("{token}."),
        &format!("{token}A"),
        &"a".repeat(30_000),
        &".".repeat(30_000),
    ] {
        assert!(sealer.open(text, NOW).is_none());
    }
}
