//! A file as the editor has it: its text, its tree, what is wrong with it.

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::{Diagnostic as Shown, TextDocumentContentChangeEvent as Change, TextDocumentItem, Uri};

use crate::cli::lsp::findings::Page;
use crate::cli::lsp::position::{Encoding, Lines};
use crate::cli::lsp::project::{self, Claimed, Project};
use crate::cli::lsp::recognise::is_ours;
use crate::cli::validate::{self, Bases, Examined};
use crate::diagnostic::{self, Diagnostic};
use crate::yaml::{Document, Limits};

/// A file as the editor has it.
#[derive(Clone, Debug)]
pub struct Open {
    /// Where it is on the disk; empty where it is not.
    pub path: PathBuf,
    /// The same without links among its folders.
    pub real: PathBuf,
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
    /// What the last text that was looked at claims among other files.
    pub claims: Arc<Examined>,
    /// The other files that are open, which it may extend.
    pub bases: Arc<Bases>,
}

/// What a look at a text gives.
#[derive(Debug, Default)]
pub struct Look {
    /// The tree, where there is one.
    pub tree: Option<Arc<Document>>,
    /// What is wrong.
    pub findings: Vec<Diagnostic>,
    /// What it claims among other files.
    pub claims: Examined,
}

impl Open {
    /// What the editor has opened.
    pub fn new(item: TextDocumentItem, encoding: Encoding) -> Open {
        let path = item.uri.to_file_path().unwrap_or_default();
        let mut open = Open {
            real: project::real(&path),
            path,
            version: item.version,
            text: "".into(),
            lines: Arc::new(Lines::of("", encoding)),
            ours: false,
            tree: None,
            findings: None,
            claims: Arc::default(),
            bases: Arc::default(),
        };
        open.replace(item.text);
        open
    }

    /// Applies changes, one after the other.
    pub fn change(&mut self, version: i32, changes: Vec<Change>) {
        let mut text = self.text.to_string();
        let mut lines = Arc::clone(&self.lines);
        for change in changes {
            match change {
                Change::TextDocumentContentChangePartial(part) => {
                    let span = lines.bytes(&text, part.range);
                    text.replace_range(span.start..span.end, &part.text);
                }
                Change::TextDocumentContentChangeWholeDocument(whole) => text = whole.text,
            }
            lines = Arc::new(lines.like(&text));
        }
        self.version = version;
        self.replace(text);
    }

    fn replace(&mut self, text: String) {
        self.ours |= is_ours(&self.path, &text);
        self.lines = Arc::new(self.lines.like(&text));
        self.text = text.into();
        self.findings = None;
    }

    /// What is shown where.
    pub fn page<'a>(&'a self, uri: &'a Uri) -> Page<'a> {
        Page { uri, path: &self.path, text: &self.text, lines: &self.lines }
    }

    /// The findings of this text; looked for where they are not known yet, in this file alone.
    pub fn findings(&self) -> Arc<Vec<Diagnostic>> {
        self.findings.clone().unwrap_or_else(|| Arc::new(self.look(None).findings))
    }

    /// The tree of this text, else of the last one that had one.
    pub fn tree(&self) -> Option<Arc<Document>> {
        let now = self.tree.clone().filter(|tree| **tree.text() == *self.text);
        now.or_else(|| parse(&self.path, &self.text)).or_else(|| self.tree.clone())
    }

    /// Looks at the text, and beside it at the other files where there are any.
    pub fn look(&self, others: Option<(&mut Project, &[Claimed])>) -> Look {
        if !self.ours {
            return Look::default();
        }
        let look = || {
            let mut claims = self.examine(&self.text);
            let mut findings = std::mem::take(&mut claims.findings);
            if let Some((project, open)) = others {
                findings.extend(project.across(&self.real, &claims, open));
            }
            diagnostic::sort(&mut findings);
            Look { tree: parse(&self.path, &self.text), findings, claims }
        };
        // A defect of a rule must not end the session of an editor.
        panic::catch_unwind(AssertUnwindSafe(look)).unwrap_or_default()
    }

    /// Whether the last text that could be read extends a file.
    pub fn extends(&self, id: &str) -> bool {
        let tree = self.tree.as_ref().filter(|tree| tree.text().contains("extends"));
        tree.is_some_and(|tree| tree.to_json()["extends"] == id)
    }

    /// What `validate` finds in the file, were this its text.
    pub fn examine(&self, text: &str) -> Examined {
        validate::examine_among(&self.path, text.as_bytes(), &self.bases)
    }

    /// Findings as the editor gets them.
    pub fn shown(&self, uri: &Uri, findings: &[Diagnostic]) -> Vec<Shown> {
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
