//! For machines: one document. Members may be added, never renamed.

use serde_json::{Value, json};

use crate::diagnostic::render::position::Position;
use crate::diagnostic::{Diagnostic, Help, Severity};

/// All findings of a run over `files` files.
pub fn json(diagnostics: &[Diagnostic], files: usize) -> Value {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    json!({
        "findings": diagnostics.iter().map(finding).collect::<Vec<_>>(),
        "files": files,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
    })
}

fn finding(diagnostic: &Diagnostic) -> Value {
    let label = diagnostic.primary();
    let position = Position::of(label.source.text(), label.span);
    json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.title,
        "file": label.source.name(),
        "line": position.line,
        "column": position.column,
        "end_line": position.end_line,
        "end_column": position.end_column,
        "help": diagnostic.help.as_ref().map(help),
    })
}

fn help(help: &Help) -> String {
    match help {
        Help::Note(text) => text.clone(),
        Help::Patch { text, replacement, .. } => format!("{text}: `{replacement}`"),
    }
}
