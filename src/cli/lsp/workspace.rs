//! The files that the editor has open, and the thread that looks at the latest text of each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gen_lsp_types::{Diagnostic as Shown, TextDocumentContentChangeEvent as Change, TextDocumentItem, Uri};

use crate::cli::lsp::open::Open;
use crate::cli::lsp::position::Encoding;
use crate::cli::lsp::project::{Claimed, Project};
use crate::cli::validate::{Bases, Examined};

/// An editor that asks for findings waits no longer.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Whether the editor asks for findings itself, and is not sent any.
    pulls: bool,
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
    /// What the editor was told when it asked, in a word.
    told: Option<String>,
}

impl Workspace {
    /// What columns count from now on, whether the editor knows snippets, and whether it asks for findings itself.
    pub fn settle(&self, encoding: Encoding, snippets: bool, pulls: bool) {
        let mut state = self.state();
        state.encoding = encoding;
        state.snippets = snippets;
        state.pulls = pulls;
    }

    /// Whether the editor asks for findings itself.
    pub fn pulls(&self) -> bool {
        self.state().pulls
    }

    /// The findings of the latest text of a file, and a word for them; waits until they are known. `None` where it is not open.
    pub fn findings(&self, uri: &Uri) -> Option<(Vec<Shown>, String)> {
        let mut state = self.state();
        let started = Instant::now();
        loop {
            let entry = state.open.get_mut(uri)?;
            let known = entry.open.findings.clone().filter(|_| !entry.pending);
            let late = started.elapsed() >= PATIENCE;
            if known.is_some() || late || !entry.open.ours {
                let shown = entry.open.shown(uri, &known.unwrap_or_default());
                let word = word_for(&shown);
                entry.told = Some(word.clone());
                return Some((shown, word));
            }
            let wait = self.changed.wait_timeout(state, PATIENCE);
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
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
        let entry = Entry { open, revision: state.revision, pending: true, told: None };
        state.open.insert(uri, entry);
        self.changed.notify_all();
    }

    /// A file was edited: the changes apply one after the other.
    pub fn change(&self, uri: &Uri, version: i32, changes: Vec<Change>) {
        let mut state = self.state();
        let State { open, revision, .. } = &mut *state;
        let Some(entry) = open.get_mut(uri) else { return };
        entry.open.change(version, changes);
        // It asks again by itself.
        entry.told = None;
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
        let state = self.state();
        let open = state.open.get(uri)?.open.clone();
        Some(Open { bases: state.bases(), ..open })
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
    /// by another edit is not shown. An editor that asks itself is only told that what it was told is not so any more, by `renew`.
    pub fn validate(&self, show: impl Fn(&Uri, i32, Vec<Shown>), renew: impl Fn()) {
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
            let open = Open { bases: state.bases(), ..open };
            let others = state.claims(&uri);
            if std::mem::take(&mut state.stale) {
                project.look_again();
            }
            drop(state);
            let look = open.look(Some((&mut project, &others)));
            let shown = open.shown(&uri, &look.findings);
            state = self.state();
            let pulls = state.pulls;
            let Some(now) = state.open.get_mut(&uri) else { continue };
            // A text that cannot be read at the moment claims what the last one did.
            let changed = look.tree.is_some() && differs(&now.open.claims, &look.claims);
            let mut extended = None;
            if let Some(tree) = look.tree {
                let same = now.open.tree.as_ref().is_some_and(|before| before.text() == tree.text());
                extended = (!same).then(|| now.open.path.file_stem()?.to_str().map(str::to_owned)).flatten();
                now.open.tree = Some(tree);
                now.open.claims = Arc::new(look.claims);
            }
            if now.revision == revision {
                now.open.findings = Some(Arc::new(look.findings));
                match pulls {
                    false => show(&uri, open.version, shown),
                    true if now.told.as_ref().is_some_and(|told| *told != word_for(&shown)) => {
                        now.told = None;
                        renew();
                    }
                    true => {}
                }
                self.changed.notify_all();
            }
            if let Some(id) = extended {
                // What is laid over it may be right or wrong now.
                let over = |entry: &&mut Entry| entry.open.extends(&id);
                state.open.values_mut().filter(over).for_each(|entry| entry.pending = true);
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
    /// The files that are open, as the last text of each that could be read has them.
    fn bases(&self) -> Arc<Bases> {
        let ours = self.open.values().filter(|entry| entry.open.ours);
        let trees = ours.filter_map(|entry| {
            let tree = Arc::clone(entry.open.tree.as_ref()?);
            Some([(entry.open.real.clone(), Arc::clone(&tree)), (entry.open.path.clone(), tree)])
        });
        Arc::new(Bases(trees.flatten().collect()))
    }

    /// What the other open files claim.
    fn claims(&self, uri: &Uri) -> Vec<Claimed> {
        let others = self.open.iter().filter(|(other, entry)| *other != uri && entry.open.ours);
        others.map(|(_, entry)| (entry.open.real.clone(), Arc::clone(&entry.open.claims))).collect()
    }
}

/// A word that is another one for other findings.
fn word_for(shown: &[Shown]) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(shown).unwrap_or_default().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether a file claims something else than before, or elsewhere.
fn differs(before: &Examined, now: &Examined) -> bool {
    let ids = |file: &Examined| -> Vec<_> {
        file.ids.iter().chain(&file.successor).map(|(id, label)| (id.clone(), label.span)).collect()
    };
    before.own != now.own || ids(before) != ids(now)
}
