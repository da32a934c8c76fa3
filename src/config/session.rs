//! How long a session lives, where it is kept, and what of it is shown.

use indexmap::IndexMap;

use crate::config::findings::Findings;
use crate::config::providers::On;
use crate::config::rules;
use crate::config::secret::Secrets;
use crate::config::store::{self, StorePlace};
use crate::diagnostic::code;
use crate::provider::finding::Finding;
use crate::spec::deployment::{
    CookiePrefix, DurationSpec, ExposedToken, Logout, Preset, SessionSpec, Strategy,
};

/// Thirty days, as Auth.js.
const MAX_AGE: u64 = 30 * 24 * 3600;
/// A day, as Auth.js.
const UPDATE_AGE: u64 = 24 * 3600;

/// The session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// How long it lives after it was last read, in seconds.
    pub max_age: u64,
    /// Ends a session that was not read for so many seconds.
    pub idle: Option<u64>,
    /// Ends a session so many seconds after the sign-in.
    pub absolute: Option<u64>,
    /// Whether the cookie has the prefix `__Host-` instead of `__Secure-`.
    pub host_prefix: bool,
    /// Further claims that `/session` shows.
    pub claims: Vec<String>,
    /// Further claims that are kept and not shown.
    pub kept: Vec<String>,
    /// Whether a sign-out ends the session at the provider as well.
    pub logout_at_provider: bool,
    /// The store that it is kept in; `None` where it is in its cookie.
    pub store: Option<StoreSettings>,
}

/// A session that is kept in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Which.
    pub place: StorePlace,
    /// A session that is read is written again so many seconds after it was last written.
    pub update_age: u64,
    /// Whether `/session` shows the access token.
    pub exposes_access_token: bool,
    /// Whether `/session` shows the id_token.
    pub exposes_id_token: bool,
}

impl Default for SessionSettings {
    fn default() -> SessionSettings {
        SessionSettings {
            max_age: MAX_AGE,
            idle: None,
            absolute: None,
            host_prefix: false,
            claims: vec![],
            kept: vec![],
            logout_at_provider: false,
            store: None,
        }
    }
}

impl SessionSettings {
    /// How long a session that is renewed now lives: what is asked for, or what comes first.
    pub fn lifetime(&self) -> u64 {
        self.idle.map_or(self.max_age, |idle| idle.min(self.max_age))
    }

    /// How many seconds after it was last renewed a session gets a new end where its cookie cannot be set at every request.
    pub fn update_age(&self) -> u64 {
        self.store.as_ref().map_or_else(|| default_update_age(self.lifetime()), |store| store.update_age)
    }
}

pub(super) fn compile(
    spec: &SessionSpec,
    providers: &IndexMap<String, On>,
    secrets: &Secrets<'_>,
    findings: &mut Findings<'_>,
) -> SessionSettings {
    for (index, claim) in spec.claims.iter().enumerate() {
        rules::claim(&format!("/session/claims/{index}"), claim, false, providers.values(), findings);
    }
    let strict = spec.preset == Some(Preset::Strict);
    if spec.logout == Logout::Provider {
        logout_is_known(providers, findings);
    }
    let idle = seconds("idle", spec.idle.as_ref(), findings);
    let absolute = seconds("absolute", spec.absolute.as_ref(), findings);
    let mut settings = SessionSettings {
        max_age: seconds("max_age", spec.max_age.as_ref(), findings).unwrap_or(MAX_AGE),
        idle: idle.or(strict.then_some(30 * 60)),
        absolute: absolute.or(strict.then_some(12 * 3600)),
        host_prefix: spec.cookie == Some(CookiePrefix::Host),
        claims: spec.claims.clone(),
        kept: vec![],
        logout_at_provider: spec.logout == Logout::Provider,
        store: None,
    };
    match spec.strategy {
        Strategy::Database => settings.store = store_settings(spec, settings.lifetime(), secrets, findings),
        Strategy::Jwt => without_store(findings),
    }
    settings
}

/// `logout: provider` needs one provider at least that may say where that is.
fn logout_is_known(providers: &IndexMap<String, On>, findings: &mut Findings<'_>) {
    let may = |on: &On| {
        on.provider.as_ref().is_none_or(|provider| {
            provider.metadata.end_session_endpoint.is_some() || provider.metadata.discovery.is_some()
        })
    };
    if !providers.values().any(may) {
        let title = "`logout` has no effect: no provider of this deployment has an `end_session_endpoint`";
        let finding = Finding::error(code::NO_EFFECT, "/session/logout", title).on_key();
        findings.add(
            finding.label("nowhere to sign out").help("leave it out, or write the endpoint under a provider"),
        );
    }
}

fn seconds(name: &str, duration: Option<&DurationSpec>, findings: &mut Findings<'_>) -> Option<u64> {
    let seconds = duration?.seconds();
    if seconds.is_none() {
        findings.add(
            Finding::error(code::INVALID_VALUE, format!("/session/{name}"), "this is no duration")
                .label("30d, 12h, 45min, 90s, or seconds; at least one second, a hundred years at most"),
        );
    }
    seconds
}

/// A day, and never more than a thirtieth of a session's lifetime.
fn default_update_age(lifetime: u64) -> u64 {
    UPDATE_AGE.min((lifetime / 30).max(1))
}

fn store_settings(
    spec: &SessionSpec,
    lifetime: u64,
    secrets: &Secrets<'_>,
    findings: &mut Findings<'_>,
) -> Option<StoreSettings> {
    let asked = seconds("update_age", spec.update_age.as_ref(), findings);
    if asked.is_some_and(|asked| asked >= lifetime) {
        let title = "a session would end before it is written again";
        let label = "as long as a session lives, or longer";
        findings.add(Finding::error(code::NO_EFFECT, "/session/update_age", title).label(label));
    }
    // Auth.js signs people out who come every hour where `max_age` is under a day: nothing is due before it is over.
    let update_age = asked.unwrap_or(UPDATE_AGE).min(default_update_age(lifetime));
    Some(StoreSettings {
        place: store::compile(spec.store.as_ref(), secrets, findings)?,
        update_age,
        exposes_access_token: spec.expose_tokens.contains(&ExposedToken::AccessToken),
        exposes_id_token: spec.expose_tokens.contains(&ExposedToken::IdToken),
    })
}

/// What only a store gives is no key of a session that is in its cookie.
fn without_store(findings: &mut Findings<'_>) {
    for name in ["expose_tokens", "store", "update_age"] {
        let at = format!("/session/{name}");
        if findings.has(&at) {
            let title = format!("`{name}` has no effect: the session is in its cookie");
            let finding = Finding::error(code::NO_EFFECT, at, title).on_key();
            findings.add(finding.label("only with a store").help("add `strategy: database`"));
        }
    }
}
