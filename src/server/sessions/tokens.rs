//! The tokens of a session: who gave them, and when they are to be renewed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::config::StoreSettings;
use crate::flow::TokenSet;
use crate::flow::kept::{TokenSetFields, margin};
use crate::flow::token_set::Remembered;
use crate::oauth::Secret;
use crate::provider::token::RefreshRequires;
use crate::server::clients::Clients;

/// Nor are they renewed twice within so many seconds, however short they live.
const MIN_PAUSE: u64 = 2;
/// After a refresh that failed the provider is left alone for so many seconds, twice as long after each further one.
const PAUSE: u64 = 5;
/// But never longer than this.
const MAX_PAUSE: u64 = 300;

/// The tokens of a session. Only what seals a record may write them.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Tokens {
    /// The id under which the deployment runs the provider.
    pub provider: String,
    /// Who gave them to whom, as `Configured` has it; `None` in a record of before.
    #[serde(default)]
    pub party: Option<String>,
    /// What it gave.
    #[serde(with = "TokenSetFields")]
    pub set: TokenSet,
    /// When, in seconds since 1970.
    given: u64,
    /// Refreshes that have failed since.
    failures: u32,
    /// The provider is not asked again before this.
    paused_until: u64,
}

impl Tokens {
    /// The tokens of a sign-in, or of a refresh, that happens now.
    pub fn new(provider: &str, party: Option<&str>, set: TokenSet, now: u64) -> Tokens {
        let (provider, party) = (provider.to_owned(), party.map(str::to_owned));
        Tokens { provider, party, set, given: now, failures: 0, paused_until: 0 }
    }

    /// What a refresh gave. Where it does not say how long the access token lives, that is as long as the one before.
    pub fn renewed(&self, mut set: TokenSet, now: u64) -> Tokens {
        set.expires_at = set.expires_at.or(self.lifetime().map(|seconds| now.saturating_add(seconds)));
        let paused_until = now.saturating_add(MIN_PAUSE);
        Tokens { paused_until, ..Tokens::new(&self.provider, self.party.as_deref(), set, now) }
    }

    /// The same after a refresh that failed.
    pub fn failed(&self, now: u64) -> Tokens {
        let pause = PAUSE.saturating_mul(1 << self.failures.min(16)).min(MAX_PAUSE);
        Tokens { failures: self.failures.saturating_add(1), paused_until: now + pause, ..self.clone() }
    }

    /// Whether they are to be renewed now, and can be.
    pub fn are_due(&self, requires: RefreshRequires, now: u64) -> bool {
        let (Some(expires_at), Some(lifetime)) = (self.set.expires_at, self.lifetime()) else { return false };
        let (margin, possible) = match requires {
            RefreshRequires::RefreshToken => (margin(lifetime), self.set.refresh_token.is_some()),
            // Whoever comes too late for this one has to sign in again.
            RefreshRequires::AccessToken => (lifetime / 10, now < expires_at),
        };
        possible && now >= self.paused_until && now >= expires_at.saturating_sub(margin)
    }

