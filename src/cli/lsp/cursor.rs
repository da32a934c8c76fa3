//! Where in a file the cursor is: the path to it, and what is written around it.

use crate::cli::lsp::open;
use crate::cli::lsp::outline;
use crate::cli::lsp::schema::Step;
use crate::yaml::{Document, Limits, Node, NodeValue, Span};

/// A word that nobody writes. It stands in for what is being typed, so that the text around it can be read as YAML.
const MARK: &str = "zzCursorOfTheEditorzz";

/// Where something is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The mapping that a key is typed in, or the value itself.
    pub path: Vec<Step>,
    /// The keys that the mapping has already.
    pub siblings: Vec<String>,
    /// What is typed: `None` for a key, else the value up to the cursor.
    pub value: Option<String>,
    /// Whether the value begins its line, so that it may become a key.
    pub alone: bool,
    /// Whether a colon follows the key.
    pub colon: bool,
}

impl Cursor {
    /// Where the cursor at a byte of a text is: read with the word under it replaced, else by its indentation.
    pub fn of(text: &str, offset: usize) -> Cursor {
        let word = word(text, offset);
        let colon = text[word.end..].trim_start_matches(' ').starts_with(':');
        let line = &text[text[..word.start].rfind('\n').map_or(0, |at| at + 1)..word.start];
        let alone = line.trim_start_matches([' ', '-']).is_empty();
        let marked = |mark: &str| format!("{}{mark}{}", &text[..word.start], &text[word.end..]);
        let key = format!("{MARK}: ");
        let attempts: &[&str] = if colon || !alone { &[MARK] } else { &[MARK, &key] };
        // A text that takes long to read is looked at line by line.
        let found = attempts.iter().filter(|_| text.len() <= Limits::PROVIDER.bytes).find_map(|mark| {
            let document = open::parse("".as_ref(), &marked(mark))?;
            find(&document, document.root(), &mut vec![])
        });
        let found = found.unwrap_or_else(|| outline::cursor(text, word.start));
        Cursor { alone, colon, ..found }
    }
}

/// The word that a byte is in or behind.
pub fn word(text: &str, offset: usize) -> Span {
    let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let before: usize = text[..offset].chars().rev().take_while(is_part).map(char::len_utf8).sum();
    let after: usize = text[offset..].chars().take_while(is_part).map(char::len_utf8).sum();
    let start = offset - before;
    // The dash of a list is no word.
    let dash = text[start..offset].starts_with('-') && before == 1;
    Span { start: if dash { offset } else { start }, end: offset + after }
}

/// The place of the mark.
fn find(document: &Document, node: &Node, path: &mut Vec<Step>) -> Option<Cursor> {
    match &node.value {
        NodeValue::Mapping(entries) => {
            if entries.iter().any(|(key, _)| key.name == MARK) {
                let others = entries.iter().filter(|(key, _)| key.name != MARK);
                let siblings = others.map(|(key, _)| key.name.clone()).collect();
                return Some(Cursor {
                    path: path.clone(),
                    siblings,
                    value: None,
                    alone: false,
                    colon: false,
                });
            }
            entries.iter().find_map(|(key, value)| {
                path.push(Step::Key(key.name.clone()));
                let found = find(document, value, path);
                path.pop();
                found
            })
        }
        NodeValue::Sequence(items) => items.iter().find_map(|item| {
            path.push(Step::Member);
            let found = find(document, item, path);
            path.pop();
            found
        }),
        NodeValue::String(text) if text.contains(MARK) => {
            let written = document.text().get(node.span.start..node.span.end)?;
            let value = Some(written[..written.find(MARK)?].to_owned());
            Some(Cursor { path: path.clone(), siblings: vec![], value, alone: false, colon: false })
        }
        _ => None,
    }
}

/// What is under the cursor of a text that can be read.
#[derive(Clone, Debug)]
pub struct Under<'a> {
    /// The path of the value, or of the value of the key.
    pub path: Vec<Step>,
    /// The place of the key, or of the value.
    pub span: Span,
    /// The value; `None` on a key.
    pub value: Option<&'a Node>,
}

