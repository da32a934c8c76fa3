//! What was granted so far: pages that wait for an answer, codes, tokens. Bounded: the oldest gives way.

use indexmap::IndexMap;

use crate::expr::Context;
use crate::mock::placeholders::Placeholders;
use crate::mock::record::Recorded;
use crate::mock::steps::challenge_of;
use crate::provider::authorize::ResponseMode;

/// The most of each kind that is kept.
const KEPT: usize = 10_000;
/// How long a code can be redeemed, in seconds (RFC 6749 §4.1.2 recommends no more).
const CODE_LIFETIME: u64 = 600;

/// An authorization request that was in order.
#[derive(Clone, Default)]
pub(super) struct Authorized {
    /// The scenario that was chosen.
    pub scenario: usize,
    pub client_id: String,
    pub redirect_uri: String,
    /// Whether the request had a `code_challenge`, and whether that is the verifier's hash.
    pub challenge: Option<Challenge>,
    /// The key that the code is bound to: the thumbprint of RFC 9449 §10.
    pub dpop_jkt: Option<String>,
    /// How the answer comes back.
    pub response_mode: ResponseMode,
    /// What the texts of the vector stand for.
    pub placeholders: Placeholders,
}

/// A PKCE challenge (RFC 7636 §4.3).
#[derive(Clone)]
pub(super) struct Challenge {
    pub value: String,
    pub plain: bool,
}

impl Challenge {
    /// Whether `verifier` is what the challenge was made of (RFC 7636 §4.6).
    pub fn matches(&self, verifier: &str) -> bool {
        if self.plain { self.value == verifier } else { self.value == challenge_of(verifier) }
    }
}

/// A sign-in with tokens.
#[derive(Clone, Default)]
pub(super) struct SignIn {
    pub authorized: Authorized,
    /// The access tokens that are valid; the newest is the last.
    pub access_tokens: Vec<String>,
    /// The thumbprint of the key that the access tokens are bound to (RFC 9449 §6.1).
    pub jkt: Option<String>,
    /// The refresh token that is valid.
    pub refresh_token: Option<String>,
    /// The tree that addresses of later requests are rendered with.
    pub context: Context,
    /// The calls that were made already.
    pub called: Vec<String>,
}

/// Why a code cannot be redeemed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CodeProblem {
    Expired,
    Unknown,
    Used,
}

struct Code {
    authorized: Authorized,
    expires_at: u64,
    /// The sign-in that it was redeemed for.
    sign_in: Option<u64>,
}

#[derive(Default)]
pub(super) struct Grants {
    pushed: IndexMap<String, (Recorded, u64)>,
    waiting: IndexMap<String, Authorized>,
    codes: IndexMap<String, Code>,
    sign_ins: IndexMap<u64, SignIn>,
    count: u64,
}

impl Grants {
    pub fn push(&mut self, request_uri: String, recorded: Recorded, expires_at: u64) {
        insert(&mut self.pushed, request_uri, (recorded, expires_at));
    }

    /// What went ahead under a reference; that is good for once (RFC 9126 §2.2).
    pub fn pushed(&mut self, request_uri: &str, now: u64) -> Option<Recorded> {
        let (recorded, expires_at) = self.pushed.shift_remove(request_uri)?;
        (now < expires_at).then_some(recorded)
    }

    pub fn wait(&mut self, ticket: String, authorized: Authorized) {
        insert(&mut self.waiting, ticket, authorized);
    }

    pub fn answered(&mut self, ticket: &str) -> Option<Authorized> {
        self.waiting.shift_remove(ticket)
    }

    pub fn add_code(&mut self, code: String, authorized: Authorized, now: u64) {
        let code_of = Code { authorized, expires_at: now + CODE_LIFETIME, sign_in: None };
        insert(&mut self.codes, code, code_of);
    }

    /// Whether this code was ever issued.
    pub fn knows_code(&self, code: &str) -> bool {
        self.codes.contains_key(code)
    }

    /// What a code was issued for. One that comes twice takes its tokens back (RFC 6749 §4.1.2).
    pub fn code(&mut self, code: &str, now: u64) -> Result<Authorized, CodeProblem> {
        let found = self.codes.get(code).ok_or(CodeProblem::Unknown)?;
        if let Some(sign_in) = found.sign_in {
            self.sign_ins.shift_remove(&sign_in);
            return Err(CodeProblem::Used);
        }
        if found.expires_at <= now {
            return Err(CodeProblem::Expired);
        }
        Ok(found.authorized.clone())
    }

