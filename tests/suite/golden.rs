//! What a person sees: `tests/golden/CASE/` holds files and `expected.txt`, what `authcfg validate CASE` prints about them,
//! with `--online` where there is a `network.json`.
//!
//! `AUTHCFG_BLESS=1 cargo test --test suite golden` writes the expectations; read each changed one in the diff.

use std::path::{Path, PathBuf};

use authcfg::cli::validate::{Args, validate};
use authcfg::diagnostic::render::{Style, human, json};

use crate::online;

#[test]
fn findings_look_as_expected() {
    let mut differing = vec![];
    for case in cases() {
        let network = online::of_case(&case);
        let online = network.is_some();
        let network = network.map(|answers| online::network(&answers).0).unwrap_or_default();
        let report = validate(&Args { paths: vec![case.clone()], online, network, ..Args::default() });
        let prefix = format!("{}/", case.display());
        let text = human(&report.findings, Style::default()) + &report.summary() + "\n";
        let json = format!("{:#}\n", json(&report.findings, report.files.len()));
        differing.extend(compare(&case.join("expected.txt"), &text.replace(&prefix, "")));
        // Also in a narrow terminal, and in colour.
        for (name, style) in [
            ("expected-40.txt", Style { color: false, width: 40 }),
            ("expected-color.txt", Style { color: true, width: 80 }),
        ] {
            if case.join(name).exists() {
                let text = human(&report.findings, style).replace(&prefix, "");
                differing.extend(compare(&case.join(name), &text.replace('\u{1b}', "ESC")));
            }
        }
        let path = case.join("expected.json");
        if path.exists() {
            differing.extend(compare(&path, &json.replace(&prefix, "")));
        }
    }
    assert!(differing.is_empty(), "differ from what is expected:\n{}", differing.join("\n"));
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.txt").exists())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

pub fn compare(path: &Path, text: &str) -> Option<String> {
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == text {
        return None;
    }
    if std::env::var_os("AUTHCFG_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
        return None;
    }
    Some(format!("{}:\n--- expected\n{expected}\n--- got\n{text}", path.display()))
}
