//! The page of `authcfg validate`: what it shows is what the command prints, its options are the command's.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use authcfg::diagnostic::Code;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/validate.md")).unwrap()
}

/// The blocks that are fenced as `language`.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```\n").next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_prints_what_is_shown() {
    let page = page();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), &blocks(&page, "yaml")[0]).unwrap();
    let shown = blocks(&page, "console");
    assert!(shown.len() > 1);
    for block in shown {
        let (command, expected) = block.split_once('\n').unwrap();
        let words: Vec<&str> = command.strip_prefix("$ authcfg ").unwrap().split(' ').collect();
        let output = Command::new(env!("CARGO_BIN_EXE_authcfg"))
            .args(words)
            .current_dir(folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        // A summary is the last line, wherever it is written.
        let printed = if err.lines().count() > 1 { err + &out } else { out + &err };
        assert_eq!(printed, expected, "{command}");
        assert_eq!(output.status.code(), Some(1), "{command}");
    }
}

#[test]
fn every_option_and_format_is_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_authcfg")).args(["validate", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let page = page();
    let common = ["--help", "--version", "--config", "--catalog"];
    let word =
        |line: &str| line.split([' ', '<']).next().unwrap_or_default().trim_end_matches(':').to_owned();
    for line in help.lines().map(str::trim_start) {
        let told = match line.strip_prefix("- ") {
            Some(value) => word(value),
            None if line.starts_with("--") => word(line),
            None => continue,
        };
        assert!(common.contains(&&*told) || page.contains(&told), "the page says nothing of {told}");
    }
}

#[test]
fn every_code_on_the_page_exists() {
    let page = page();
    let named = ["allow(", "authcfg explain "].into_iter().flat_map(|before| page.split(before).skip(1));
    for code in named.map(|rest| rest.split([')', '`', ' ']).next().unwrap()) {
        assert!(Code::all().iter().any(|known| known.as_str() == code), "{code}");
    }
}
