//! What is wrong with a text before it means anything: the parsers' problems, in plain words, at the very characters, with
//! the quotes that mend most of them.

use crate::diagnostic::{Applicability, Diagnostic, Help, Label, Severity, Source, code};
use crate::yaml::{self, Document, Limits, Problem, ProblemKind, Span};

impl Diagnostic {
    /// A defect of a text. `bytes` are what was read.
    pub fn about_text(name: &str, bytes: &[u8], problem: Problem) -> Diagnostic {
        let text = match (problem.kind, std::str::from_utf8(bytes)) {
            // What is too large is not printed.
            (ProblemKind::TooLarge, _) if problem.span == Span::default() => String::new(),
            (_, Ok(text)) => text.to_owned(),
            // What comes before the defect is text, and shows where it is.
            (_, Err(error)) => format!("{}\u{fffd}", String::from_utf8_lossy(&bytes[..error.valid_up_to()])),
        };
        let source = Source::new(name, text);
        let text = source.text();
        let Said { title, help: advice } = said(&problem, text);
        let span = place(&problem, text);
        let mut labels = vec![Label { source: source.clone(), span, text: String::new(), primary: true }];
        if let Some((span, text)) = problem.other {
            labels.push(Label { source: source.clone(), span, text, primary: false });
        }
        let mut notes = vec![];
        if problem.kind == ProblemKind::DuplicateKey {
            labels[0].text = "written again here".into();
            notes.push("YAML 1.2.2 §3.2.1.1: each key of a mapping is there once".into());
        }
        let patch = match problem.kind {
            ProblemKind::Ambiguous => quoted(text, span),
            ProblemKind::HiddenCharacter => deleted(text, span),
            ProblemKind::Syntax | ProblemKind::Unsupported if advice == Advice::Quotes => {
                value_around(text, span.start).and_then(|value| quoted(text, value))
            }
            _ => None,
        };
        let help = match (patch, advice) {
            (Some(Change { text, span, replacement, applicability }), _) => {
                let source = source.clone();
                Some(Help::Patch { text: text.into(), source, span, replacement, applicability })
            }
            (None, Advice::Words(text)) => Some(Help::Note(text.into())),
            (None, Advice::Quotes) => Some(Help::Note("put the text in quotes".into())),
            (None, Advice::None) => None,
        };
        let code = match problem.kind {
            ProblemKind::Ambiguous => code::AMBIGUOUS_YAML,
            ProblemKind::DuplicateKey => code::DUPLICATE_KEY,
            ProblemKind::Empty => code::EMPTY_FILE,
            ProblemKind::Encoding => code::INVALID_ENCODING,
            ProblemKind::HiddenCharacter => code::HIDDEN_CHARACTER,
            ProblemKind::Syntax => code::INVALID_YAML,
            ProblemKind::TooLarge => code::TOO_LARGE,
            ProblemKind::Unsupported => code::UNSUPPORTED_YAML,
        };
        Diagnostic { code, severity: Severity::Error, title, labels, notes, help }
    }
}

/// What a person is told.
struct Said {
    title: String,
    help: Advice,
}

