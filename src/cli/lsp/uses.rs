//! Every place of a file that declares or uses a name of its providers.

use crate::cli::lsp::expression::{Notation, notation};
use crate::cli::lsp::names::pointer;
use crate::cli::lsp::schema::Step;
use crate::spec::schema::Kind;
use crate::yaml::{Document, Key, Node, NodeValue, Span};

/// The roots whose members a provider file declares.
const ROOTS: [&str; 4] = ["vars", "client", "request", "captured"];

/// Bytes of a template or path as it is written: longer texts are none, and what each of their words is depends on all before it.
const MAX_WRITTEN: usize = 4 * 1024;

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
                if written.len() > MAX_WRITTEN {
                    return;
                }
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
            Some(Notation::Path) => before.ends_with("$.") || opens_a_root(before),
            None => false,
        };
        if !is_name {
            continue;
        }
        let (root, rest) = chain.split_once('.').unwrap_or((chain, ""));
        let (name, found) = match (ROOTS.contains(&root), rest.split('.').next().unwrap_or_default()) {
            (true, "") => match in_brackets(written, first + root.len()) {
                Some(found) => (root, found),
                None => continue,
            },
            (true, member) => {
                let at = first + root.len() + 1;
                (root, Span { start: at, end: at + member.len() })
            }
            (false, _) => ("", Span { start: first, end: first + root.len() }),
        };
        let name = Name { root: name.into(), member: written[found.start..found.end].into() };
        let span = Span { start: start + found.start, end: start + found.end };
        uses.push(Use { name, span, declares: false });
    }
    uses
}

/// Quotes within brackets, as they are and as YAML has them in a text of the same quotes.
const QUOTES: [&str; 4] = ["''", "\\\"", "'", "\""];

/// Whether a text ends with `$['`, in any quotes.
fn opens_a_root(before: &str) -> bool {
    QUOTES.iter().any(|quote| before.strip_suffix(quote).is_some_and(|before| before.ends_with("$[")))
}

/// The member `x` of `vars['x']`, `$['vars']['x']` or `$['vars'].x`, where the root ends at a byte.
fn in_brackets(written: &str, root_end: usize) -> Option<Span> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = root_end;
    if let Some(quote) = QUOTES.into_iter().find(|quote| written[at..].starts_with(quote)) {
        at += quote.len();
        written[at..].starts_with(']').then_some(())?;
        at += 1;
    }
    if let Some(rest) = written[at..].strip_prefix('.') {
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        return (length > 0).then_some(Span { start: at + 1, end: at + 1 + length });
    }
    let inner = written[at..].strip_prefix('[')?;
    let quote = QUOTES.into_iter().find(|quote| inner.starts_with(quote))?;
    let start = at + 1 + quote.len();
    let length = written[start..].find(|c| !word(c))?;
    let end = start + length;
    (length > 0 && written[end..].strip_prefix(quote)?.starts_with(']')).then_some(Span { start, end })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Limits;

    #[test]
    fn a_member_in_brackets_is_one_behind_a_dot() {
        for (value, expected) in [
            ("$.vars.tenant", "vars.tenant"),
            ("\"$.vars['tenant']\"", "vars.tenant"),
            ("'$.vars[\"tenant\"]'", "vars.tenant"),
            ("'$.vars[''tenant'']'", "vars.tenant"),
            ("\"$['vars']['tenant'].x\"", "vars.tenant"),
            ("\"$['vars'].tenant\"", "vars.tenant"),
            ("\"$[\\\"vars\\\"][\\\"tenant\\\"]\"", "vars.tenant"),
            ("\"{{ vars['tenant'] }}\"", "vars.tenant"),
            ("'{{ vars[\"tenant\"] }}'", "vars.tenant"),
            ("\"$['emails'][0].value\"", ".emails"),
            ("\"$.vars[0]\"", ""),
            ("\"{{ 'vars' }}\"", ""),
        ] {
            let text = format!("id: acme\nprofile: {{x: {value}}}\n");
            let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).unwrap();
            let section = sections(&document).remove(0);
            let uses = section.uses(&document);
            let names: Vec<String> =
                uses.iter().map(|it| format!("{}.{}", it.name.root, it.name.member)).collect();
            assert_eq!(names.join(" "), expected, "{value}");
            for it in uses {
                assert_eq!(text[it.span.start..it.span.end], it.name.member, "{value}");
            }
        }
    }
}
