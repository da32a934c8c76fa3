//! What may be written at the cursor: keys, values, and names of templates and paths.

use std::sync::Arc;

use gen_lsp_types::{CompletionItem, CompletionItemKind, MarkupContent, MarkupKind, TextEdit};

use crate::cli::lsp::cursor::{Cursor, word};
use crate::cli::lsp::expression::{Notation, Part, notation, part};
use crate::cli::lsp::names::{Name, Scope};
use crate::cli::lsp::open::Open;
use crate::cli::lsp::reading::Reading;
use crate::cli::lsp::schema::Step;
use crate::cli::lsp::{beginning, filters, hover, schema};
use crate::expr::TESTS;
use crate::spec::schema::Kind;
use crate::yaml::Document;

/// Proposals for a byte of a text. Where the text is no YAML at the moment, the last one that was says what is declared.
///
/// `snippets`: whether the editor can step through the places of a proposal that are to be filled in.
pub fn completion(open: &Open, offset: usize, snippets: bool) -> Vec<CompletionItem> {
    let cursor = Cursor::of(&open.text, offset);
    let tree = Reading::nearest(open);
    let kind = match &tree {
        Some(tree) => Kind::of(tree),
        None if open.path.file_stem().is_some_and(|stem| stem == "authcfg") => Kind::Deployment,
        None => Kind::Provider,
    };
    let word = word(&open.text, offset);
    let items = match &cursor.value {
        None => keys(kind, &cursor),
        Some(before) => {
            let typed = open.text.get(word.start..offset).unwrap_or_default();
            let before = format!("{before}{typed}");
            let scopes = || tree.as_ref().and_then(|tree| scopes(open, kind, tree, &cursor));
            match scopes().or_else(|| names(open, kind, tree.clone(), &cursor, &before)) {
                Some(items) => items,
                None => values(kind, &cursor),
            }
        }
    };
    let replace = |item: CompletionItem, text: Option<String>| {
        let new_text = text.unwrap_or_else(|| item.label.clone());
        let edit = TextEdit { range: open.lines.range(&open.text, word), new_text };
        CompletionItem { text_edit: Some(edit.into()), ..item }
    };
    let mut items: Vec<CompletionItem> = items.into_iter().map(|(item, text)| replace(item, text)).collect();
    if kind == Kind::Provider && beginning::is_empty(&open.text, word) {
        let range = open.lines.range(&open.text, word);
        items.extend(beginning::proposals(&open.path, range, snippets));
    }
    items
}

/// A proposal, and what is inserted where that is more than its name.
type Proposal = (CompletionItem, Option<String>);

fn keys(kind: Kind, cursor: &Cursor) -> Vec<Proposal> {
    let all = schema::keys(schema::of(kind), &cursor.path);
    let free = all.into_iter().filter(|(key, _)| !cursor.siblings.iter().any(|sibling| sibling == key));
    let item = |(key, _): (&str, _)| {
        let mut path = cursor.path.clone();
        path.push(schema::Step::Key(key.to_owned()));
        let text = (!cursor.colon).then(|| format!("{key}: "));
        (proposal(key, CompletionItemKind::Property, hover::about(kind, &path)), text)
    };
    free.map(item).collect()
}

fn values(kind: Kind, cursor: &Cursor) -> Vec<Proposal> {
    let values = schema::values(schema::of(kind), &cursor.path).into_iter();
    let item = |(word, meaning): Name| (proposal(&word, CompletionItemKind::EnumMember, meaning), None);
    let mut items: Vec<Proposal> = values.map(item).collect();
    // What stands alone on its line may become the first key of a mapping.
    if cursor.alone && cursor.value.as_deref() == Some("") {
        items.extend(keys(kind, cursor));
    }
    items
}

/// The scopes that a list of them may have; `None` where the cursor is in another place.
fn scopes(open: &Open, kind: Kind, tree: &Document, cursor: &Cursor) -> Option<Vec<Proposal>> {
    let scope = Scope::of(tree, kind, &cursor.path, open)?;
    let step = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Member => "-".to_owned(),
    };
    let path: Vec<String> = scope.path.iter().map(step).collect();
    let written = match (kind, path.join("/").as_str()) {
        (Kind::Deployment, "scopes/-") => scope.written("/scopes"),
        (_, "scopes/default/-") => scope.written("/scopes/default"),
        (Kind::Provider, "tests/-/scopes/-") => vec![],
        _ => return None,
    };
    let free = scope.scopes().into_iter().filter(|(name, _)| !written.contains(name));
    Some(free.map(|(name, text)| (proposal(&name, CompletionItemKind::EnumMember, text), None)).collect())
}

/// Names of a template, condition or path; `None` where none is being written.
fn names(
    open: &Open,
    kind: Kind,
    tree: Option<Arc<Document>>,
    cursor: &Cursor,
    before: &str,
) -> Option<Vec<Proposal>> {
    let empty = || Document::parse("", b"{}", crate::yaml::Limits::PROVIDER).ok().map(Arc::new);
    let tree = tree.or_else(empty)?;
    let scope = Scope::of(&tree, kind, &cursor.path, open)?;
    let notation = notation(&scope.path, before)?;
    let before = match notation {
        Notation::Path => without_brackets(before),
        Notation::Expression => before.to_owned(),
    };
    let plain = |names: Vec<Name>, kind: CompletionItemKind| {
        names.into_iter().map(|(name, text)| (proposal(&name, kind, text), None)).collect()
    };
    Some(match part(&before, before.len(), true) {
        Part::Filter(_) if notation == Notation::Expression => {
            let all = filters::all().iter();
            let names =
                all.map(|(name, gives)| ((*name).to_owned(), Some(format!("Gives {gives}.")))).collect();
            plain(names, CompletionItemKind::Function)
        }
        Part::Test(_) if notation == Notation::Expression => {
            plain(TESTS.iter().map(|name| ((*name).to_owned(), None)).collect(), CompletionItemKind::Keyword)
        }
        Part::Name { of, .. } => plain(scope.members(of), CompletionItemKind::Variable),
        Part::Filter(_) | Part::Test(_) => vec![],
    })
}

/// A path without what picks members of a list: `$.emails.x` of `$.emails[0].x`.
fn without_brackets(path: &str) -> String {
    let mut depth = 0_usize;
    let outside = path.chars().filter(|c| match c {
        '[' => {
            depth += 1;
            false
        }
        ']' => {
            let closes = depth > 0;
            depth = depth.saturating_sub(1);
            !closes
        }
        _ => depth == 0,
    });
    outside.collect()
}

fn proposal(label: &str, kind: CompletionItemKind, documentation: Option<String>) -> CompletionItem {
    let markdown = |value| MarkupContent { kind: MarkupKind::Markdown, value };
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        documentation: documentation.map(|text| markdown(text).into()),
        ..CompletionItem::default()
    }
}

/// The characters behind which something can be proposed at once.
pub fn triggers() -> Vec<String> {
    [".", "$", "|", "{", " "].map(str::to_owned).to_vec()
}
