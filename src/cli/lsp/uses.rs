//! Every place of a file that declares or uses a name of its providers.

use crate::cli::lsp::expression::{Notation, notation};
use crate::cli::lsp::names::pointer;
use crate::cli::lsp::schema::Step;
use crate::spec::schema::Kind;
use crate::yaml::{Document, Key, Node, NodeValue, Span};

/// The roots whose members a provider file declares.
const ROOTS: [&str; 4] = ["vars", "client", "request", "captured"];

/// A name that a provider file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `vars`, `client`, `request` or `captured`; empty for a call.
    pub root: String,
    /// The rest of it.
    pub member: String,
}

/// A place where a name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which one.
    pub name: Name,
    /// Where its own part of it is.
    pub span: Span,
    /// Whether it is declared there.
    pub declares: bool,
}

/// A provider in a file.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    /// Its id.
    pub id: String,
    /// The id of the one it is laid over.
    pub base: Option<String>,
    node: &'a Node,
}

/// The providers of a file: one of a provider file, several of a deployment file.
pub fn sections<'a>(document: &'a Document) -> Vec<Section<'a>> {
    let root = document.root();
    match Kind::of(document) {
        Kind::Deployment => {
            let Some(NodeValue::Mapping(providers)) = member(root, "providers").map(|node| &node.value)
            else {
                return vec![];
            };
            let section = |(key, node): &'a (Key, Node)| -> Section<'a> {
                let base = text(node, "extends").unwrap_or_else(|| key.name.clone());
                Section { id: key.name.clone(), base: Some(base), node }
            };
            providers.iter().map(section).collect()
        }
        Kind::Provider | Kind::Vectors => {
            vec![Section {
                id: text(root, "id").unwrap_or_default(),
                base: text(root, "extends"),
                node: root,
            }]
        }
    }
}

impl Section<'_> {
    /// Every name in it, in the order of the text.
    pub fn uses(&self, document: &Document) -> Vec<Use> {
        let mut uses = vec![];
        walk(document, self.node, &mut vec![], &mut uses);
        uses
    }
}

fn walk(document: &Document, node: &Node, path: &mut Vec<Step>, uses: &mut Vec<Use>) {
    match &node.value {
        NodeValue::Mapping(entries) => {
            for (key, value) in entries {
                uses.extend(of_key(path, key));
                path.push(Step::Key(key.name.clone()));
                walk(document, value, path, uses);
                path.pop();
            }
        }
        NodeValue::Sequence(items) => {
            for item in items {
                path.push(Step::Member);
                walk(document, item, path, uses);
                path.pop();
            }
        }
        NodeValue::String(text) => match keys(path).as_slice() {
            // What a test gives and wants is no template.
            ["tests", ..] => {}
            ["userinfo", "as"] => {
                let quote = usize::from(document.text()[node.span.start..].starts_with(['"', '\'']));
                let start = node.span.start + quote;
                let name = Name { root: String::new(), member: text.clone() };
                uses.push(Use { name, span: Span { start, end: start + text.len() }, declares: true });
            }
            _ => {
                let written = document.text().get(node.span.start..node.span.end).unwrap_or_default();
                uses.extend(in_text(path, written, node.span.start));
            }
        },
        _ => {}
    }
}

/// A key that declares a name, or gives it a value in a test.
fn of_key(path: &[Step], key: &Key) -> Option<Use> {
    let path = keys(path);
    let (root, declares) = match path.as_slice() {
        ["tests", root] => (ROOTS.iter().find(|known| *known == root).copied(), false),
        ["tests"] => (Some(""), false),
        path => {
            let at = format!("/{}", path.join("/"));
            (ROOTS.into_iter().find(|root| pointer(root) == Some(at.as_str())), true)
        }
    };
    let name = Name { root: root?.to_owned(), member: key.name.clone() };
    Some(Use { name, span: key.span, declares })
}

/// The names in a template, a condition or a path.
fn in_text(path: &[Step], written: &str, start: usize) -> Vec<Use> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut uses = vec![];
    let mut at = 0;
    while let Some(found) = written[at..].find(word) {
        let first = at + found;
        let end = written[first..].find(|c| !word(c) && c != '.').map_or(written.len(), |end| first + end);
        let (before, chain) = (&written[..first], written[first..end].trim_end_matches('.'));
        at = end;
        let is_name = match notation(path, before) {
            Some(Notation::Expression) => !before.ends_with('.') && !is_quoted(before),
            Some(Notation::Path) => before.ends_with("$."),
            None => false,
        };
        if !is_name {
            continue;
        }
        let (root, rest) = chain.split_once('.').unwrap_or((chain, ""));
        let member = rest.split('.').next().unwrap_or_default();
        let (name, offset, length) = match ROOTS.contains(&root) {
            true if member.is_empty() => continue,
            true => (Name { root: root.into(), member: member.into() }, first + root.len() + 1, member.len()),
            false => (Name { root: String::new(), member: root.into() }, first, root.len()),
        };
        let span = Span { start: start + offset, end: start + offset + length };
        uses.push(Use { name, span, declares: false });
    }
    uses
}

/// Whether a text in an expression is open.
fn is_quoted(before: &str) -> bool {
    let opened = ["{{", "{%"].iter().filter_map(|open| before.rfind(open)).max();
    let expression = before.get(opened.map_or(0, |at| at + 2)..).unwrap_or_default();
    let mut open = None;
    for c in expression.chars().filter(|c| matches!(c, '"' | '\'')) {
        match open {
            None => open = Some(c),
            Some(quote) if quote == c => open = None,
            Some(_) => {}
        }
    }
    // The quote of a condition is that of its YAML.
    open.is_some() && opened.is_some()
}

fn keys(path: &[Step]) -> Vec<&str> {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Member => None,
    });
    keys.collect()
}

fn member<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let NodeValue::Mapping(entries) = &node.value else { return None };
    entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
}

fn text(node: &Node, name: &str) -> Option<String> {
    match &member(node, name)?.value {
        NodeValue::String(text) => Some(text.clone()),
        _ => None,
    }
}