    /// Notes that a code, if it was one, became a sign-in.
    pub fn redeem(&mut self, code: Option<&str>, sign_in: SignIn) -> u64 {
        self.count += 1;
        insert(&mut self.sign_ins, self.count, sign_in);
        if let Some(code) = code.and_then(|code| self.codes.get_mut(code)) {
            code.sign_in = Some(self.count);
        }
        self.count
    }

    pub fn get_mut(&mut self, number: u64) -> Option<&mut SignIn> {
        self.sign_ins.get_mut(&number)
    }

    /// The sign-in that an access token belongs to.
    pub fn by_access_token(&self, token: &str) -> Option<(u64, &SignIn)> {
        self.find(|sign_in| sign_in.access_tokens.iter().any(|known| known == token))
    }

    /// The sign-in that a refresh token belongs to.
    pub fn by_refresh_token(&self, token: &str) -> Option<(u64, &SignIn)> {
        self.find(|sign_in| sign_in.refresh_token.as_deref() == Some(token))
    }

    /// The newest first: addresses that depend on a sign-in are most likely about that one.
    pub fn newest_first(&self) -> impl Iterator<Item = (u64, &SignIn)> {
        self.sign_ins.iter().rev().map(|(number, sign_in)| (*number, sign_in))
    }

    /// Takes a token back (RFC 7009 §2.1): a refresh token with all that came of it, where that `cascades`.
    pub fn revoke(&mut self, token: &str, cascades: bool) {
        if let Some((number, _)) = self.by_refresh_token(token) {
            if cascades {
                self.sign_ins.shift_remove(&number);
            } else if let Some(sign_in) = self.sign_ins.get_mut(&number) {
                sign_in.refresh_token = None;
            }
        } else if let Some((number, _)) = self.by_access_token(token)
            && let Some(sign_in) = self.sign_ins.get_mut(&number)
        {
            sign_in.access_tokens.retain(|known| known != token);
        }
    }

    fn find(&self, is_it: impl Fn(&SignIn) -> bool) -> Option<(u64, &SignIn)> {
        self.newest_first().find(|(_, sign_in)| is_it(sign_in))
    }
}

fn insert<K: std::hash::Hash + Eq, V>(map: &mut IndexMap<K, V>, key: K, value: V) {
    if map.len() >= KEPT {
        map.shift_remove_index(0);
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in(access_token: &str, refresh_token: &str) -> SignIn {
        SignIn {
            access_tokens: vec![access_token.into()],
            refresh_token: Some(refresh_token.into()),
            ..SignIn::default()
        }
    }

    #[test]
    fn a_code_that_comes_twice_takes_its_tokens_back() {
        let mut grants = Grants::default();
        grants.add_code("c".into(), Authorized::default(), 0);
        assert!(grants.code("c", 1).is_ok());
        grants.redeem(Some("c"), sign_in("a", "r"));
        assert!(grants.by_access_token("a").is_some());
        assert_eq!(grants.code("c", 1).err(), Some(CodeProblem::Used));
        assert!(grants.by_access_token("a").is_none());
        assert_eq!(grants.code("d", 1).err(), Some(CodeProblem::Unknown));
    }

    #[test]
    fn a_code_lives_for_ten_minutes() {
        let mut grants = Grants::default();
        grants.add_code("c".into(), Authorized::default(), 1000);
        assert!(grants.code("c", 1599).is_ok());
        assert_eq!(grants.code("c", 1600).err(), Some(CodeProblem::Expired));
    }

    #[test]
    fn revoking_takes_what_belongs_to_the_token() {
        let mut grants = Grants::default();
        grants.redeem(None, sign_in("a1", "r1"));
        grants.redeem(None, sign_in("a2", "r2"));
        grants.revoke("a1", true);
        assert!(grants.by_access_token("a1").is_none() && grants.by_refresh_token("r1").is_some());
        grants.revoke("r2", true);
        assert!(grants.by_access_token("a2").is_none() && grants.by_refresh_token("r2").is_none());
        grants.redeem(None, sign_in("a3", "r3"));
        grants.revoke("r3", false);
        assert!(grants.by_access_token("a3").is_some() && grants.by_refresh_token("r3").is_none());
    }

    #[test]
    fn both_kinds_of_challenge_match_their_verifier_alone() {
        let hashed = Challenge { value: challenge_of("verifier"), plain: false };
        assert!(hashed.matches("verifier") && !hashed.matches(&hashed.value));
        let plain = Challenge { value: "verifier".into(), plain: true };
        assert!(plain.matches("verifier") && !plain.matches("other"));
    }
}
