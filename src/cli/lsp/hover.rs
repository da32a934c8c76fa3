//! What there is to say about the word under the cursor.

use std::sync::Arc;

use gen_lsp_types::{Hover, MarkupContent, MarkupKind};

use crate::cli::lsp::cursor::{Under, under};
use crate::cli::lsp::expression::{Part, notation, part};
use crate::cli::lsp::filters;
use crate::cli::lsp::names::Scope;
use crate::cli::lsp::open::Open;
use crate::cli::lsp::reading::Reading;
use crate::cli::lsp::schema::{self, Step};
use crate::spec::schema::Kind;
use crate::yaml::Document;

/// The words about a byte of a text.
pub fn hover(open: &Open, offset: usize) -> Option<Hover> {
    let (reading, offset) = Reading::at(open, offset)?;
    let document = Arc::clone(&reading.document);
    let under = under(&document, offset)?;
    let (text, span) = match under.value {
        None => (about_key(&document, &under.path)?, under.span),
        Some(_) => {
            let text = about_name(open, &document, &under, offset);
            (text.or_else(|| about_value(&document, &under))?, under.span)
        }
    };
    let contents = MarkupContent { kind: MarkupKind::Markdown, value: text };
    let range = reading.now(span).map(|span| open.lines.range(&open.text, span));
    Some(Hover { contents: contents.into(), range })
}

/// The schema's words about a key, with its values and its default.
pub fn about_key(document: &Document, path: &[Step]) -> Option<String> {
    let kind = Kind::of(document);
    if is_free(path) {
        return None;
    }
    about(kind, path)
}

/// The schema's words about the value at a path.
pub fn about(kind: Kind, path: &[Step]) -> Option<String> {
    let schema = schema::of(kind);
    let mut text = unwrapped(schema::description(schema, path)?);
    let values = schema::values(schema, path);
    if !values.is_empty() {
        let line = |(word, meaning): &(String, Option<String>)| match meaning {
            Some(meaning) => format!("- `{word}`: {}", unwrapped(meaning)),
            None => format!("- `{word}`"),
        };
        let lines: Vec<String> = values.iter().map(line).collect();
        text.push_str(&format!("\n\nValues:\n{}", lines.join("\n")));
    }
    if let Some(default) = schema::default(schema, path) {
        text.push_str(&format!("\n\nDefault: `{default}`"));
    }
    Some(text)
}

/// What a word among a few means.
fn about_value(document: &Document, under: &Under<'_>) -> Option<String> {
    let written = document.text().get(under.span.start..under.span.end)?.trim_matches(['"', '\'']);
    let values = schema::values(schema::of(Kind::of(document)), &under.path);
    let (word, meaning) = values.into_iter().find(|(word, _)| word == written)?;
    Some(format!("`{word}`: {}", unwrapped(&meaning?)))
}

/// What a name in a template or path stands for.
fn about_name(open: &Open, document: &Document, under: &Under<'_>, offset: usize) -> Option<String> {
    let value = document.text().get(under.span.start..under.span.end)?;
    let at = offset - under.span.start;
    let scope = Scope::of(document, Kind::of(document), &under.path, open)?;
    notation(&scope.path, value.get(..at)?).or_else(|| notation(&scope.path, value).filter(|_| at <= 1))?;
    match part(value, at, false) {
        Part::Filter(name) => Some(format!("`{name}` gives {}", filters::meaning(name)?)),
        Part::Name { of, name, .. } => {
            let whole = if of.is_empty() { name.to_owned() } else { format!("{of}.{name}") };
            Some(format!("`{whole}`  \n{}", scope.describe(of, name)?))
        }
        Part::Test(_) => None,
    }
}

/// Whether a path leads through an answer that a test gives, where every key is the provider's own.
fn is_free(path: &[Step]) -> bool {
    path.first() == Some(&Step::Key("tests".into())) && path.len() > 3
}

/// A paragraph of a doc comment on one line.
fn unwrapped(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}
