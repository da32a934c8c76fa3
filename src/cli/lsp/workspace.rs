//! The files that the editor has open, and the thread that looks at the latest text of each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use gen_lsp_types::{Diagnostic as Shown, TextDocumentContentChangeEvent as Change, TextDocumentItem, Uri};

use crate::cli::lsp::open::Open;
use crate::cli::lsp::position::Encoding;
use crate::cli::lsp::project::{Claimed, Project};
use crate::cli::validate::Examined;

/// What the main thread and the validating one share.
#[derive(Debug, Default)]
pub struct Workspace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<Uri, Entry>,
    encoding: Encoding,
    snippets: bool,
    /// Counts edits.
    revision: u64,
    /// Whether something on the disk may be new.
    stale: bool,
    closing: bool,
}

#[derive(Debug)]
struct Entry {
    open: Open,
    revision: u64,
    pending: bool,
}

impl Workspace {
    /// What columns count from now on, and whether the editor knows snippets.
    pub fn settle(&self, encoding: Encoding, snippets: bool) {
        let mut state = self.state();
        state.encoding = encoding;
        state.snippets = snippets;
    }

    /// Whether the editor knows snippets.
    pub fn snippets(&self) -> bool {
        self.state().snippets
    }

    /// A file was opened.
    pub fn open(&self, item: TextDocumentItem) {
        let mut state = self.state();
        let uri = item.uri.clone();
        let open = Open::new(item, state.encoding);
        state.stale = true;
        state.revision += 1;
        let entry = Entry { open, revision: state.revision, pending: true };
        state.open.insert(uri, entry);
        self.changed.notify_all();
    }

    /// A file was edited: the changes apply one after the other.
    pub fn change(&self, uri: &Uri, version: i32, changes: Vec<Change>) {
        let mut state = self.state();
        let State { open, revision, .. } = &mut *state;
        let Some(entry) = open.get_mut(uri) else { return };
        entry.open.change(version, changes);
        *revision += 1;
        entry.revision = *revision;
        entry.pending = true;
        self.changed.notify_all();
    }

    /// Something on the disk may be new: a file that was saved, made or deleted. Others may depend on it.
    pub fn look_again(&self) {
        let mut state = self.state();
        state.stale = true;
        state.open.values_mut().for_each(|entry| entry.pending = true);
        self.changed.notify_all();
    }

    /// A file was closed. `forget` takes its findings from the screen before any other can be shown.
    pub fn close(&self, uri: &Uri, forget: impl FnOnce()) {
        if self.state().open.remove(uri).is_some() {
            forget();
        }
        // From now on it counts as it is on the disk.
        self.look_again();
    }

    /// A file, as it is now.
    pub fn get(&self, uri: &Uri) -> Option<Open> {
        self.state().open.get(uri).map(|entry| entry.open.clone())
    }

    /// The texts that are open, by the real path of their file.
    pub fn texts(&self) -> HashMap<PathBuf, (Uri, Arc<str>)> {
        let state = self.state();
        let text = |(uri, entry): (&Uri, &Entry)| {
            (entry.open.real.clone(), (uri.clone(), Arc::clone(&entry.open.text)))
        };
        state.open.iter().map(text).collect()
    }

    /// Ends [`Workspace::validate`].
    pub fn stop(&self) {
        self.state().closing = true;
        self.changed.notify_all();
    }

    /// Looks at every file whose text is new, the one that has waited longest first, until the end. What was overtaken
    /// by another edit is not shown.
    pub fn validate(&self, show: impl Fn(&Uri, i32, Vec<Shown>)) {
        let mut project = Project::default();
        let mut state = self.state();
        while !state.closing {
            let waiting = state.open.iter().filter(|(_, entry)| entry.pending);
            let Some(uri) = waiting.min_by_key(|(_, entry)| entry.revision).map(|(uri, _)| uri.clone())
            else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(entry) = state.open.get_mut(&uri) else { continue };
            entry.pending = false;
            let (open, revision) = (entry.open.clone(), entry.revision);
            let others = state.claims(&uri);
            if std::mem::take(&mut state.stale) {
                project.look_again();
            }
            drop(state);
            let look = open.look(Some((&mut project, &others)));
            let shown = open.shown(&uri, &look.findings);
            state = self.state();
            let Some(now) = state.open.get_mut(&uri) else { continue };
            // A text that cannot be read at the moment claims what the last one did.
            let changed = look.tree.is_some() && differs(&now.open.claims, &look.claims);
            if let Some(tree) = look.tree {
                now.open.tree = Some(tree);
                now.open.claims = Arc::new(look.claims);
            }
            if now.revision == revision {
                now.open.findings = Some(Arc::new(look.findings));
                show(&uri, open.version, shown);
            }
            if changed {
                let others = state.open.iter_mut().filter(|(other, entry)| **other != uri && entry.open.ours);
                others.for_each(|(_, entry)| entry.pending = true);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What the other open files claim.
    fn claims(&self, uri: &Uri) -> Vec<Claimed> {
        let others = self.open.iter().filter(|(other, entry)| *other != uri && entry.open.ours);
        others.map(|(_, entry)| (entry.open.real.clone(), Arc::clone(&entry.open.claims))).collect()
    }
}

/// Whether a file claims something else than before, or elsewhere.
fn differs(before: &Examined, now: &Examined) -> bool {
    let ids = |file: &Examined| -> Vec<_> {
        file.ids.iter().chain(&file.successor).map(|(id, label)| (id.clone(), label.span)).collect()
    };
    before.own != now.own || ids(before) != ids(now)
}