/// The change to make.
#[derive(Clone, Copy, PartialEq)]
enum Advice {
    None,
    Quotes,
    Words(&'static str),
}

/// A change to the text.
struct Change {
    text: &'static str,
    span: Span,
    replacement: String,
    applicability: Applicability,
}

/// The words of the parser, and those for a person.
const WORDS: [(&str, &str, Advice); 26] = [
    ("'@'", "a text cannot begin with `@` without quotes", Advice::Quotes),
    ("`@'", "a text cannot begin with `@` without quotes", Advice::Quotes),
    ("``'", "a text cannot begin with a backtick without quotes", Advice::Quotes),
    ("`%'", "a text cannot begin with `%` without quotes", Advice::Quotes),
    ("anchor or alias", "a text that begins with `&` or `*` needs quotes", Advice::Quotes),
    (
        "block scalar, did not find",
        "only a comment may stand behind `|` or `>`",
        Advice::Words("begin the text on the next line, further in"),
    ),
    (
        "block sequence entries",
        "a list behind its key",
        Advice::Words("begin the first `- ` on a line of its own"),
    ),
    ("comments must be", "a comment without a space in front of its `#`", Advice::None),
    (
        "directives are disallowed",
        "directives are not supported",
        Advice::Words("take the line out: every file is YAML 1.2"),
    ),
    ("document end marker", "text behind the end of the document", Advice::None),
    ("expected ',' or ']'", "a comma or `]` is missing in front of this", Advice::None),
    ("expected ',' or '}'", "a comma or `}` is missing in front of this", Advice::None),
    (
        "expected key",
        "this line fits none of the lines above it",
        Advice::Words("lines that belong together begin in the same column"),
    ),
    (
        "expected '-' indicator",
        "this line fits none of the lines above it",
        Advice::Words("items of one list begin in the same column"),
    ),
    (
        "hexadecimal",
        "an escape without its hexadecimal digits",
        Advice::Words("in single quotes a backslash is a backslash"),
    ),
    (
        "illegal placement of ':'",
        "a colon where no key can stand",
        Advice::Words("look for a bracket above that is not closed"),
    ),
    (
        "mapping values",
        "this line is further in than its neighbours",
        Advice::Words("a key that has a text has no keys below it"),
    ),
    ("misplaced bracket", "a closing bracket without an opening one", Advice::None),
    ("simple key", "this is no key: a colon and a space are missing", Advice::None),
    ("start with '-'", "a text cannot begin with `-` here without quotes", Advice::Quotes),
    ("surrogate", "an escape for half a character", Advice::None),
    ("tab", "a tab where only spaces may stand", Advice::Words("indent with spaces")),
    ("tag", "a text that begins with `!` needs quotes", Advice::Quotes),
    (
        "trailing content after",
        "text behind a closing quote",
        Advice::Words("write a quote within quotes twice, or use the other kind around it"),
    ),
    ("unclosed quote", "the quote is not closed", Advice::None),
    (
        "unknown escape",
        "an escape that YAML does not know",
        Advice::Words("in single quotes a backslash is a backslash"),
    ),
];

fn said(problem: &Problem, text: &str) -> Said {
    let say = |title: &str, help| Said { title: title.to_owned(), help };
    let before = text.get(..problem.span.start).unwrap_or_default();
    let after = text.get(problem.span.start..).unwrap_or_default();
    if problem.kind == ProblemKind::Unsupported {
        return match problem.message.starts_with("a key must be text")
            && before.ends_with('{')
            && after.starts_with('{')
        {
            true => say("a template without quotes: two braces begin two mappings", Advice::Quotes),
            false => say(&problem.message, Advice::None),
        };
    }
    if problem.kind != ProblemKind::Syntax {
        return say(&problem.message, Advice::None);
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let message = problem.message.as_str();
    let bracket = |text: &str| text.chars().next().unwrap_or_default();
    if let Some((open, close)) =
        message.strip_prefix("mismatched bracket '").and_then(|rest| rest.split_once("' closed by '"))
    {
        return say(&format!("`{}` is closed by `{}`", bracket(open), bracket(close)), Advice::None);
    }
    if let Some(open) = message.strip_prefix("unclosed bracket '") {
        return say(&format!("`{}` is not closed", bracket(open)), Advice::None);
    }
    if message.starts_with("mapping values") && line.contains(": ") {
        return say("a colon and a space within a text without quotes", Advice::Quotes);
    }
    if message.starts_with("unexpected EOF") {
        return match after.starts_with(',') {
            true => say("nothing stands between two commas", Advice::None),
            false => say("the file ends within brackets", Advice::None),
        };
    }
    match WORDS.iter().find(|(word, ..)| message.contains(word)) {
        Some((_, title, help)) => say(title, *help),
        None => say(message, Advice::None),
    }
}

/// Where a problem is shown: at an anchor or a tag instead of the value behind it.
fn place(problem: &Problem, text: &str) -> Span {
    let sigil = match (problem.kind, problem.message.split(' ').next()) {
        (ProblemKind::Unsupported, Some("anchors")) => '&',
        (ProblemKind::Unsupported, Some("tags")) => '!',
        _ => return problem.span,
    };
    let mut before = text.get(..problem.span.start).unwrap_or_default().trim_end();
    // An anchor and a tag may stand before one value, in either order.
    for _ in 0..2 {
        let start = before.rfind(|c: char| c.is_whitespace() || "[{,".contains(c)).map_or(0, |at| at + 1);
        let word = &before[start..];
        if word.starts_with(sigil) {
            return Span { start, end: before.len() };
        }
        if !word.starts_with(['&', '!']) {
            break;
        }
        before = before[..start].trim_end();
    }
    problem.span
}

/// The value of the line that a place is in, without what is behind it; `None` where it has quotes or brackets itself.
fn value_around(text: &str, at: usize) -> Option<Span> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].split(['\n', '\r']).next()?;
    let behind = line.find(": ").map(|colon| colon + 2);
    let begin = behind.or_else(|| Some(line.find("- ")? + 2))?;
    let value = line[begin..].split(" #").next()?;
    let begin = start + begin + value.len() - value.trim_start().len();
    let span = Span { start: begin, end: begin + value.trim().len() };
    let value = value.trim();
    let is_plain = !value.is_empty() && !value.starts_with(['"', '\'', '[']);
    (is_plain && (!value.starts_with('{') || value.starts_with("{{"))).then_some(span)
}

