//! The page of `authcfg mock`: its JavaScript is the example that the end-to-end tests run, its options are the command's.

use std::fs;
use std::path::Path;
use std::process::Command;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/mock.md")).unwrap()
}

#[test]
fn the_example_is_the_one_that_is_run() {
    let page = page();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/example");
    let blocks: Vec<&str> =
        page.split("```js\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let mut files: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert_eq!(blocks.len(), files.len());
    files.retain(|file| !blocks.contains(&file.as_str()));
    assert!(files.is_empty(), "not on the page as they are: {files:#?}");
}

#[test]
fn every_option_is_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_authcfg")).args(["mock", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let common = ["--help", "--version", "--config", "--catalog"];
    let options =
        help.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_ascii_lowercase() && c != '-'));
    let page = page();
    for option in options.filter(|word| word.starts_with("--") && word.len() > 2 && !common.contains(word)) {
        assert!(page.contains(option), "the page says nothing of {option}");
    }
}
