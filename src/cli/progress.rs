//! A line on standard error that says how far something is, once it takes more than a second and where somebody looks.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Nothing is shown before.
const PATIENCE: Duration = Duration::from_secs(1);
/// The line is written anew.
const PAUSE: Duration = Duration::from_millis(200);
/// Takes the line away.
const CLEAR: &str = "\r\x1b[K";

/// The line. It is taken away where this is dropped.
pub struct Progress {
    done: Arc<AtomicUsize>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins; nothing is shown where standard error is no terminal.
    pub fn start(word: &'static str, all: usize) -> Progress {
        let done = Arc::new(AtomicUsize::new(0));
        let shown = (all > 0 && std::io::stderr().is_terminal()).then(|| {
            let (end, ended) = channel();
            let done = done.clone();
            let show = thread::spawn(move || {
                let mut pause = PATIENCE;
                while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                    pause = PAUSE;
                    write(&format!("{CLEAR}{}", line(word, done.load(Ordering::Relaxed), all)));
                }
                if pause == PAUSE {
                    write(CLEAR);
                }
            });
            (end, show)
        });
        Progress { done, shown }
    }

    /// One more is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
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

fn line(word: &str, done: usize, all: usize) -> String {
    format!("{done} of {all} {word}")
}

fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_it_is() {
        assert_eq!(line("asked", 3, 40), "3 of 40 asked");
    }
}
