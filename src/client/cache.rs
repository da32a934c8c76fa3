//! What a client keeps between sign-ins: the discovery document for an hour, the keys for minutes. One fetch at a time;
//! whoever comes meanwhile waits for it.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CACHE_CONTROL;
use tokio::sync::Mutex;

use crate::client::Error;
use crate::clock::Clock;
use crate::flow;
use crate::flow::error::MisbehaviourKind;
use crate::flow::metadata::Metadata;
use crate::oauth::jose::JwkSet;

/// A discovery document counts this long.
const METADATA_FRESH: u64 = 3600;
/// Keys count this long, unless Cache-Control says otherwise.
const KEYS_FRESH: u64 = 300;
/// The bounds of what Cache-Control may say.
const KEYS_BOUNDS: (u64, u64) = (60, 3600);
/// Keys are not asked for again because of an unknown `kid`, or after a failure, before this long.
const KEYS_PAUSE: u64 = 60;
/// After a failure the provider is left alone this long, so that those who wait are answered at once.
const FAILURE_PAUSE: u64 = 5;
/// What was fetched still serves this long after it should have been renewed, while renewing fails.
const STALE_IF_ERROR: u64 = 3600;

/// The metadata, with the discovery document.
#[derive(Default)]
pub(super) struct Discovered {
    state: Mutex<DiscoveredState>,
}

#[derive(Default)]
struct DiscoveredState {
    kept: Option<Kept<Metadata>>,
    failure: Failure,
}

struct Kept<T> {
    value: Arc<T>,
    fetched: u64,
    fresh_until: u64,
}

impl Discovered {
    pub async fn get(
        &self,
        clock: &dyn Clock,
        fetch: impl AsyncFnOnce() -> Result<Metadata, Error>,
    ) -> Result<Arc<Metadata>, Error> {
        let mut state = self.state.lock().await;
        let now = clock.now();
        if let Some(kept) = state.kept.as_ref().filter(|kept| kept.is_fresh(now)) {
            return Ok(kept.value.clone());
        }
        let error = match state.failure.just_now("discovery", now) {
            Some(error) => error,
            None => match fetch().await {
                Ok(metadata) => {
                    let value = Arc::new(metadata);
                    state.kept =
                        Some(Kept { value: value.clone(), fetched: now, fresh_until: now + METADATA_FRESH });
                    return Ok(value);
                }
                Err(error) => {
                    state.failure.remember(now, &error);
                    error
                }
            },
        };
        match state.kept.as_ref().filter(|kept| kept.may_serve_stale(now)) {
            Some(kept) => {
                tracing::warn!(%error, "the discovery document could not be renewed; the last one still serves");
                Ok(kept.value.clone())
            }
            None => Err(error),
        }
    }
}

/// When fetching last failed, and why.
#[derive(Default)]
struct Failure(Option<(u64, String)>);

impl Failure {
    fn remember(&mut self, now: u64, error: &Error) {
        self.0 = Some((now, error.to_string()));
    }

    /// The error of whoever comes right after it.
    fn just_now(&self, step: &str, now: u64) -> Option<Error> {
        let (_, why) = self.0.as_ref().filter(|(at, _)| (*at..*at + FAILURE_PAUSE).contains(&now))?;
        let why = format!("just failed: {why}");
        Some(flow::error::Misbehaviour::error(step, MisbehaviourKind::DiscoveryFailed, why).into())
    }
}

impl<T> Kept<T> {
    fn is_fresh(&self, now: u64) -> bool {
        (self.fetched..self.fresh_until).contains(&now)
    }

    fn may_serve_stale(&self, now: u64) -> bool {
        now < self.fresh_until.saturating_add(STALE_IF_ERROR)
    }
}

/// The keys.
#[derive(Default)]
pub(super) struct Keys {
    state: Mutex<KeyState>,
}

