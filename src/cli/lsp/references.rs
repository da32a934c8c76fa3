//! Where a name is used: in its file, in the files laid over it, and in the deployment file; and its renaming.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use gen_lsp_types::{
    DocumentHighlight, DocumentHighlightKind, Location, PrepareRenamePlaceholder, TextEdit, Uri,
    WorkspaceEdit,
};

use crate::cli::lsp::open::{self, Open};
use crate::cli::lsp::project;
use crate::cli::lsp::uses::{Name, Section, Use, sections};
use crate::cli::lsp::workspace::Workspace;
use crate::diagnostic::Severity;
use crate::provider::catalog::files;
use crate::spec::schema::Kind;
use crate::yaml::{Document, Limits, Span};

/// Files laid over each other.
const MAX_BASES: usize = 8;

/// A file that may use the name.
struct File {
    uri: Uri,
    document: Arc<Document>,
}

/// The uses of a name, file by file; the file of the cursor first.
struct Family {
    name: Name,
    uses: Vec<(Uri, Arc<Document>, Vec<Use>)>,
    /// Whether the first of the files that are laid over each other declares it.
    declared: bool,
}

/// The places of the name under the cursor in this file.
pub fn highlights(open: &Open, offset: usize) -> Option<Vec<DocumentHighlight>> {
    let document = readable(open)?;
    let all = sections(&document);
    let (section, at) = under(&document, &all, offset)?;
    let uses = section.uses(&document).into_iter().filter(|it| it.name == at.name);
    let highlight = |it: Use| DocumentHighlight {
        range: open.lines.range(&open.text, it.span),
        kind: Some(if it.declares { DocumentHighlightKind::Write } else { DocumentHighlightKind::Read }),
    };
    Some(uses.map(highlight).collect())
}

/// All places of the name under the cursor, with or without its declarations.
pub fn references(
    workspace: &Workspace,
    open: &Open,
    uri: &Uri,
    offset: usize,
    all: bool,
) -> Option<Vec<Location>> {
    let family = Family::of(workspace, open, uri, offset)?;
    let mut locations = vec![];
    for (uri, document, uses) in &family.uses {
        let lines = open.lines.like(document.text());
        for it in uses.iter().filter(|it| all || !it.declares) {
            locations.push(Location { uri: uri.clone(), range: lines.range(document.text(), it.span) });
        }
    }
    Some(locations)
}

/// The name under the cursor, where it can be renamed.
pub fn prepare(open: &Open, offset: usize) -> Option<PrepareRenamePlaceholder> {
    let document = readable(open)?;
    let (_, at) = under(&document, &sections(&document), offset)?;
    can_change(&at.name).then(|| PrepareRenamePlaceholder {
        range: open.lines.range(&open.text, at.span),
        placeholder: at.name.member,
    })
}

