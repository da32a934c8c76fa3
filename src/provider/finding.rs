//! A finding of meaning: what is wrong at which key, before it is known which file the key stands in.

use std::ops::Range;

use crate::diagnostic::{Applicability, Code, Diagnostic, Help, Label, Severity, Source, nearest, sureness};
use crate::yaml::{Document, Span};

/// What is wrong, by JSON Pointer (RFC 6901): the same provider may come from one file, or from a file and the overrides
/// of a deployment.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What kind of mistake it is.
    pub code: Code,
    /// Whether it stops the provider from running.
    pub severity: Severity,
    /// Where it stands.
    pub pointer: String,
    /// Whether the key is meant rather than its value.
    pub on_key: bool,
    /// The part of the value that is meant, as bytes of its text.
    pub range: Option<Range<usize>>,
    /// What is wrong, on one line.
    pub title: String,
    /// Why here.
    pub label: String,
    /// Another place that this one contradicts, and what it says.
    pub other: Option<(String, String)>,
    /// Facts, with the section of the standard.
    pub note: Option<String>,
    /// The one change to make.
    pub help: Option<FindingHelp>,
}

/// The one change to make.
#[derive(Clone, Debug)]
pub enum FindingHelp {
    /// In words.
    Note(String),
    /// Put this in the place of what is marked.
    Replace {
        /// Why this.
        text: String,
        /// The new text.
        replacement: String,
        /// How sure it is.
        applicability: Applicability,
    },
    /// Put these items of a list in the place of the one that is marked, or marked in part.
    Items {
        /// Why these.
        text: String,
        /// The items.
        items: Vec<String>,
        /// How sure it is.
        applicability: Applicability,
    },
}

impl Finding {
    /// An error at the value of `pointer`.
    pub fn error(code: Code, pointer: impl Into<String>, title: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: Severity::Error,
            pointer: pointer.into(),
            on_key: false,
            range: None,
            title: title.into(),
            label: String::new(),
            other: None,
            note: None,
            help: None,
        }
    }

    /// A warning at the value of `pointer`.
    pub fn warning(code: Code, pointer: impl Into<String>, title: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(code, pointer, title) }
    }

    /// The key is meant, not its value.
    pub fn on_key(mut self) -> Finding {
        self.on_key = true;
        self
    }

    /// Only this part of the value is meant.
    pub fn range(mut self, range: Option<Range<usize>>) -> Finding {
        self.range = range;
        self
    }

    /// Why here.
    pub fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = label.into();
        self
    }

    /// The place that this one contradicts.
    pub fn other(mut self, pointer: impl Into<String>, label: impl Into<String>) -> Finding {
        self.other = Some((pointer.into(), label.into()));
        self
    }

    /// Facts, with the section of the standard.
    pub fn note(mut self, note: impl Into<String>) -> Finding {
        self.note = Some(note.into());
        self
    }

    /// The one change to make, in words.
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(FindingHelp::Note(help.into()));
        self
    }

    /// The one change to make, as a patch of what is marked. Somebody should look at it first, unless it is
    /// [`certain`](Self::certain).
    pub fn replace(mut self, text: impl Into<String>, replacement: impl Into<String>) -> Finding {
        let applicability = Applicability::Likely;
        self.help =
            Some(FindingHelp::Replace { text: text.into(), replacement: replacement.into(), applicability });
        self
    }

    /// The one change to make: several items in the place of one of a list.
    pub fn items(mut self, text: &str, items: Vec<String>, applicability: Applicability) -> Finding {
        self.help = Some(FindingHelp::Items { text: text.to_owned(), items, applicability });
        self
    }

    /// Nothing else than the patch can have been meant.
    pub fn certain(self) -> Finding {
        self.sure(Applicability::Certain)
    }

    /// Whether its change is made without a person.
    pub fn is_certain(&self) -> bool {
        let certain = Applicability::Certain;
        matches!(&self.help, Some(FindingHelp::Replace { applicability, .. } | FindingHelp::Items { applicability, .. }) if *applicability == certain)
    }

    /// The nearest of the known names in the place of what is marked, where one is near; certain where no other is.
    pub fn propose<'a>(
        self,
        text: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Finding {
        match nearest(name, known.clone()) {
            Some(nearest) => self.replace(text, nearest).sure(sureness(name, known)),
            None => self,
        }
    }

    fn sure(mut self, sure: Applicability) -> Finding {
        if let Some(FindingHelp::Replace { applicability, .. }) = &mut self.help {
            *applicability = sure;
        }
        self
    }

    /// The diagnostic, where the finding's pointer is a pointer of `document`.
    pub fn locate(self, document: &Document) -> Diagnostic {
        self.locate_by(document, |pointer| Some(pointer.to_owned()))
    }

    /// The diagnostic, where `translate` turns a pointer of the provider into one of `document`.
    pub fn locate_by(self, document: &Document, translate: impl Fn(&str) -> Option<String>) -> Diagnostic {
        let source = Source::of(document);
        let span = |pointer: &str, on_key: bool| {
            let place = document.nearest(&translate(pointer).unwrap_or_default());
            if on_key { place.key.unwrap_or(place.value) } else { place.value }
        };
        let whole = span(&self.pointer, self.on_key);
        let marked = self.range.as_ref().and_then(|range| within(document, whole, range)).unwrap_or(whole);
        let mut labels =
            vec![Label { source: source.clone(), span: marked, text: self.label, primary: true }];
        let written = |pointer: &str| translate(pointer).is_some_and(|at| document.place(&at).is_some());
        if let Some((pointer, text)) = self.other {
            // What is at odds with a default has no second place.
            if !written(&pointer) && labels[0].text.is_empty() {
                labels[0].text = text;
            } else {
                labels.push(Label {
                    source: source.clone(),
                    span: span(&pointer, true),
                    text,
                    primary: false,
                });
            }
        }
        let help = self.help.map(|help| match help {
            FindingHelp::Note(text) => Help::Note(text),
            FindingHelp::Replace { text, replacement, applicability } => {
                let written = document.text().get(marked.start..marked.end).unwrap_or_default();
                let replacement = quoted_like(written, replacement);
                Help::Patch { text, source, span: marked, replacement, applicability }
            }
            FindingHelp::Items { text, items, applicability } => {
                let replacement = list_items(document.text(), whole, items);
                Help::Patch { text, source, span: whole, replacement, applicability }
            }
        });
        Diagnostic {
            code: self.code,
            severity: self.severity,
            title: self.title,
            labels,
            notes: self.note.into_iter().collect(),
            help,
        }
    }
}

