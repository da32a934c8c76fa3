//! For machines: one document, of the schema that `authcfg schema findings` prints. Members may be added, never renamed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::diagnostic::render::position::Position;
use crate::diagnostic::{Applicability, Diagnostic, Help, Label, Severity, Source};
use crate::yaml::Span;

/// What `authcfg validate --format json` writes.
#[derive(JsonSchema, Serialize)]
struct Document {
    /// What was found, by file and place.
    findings: Vec<Finding>,
    /// How many files were looked at.
    files: usize,
    /// How many findings are errors.
    errors: usize,
    /// How many findings are warnings.
    warnings: usize,
}

/// A finding, at its primary place.
#[derive(JsonSchema, Serialize)]
struct Finding {
    /// What kind of finding it is: `authcfg explain CODE` tells more.
    code: String,
    /// Whether the file can be used all the same.
    severity: Word,
    /// What is wrong, on one line.
    message: String,
    #[serde(flatten)]
    place: Place,
    /// The change to make, in words; null where there is none to propose.
    help: Option<String>,
    /// Every place that it is about, this one among them, with what is said there.
    labels: Vec<Labelled>,
    /// Facts, with the section of the standard.
    notes: Vec<String>,
    /// The change to make; null where it is told in words, if at all.
    fix: Option<Fix>,
}

/// A place in a file. A column counts Unicode scalar values; the end is exclusive.
#[derive(JsonSchema, Serialize)]
struct Place {
    /// The path of the file, as it was given or found.
    file: String,
    /// The first line, from 1.
    #[schemars(range(min = 1))]
    line: usize,
    /// The first column, from 1.
    #[schemars(range(min = 1))]
    column: usize,
    /// The line of the end.
    #[schemars(range(min = 1))]
    end_line: usize,
    /// The column of the end.
    #[schemars(range(min = 1))]
    end_column: usize,
}

/// A place, and why it matters.
#[derive(JsonSchema, Serialize)]
struct Labelled {
    #[serde(flatten)]
    place: Place,
    /// Why here; may be empty.
    message: String,
    /// Whether this is the place to change.
    primary: bool,
}

/// A text to put in the place of another.
#[derive(JsonSchema, Serialize)]
struct Fix {
    #[serde(flatten)]
    place: Place,
    /// What to put there.
    replacement: String,
    /// Whether nothing else can have been meant: `--fix` applies these.
    certain: bool,
}

/// Whether a file can be used all the same.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    /// It cannot.
    Error,
    /// It can.
    Warning,
}

/// All findings of a run over `files` files.
pub fn json(diagnostics: &[Diagnostic], files: usize) -> Value {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let document = Document {
        findings: diagnostics.iter().map(finding).collect(),
        files,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
    };
    serde_json::to_value(document).expect("every key is text")
}

/// The JSON Schema of the document.
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    schema["title"] = json!("What authcfg validate found");
    schema
}

fn finding(diagnostic: &Diagnostic) -> Finding {
    let label = diagnostic.primary();
    Finding {
        code: diagnostic.code.as_str().into(),
        severity: match diagnostic.severity {
            Severity::Error => Word::Error,
            Severity::Warning => Word::Warning,
        },
        message: diagnostic.title.clone(),
        place: place(&label.source, label.span),
        help: diagnostic.help.as_ref().map(help),
        labels: diagnostic.labels.iter().map(labelled).collect(),
        notes: diagnostic.notes.clone(),
        fix: diagnostic.help.as_ref().and_then(fix),
    }
}

fn labelled(label: &Label) -> Labelled {
    Labelled { place: place(&label.source, label.span), message: label.text.clone(), primary: label.primary }
}

fn place(source: &Source, span: Span) -> Place {
    let Position { line, column, end_line, end_column } = Position::of(source.text(), span);
    Place { file: source.path().into(), line, column, end_line, end_column }
}

fn help(help: &Help) -> String {
    match help {
        Help::Note(text) => text.clone(),
        Help::Patch { text, replacement, .. } => format!("{text}: `{replacement}`"),
    }
}

fn fix(help: &Help) -> Option<Fix> {
    match help {
        Help::Note(_) => None,
        Help::Patch { source, span, replacement, applicability, .. } => Some(Fix {
            place: place(source, *span),
            replacement: replacement.clone(),
            certain: *applicability == Applicability::Certain,
        }),
    }
}