/// The edits that give the name under the cursor another one.
///
/// # Errors
/// Why it cannot have that name, in words for the person who typed it.
pub fn rename(
    workspace: &Workspace,
    open: &Open,
    uri: &Uri,
    offset: usize,
    new: &str,
) -> Result<WorkspaceEdit, String> {
    let family = Family::of(workspace, open, uri, offset).ok_or("there is no name here")?;
    let Name { root, member } = &family.name;
    if !can_change(&family.name) {
        return Err(format!("`{root}.{member}` is what the deployment and the application call it"));
    }
    if !family.declared {
        return Err(format!("`{member}` is declared in no file of this catalogue"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if new.is_empty() || !new.chars().all(plain) || new.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{}` is no name: letters, digits and `_`", new.escape_debug()));
    }
    let mut changes = HashMap::new();
    for (uri, document, uses) in &family.uses {
        let lines = open.lines.like(document.text());
        let edit =
            |it: &Use| TextEdit { range: lines.range(document.text(), it.span), new_text: new.to_owned() };
        changes.insert(uri.clone(), uses.iter().map(edit).collect());
    }
    let spans = family.uses.first().into_iter().flat_map(|(_, _, uses)| uses.iter().map(|it| it.span));
    match breaks(open, spans, new) {
        true => Err(format!("with the name `{new}` the file has errors that it does not have now")),
        false => Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
    }
}

/// Whether a name is of the files alone: inputs and what is declared of the client have users elsewhere.
fn can_change(name: &Name) -> bool {
    matches!(name.root.as_str(), "vars" | "captured" | "")
}

/// Whether the text of a file has more errors with another name.
fn breaks(open: &Open, spans: impl Iterator<Item = Span>, new: &str) -> bool {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort();
    let mut text = open.text.to_string();
    spans.iter().rev().for_each(|span| text.replace_range(span.start..span.end, new));
    let errors = |text: &str| {
        let findings = open.examine(text).findings;
        findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    };
    errors(&text) > errors(&open.text)
}

fn readable(open: &Open) -> Option<Arc<Document>> {
    open.tree().filter(|tree| **tree.text() == *open.text)
}

/// The name at a byte, and its provider.
fn under<'a>(document: &Document, all: &'a [Section<'a>], offset: usize) -> Option<(&'a Section<'a>, Use)> {
    let is_here = |it: &Use| it.span.start <= offset && offset <= it.span.end;
    all.iter().find_map(|section| {
        let uses = section.uses(document);
        let at = uses.iter().find(|it| is_here(it))?.clone();
        // A key of a test is a name only where a call has it.
        let is_name = !at.name.root.is_empty() || uses.iter().any(|it| it.declares && it.name == at.name);
        is_name.then_some((section, at))
    })
}

impl Family {
    fn of(workspace: &Workspace, open: &Open, uri: &Uri, offset: usize) -> Option<Family> {
        let mut files = vec![File { uri: uri.clone(), document: readable(open)? }];
        let own = sections(&files[0].document);
        let (section, at) = under(&files[0].document, &own, offset)?;
        let (start, name) = (section.clone().id, at.name);
        let base = section.base.clone();
        files.extend(others(workspace, open, &name));
        let all: Vec<(&File, Section<'_>)> = files
            .iter()
            .flat_map(|file| sections(&file.document).into_iter().map(move |section| (file, section)))
            .collect();
        let uses = |(file, section): &(&File, Section<'_>)| -> Vec<Use> {
            section.uses(&file.document).into_iter().filter(|it| it.name == name).collect()
        };
        let declares = |id: &str| {
            let mut named = all.iter().filter(|(_, section)| section.id == id);
            named.any(|it| uses(it).iter().any(|it| it.declares))
        };
        // Down to the file that declares it first.
        let mut root = declares(&start).then(|| start.clone());
        let mut below = base;
        for _ in 0..MAX_BASES {
            let Some(id) = below.take() else { break };
            if declares(&id) {
                root = Some(id.clone());
            }
            let next = all.iter().find(|(_, section)| section.id == id && section.base.as_ref() != Some(&id));
            below = next.and_then(|(_, section)| section.base.clone());
        }
        // Up to everything that is laid over it.
        let mut ids = BTreeSet::from([root.clone().unwrap_or(start)]);
        for _ in 0..MAX_BASES {
            let over = all
                .iter()
                .filter(|(_, section)| section.base.as_ref().is_some_and(|base| ids.contains(base)));
            let over: Vec<String> = over.map(|(_, section)| section.id.clone()).collect();
            ids.extend(over);
        }
        let mut found: Vec<(Uri, Arc<Document>, Vec<Use>)> = vec![];
        for it in all.iter().filter(|(_, section)| ids.contains(&section.id)) {
            let here = uses(it);
            match found.iter_mut().find(|(uri, ..)| *uri == it.0.uri) {
                _ if here.is_empty() => {}
                Some((_, _, uses)) => uses.extend(here),
                None => found.push((it.0.uri.clone(), Arc::clone(&it.0.document), here)),
            }
        }
        Some(Family { name: name.clone(), uses: found, declared: root.is_some() })
    }
}

/// The other files of the project that can have to do with a name.
fn others(workspace: &Workspace, open: &Open, name: &Name) -> Vec<File> {
    let opened = workspace.texts();
    let file = |path: PathBuf| {
        let (uri, text) = match opened.get(&path) {
            Some((uri, text)) => (uri.clone(), Arc::clone(text)),
            None => {
                let bytes = files::read(&path, None, Limits::DEPLOYMENT.bytes).ok()?;
                (Uri::from_file_path(&path).ok()?, String::from_utf8(bytes).ok()?.into())
            }
        };
        let concerned = text.contains(name.member.as_str()) || text.contains("extends");
        let document = concerned.then(|| open::parse(&path, &text)).flatten()?;
        Some(File { uri, document })
    };
    let is_deployment = readable(open).is_some_and(|document| Kind::of(&document) == Kind::Deployment);
    project::files(&open.real, is_deployment)
        .into_iter()
        .filter(|path| *path != open.real)
        .filter_map(file)
        .collect()
}
