//! A line on standard error that says how far something is, once it takes more than a second and where somebody looks.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Nothing is shown before.
const PATIENCE: Duration = Duration::from_secs(1);
/// The line is written anew.
const PAUSE: Duration = Duration::from_millis(100);
/// The begin of the line, and nothing behind it.
const CLEAR: &str = "\r\x1b[K";

/// The line. It is taken away where this is dropped.
pub struct Progress {
    done: Arc<AtomicUsize>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins with nothing of `all` done, which are `noun`; nothing is shown where standard error is no terminal.
    pub fn start(noun: &'static str, all: usize) -> Progress {
        let done = Arc::new(AtomicUsize::new(0));
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let shown = (all > 0 && !is_dumb && stderr().is_terminal()).then(|| {
            let (end, ended) = channel();
            let done = done.clone();
            let show = thread::spawn(move || {
                let wait = |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
                let line = || format!("{} of {all} {noun}", done.load(Ordering::Relaxed).min(all));
                draw(&mut stderr(), wait, line);
            });
            (end, show)
        });
        Progress { done, shown }
    }

    /// One more is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// How many are done, for work that counts by itself.
    pub fn done(&self) -> &AtomicUsize {
        &self.done
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, show)) = self.shown.take() {
            drop(end);
            // What it shows is gone, whatever became of it.
            let _ = show.join();
        }
    }
}

/// Writes the line after each wait that the work outlasts.
fn draw(out: &mut impl Write, wait: impl Fn(Duration) -> bool, line: impl Fn() -> String) {
    if !wait(PATIENCE) {
        return;
    }
    loop {
        let _ = write!(out, "{CLEAR}{}", line()).and_then(|()| out.flush());
        if !wait(PAUSE) {
            break;
        }
    }
    let _ = write!(out, "{CLEAR}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn drawn(waits: usize) -> String {
        let (mut out, left) = (vec![], Cell::new(waits));
        let wait = |time| {
            assert_eq!(time, if left.get() == waits { PATIENCE } else { PAUSE });
            left.replace(left.get().saturating_sub(1)) > 0
        };
        draw(&mut out, wait, || format!("{} of 9 files", waits - left.get()));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_short_run_shows_nothing() {
        assert_eq!(drawn(0), "");
    }

    #[test]
    fn a_long_run_is_counted_and_leaves_nothing() {
        assert_eq!(drawn(1), "\r\x1b[K1 of 9 files\r\x1b[K");
        assert_eq!(drawn(2), "\r\x1b[K1 of 9 files\r\x1b[K2 of 9 files\r\x1b[K");
    }

    #[test]
    fn what_is_done_is_counted_where_nobody_looks_too() {
        let progress = Progress::start("files", 3);
        progress.step();
        progress.done().fetch_add(1, Ordering::Relaxed);
        assert_eq!(progress.done().load(Ordering::Relaxed), 2);
    }
}
