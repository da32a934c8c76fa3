//! For editors and for searching: one line a finding.

use std::fmt::Write;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::position::Position;

/// `FILE:LINE:COLUMN: SEVERITY[CODE]: TITLE`, one line each.
pub fn concise(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let label = diagnostic.primary();
        let position = Position::of(label.source.text(), label.span);
        let _ = writeln!(
            text,
            "{}:{}:{}: {}[{}]: {}",
            label.source.name(),
            position.line,
            position.column,
            diagnostic.severity.as_str(),
            diagnostic.code.as_str(),
            diagnostic.title
        );
    }
    text
}