/// A text without quotes, in quotes; only where the file is then read further than it was.
fn quoted(text: &str, span: Span) -> Option<Change> {
    let written = text.get(span.start..span.end).filter(|written| !written.is_empty())?;
    if written.starts_with(['"', '\'']) || written.contains(['\n', '\r', '\t']) {
        return None;
    }
    let replacement = match (written.contains(['"', '\\']), written.contains('\'')) {
        (false, _) => format!("\"{written}\""),
        (true, false) => format!("'{written}'"),
        (true, true) => return None,
    };
    let changed = format!("{}{replacement}{}", &text[..span.start], &text[span.end..]);
    let grown = replacement.len() - written.len();
    let reads_on = match Document::parse("", changed.as_bytes(), Limits::DEPLOYMENT) {
        Ok(_) => true,
        Err(problems) => problems.iter().all(|problem| problem.span.start > span.end + grown),
    };
    let text = "put it in quotes";
    reads_on.then_some(Change { text, span, replacement, applicability: Applicability::Likely })
}

/// A character that cannot be seen, taken away. An escape in a quoted text is for a person to delete.
fn deleted(text: &str, span: Span) -> Option<Change> {
    let written = text.get(span.start..span.end).filter(|written| written.chars().count() == 1)?;
    let (text, applicability) = match span.start == 0 && written == yaml::BYTE_ORDER_MARK.to_string() {
        true => ("UTF-8 needs none", Applicability::Certain),
        false => ("delete it", Applicability::Likely),
    };
    Some(Change { text, span, replacement: String::new(), applicability })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Diagnostic {
        let problems = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).expect_err(text);
        let problem = problems.into_iter().next().unwrap();
        Diagnostic::about_text("acme.yaml", text.as_bytes(), problem)
    }

    fn marked(text: &str) -> String {
        let diagnostic = first(text);
        let Label { source, span, .. } = diagnostic.primary();
        source.text()[span.start..span.end].to_owned()
    }

    fn replacement(text: &str) -> Option<String> {
        match first(text).help {
            Some(Help::Patch { replacement, .. }) => Some(replacement),
            _ => None,
        }
    }

    #[test]
    fn no_word_of_the_parser_is_left() {
        let texts = [
            "a: x: y",
            "a: [b}",
            "a: [b",
            "a: {b: c\nd: e\n",
            "a: ]",
            "a:\n\tb: c\n",
            "a:\n  b: c\n\td: e\n",
            "a: \"b\n",
            "a: \"\\d\"",
            "a: @b",
            "a: `b`",
            "a: %b",
            "a:\n  b: c\n d: e\n",
            "a: b\n  c: d\n",
            "a: b\n- c\n",
            "a: - b\n",
            "a: b\nc:d\ne: f\n",
            "a: b\nc\nd: e\n",
            "a: *\n",
            "a: & b\n",
            "a: [\"c\"#d]\n",
            "a: \"b\" c\n",
            "a: 'b'c\n",
            "a: |\n\tb\n",
            "a: |x\n  b\n",
            "%YAML 1.2\n---\na: b\n",
            "a: b\n... c\n",
            "a: [b,, c]\n",
            "a: {b: c d: e}\n",
            "a: !<b\n",
            "a: \"\\ud800\"\n",
            "a: \"\\xzz\"\n",
            "a: [-, b]\n",
        ];
        for text in texts {
            let title = first(text).title;
            let words = [
                "scalar",
                "scanning",
                "parsing",
                "flow",
                "simple",
                "block",
                "expected",
                "indicator",
                "EOF",
                "context",
            ];
            assert!(!words.iter().any(|word| title.contains(word)), "{text:?}: {title}");
        }
    }

    #[test]
    fn quotes_are_proposed_where_they_mend_it() {
        for (text, expected) in [
            ("a: x: y # z\n", "\"x: y\""),
            ("a:\n  - @b\n", "\"@b\""),
            ("a: {{ vars.b }}/c\n", "\"{{ vars.b }}/c\""),
            ("a: {{ vars.b | default(\"c\") }}\n", "'{{ vars.b | default(\"c\") }}'"),
            ("a: *b'c\"\n", ""),
            ("a: 0b1\n", "\"0b1\""),
            ("a: {b: x: y}\n", ""),
            ("a: x: y\nb: [\n", "\"x: y\""),
        ] {
            assert_eq!(replacement(text).unwrap_or_default(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_property_is_marked_and_not_its_value() {
        assert_eq!(marked("a: &id b\n"), "&id");
        assert_eq!(marked("a: !!str b\n"), "!!str");
        assert_eq!(marked("a: &id !!str b\n"), "&id");
        assert_eq!(marked("a: [&id b]\n"), "&id");
        assert_eq!(marked("a: &id\n  b: c\n"), "&id");
    }
}