/// What a byte of a document belongs to.
pub fn under(document: &Document, offset: usize) -> Option<Under<'_>> {
    let within = |span: Span| span.start <= offset && offset <= span.end;
    let mut node = document.root();
    let mut path = vec![];
    loop {
        match &node.value {
            NodeValue::Mapping(entries) => {
                let (key, value) =
                    entries.iter().find(|(key, value)| within(key.span) || within(value.span))?;
                path.push(Step::Key(key.name.clone()));
                if within(key.span) {
                    return Some(Under { path, span: key.span, value: None });
                }
                node = value;
            }
            NodeValue::Sequence(items) => {
                node = items.iter().find(|item| within(item.span))?;
                path.push(Step::Member);
            }
            _ => return within(node.span).then_some(Under { path, span: node.span, value: Some(node) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(marked: &str) -> Cursor {
        let offset = marked.find('|').unwrap();
        Cursor::of(&marked.replacen('|', "", 1), offset)
    }

    fn keys(marked: &str) -> (String, Vec<String>) {
        let cursor = cursor(marked);
        assert_eq!(cursor.value, None, "{marked}");
        (shown(&cursor), cursor.siblings)
    }

    fn shown(cursor: &Cursor) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => format!("/{key}"),
            Step::Member => "/-".to_owned(),
        };
        cursor.path.iter().map(step).collect()
    }

    #[test]
    fn finds_the_mapping_of_a_key() {
        for (text, path, siblings) in [
            ("id: a\nna|\n", "", &["id"][..]),
            ("id: a\nna|: b\nx: 1\n", "", &["id", "x"]),
            ("vars: {a: {ti|}}\n", "/vars/a", &[]),
            ("token: {method: GET, |}\n", "/token", &["method"]),
            ("token:\n  method: GET\n  bo|\n", "/token", &["method"]),
            ("tests:\n  - name: x\n    |\n", "/tests/-", &["name"]),
            ("token:\r\n  method: GET\r\n  bo|\r\nid: x\r\n", "/token", &["method"]),
            // What is broken elsewhere is no hindrance.
            ("x: [\ntoken:\n  method: GET\n  bo|\n  body: x\nid: a\n", "/token", &["method", "body"]),
            ("x: }\ntests:\n- name: x\n  us|\n", "/tests/-", &["name"]),
            ("x: }\ntests:\n  - us|\n    name: x\n", "/tests/-", &["name"]),
        ] {
            assert_eq!(
                keys(text),
                (path.to_owned(), siblings.iter().map(|key| (*key).to_owned()).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn finds_a_value_and_what_is_written_of_it() {
        for (text, path, value) in [
            ("pkce: S|\n", "/pkce", "S"),
            ("token: {body: |}\n", "/token/body", ""),
            ("id_token: {algs: [RS256, |]}\n", "/id_token/algs/-", ""),
            ("a: \"{{ vars.| }}\"\n", "/a", "\"{{ vars."),
            ("a: https://{{ vars.te| }}/x\n", "/a", "https://{{ vars."),
            ("profile:\n  sub: $.|\n", "/profile/sub", "$."),
            ("x: [\nprofile:\n  sub: $.|\n", "/profile/sub", "$."),
            ("x: [\nlist:\n  - {{ a.|\n", "/list/-", "{{ a."),
        ] {
            let cursor = cursor(text);
            assert_eq!(shown(&cursor), path, "{text}");
            let value = value.strip_suffix('S').unwrap_or(value);
            assert_eq!(cursor.value.as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn no_place_in_any_text_is_too_much() {
        for text in ["", ":", "- - - ", "{{{{", "é🔑: [", "a:\n\t- b", "\r\n\r", "? x\n: y", "\u{feff}a: b"]
        {
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                Cursor::of(text, offset);
            }
        }
    }
}
