//! The outline of a file: its keys, and theirs.

use gen_lsp_types::{DocumentSymbol, SymbolKind};

use crate::cli::lsp::open::Open;
use crate::cli::lsp::position::Lines;
use crate::yaml::{Node, NodeValue, Span};

/// Keys further in are no places that anybody looks for.
const MAX_DEPTH: usize = 4;
/// More are not listed.
const MAX_SYMBOLS: usize = 5_000;
/// What a member of a list is called by.
const NAMES: [&str; 3] = ["name", "as", "endpoint"];

/// The keys of a text that can be read, else of the last one that could.
pub fn symbols(open: &Open) -> Vec<DocumentSymbol> {
    let Some(document) = open.tree() else { return vec![] };
    let lines = open.lines.like(document.text());
    let mut left = MAX_SYMBOLS;
    of(document.root(), document.text(), &lines, 0, &mut left)
}

fn of(node: &Node, text: &str, lines: &Lines, depth: usize, left: &mut usize) -> Vec<DocumentSymbol> {
    let members: Vec<(String, Span, &Node)> = match &node.value {
        _ if depth == MAX_DEPTH => vec![],
        NodeValue::Mapping(entries) => {
            entries.iter().map(|(key, value)| (key.name.clone(), key.span, value)).collect()
        }
        NodeValue::Sequence(items) => {
            let item =
                |(index, item)| (name(item).unwrap_or_else(|| format!("{}", index + 1)), None::<Span>, item);
            let items = items.iter().enumerate().map(item);
            // A list of words needs no outline.
            let items = items.filter(|(_, _, item)| matches!(item.value, NodeValue::Mapping(_)));
            items.map(|(name, span, item)| (name, span.unwrap_or(item.span), item)).collect()
        }
        _ => vec![],
    };
    let mut symbols = vec![];
    for (name, span, value) in members {
        let Some(rest) = left.checked_sub(1) else { break };
        *left = rest;
        let whole = Span { start: span.start.min(value.span.start), end: span.end.max(value.span.end) };
        let children = of(value, text, lines, depth + 1, left);
        let name = if name.is_empty() { "\"\"".into() } else { name };
        let place = if span == value.span { first_line(text, span) } else { span };
        symbols.push(DocumentSymbol::new(
            name,
            detail(value, text),
            kind(value),
            None,
            None,
            lines.range(text, whole),
            lines.range(text, place),
            Some(children).filter(|children| !children.is_empty()),
        ));
    }
    symbols
}

fn name(item: &Node) -> Option<String> {
    let NodeValue::Mapping(entries) = &item.value else { return None };
    let text = |node: &Node| match &node.value {
        NodeValue::String(text) => Some(text.clone()),
        _ => None,
    };
    NAMES.iter().find_map(|name| text(&entries.iter().find(|(key, _)| key.name == *name)?.1))
}

fn kind(node: &Node) -> SymbolKind {
    match &node.value {
        NodeValue::Mapping(_) => SymbolKind::Object,
        NodeValue::Sequence(_) => SymbolKind::Array,
        NodeValue::String(_) => SymbolKind::String,
        _ => SymbolKind::Constant,
    }
}

/// A value that is one short line.
fn detail(node: &Node, text: &str) -> Option<String> {
    let written = match &node.value {
        NodeValue::Mapping(_) | NodeValue::Sequence(_) => return None,
        _ => text.get(node.span.start..node.span.end)?,
    };
    (written.len() <= 80 && !written.contains('\n')).then(|| written.to_owned())
}

fn first_line(text: &str, span: Span) -> Span {
    let end = text.get(span.start..span.end).and_then(|text| text.find('\n'));
    Span { start: span.start, end: end.map_or(span.end, |end| span.start + end) }
}
