//! Another configuration while the server runs: when a file changes, and on SIGHUP.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cli::watch::Changes;
use crate::config::{self, ConfigSource};
use crate::diagnostic::{Diagnostic, render};
use crate::server::{Reloaded, Server};

/// Where files cannot be watched for now, it is tried again after this long.
const WATCH_AGAIN: Duration = Duration::from_secs(10);

/// Takes the configuration anew, wherever it is told to.
#[derive(Clone)]
pub struct Reloader {
    server: Server,
    source: Arc<ConfigSource>,
    /// What was last said of files that are wrong: each time a file is read, but once.
    said: Arc<Mutex<String>>,
}

impl Reloader {
    /// For a server whose configuration came from `source`.
    pub fn new(server: Server, source: ConfigSource) -> Reloader {
        Reloader { server, source: Arc::new(source), said: Arc::default() }
    }

    /// From now on, whenever one of the files changes.
    pub fn on_changes(&self) {
        let reloader = self.clone();
        // A thread of its own: it sleeps for as long as the process lives.
        std::thread::spawn(move || {
            let mut wrong = vec![];
            loop {
                let mut files = reloader.server.config().files.clone();
                files.append(&mut wrong);
                let watched = Changes::of(&files);
                // What changed before anybody watched.
                wrong = reloader.reload();
                if wrong.iter().any(|file| !files.contains(file)) {
                    continue;
                }
                match watched {
                    Ok(changes) if changes.wait() => {}
                    Ok(_) => std::thread::sleep(WATCH_AGAIN),
                    Err(error) => {
                        tracing::warn!(%error, "the files cannot be watched; SIGHUP still reloads them");
                        std::thread::sleep(WATCH_AGAIN);
                    }
                }
            }
        });
    }

    /// From now on, whenever the process gets SIGHUP.
    #[cfg(unix)]
    pub fn on_hangup(&self) {
        use tokio::signal::unix::{SignalKind, signal};

        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        let reloader = self.clone();
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                reloader.server.reopen_audit();
                let reloader = reloader.clone();
                // Files are read and compiled: not on a thread that serves.
                let _ = tokio::task::spawn_blocking(move || reloader.reload()).await;
            }
        });
    }

    /// There is no such signal.
    #[cfg(not(unix))]
    pub fn on_hangup(&self) {}

    /// Reads the files, and gives those with findings that keep the configuration as it was: when they change it may be right.
    fn reload(&self) -> Vec<PathBuf> {
        let (config, warnings) = match config::load(&self.source) {
            Ok(loaded) => loaded,
            Err(findings) => {
                self.refuse(&findings);
                return findings.iter().map(|finding| finding.primary().source.name().into()).collect();
            }
        };
        self.said().clear();
        match self.server.reload(config) {
            Ok(Reloaded::Unchanged) => tracing::debug!("the configuration is as before"),
            Ok(Reloaded::Changed) => {
                render::concise(&warnings).lines().for_each(|line| tracing::warn!("{line}"));
                tracing::info!("the configuration was taken anew");
            }
            Err(error) => tracing::error!(%error, "the configuration stays as it was"),
        }
        vec![]
    }

    fn refuse(&self, findings: &[Diagnostic]) {
        let lines = render::concise(findings);
        let mut said = self.said();
        if *said == lines {
            return;
        }
        self.server.reload_failed();
        lines.lines().for_each(|line| tracing::error!("{line}"));
        tracing::error!(findings = findings.len(), "the configuration stays as it was");
        *said = lines;
    }

    fn said(&self) -> MutexGuard<'_, String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
