//! Writes lines in the order in which they come, on a thread of its own: a disk that stands still holds up no request.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use crate::config::AuditPlace;

/// Lines that wait; where the disk stands still for longer, further ones are lost, counted and told in the log.
const MAX_WAITING: usize = 10_000;

/// Writes lines.
pub(super) struct Writer {
    send: SyncSender<Message>,
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    Reopen,
}

impl Writer {
    /// Opens nothing yet: the first line does.
    pub fn to(place: &AuditPlace) -> Writer {
        let (send, receive) = sync_channel(MAX_WAITING);
        let (waiting, lost) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (place, written, gone) = (place.clone(), waiting.clone(), lost.clone());
        std::thread::spawn(move || run(&place, &receive, &written, &gone));
        Writer { send, waiting, lost }
    }

    /// Writes a line after all that came before.
    pub fn write(&self, line: String) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.send.try_send(Message::Line(line))
        {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            lose(&self.lost, "nobody takes them");
        }
    }

    /// Opens the file anew before the next line.
    pub fn reopen(&self) {
        // Where the queue is full the file is opened anew at the first line that fails, or at the next signal.
        let _ = self.send.try_send(Message::Reopen);
    }

    /// Whether no line waits.
    pub fn is_done(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }
}

/// Ends when the writer is gone and everything is written.
fn run(place: &AuditPlace, receive: &Receiver<Message>, waiting: &AtomicU64, lost: &AtomicU64) {
    let mut open = None;
    while let Ok(message) = receive.recv() {
        match message {
            Message::Reopen => open = None,
            Message::Line(line) => {
                if let Err(error) = write(place, &mut open, &line) {
                    open = None;
                    lose(lost, &error.to_string());
                }
                waiting.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

/// One line is one `write`: several processes can share a file (POSIX `O_APPEND`).
fn write(place: &AuditPlace, open: &mut Option<File>, line: &str) -> io::Result<()> {
    let line = format!("{line}\n");
    match place {
        AuditPlace::Stdout => io::stdout().lock().write_all(line.as_bytes()),
        AuditPlace::Stderr => io::stderr().lock().write_all(line.as_bytes()),
        AuditPlace::File(path) => {
            let file = match open {
                Some(file) => file,
                None => open.insert(appended(path)?),
            };
            file.write_all(line.as_bytes())
        }
    }
}

/// A file that lines are added to. Only its owner can read one that is new.
pub(super) fn appended(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Tells the log of the first line that is lost, and of every thousandth.
fn lose(lost: &AtomicU64, why: &str) {
    let before = lost.fetch_add(1, Ordering::Relaxed);
    if before.is_multiple_of(1_000) {
        tracing::error!(lost = before + 1, why, "lines of the audit log are lost");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn settle(writer: &Writer) {
        while !writer.is_done() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_file_that_was_moved_away_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit.jsonl"), folder.path().join("audit.jsonl.1"));
        fs::write(&path, "before\n").unwrap();
        let writer = Writer::to(&AuditPlace::File(path.clone()));
        writer.write("one".into());
        settle(&writer);
        fs::rename(&path, &moved).unwrap();
        writer.write("two".into());
        writer.reopen();
        writer.write("three".into());
        settle(&writer);
        assert_eq!(fs::read_to_string(&moved).unwrap(), "before\none\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_a_new_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let writer = Writer::to(&AuditPlace::File(path.clone()));
        writer.write("one".into());
        settle(&writer);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_later_ones_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("later/audit.jsonl");
        let writer = Writer::to(&AuditPlace::File(path.clone()));
        writer.write("lost".into());
        settle(&writer);
        assert_eq!(writer.lost.load(Ordering::Relaxed), 1);
        fs::create_dir(folder.path().join("later")).unwrap();
        writer.write("kept".into());
        settle(&writer);
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept\n");
    }
}
