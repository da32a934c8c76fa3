//! A private key of ours as a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::oauth::jose::base64url;

/// The members of a private JWK; `None` for a text that is none, such as PEM.
pub fn members(text: &str) -> Option<Map<String, Value>> {
    let members = match text.trim_start().starts_with('{') {
        true => serde_json::from_str::<Map<String, Value>>(text).ok()?,
        false => return None,
    };
    let is_text = |name| members.get(name).is_some_and(Value::is_string);
    (is_text("kty") && is_text("d")).then_some(members)
}

/// Whether a text is the JWK of a private key, as far as its members tell.
pub fn is_private_jwk(text: &str) -> bool {
    members(text).is_some()
}

/// `kty: EC` on this curve.
pub fn ecdsa(
    jwk: &Map<String, Value>,
    curve: &'static EcdsaSigningAlgorithm,
    crv: &str,
    bytes: usize,
) -> Option<EcdsaKeyPair> {
    let number = |name| member(jwk, name).filter(|number| number.len() == bytes);
    if !is(jwk, "kty", "EC") || !is(jwk, "crv", crv) {
        return None;
    }
    let point = [&[4][..], &number("x")?, &number("y")?].concat();
    EcdsaKeyPair::from_private_key_and_public_key(curve, &number("d")?, &point).ok()
}

/// `kty: OKP` with `crv: Ed25519`.
pub fn ed25519(jwk: &Map<String, Value>) -> Option<Ed25519KeyPair> {
    if !is(jwk, "kty", "OKP") || !is(jwk, "crv", "Ed25519") {
        return None;
    }
    Ed25519KeyPair::from_seed_and_public_key(&member(jwk, "d")?, &member(jwk, "x")?).ok()
}

/// `kty: RSA`, with all that RFC 7518 §6.3.2 has of two primes.
pub fn rsa(jwk: &Map<String, Value>) -> Option<RsaKeyPair> {
    if !is(jwk, "kty", "RSA") {
        return None;
    }
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: member(jwk, "n")?, e: member(jwk, "e")? },
        d: member(jwk, "d")?,
        p: member(jwk, "p")?,
        q: member(jwk, "q")?,
        dP: member(jwk, "dp")?,
        dQ: member(jwk, "dq")?,
        qInv: member(jwk, "qi")?,
    };
    RsaKeyPair::from_components(&components).ok()
}

fn is(jwk: &Map<String, Value>, name: &str, value: &str) -> bool {
    jwk.get(name).and_then(Value::as_str) == Some(value)
}

