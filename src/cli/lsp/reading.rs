//! A tree for a text that is being typed: its own where it has one, else that of the nearest text that has one.

use std::sync::Arc;

use crate::cli::lsp::open::{self, Open};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Document, Limits, Span};

/// More lines are not left out of a text to make it readable.
const MAX_MENDED: usize = 8;
/// More bytes are not read to find the one line.
const BUDGET: usize = 1 << 20;

/// A tree, and which of its bytes are still in the text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The tree.
    pub document: Arc<Document>,
    /// How many bytes are the same at the beginning, and how many at the end.
    same: (usize, usize),
    length: usize,
}

impl Reading {
    /// A tree in which a byte of the text has a place, and that place.
    pub fn at(open: &Open, offset: usize) -> Option<(Reading, usize)> {
        let last = open.tree().map(|tree| Reading::new(tree, &open.text));
        let place = |reading: Reading| Some((reading.before(offset)?, reading)).map(|(at, it)| (it, at));
        last.and_then(place).or_else(|| place(Reading::new(mended(open)?, &open.text)))
    }

    /// The tree of the text, of the last one that had one, or of what is left of it.
    pub fn nearest(open: &Open) -> Option<Arc<Document>> {
        open.tree().or_else(|| mended(open))
    }

    fn new(document: Arc<Document>, text: &str) -> Reading {
        let (old, new) = (document.text().as_bytes(), text.as_bytes());
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let shorter = old.len().min(new.len()) - start;
        let ends = old.iter().rev().zip(new.iter().rev());
        let end = ends.take(shorter).take_while(|(a, b)| a == b).count();
        Reading { document, same: (start, end), length: text.len() }
    }

    /// Where a byte of the text is in the tree.
    fn before(&self, offset: usize) -> Option<usize> {
        shifted(offset, self.same, self.length, self.document.text().len())
    }

    /// Where something of the tree is in the text.
    pub fn now(&self, span: Span) -> Option<Span> {
        let old = self.document.text().len();
        let start = shifted(span.start, self.same, old, self.length)?;
        let end = shifted(span.end, self.same, old, self.length)?;
        (start <= end).then_some(Span { start, end })
    }
}

fn shifted(offset: usize, (start, end): (usize, usize), from: usize, to: usize) -> Option<usize> {
    if offset <= start {
        return Some(offset);
    }
    let behind = from.checked_sub(offset)?;
    (behind <= end).then(|| to - behind)
}

/// The text without the one line that keeps it from being read, or without as many as it takes; what is left stands
/// where it stood.
fn mended(open: &Open) -> Option<Arc<Document>> {
    let text = &open.text;
    if text.len() > Limits::PROVIDER.bytes {
        return None;
    }
    let read = |text: &str| open::parse(&open.path, text);
    let first = problem(text)?;
    // A bracket that stays open is noticed further down.
    let above = text.get(..first)?.match_indices('\n').rev().map(|(at, _)| at);
    let tried = std::iter::once(first).chain(above).take(BUDGET / text.len().max(1));
    if let Some(document) = tried.filter_map(|at| read(&without_line(text, at))).next() {
        return Some(document);
    }
    let mut text = text.to_string();
    for _ in 0..MAX_MENDED {
        text = without_line(&text, problem(&text)?);
        if let Some(document) = read(&text) {
            return Some(document);
        }
    }
    None
}

/// Where a text cannot be read; what is missing at the end began above.
fn problem(text: &str) -> Option<usize> {
    let problems = Document::parse("", text.as_bytes(), Limits::PROVIDER).err()?;
    let at = Diagnostic::about_text("", text.as_bytes(), problems.into_iter().next()?).primary().span.start;
    let (before, behind) = (text.get(..at)?, text.get(at..)?);
    Some(if behind.trim().is_empty() { before.trim_end().len() } else { at })
}

/// A text with spaces in the place of the line of a byte.
fn without_line(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    format!("{}{}{}", &text[..start], " ".repeat(end - start), &text[end..])
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{TextDocumentItem, Uri};

    use super::*;
    use crate::cli::lsp::position::Encoding;

    fn open(text: &str) -> Open {
        let uri = Uri::from_file_path("/p/providers/acme.yaml").unwrap();
        let item = TextDocumentItem { uri, language_id: "yaml".into(), version: 1, text: text.into() };
        Open::new(item, Encoding::Utf16)
    }

    #[test]
    fn finds_its_way_around_what_was_typed() {
        let mut now = open("id: a\nname: [\nvars: {b: {}}\n");
        now.tree = open::parse(&now.path, "id: a\nvars: {b: {}}\n");
        let at = now.text.find("b:").unwrap();
        let (reading, before) = Reading::at(&now, at).unwrap();
        assert_eq!(reading.document.text().find("b:"), Some(before));
        assert_eq!(
            reading.now(Span { start: before, end: before + 1 }),
            Some(Span { start: at, end: at + 1 })
        );
        let whole = Span { start: 0, end: reading.document.text().len() };
        assert_eq!(reading.now(whole), Some(Span { start: 0, end: now.text.len() }));
    }

    #[test]
    fn leaves_out_the_lines_that_cannot_be_read() {
        for text in [
            "id: a\n  x: [b\nvars: {b: {}}\n",
            "vars: {b: {}}\nid: 'a\n",
            "vars: {b: {}}\nx: \"a\nid: b\n",
            "\t- [\nvars: {b: {}}\n",
        ] {
            let now = open(text);
            let at = text.find("vars").unwrap();
            let (reading, before) = Reading::at(&now, at).unwrap_or_else(|| panic!("{text}"));
            assert!(reading.document.place("/vars/b").is_some(), "{text}");
            assert_eq!(before, at);
        }
    }
}