#[derive(Default)]
struct KeyState {
    kept: Option<Kept<JwkSet>>,
    /// When keys were last asked for out of turn: because of an unknown `kid`, or in vain.
    last_forced: Option<u64>,
    failure: Failure,
}

impl Keys {
    /// The keys. `unfit` are the keys that did not have the one a token names: they are renewed for it at most once a
    /// minute, whatever number of such tokens comes.
    pub async fn get(
        &self,
        clock: &dyn Clock,
        unfit: Option<&Arc<JwkSet>>,
        fetch: impl AsyncFnOnce() -> Result<(JwkSet, Option<u64>), Error>,
    ) -> Result<Arc<JwkSet>, Error> {
        let mut state = self.state.lock().await;
        let now = clock.now();
        let paused = state.last_forced.is_some_and(|last| (last..last + KEYS_PAUSE).contains(&now));
        if let Some(kept) = &state.kept {
            let renewed_meanwhile = unfit.is_some_and(|unfit| !Arc::ptr_eq(unfit, &kept.value));
            let fits = unfit.is_none() || renewed_meanwhile;
            if (kept.is_fresh(now) && fits) || (paused && kept.may_serve_stale(now)) {
                return Ok(kept.value.clone());
            }
        }
        if let (None, Some(error)) = (&state.kept, state.failure.just_now("jwks", now)) {
            return Err(error);
        }
        if unfit.is_some() {
            state.last_forced = Some(now);
        }
        match fetch().await {
            Ok((keys, max_age)) => {
                let value = Arc::new(keys);
                let fresh = max_age.unwrap_or(KEYS_FRESH).clamp(KEYS_BOUNDS.0, KEYS_BOUNDS.1);
                state.kept = Some(Kept { value: value.clone(), fetched: now, fresh_until: now + fresh });
                Ok(value)
            }
            Err(error) => {
                state.last_forced = Some(now);
                state.failure.remember(now, &error);
                match state.kept.as_ref().filter(|kept| kept.may_serve_stale(now)) {
                    Some(kept) => {
                        tracing::warn!(%error, "the keys could not be renewed; the last ones still serve");
                        Ok(kept.value.clone())
                    }
                    None => Err(error),
                }
            }
        }
    }
}

/// `max-age` of Cache-Control (RFC 9111 §5.2.2.1).
pub(super) fn max_age(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    value.split(',').find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    #[tokio::test]
    async fn an_unknown_kid_renews_the_keys_once_a_minute() {
        let clock = FixedClock::new(1_000);
        let keys = Keys::default();
        let mut fetches = 0;
        let mut fetch = async || {
            fetches += 1;
            Ok((JwkSet::default(), None))
        };
        let mut kept = keys.get(&clock, None, &mut fetch).await.unwrap();
        for _ in 0..1_000 {
            kept = keys.get(&clock, Some(&kept), &mut fetch).await.unwrap();
        }
        clock.advance(59);
        keys.get(&clock, Some(&kept), &mut fetch).await.unwrap();
        clock.advance(1);
        keys.get(&clock, Some(&kept), &mut fetch).await.unwrap();
        assert_eq!(fetches, 3);
    }

    #[tokio::test]
    async fn keys_outlive_an_outage_by_an_hour() {
        let clock = FixedClock::new(1_000);
        let keys = Keys::default();
        keys.get(&clock, None, async || Ok((JwkSet::default(), None))).await.unwrap();
        let down = async || Err(Error::deadline("jwks"));
        clock.advance(KEYS_FRESH + 10);
        assert!(keys.get(&clock, None, down).await.is_ok());
        clock.advance(STALE_IF_ERROR);
        assert!(keys.get(&clock, None, down).await.is_err());
    }

    #[test]
    fn reads_max_age() {
        let mut headers = HeaderMap::new();
        assert_eq!(max_age(&headers), None);
        headers.insert(CACHE_CONTROL, "public, max-age=19845, must-revalidate".parse().unwrap());
        assert_eq!(max_age(&headers), Some(19845));
    }
}
