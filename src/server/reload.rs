//! Another configuration for a server that runs: requests that come take the new one, those under way finish with theirs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::Config;
use crate::server::audit;
use crate::server::state::Server;

/// Why a server keeps the configuration that it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReloadError {
    /// Sessions would be kept elsewhere: those of now would be lost.
    #[error("`session.strategy` and `session.store` cannot change while the server runs: restart it")]
    Store,
    /// The file of the audit log cannot be opened.
    #[error("the audit log cannot be written: {0}")]
    Audit(String),
}

/// Whether anything is different now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// Requests take the new configuration from now on.
    Changed,
    /// It is the one that the server has.
    Unchanged,
}

/// How often a server took another configuration, and how often it could not.
#[derive(Debug, Default)]
pub(super) struct Reloads {
    /// One at a time: each begins with what the one before has left.
    turn: Mutex<()>,
    succeeded: AtomicU64,
    failed: AtomicU64,
    /// When the configuration of now was taken, in seconds since 1970.
    taken: AtomicU64,
}

/// The same, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReloadCounts {
    /// Configurations that were taken, the first one not counted.
    pub succeeded: u64,
    /// Configurations that were refused.
    pub failed: u64,
    /// When the one of now was taken, in seconds since 1970.
    pub taken: u64,
}

impl Reloads {
    /// For a server that begins now.
    pub fn since(now: u64) -> Reloads {
        Reloads { taken: now.into(), ..Reloads::default() }
    }
}

impl Server {
    /// Takes another configuration. A sign-in that is under way ends with the provider's configuration that it began with, also
    /// where the provider is gone now; who is signed in stays so. Discovery documents and keys of a provider that is configured
    /// as before are kept.
    ///
    /// The paths of [`Server::router`] stay those of the first configuration; [`Server::standalone`] follows `base_url`.
    ///
    /// # Errors
    /// [`ReloadError`]: the server goes on with the configuration that it has.
    pub fn reload(&self, config: Config) -> Result<Reloaded, ReloadError> {
        let reloads = &self.shared.reloads;
        let _turn = reloads.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = self.current();
        let place = |config: &Config| config.session.store.as_ref().map(|settings| settings.place.clone());
        if place(&config) != place(&before.config) {
            self.reload_failed();
            return Err(ReloadError::Store);
        }
        if config.fingerprint == before.config.fingerprint {
            return Ok(Reloaded::Unchanged);
        }
        if config.audit != before.config.audit
            && let Err(error) = audit::check(&config)
        {
            self.reload_failed();
            return Err(ReloadError::Audit(error.to_string()));
        }
        self.shared.current.store(before.after(config).into());
        reloads.succeeded.fetch_add(1, Ordering::Relaxed);
        reloads.taken.store(before.clock.now(), Ordering::Relaxed);
        Ok(Reloaded::Changed)
    }

    /// Notes that there was a configuration that could not be taken: it has findings.
    pub fn reload_failed(&self) {
        self.shared.reloads.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the configuration was taken anew.
    pub fn reloads(&self) -> ReloadCounts {
        let reloads = &self.shared.reloads;
        ReloadCounts {
            succeeded: reloads.succeeded.load(Ordering::Relaxed),
            failed: reloads.failed.load(Ordering::Relaxed),
            taken: reloads.taken.load(Ordering::Relaxed),
        }
    }
}
