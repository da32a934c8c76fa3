//! For GitHub: workflow commands that annotate the changed lines of a pull request.

use std::fmt::Write;

use crate::diagnostic::render::place::path;
use crate::diagnostic::render::position::Position;
use crate::diagnostic::{Diagnostic, Help};

/// One `::error` or `::warning` command each. GitHub shows ten of each kind in a step, and all of them in the log.
///
/// See [Workflow commands](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
pub fn github(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let label = diagnostic.primary();
        let Position { line, column, end_line, end_column } = Position::of(label.source.text(), label.span);
        // Columns are for places within a line.
        let columns = match line == end_line {
            true => format!(",col={column},endColumn={end_column}"),
            false => String::new(),
        };
        let _ = writeln!(
            text,
            "::{} file={},line={line},endLine={end_line}{columns},title={}::{}",
            diagnostic.severity.as_str(),
            property(path(&label.source)),
            property(diagnostic.code.as_str()),
            data(&message(diagnostic))
        );
    }
    text
}

/// What is wrong, why, and what to do, a line each.
fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.title.clone();
    match &*diagnostic.primary().text {
        "" => {}
        label => text += &format!(": {label}"),
    }
    for note in &diagnostic.notes {
        text += &format!("\nnote: {note}");
    }
    match &diagnostic.help {
        None => {}
        Some(Help::Note(help)) => text += &format!("\nhelp: {help}"),
        Some(Help::Patch { text: help, replacement, .. }) => {
            text += &format!("\nhelp: {help}: `{replacement}`")
        }
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;

    #[test]
    fn nothing_leaves_its_place() {
        let mut finding =
            Diagnostic::about_file(code::EMPTY_FILE, "./a,b:c\n::error::%.yaml", "50% ::error::\r\nx, y");
        finding.help = Some(Help::Note("z".into()));
        assert_eq!(
            github(&[finding]),
            "::error file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3A%25.yaml,line=1,endLine=1,col=1,endColumn=1,title=empty-file\
             ::50%25 ::error::%0D%0Ax, y%0Ahelp: z\n"
        );
    }
}
