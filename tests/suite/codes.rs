//! Every code has a page, and the files on a page do what the page says.

use std::path::{Path, PathBuf};

use authcfg::cli::validate::online::Network;
use authcfg::cli::validate::{Args, validate};
use authcfg::diagnostic::{Code, Severity};

use crate::online;

fn page(code: Code) -> PathBuf {
    let name = format!("src/diagnostic/codes/{}.md", code.as_str());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let missing: Vec<_> =
        Code::all().iter().filter(|code| !page(**code).is_file()).map(|code| code.as_str()).collect();
    assert!(missing.is_empty(), "codes without a page: {missing:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostic/codes");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(Code::all().iter().any(|code| code.as_str() == stem), "{stem} is no code");
    }
}

#[test]
fn wrong_files_have_the_finding_and_right_files_have_none() {
    let mut failures = vec![];
    for code in Code::all() {
        let Ok(text) = std::fs::read_to_string(page(*code)) else { continue };
        assert!(
            text.starts_with(&format!("# {}\n", code.as_str())),
            "{}: the title is the code",
            code.as_str()
        );
        for (heading, wrong) in [("## Wrong", true), ("## Right", false)] {
            let Some(files) = files(&text, heading) else { continue };
            let found = found(&files, network(&text));
            let wrongly: Vec<_> =
                found.iter().filter(|(code, warning)| *warning && !code.may_warn()).collect();
            assert!(wrongly.is_empty(), "not among the codes of warnings in code.rs: {wrongly:?}");
            let found: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
            let has = found.iter().any(|finding| *finding == code.as_str());
            if has != wrong || !wrong && !found.is_empty() {
                failures.push(format!("{}, {heading}: {found:?}", code.as_str()));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The codes that `authcfg validate` finds in a folder with these files, and whether each is a warning; with `--online` where
/// there is a network.
fn found(files: &[(String, String)], network: Option<Network>) -> Vec<(Code, bool)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (online, network) = (network.is_some(), network.unwrap_or_default());
    let report =
        validate(&Args { paths: vec![folder.path().to_owned()], online, network, ..Args::default() });
    report.findings.iter().map(|finding| (finding.code, finding.severity == Severity::Warning)).collect()
}

/// The network of a page: its block fenced as `json network`.
fn network(page: &str) -> Option<Network> {
    let (_, rest) = page.split_once("```json network\n")?;
    let (text, _) = rest.split_once("```").expect("a fence is closed");
    Some(online::network(&serde_json::from_str(text).expect("JSON")).0)
}

/// The blocks fenced as `yaml NAME` below a heading.
fn files(page: &str, heading: &str) -> Option<Vec<(String, String)>> {
    let (_, section) = page.split_once(&format!("\n{heading}\n"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```yaml ").skip(1).map(|block| {
        let (name, rest) = block.split_once('\n').expect("a fence ends its line");
        let (text, _) = rest.split_once("```").expect("a fence is closed");
        (name.trim().to_owned(), text.to_owned())
    });
    Some(blocks.collect())
}
