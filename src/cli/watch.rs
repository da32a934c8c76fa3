//! Waiting for files to change.
//!
//! Folders are watched, not files: an editor, and Kubernetes with its links, put another file in the place of one. Who goes on
//! waiting watches anew first, so that what was removed and made again is watched again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::provider::catalog::files::is_yaml;

/// A change is over once nothing has happened for so long …
const QUIET: Duration = Duration::from_millis(100);
/// … and it is looked at after so long at the latest.
const LONGEST: Duration = Duration::from_secs(1);
/// More folders than this are not watched.
const MAX_FOLDERS: usize = 5_000;

/// What happens to files from now on.
pub struct Changes {
    // Dropped, it watches no longer.
    _watcher: RecommendedWatcher,
    changed: Receiver<()>,
}

impl Changes {
    /// Watches files, and folders with everything in them, also those that are not there yet.
    ///
    /// # Errors
    /// The system watches no more.
    pub fn of(roots: &[PathBuf]) -> notify::Result<Changes> {
        let roots: Vec<PathBuf> = roots.iter().flat_map(|root| forms(root)).collect();
        let folders: BTreeSet<PathBuf> = roots.iter().flat_map(|root| folders(root)).collect();
        // One note that something has changed is as good as thousands.
        let (sender, changed) = sync_channel(1);
        let mut watcher = notify::recommended_watcher(move |event| note(event, &roots, &sender))?;
        for folder in folders.iter().take(MAX_FOLDERS) {
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // It has just been removed: its parent is watched.
                Err(error) if matches!(error.kind, ErrorKind::PathNotFound) || !folder.exists() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Changes { _watcher: watcher, changed })
    }

    /// Waits for a change and for its end; `false` where nothing is watched any more.
    pub fn wait(&self) -> bool {
        if self.changed.recv().is_err() {
            return false;
        }
        let latest = Instant::now() + LONGEST;
        while Instant::now() < latest && self.changed.recv_timeout(QUIET).is_ok() {}
        true
    }
}

fn note(event: notify::Result<Event>, roots: &[PathBuf], changed: &SyncSender<()>) {
    let counts = match event {
        // Our own reading is no change.
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
        Ok(event) => {
            event.need_rescan()
                || event.paths.iter().any(|path| roots.iter().any(|root| concerns(path, root)))
        }
        // Something was missed.
        Err(_) => true,
    };
    if counts {
        // Full: that something has changed is noted already.
        let _ = changed.try_send(());
    }
}

/// Whether what happened at a path may change what is found in a root: in it, above it, or in a YAML file beside it, which
/// it may extend.
fn concerns(path: &Path, root: &Path) -> bool {
    if root.starts_with(path) {
        return true;
    }
    // What is no file may have been a folder with files.
    (is_yaml(path) || !path.is_file()) && (path.starts_with(root) || path.parent() == root.parent())
}

/// The names of a root: the one that it has in a folder without links, and that of what it links to.
fn forms(root: &Path) -> BTreeSet<PathBuf> {
    let mut forms = BTreeSet::new();
    let Ok(root) = std::path::absolute(root) else { return forms };
    forms.extend(root.canonicalize());
    for above in root.ancestors().skip(1) {
        if let (Ok(real), Ok(rest)) = (above.canonicalize(), root.strip_prefix(above)) {
            forms.insert(real.join(rest));
            break;
        }
    }
    forms
}

/// The folders to watch for a root: the one that it stands in, or the nearest above that is there, and those within it.
fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        root.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned).into_iter().collect();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop().filter(|_| folders.len() <= MAX_FOLDERS) {
        if let Ok(entries) = folder.read_dir() {
            let inner = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let visible = inner.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
            open.extend(visible.map(|entry| entry.path()));
            folders.push(folder);
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_concerns_what_it_is_in_above_or_beside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("providers");
        std::fs::create_dir(&root).unwrap();
        let note = root.join("note.txt");
        std::fs::write(&note, "").unwrap();
        let file = root.join("acme.yaml");
        assert!(concerns(&file, &root) && concerns(&root, &root) && concerns(folder.path(), &file));
        assert!(concerns(&root.join("base.yaml"), &file));
        assert!(concerns(&root.join("gone"), &root), "it may have been a folder");
        assert!(!concerns(&note, &root) && !concerns(&folder.path().join("other/acme.yaml"), &file));
    }

    #[test]
    fn what_is_missing_is_waited_for_above() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for path in ["a/b", "a/.git/c"] {
            std::fs::create_dir_all(base.join(path)).unwrap();
        }
        assert_eq!(folders(&base.join("x/y/z")), [base.as_path()]);
        let found: BTreeSet<PathBuf> = folders(&base.join("a")).into_iter().collect();
        assert_eq!(found, [base.clone(), base.join("a"), base.join("a/b")].into());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_has_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        std::fs::create_dir(base.join("real")).unwrap();
        std::fs::write(base.join("real/acme.yaml"), "").unwrap();
        std::os::unix::fs::symlink("real/acme.yaml", base.join("acme.yaml")).unwrap();
        let expected = [base.join("acme.yaml"), base.join("real/acme.yaml")];
        assert_eq!(forms(&base.join("acme.yaml")), expected.into());
    }
}
