//! Writing to the terminal: a closed pipe ends the output, never the program with a panic.

use std::io::{IsTerminal, Write};

use crate::cli::validate::enough;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{self, Style};

/// For what a line is about.
pub const BOLD: &str = "\x1b[1m";
/// For what is said besides.
pub const DIM: &str = "\x1b[2m";
/// For what is right.
pub const GREEN: &str = "\x1b[32m";
/// Ends a colour.
pub const PLAIN: &str = "\x1b[0m";
/// For what is wrong.
pub const RED: &str = "\x1b[31m";
/// For what wants a look.
pub const YELLOW: &str = "\x1b[33m";

/// Writes a result to standard output.
pub fn result(text: &str) {
    // Nobody is there to be told that nobody reads.
    let _ = is_read(text);
}

/// Writes a result to standard output, and says whether anybody can read it.
pub fn is_read(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Writes a result with colours to standard output; without them where it is no terminal, or `NO_COLOR` is set.
pub fn painted(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a diagnostic to standard error.
pub fn diagnostic(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes findings to standard error, of each file no more than a person reads.
pub fn findings(findings: &[Diagnostic]) {
    let shown = enough::of_each_file(findings.to_vec());
    diagnostic(&render::human(&shown, style()));
}

/// How standard error wants to be written to: colour on a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise; as wide
/// as the terminal, or as `COLUMNS` says.
pub fn style() -> Style {
    let choice = anstream::AutoStream::choice(&std::io::stderr());
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).or_else(|| {
        let size = terminal_size::terminal_size_of(std::io::stderr());
        size.map(|(width, _)| width.0.into())
    });
    Style { color: choice != anstream::ColorChoice::Never, width: width.unwrap_or(Style::default().width) }
}

/// How wide a table on standard output may be: as the terminal, or as `COLUMNS` says; `None` where nobody looks.
pub fn width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| {
        let size = terminal_size::terminal_size_of(std::io::stdout());
        size.map(|(width, _)| width.0.into()).or(std::io::stdout().is_terminal().then_some(80))
    })
}

/// Text on one line, without what could move the cursor or forge a line.
pub fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(one_line("a\nb\u{1b}[31m\tc é"), "a\\nb\\u{1b}[31m\\tc é");
    }
}