fn member(jwk: &Map<String, Value>, name: &str) -> Option<Zeroizing<Vec<u8>>> {
    base64url(jwk.get(name)?.as_str()?).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::oauth::jose::{Alg, JwkSet, Jws, SigningKey, sign};

    // Made for these tests by Node.js: `privateKey.export({format: "jwk"})`.
    const P256: &str = r#"{"kty":"EC","x":"giTwIlW93d022-N9jH09T-3FiKC8lzVAAbfb5WCHhGk","y":"tXJOlWxMKXOieSrI4uPyGeoOCeE9AP0DD4YwnvhiuPM","crv":"P-256","d":"zlSmGgs-uF76zYyysl77GUIOdEvZsCJ5xvpsxvtczvM"}"#;
    const P384: &str = r#"{"kty":"EC","x":"UXAeNBqgPLoMydVkC6sRytRtDa7ft2Xj3kVVKp1xesOVp3wKx4ARVHj8w4uePH0n","y":"pEseFEn9Ys0UTTlvstBbQz87f-5gAcekbKVAgeJ659qsFI1FoGYEjxh39oPjDS1X","crv":"P-384","d":"LCDWDmYT4270V3YaeW0JSpMtQ8njg5O-vwprmwgobTPPoZDbf8DtZA0bRA2Lfcnt"}"#;
    const ED25519: &str = r#"{"crv":"Ed25519","d":"NNBoa0sKj6qcuzft4es0euTh_e2JCTwDzoRYm9n07ZY","x":"wSg56ItTRP_Mr8P5bz_RbSSUVuER0ILiDWa3QP182T0","kty":"OKP"}"#;
    const RSA: &str = r#"{"kty":"RSA","n":"mNCtFOoSvQptla6nEUCHeKywto0wXJU9urRXMGu6wAv7nXMwtQ_l1ImNSSBvzhzQ4MIWiWwLLaSzyo4wBAfFieohzqpROsKsQhu_Nt2tQY2oFZ7ml6zx8kGBVyWi3Ofv0sTY2MgJU7hQOp3XnEqFhzML564W-479MXZ0FFR8qqr6CDt5CziGSMdCI7T_ACCtJ45w_RfCeTjGM44pfQliP7R7xKDho1kMw6uTblEgSANFRjOhOO9YhlPg8xX4LQp00FiAXDDK9fXv3aINsftyDP3ZNQuMfrDNyIrgxyTzmi0dR_poSlP9Oe2YCWeDeamVHb5VGK0X-iYSnAuNFuc9sw","e":"AQAB","d":"CZsIXimuftqCc-e0EbYMLe4w93CdixxIco12c5E5_mtiaA2_EIqMyFTTIDcdQAf4q0AX-ZBkjXxuXrucUgyJArfIYzy6eWaWPFuRI-pAQ0AbwiwoU31oAfHTJv6zI46iuQ1tkgbU60HJLT4RuP3IMezoASqkwDBHQw4ukr6SzYlz09bdkTkRKRbt7eMnsIBFsx_VBHFfycHQ1G132EM3cpWl10RGUTiwee7KTJJrNTYfYkb-mFQvyJ4E6lv4Eo8pNvJt9KAXkcaVJs7CgPO9niIhUh9OLNmHiZaRSLWRWQWw6i31YZFANOkoNspqLhEVvxXiTQPJD9FgoLJO-7gPbQ","p":"15HWv0S3CAd_1pOcvnm3nipzG7o29GzuRWAzT-c9Kfozd-jCsH6Mj4SGRzdg50emCng5QRHnffwL5yqZeKkdbXXe9ON7GgIXwX32zbY3or1Br5zY0qJ4yMcKGYaQCQxqig0u92rVYNhUTeOWneQCLeIdiNyqXmk9Gel03r8rz20","q":"tXnMoqcNimzl6nihXejBOkcuB4ikE4wdGh5P_S3T8ZCJSOfSyI55LHPbnLri8AlymePsFy0KhNNP3au4mFcDQlIje29in9cd-daWAjMemNm9gFy4EUFgK9aWIe73KVgYxaLUqlqnm8flOKBiz74H3IyXy0cJJuar-yXOeYTgbZ8","dp":"NsAGn7uPFQ36jQAerk3xsc0sQR2ReZD1D0-4mJGteizex5SpZfQuNQE-rXXGOdd7t2sDd6BZgCj0yPiL1BZ3r-ZhAyeHi3p-mBkrBuJBzSZuOXEHrK-xJ6VNzl_b00CBCqEAjbxnh1pKRyIHjgBsAUVNpQYOiz4FU8B0e2JoeR0","dq":"cAInPdUh1Gh2WAvwfUfly5SXYmsB6la2t6Ix-LBKenSdZ3Q-cy8Mt1UjHU90Nnd-VmGJHJzeOzE5wDX3D3_VMSAFanBLTSC3DbdWizEGF419GzcfHPde5m_h5jvaLZiEYaeo3yRpAwuT_SlxE4vUylm0bvD_QxVo3PBuyi4rXz0","qi":"zSt7l_R0vuiXvQODj9DqmqPzv94mAVHydoixI1213klr_6WBqQVMvE8z3ZvEBGU6dMjitA-mPtjDKomkR_5Y4aspGsrqegLFN63ZGqEZc77y2L1pYIi_Fjzx44Yr3VV6wacHUlVhpqNP5Km5sRxyn3ajEW4JFX_Rs7czop0ro_w"}"#;
    const ALL: [(Alg, &str); 8] = [
        (Alg::ES256, P256),
        (Alg::ES384, P384),
        (Alg::EdDSA, ED25519),
        (Alg::RS256, RSA),
        (Alg::RS384, RSA),
        (Alg::RS512, RSA),
        (Alg::PS256, RSA),
        (Alg::PS512, RSA),
    ];

    #[test]
    fn signs_what_its_public_half_verifies() {
        for (alg, text) in ALL {
            let key = SigningKey::from_text(alg, text).unwrap_or_else(|error| panic!("{alg}: {error}"));
            let claims = json!({"sub": "1"}).as_object().cloned().unwrap();
            let jws = sign(&key, None, &claims).unwrap();
            // The public half is that of the text, not one that was made up for the private one.
            let mut public: serde_json::Value = serde_json::from_str(text).unwrap();
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                public.as_object_mut().unwrap().shift_remove(private);
            }
            let keys = JwkSet::parse(&json!({"keys": [public]})).unwrap();
            assert!(Jws::parse(&jws).unwrap().verify(&keys, &[alg], None).is_ok(), "{alg}");
        }
    }

    #[test]
    fn a_key_of_another_kind_or_a_broken_one_is_refused() {
        for (alg, text) in [
            (Alg::ES256, P384),
            (Alg::ES384, P256),
            (Alg::EdDSA, P256),
            (Alg::RS256, ED25519),
            (Alg::ES256, RSA),
        ] {
            assert!(SigningKey::from_text(alg, text).is_err(), "{alg}");
        }
        for (alg, text) in ALL {
            let whole: serde_json::Value = serde_json::from_str(text).unwrap();
            for name in ["kty", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi"] {
                let mut broken = whole.clone();
                if broken.as_object_mut().unwrap().shift_remove(name).is_some() {
                    assert!(SigningKey::from_text(alg, &broken.to_string()).is_err(), "{alg} without {name}");
                    broken[name] = "AQAB".into();
                    let same = name == "e"; // 65537, as it was
                    assert_eq!(
                        SigningKey::from_text(alg, &broken.to_string()).is_ok(),
                        same,
                        "{alg}: {name}"
                    );
                }
            }
        }
        assert!(SigningKey::from_text(Alg::HS256, P256).is_err());
        let error = SigningKey::from_text(Alg::ES256, "{}").unwrap_err().to_string();
        assert!(error.contains("PEM") && error.contains("JWK"), "{error}");
    }
}
