//! Shows a text in the program that a person has chosen for it, or prints it.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cli::output;

/// Shows a text on a terminal.
pub(super) fn show(text: &str) {
    match chosen(|name| std::env::var(name).ok()) {
        Some(words) if page(&words, text).is_some() => {}
        _ => output::painted(text),
    }
}

/// The pager and its arguments, where one is named: `AUTHCFG_PAGER` before `PAGER`, an empty one is none.
fn chosen(variable: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let pager = variable("AUTHCFG_PAGER").or_else(|| variable("PAGER"))?;
    let words: Vec<String> = pager.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then_some(words)
}

/// Runs the pager; `None` where it cannot be started.
fn page(words: &[String], text: &str) -> Option<()> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Quit where one screen is enough, keep the text, let bold be bold.
        command.env("LESS", "FRX");
    }
    let mut pager = command.spawn().ok()?;
    if let Some(mut input) = pager.stdin.take() {
        let color = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        let text = if color { text.to_owned() } else { anstream::adapter::strip_str(text).to_string() };
        // Whoever leaves the pager early has read enough.
        let _ = input.write_all(text.as_bytes());
    }
    let _ = pager.wait();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(ours: Option<&str>, general: Option<&str>) -> Option<Vec<String>> {
        chosen(|name| if name == "PAGER" { general } else { ours }.map(str::to_owned))
    }

    #[test]
    fn our_own_variable_comes_first() {
        assert_eq!(pager(Some("less -R"), Some("more")).unwrap(), ["less", "-R"]);
        assert_eq!(pager(None, Some("more")).unwrap(), ["more"]);
    }

    #[test]
    fn an_empty_variable_is_no_pager() {
        assert_eq!(pager(Some(""), Some("more")), None);
        assert_eq!(pager(None, None), None);
    }

    #[test]
    fn a_pager_that_is_not_there_is_told() {
        assert_eq!(page(&["/does/not/exist".into()], "x"), None);
    }
}
