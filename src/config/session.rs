//! How long a session lives, and what of it is shown.

use indexmap::IndexMap;

use crate::config::findings::Findings;
use crate::config::providers::On;
use crate::config::rules;
use crate::diagnostic::code;
use crate::provider::finding::Finding;
use crate::spec::deployment::{CookiePrefix, DurationSpec, Preset, SessionSpec, Strategy};

/// Thirty days, as Auth.js.
const MAX_AGE: u64 = 30 * 24 * 3600;

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
}

impl Default for SessionSettings {
    fn default() -> SessionSettings {
        SessionSettings { max_age: MAX_AGE, idle: None, absolute: None, host_prefix: false, claims: vec![] }
    }
}

impl SessionSettings {
    /// How long a token that is issued now lives: what is asked for, or what comes first.
    pub fn lifetime(&self) -> u64 {
        self.idle.map_or(self.max_age, |idle| idle.min(self.max_age))
    }
}

pub(super) fn compile(
    spec: &SessionSpec,
    providers: &IndexMap<String, On>,
    findings: &mut Findings<'_>,
) -> SessionSettings {
    let Strategy::Jwt = spec.strategy;
    for (index, claim) in spec.claims.iter().enumerate() {
        rules::claim(&format!("/session/claims/{index}"), claim, false, providers.values(), findings);
    }
    let mut seconds = |name: &str, duration: &Option<DurationSpec>| {
        let seconds = duration.as_ref().map(DurationSpec::seconds);
        if seconds == Some(None) {
            findings.add(
                Finding::error(code::INVALID_VALUE, format!("/session/{name}"), "this is no duration")
                    .label("30d, 12h, 45min, 90s, or seconds; at least one second, a hundred years at most"),
            );
        }
        seconds.flatten()
    };
    let strict = spec.preset == Some(Preset::Strict);
    let (idle, absolute) = (seconds("idle", &spec.idle), seconds("absolute", &spec.absolute));
    SessionSettings {
        max_age: seconds("max_age", &spec.max_age).unwrap_or(MAX_AGE),
        idle: idle.or(strict.then_some(30 * 60)),
        absolute: absolute.or(strict.then_some(12 * 3600)),
        host_prefix: spec.cookie == Some(CookiePrefix::Host),
        claims: spec.claims.clone(),
    }
}
