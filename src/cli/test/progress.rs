//! How far a run is, for a person who waits.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use crate::cli::output;

/// A line on standard error that counts, where that is a terminal and the work takes over a second.
pub struct Progress {
    total: usize,
    done: usize,
    started: Instant,
    shown: bool,
}

impl Progress {
    /// Nothing is done yet.
    pub fn new(total: usize) -> Progress {
        Progress { total, done: 0, started: Instant::now(), shown: false }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.done += 1;
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if self.started.elapsed() > Duration::from_secs(1) && stderr().is_terminal() && !dumb {
            self.shown = true;
            output::diagnostic(&format!("\r\x1b[K{} of {}", self.done, self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            output::diagnostic("\r\x1b[K");
        }
    }
}
