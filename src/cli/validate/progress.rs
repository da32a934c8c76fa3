//! How far a long run is: one line on the terminal, that goes when the work is done.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// A run that is shorter than this shows nothing.
const SHORT: Duration = Duration::from_secs(1);
/// How often the line is written anew.
const TICK: Duration = Duration::from_millis(100);
/// The begin of the line, and nothing behind it.
const CLEAR: &str = "\r\x1b[K";

/// Does the work, which counts the files that are done; shows that on standard error where it is a terminal.
pub fn shown<T>(files: usize, work: impl FnOnce(&AtomicUsize) -> T) -> T {
    let done = &AtomicUsize::new(0);
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if is_dumb || !std::io::stderr().is_terminal() {
        return work(done);
    }
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let wait = |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            draw(&mut std::io::stderr(), wait, || done.load(Ordering::Relaxed).min(files), files);
        });
        // Dropped, in a panic too, it ends the thread.
        let _end = end;
        work(done)
    })
}

/// Writes the line after each wait that the work outlasts.
fn draw(out: &mut impl Write, wait: impl Fn(Duration) -> bool, done: impl Fn() -> usize, files: usize) {
    if !wait(SHORT) {
        return;
    }
    loop {
        let _ = write!(out, "{CLEAR}checking: {} of {files} files", done()).and_then(|()| out.flush());
        if !wait(TICK) {
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
            assert_eq!(time, if left.get() == waits { SHORT } else { TICK });
            left.replace(left.get().saturating_sub(1)) > 0
        };
        draw(&mut out, wait, || waits - left.get(), 9);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_short_run_shows_nothing() {
        assert_eq!(drawn(0), "");
    }

    #[test]
    fn a_long_run_is_counted_and_leaves_nothing() {
        assert_eq!(drawn(1), "\r\x1b[Kchecking: 1 of 9 files\r\x1b[K");
        assert_eq!(drawn(2), "\r\x1b[Kchecking: 1 of 9 files\r\x1b[Kchecking: 2 of 9 files\r\x1b[K");
    }

    #[test]
    fn the_work_is_done_and_its_answer_comes_back() {
        assert_eq!(shown(3, |done| done.fetch_add(3, Ordering::Relaxed) + 4), 4);
    }
}
