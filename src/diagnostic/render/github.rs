//! For GitHub: workflow commands that annotate the changed lines of a pull request.

use std::fmt::Write;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::position::Position;

/// One `::error` or `::warning` command each.
///
/// See [Workflow commands](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
pub fn github(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let label = diagnostic.primary();
        let position = Position::of(label.source.text(), label.span);
        let _ = writeln!(
            text,
            "::{} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            diagnostic.severity.as_str(),
            property(label.source.name()),
            position.line,
            position.end_line,
            position.column,
            position.end_column,
            property(diagnostic.code.as_str()),
            data(&diagnostic.title)
        );
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
