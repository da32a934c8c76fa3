//! Writing to the terminal: a closed pipe ends the output, never the program with a panic.

use std::io::Write;

use crate::diagnostic::render::Style;

/// Writes a result to standard output.
pub fn result(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody is there to be told that nobody reads.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a diagnostic to standard error.
pub fn diagnostic(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// How standard error wants to be written to: colour on a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise.
pub fn style() -> Style {
    let choice = anstream::AutoStream::choice(&std::io::stderr());
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Style { color: choice != anstream::ColorChoice::Never, width: width.unwrap_or(Style::default().width) }
}