/// The part of a scalar that bytes `range` of its text stand in; `None` where quoting or folding moved them.
fn within(document: &Document, whole: Span, range: &Range<usize>) -> Option<Span> {
    let written = document.text().get(whole.start..whole.end)?;
    let (quote, inner) = match written.as_bytes().first()? {
        b'"' | b'\'' => (1, written.get(1..written.len().checked_sub(1)?)?),
        _ => (0, written),
    };
    let single = written.starts_with('\'');
    let moved = inner.contains('\n') || written.starts_with('"') && inner.contains('\\');
    // In single quotes a quote is written twice.
    let written_at = |at: usize| match single {
        true => at + doubled(inner, at),
        false => at,
    };
    let start = whole.start + quote + written_at(range.start);
    let end = whole.start + quote + written_at(range.end).min(inner.len());
    (!moved
        && start < end
        && document.text().is_char_boundary(start)
        && document.text().is_char_boundary(end))
    .then_some(Span { start, end })
}

/// How many quotes are written twice before the byte `at` of what a text in single quotes says.
fn doubled(inner: &str, at: usize) -> usize {
    let pairs = inner.match_indices("''").map(|(index, _)| index);
    pairs.enumerate().take_while(|(before, index)| index - before < at).count()
}

/// Items in the place of the one at `whole`, as the list writes its items: each on its line, or one behind the other.
fn list_items(text: &str, whole: Span, items: Vec<String>) -> String {
    let written = text.get(whole.start..whole.end).unwrap_or_default();
    let before = text.get(..whole.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let between = match before.trim_end().strip_suffix('-') {
        Some(indentation) if indentation.chars().all(|c| c == ' ') => format!("{newline}{indentation}- "),
        _ => ", ".to_owned(),
    };
    let items: Vec<String> = items.into_iter().map(|item| quoted_like(written, item)).collect();
    items.join(&between)
}

/// The replacement in the quotes that stand there, unless it brings its own.
fn quoted_like(written: &str, replacement: String) -> String {
    match written.chars().next() {
        _ if replacement.starts_with(['"', '\'']) => replacement,
        Some('"') => format!("\"{}\"", replacement.replace('\\', "\\\\").replace('"', "\\\"")),
        Some('\'') => format!("'{}'", replacement.replace('\'', "''")),
        _ => replacement,
    }
}

/// A key, as one segment of a JSON Pointer.
pub fn segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Limits;

    #[test]
    fn a_part_of_a_text_is_found_whatever_the_quotes() {
        for (text, range, expected) in [
            ("a: 'b ''c'' d'", 2..3, "''"),
            ("a: 'b ''c'' d'", 3..4, "c"),
            ("a: 'b ''c'' d'", 6..7, "d"),
            ("a: '''''b'", 2..3, "b"),
            ("a: 'b\\c'", 1..3, "\\c"),
            ("a: b\\c''d", 2..5, "c''"),
            ("a: \"b''c\"", 3..4, "c"),
            ("a: \"b\\tc\"", 2..3, "\"b\\tc\""),
        ] {
            let document = Document::parse("a", text.as_bytes(), Limits::PROVIDER).unwrap();
            let whole = document.place("/a").unwrap().value;
            let span = within(&document, whole, &range).unwrap_or(whole);
            assert_eq!(&text[span.start..span.end], expected, "{text}");
        }
    }

    #[test]
    fn items_are_written_as_their_list_is() {
        for (text, item, expected) in [
            ("a: [\"x y\", z]", "\"x y\"", "\"x\", \"y\""),
            ("a:\n  - x y\n", "x y", "x\n  - y"),
            ("a:\r\n  -  'x y'\r\n", "'x y'", "'x'\r\n  - 'y'"),
            ("a: [b - x, x y]", "x y", "x, y"),
        ] {
            let start = text.rfind(item).unwrap();
            let span = Span { start, end: start + item.len() };
            assert_eq!(list_items(text, span, vec!["x".into(), "y".into()]), expected, "{text}");
        }
    }
}
