//! The proofs of possession in requests (RFC 9449 §4.3): whether they are right, and of which key.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::flow::grant::Grant;
use crate::flow::{dpop, pushed};
use crate::mock::check::{Checker, Failure};
use crate::mock::record::Recorded;
use crate::oauth::jose::{Alg, Proof};

/// How old a proof may be, or how far ahead, in seconds.
const WINDOW: u64 = 300;
/// What the thumbprint of the key is called that a sign-in was begun with.
const JKT: &str = "DPOP_JKT";

/// The access token that a request carries as one that is bound to a key.
pub(super) fn bound_token(recorded: &Recorded) -> Option<&str> {
    let (scheme, token) = recorded.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(dpop::SCHEME).then_some(token)
}

/// The thumbprint of the key by which a request to `address`, which has no query, proves possession.
///
/// # Errors
/// What is wrong with the proof, for a person.
pub(super) fn verify(recorded: &Recorded, address: &str, now: u64) -> Result<String, String> {
    let mut proofs = recorded.headers.get_all(dpop::PROOF).iter();
    let (Some(proof), None) = (proofs.next(), proofs.next()) else {
        return Err("the header DPoP is not there once".into());
    };
    let algs: Vec<Alg> = Alg::ALL.into_iter().filter(|alg| *alg != Alg::HS256).collect();
    let proof = Proof::verify(proof.to_str().unwrap_or_default(), &algs);
    let proof = proof.map_err(|error| format!("the proof is none: {error}"))?;
    let claim = |name: &str| proof.claims().get(name).and_then(Value::as_str);
    let htu = claim("htu").map(|htu| htu.split(['?', '#']).next().unwrap_or_default());
    if claim("htm") != Some(recorded.method.as_str()) || htu != Some(address) {
        return Err(format!("the proof is not for {} {address}", recorded.method));
    }
    if claim("jti").is_none_or(str::is_empty) {
        return Err("the proof has no jti".into());
    }
    let iat = proof.claims().get("iat").and_then(Value::as_u64);
    if iat.is_none_or(|iat| iat.abs_diff(now) > WINDOW) {
        return Err("the proof is not of now".into());
    }
    let hash = |token: &str| URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()));
    if claim("ath") != bound_token(recorded).map(hash).as_deref() {
        return Err("ath of the proof is not the hash of the access token that comes with it".into());
    }
    Ok(proof.thumbprint().to_owned())
}

impl Checker<'_> {
    /// Checks the proof of a request that gets an access token or carries one, where the tokens are bound to a key; anywhere else
    /// there is none.
    pub(super) fn proof(&mut self, step: &str, recorded: &Recorded, failures: &mut Vec<Failure>) {
        let binds = self.provider.dpop_bound_access_tokens;
        let needed = binds && (gets_token(step) || bound_token(recorded).is_some());
        let mut fail = |expected: &str, got: String| failures.push(Failure::new(step, "dpop", expected, got));
        if !needed {
            if recorded.headers.contains_key(dpop::PROOF) {
                fail("absent", "a proof".into());
            }
            return;
        }
        match verify(recorded, recorded.url.as_str(), self.now) {
            Err(why) => fail("a proof of possession", why),
            // Nobody has signed in: the key is a new one.
            Ok(_) if is_grant(step) => {}
            Ok(thumbprint) => match self.placeholders.get(JKT) {
                Some(known) if known != thumbprint => {
                    fail("the key of this sign-in", "another one".into());
                }
                Some(_) => {}
                None => self.placeholders.set(JKT, thumbprint),
            },
        }
    }

    /// Remembers the key that a sign-in is begun with.
    pub(super) fn begins_with_key(&mut self, recorded: &Recorded) {
        if let Some(thumbprint) = recorded.param(self.theirs("dpop_jkt")) {
            self.placeholders.set(JKT, thumbprint);
        }
    }
}

fn gets_token(step: &str) -> bool {
    [pushed::STEP, "refresh", "token"].contains(&step) || step.starts_with("then[") || is_grant(step)
}

/// Whether a token is asked for without a sign-in.
fn is_grant(step: &str) -> bool {
    Grant::ALL.iter().any(|grant| grant.as_str() == step)
}
