//! The files that the editor has open, and the thread that looks at the latest text of each.

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use gen_lsp_types::{Diagnostic as Shown, TextDocumentContentChangeEvent as Change, TextDocumentItem, Uri};

use crate::cli::lsp::findings::Page;
use crate::cli::lsp::position::Lines;
use crate::cli::lsp::recognise::is_ours;
use crate::cli::validate;
use crate::diagnostic::{self, Diagnostic};
use crate::yaml::{Document, Limits};

/// A file as the editor has it.
#[derive(Clone, Debug)]
pub struct Open {
    /// Where it is on the disk; empty where it is not.
    pub path: PathBuf,
    /// The editor's number of this text.
    pub version: i32,
    /// The text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Arc<Lines>,
    /// Whether it is a provider or deployment file. Once it is, it stays one, whatever is being typed.
    pub ours: bool,
    /// The last text that could be read.
    pub tree: Option<Arc<Document>>,
    /// What was found in this very text, once that is known.
    pub findings: Option<Arc<Vec<Diagnostic>>>,
    revision: u64,
    pending: bool,
}

/// What the main thread and the validating one share.
#[derive(Debug, Default)]
pub struct Workspace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<Uri, Open>,
    revision: u64,
    closing: bool,
}

impl Workspace {
    /// A file was opened.
    pub fn open(&self, item: TextDocumentItem) {
        let path = item.uri.to_file_path().unwrap_or_default();
        let mut state = self.state();
        let mut open = Open {
            path,
            version: item.version,
            text: "".into(),
            lines: Arc::default(),
            ours: false,
            tree: None,
            findings: None,
            revision: 0,
            pending: false,
        };
        open.replace(item.text, &mut state.revision);
        state.open.insert(item.uri, open);
        self.changed.notify_all();
    }

    /// A file was edited: the changes apply one after the other.
    pub fn change(&self, uri: &Uri, version: i32, changes: Vec<Change>) {
        let mut state = self.state();
        let State { open, revision, .. } = &mut *state;
        let Some(open) = open.get_mut(uri) else { return };
        let mut text = open.text.to_string();
        let mut lines = Arc::clone(&open.lines);
        for change in changes {
            match change {
                Change::TextDocumentContentChangePartial(part) => {
                    let span = lines.bytes(&text, part.range);
                    text.replace_range(span.start..span.end, &part.text);
                }
                Change::TextDocumentContentChangeWholeDocument(whole) => text = whole.text,
            }
            lines = Arc::new(Lines::of(&text));
        }
        open.version = version;
        open.replace(text, revision);
        self.changed.notify_all();
    }

    /// A file was saved: others may depend on it.
    pub fn look_again(&self) {
        self.state().open.values_mut().for_each(|open| open.pending = true);
        self.changed.notify_all();
    }

    /// A file was closed. `forget` takes its findings from the screen before any other can be shown.
    pub fn close(&self, uri: &Uri, forget: impl FnOnce()) {
        let mut state = self.state();
        if state.open.remove(uri).is_some() {
            forget();
        }
    }

    /// A file, as it is now.
    pub fn get(&self, uri: &Uri) -> Option<Open> {
        self.state().open.get(uri).cloned()
    }

    /// Ends [`Workspace::validate`].
    pub fn stop(&self) {
        self.state().closing = true;
        self.changed.notify_all();
    }

    /// Looks at every file whose text is new, the one that has waited longest first, until the end. What was overtaken
    /// by another edit is not shown.
    pub fn validate(&self, show: impl Fn(&Uri, i32, Vec<Shown>)) {
        let mut state = self.state();
        while !state.closing {
            let next =
                state.open.iter().filter(|(_, open)| open.pending).min_by_key(|(_, open)| open.revision);
            let Some((uri, open)) = next.map(|(uri, open)| (uri.clone(), open.clone())) else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if let Some(open) = state.open.get_mut(&uri) {
                open.pending = false;
            }
            drop(state);
            let (tree, findings) = open.examine();
            let shown = open.shown(&uri, &findings);
            state = self.state();
            let Some(now) = state.open.get_mut(&uri) else { continue };
            now.tree = tree.or(now.tree.take());
            if now.revision == open.revision {
                now.findings = Some(Arc::new(findings));
                show(&uri, open.version, shown);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// What is shown where.
    pub fn page<'a>(&'a self, uri: &'a Uri) -> Page<'a> {
        Page { uri, path: &self.path, text: &self.text, lines: &self.lines }
    }

    /// The findings of this text; looked for where they are not known yet.
    pub fn findings(&self) -> Arc<Vec<Diagnostic>> {
        self.findings.clone().unwrap_or_else(|| Arc::new(self.examine().1))
    }

    /// The tree of this text, else of the last one that had one.
    pub fn tree(&self) -> Option<Arc<Document>> {
        let now = self.tree.clone().filter(|tree| **tree.text() == *self.text);
        now.or_else(|| parse(&self.path, &self.text)).or_else(|| self.tree.clone())
    }

    fn replace(&mut self, text: String, revision: &mut u64) {
        *revision += 1;
        self.ours |= is_ours(&self.path, &text);
        self.lines = Arc::new(Lines::of(&text));
        self.text = text.into();
        self.findings = None;
        self.revision = *revision;
        self.pending = true;
    }

    fn examine(&self) -> (Option<Arc<Document>>, Vec<Diagnostic>) {
        if !self.ours {
            return (None, vec![]);
        }
        // A defect of a rule must not end the session of an editor.
        let look = || validate::examine_text(&self.path, self.text.as_bytes(), &[]).findings;
        let mut findings = panic::catch_unwind(AssertUnwindSafe(look)).unwrap_or_default();
        diagnostic::sort(&mut findings);
        (parse(&self.path, &self.text), findings)
    }

    fn shown(&self, uri: &Uri, findings: &[Diagnostic]) -> Vec<Shown> {
        let page = self.page(uri);
        findings.iter().map(|finding| page.show(finding)).collect()
    }
}

/// The tree of a text, within the budget of `validate`.
pub fn parse(path: &Path, text: &str) -> Option<Arc<Document>> {
    let limits = match text.len() > Limits::PROVIDER.bytes || text.contains("providers") {
        true => Limits::DEPLOYMENT,
        false => Limits::PROVIDER,
    };
    Document::parse(path.display().to_string(), text.as_bytes(), limits).ok().map(Arc::new)
}