    /// The client that they are for; `None` where the provider is gone, or is another party under the same id.
    pub fn client<'a>(&self, clients: &'a Clients) -> Option<&'a Client> {
        clients.of_party(&self.provider, self.party.as_deref())
    }

    /// Whether the access token has expired.
    pub fn are_over(&self, now: u64) -> bool {
        self.set.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether the access token has expired though it should have been renewed.
    fn are_lost(&self, requires: RefreshRequires, now: u64) -> bool {
        self.are_over(now) && (self.failures > 0 || requires == RefreshRequires::AccessToken)
    }

    /// What `/session` shows of them: what the deployment exposes, and `error` where they are lost. That is the member that the
    /// documentation of Auth.js recommends for it.
    pub fn shown(
        &self,
        settings: Option<&StoreSettings>,
        requires: RefreshRequires,
        now: u64,
    ) -> Map<String, Value> {
        let mut shown = Map::new();
        if settings.is_some_and(|settings| settings.exposes_access_token) {
            shown.insert("access_token".into(), self.set.access_token.expose().into());
        }
        if let (true, Some(id_token)) =
            (settings.is_some_and(|settings| settings.exposes_id_token), self.id_token())
        {
            shown.insert("id_token".into(), id_token.expose().into());
        }
        if let (false, Some(expires_at)) = (shown.is_empty(), self.set.expires_at) {
            shown.insert("expires_at".into(), expires_at.into());
        }
        if self.are_lost(requires, now) {
            shown.insert("error".into(), "RefreshTokenError".into());
        }
        shown
    }

    /// What an application may have of them: not the refresh token.
    pub fn for_the_application(&self) -> TokenSet {
        TokenSet {
            id_token: self.id_token().cloned(),
            refresh_token: None,
            remembered: Remembered::default(),
            ..self.set.clone()
        }
    }

    /// The id_token, where it was verified: one that comes along without OpenID Connect is looked at by nobody.
    pub fn id_token(&self) -> Option<&Secret> {
        self.set.id_token.as_ref().filter(|_| !self.set.remembered.first_id_token.is_empty())
    }

    /// A claim of the id_token as text, where it was verified.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.id_token()?;
        self.set.remembered.sign_in.get("claims")?.get(name)?.as_str()
    }

    /// Whether nobody has renewed them meanwhile.
    pub fn are_still(&self, other: &Tokens) -> bool {
        let refresh_token =
            |tokens: &Tokens| tokens.set.refresh_token.clone().unwrap_or_else(|| Secret::from(""));
        self.given == other.given
            && self.set.access_token.ct_eq(&other.set.access_token)
            && refresh_token(self).ct_eq(&refresh_token(other))
    }

    fn lifetime(&self) -> Option<u64> {
        Some(self.set.expires_at?.saturating_sub(self.given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: u64 = 1_000_000;

    fn tokens(lifetime: Option<u64>, refresh_token: Option<&str>) -> Tokens {
        let set = TokenSet {
            access_token: Secret::from("AT"),
            expires_at: lifetime.map(|seconds| GIVEN + seconds),
            id_token: None,
            refresh_token: refresh_token.map(Secret::from),
            dpop_key: None,
            scope: Some("openid".into()),
            remembered: Remembered::default(),
        };
        Tokens::new("acme", Some("party"), set, GIVEN)
    }

    fn due_at(tokens: &Tokens, requires: RefreshRequires) -> Option<u64> {
        (0..5_000_000).find(|seconds| tokens.are_due(requires, GIVEN + seconds))
    }

    #[test]
    fn are_renewed_a_minute_or_a_tenth_before_they_expire() {
        let due = |lifetime| due_at(&tokens(Some(lifetime), Some("RT")), RefreshRequires::RefreshToken);
        assert_eq!([3600, 600, 599, 300, 10, 5].map(due), [3540, 540, 540, 270, 9, 5].map(Some));
        assert_eq!(due_at(&tokens(Some(1_000), None), RefreshRequires::AccessToken), Some(900));
    }

    #[test]
    fn are_not_renewed_where_they_cannot_be() {
        assert_eq!(due_at(&tokens(Some(600), None), RefreshRequires::RefreshToken), None);
        assert_eq!(due_at(&tokens(None, Some("RT")), RefreshRequires::RefreshToken), None);
        let renews_itself = tokens(Some(600), None);
        assert!(!renews_itself.are_due(RefreshRequires::AccessToken, GIVEN + 600));
        assert!(renews_itself.are_lost(RefreshRequires::AccessToken, GIVEN + 600));
        assert!(!renews_itself.are_lost(RefreshRequires::RefreshToken, GIVEN + 600));
    }

    #[test]
    fn a_provider_that_fails_is_left_alone_for_longer_and_longer() {
        let mut tokens = tokens(Some(600), Some("RT"));
        let mut pauses = vec![];
        let now = GIVEN + 600;
        for _ in 0..9 {
            tokens = tokens.failed(now);
            pauses.push(tokens.paused_until - now);
            assert!(!tokens.are_due(RefreshRequires::RefreshToken, tokens.paused_until - 1));
            assert!(tokens.are_due(RefreshRequires::RefreshToken, tokens.paused_until));
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        let lost = |tokens: &Tokens, now| tokens.are_lost(RefreshRequires::RefreshToken, now);
        assert!(lost(&tokens, now) && !lost(&tokens, now - 1));
        assert!(!lost(&tokens.renewed(tokens.set.clone(), now), now + 600));
    }

    #[test]
    fn are_not_renewed_by_every_reader_where_they_hardly_live() {
        for lifetime in [0, 1, 4] {
            let tokens = tokens(Some(lifetime), Some("RT"));
            let renewed = tokens.renewed(tokens.set.clone(), GIVEN + lifetime);
            let due = |seconds| renewed.are_due(RefreshRequires::RefreshToken, GIVEN + lifetime + seconds);
            assert!(!due(1) && due(2), "{lifetime}");
        }
    }

    #[test]
    fn a_lifetime_that_is_left_out_is_that_of_before() {
        let tokens = tokens(Some(600), Some("RT"));
        let set = TokenSet { expires_at: None, ..tokens.set.clone() };
        assert_eq!(tokens.renewed(set, GIVEN + 1_000).set.expires_at, Some(GIVEN + 1_600));
    }

    #[test]
    fn are_read_as_they_were_written() {
        for refresh_token in [Some("RT"), None] {
            let tokens = tokens(Some(600), refresh_token);
            let text = serde_json::to_string(&tokens).unwrap();
            let read: Tokens = serde_json::from_str(&text).unwrap();
            assert!(
                read.are_still(&tokens) && !read.are_still(&tokens.renewed(tokens.set.clone(), GIVEN + 1))
            );
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        let without = serde_json::to_string(&tokens(None, None)).unwrap().replace("\"AT\"", "null");
        assert!(serde_json::from_str::<Tokens>(&without).is_err());
    }
}
