//! `authcfg test`, as a person and as a CI server run it. `tests/golden/test/` holds the files and what is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/test")
}

/// Runs the command where the files are, without an environment.
fn test(arguments: &[&str]) -> Output {
    test_in(&folder(), arguments)
}

fn test_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.arg("test").args(arguments).current_dir(folder).env_clear().output().expect("the binary runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Compares with a golden file; times differ in every run.
fn golden(name: &str, text: &str) {
    let times = regex::Regex::new(r#" time="\d+\.\d{3}""#).expect("it is a pattern");
    let text = times.replace_all(text, " time=\"…\"");
    let path = folder().join(name);
    if std::env::var_os("AUTHCFG_BLESS").is_some() {
        std::fs::write(&path, text.as_bytes()).expect("the folder is writable");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}", path.display());
}

#[test]
fn a_person_sees_a_line_a_test_and_what_differs() {
    let output = test(&[]);
    assert_eq!(output.status.code(), Some(1));
    let shown = out(&output);
    assert!(shown.lines().last().unwrap().ends_with(" passed, 2 failed"), "{shown}");
    assert!(shown.contains("ok      oidc "), "the built-in ones are played too:\n{shown}");
    let output = test(&["./providers"]);
    assert_eq!(output.status.code(), Some(1));
    golden("human.txt", &out(&output));
    assert_eq!(err(&output), "");
}

#[test]
fn a_ci_server_reads_junit() {
    let output = test(&["acme", "beta", "--format", "junit"]);
    assert_eq!(output.status.code(), Some(1));
    golden("junit.xml", &out(&output));
    assert_eq!(err(&output), "note: providers/beta.yaml has no test\n1 passed, 2 failed\n");
}

#[test]
fn json_is_one_document() {
    let output = test(&["acme", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    golden("results.json", &out(&output));
    let output = test(&["oidc", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["version"], &value["passed"], &value["failed"]), (&1.into(), &6.into(), &0.into()));
    assert_eq!(value["results"][0]["file"], "builtin:oidc.yaml");
}

#[test]
fn further_tests_are_played_alone_or_beside_a_providers_own() {
    let shown = |arguments: &[&str], code: i32, last: &str| {
        let output = test(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", out(&output), err(&output));
        assert!(out(&output).ends_with(last), "{arguments:?}: {}", out(&output));
        out(&output)
    };
    let alone = shown(&["--vectors", "vectors/acme.yaml"], 0, "\n1 passed, 0 failed\n");
    assert_eq!(alone, "ok      acme  from outside\n1 passed, 0 failed\n");
    shown(&["acme", "--vectors", "vectors/acme.yaml"], 1, "\n2 passed, 2 failed\n");
    let other = shown(&["oidc", "--vectors", "vectors/acme.yaml"], 0, "\n6 passed, 0 failed\n");
    assert!(!other.contains("acme"), "{other}");
    let twice = ["--vectors", "vectors/acme.yaml", "--vectors", "vectors/acme.yaml"];
    shown(&twice, 0, "\n2 passed, 0 failed\n");
}

#[test]
fn a_wrong_file_of_tests_is_shown_with_its_place_and_the_others_are_played() {
    let output = test(&["--vectors", "vectors"]);
    assert_eq!(output.status.code(), Some(1));
    golden("wrong-vectors.txt", &(out(&output) + &err(&output)));
}

#[test]
fn what_is_not_there_is_said() {
    let output = test(&["acmee"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(err(&output), "error: there is no provider `acmee`: did you mean `acme`?\n");
    for arguments in [&["./none.yaml"][..], &["--vectors", "none.yaml"], &["--catalog", "none", "oidc"]] {
        let output = test(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains("error[unreadable-file]"), "{arguments:?}: {}", err(&output));
    }
    let empty = tempfile::tempdir().unwrap();
    for arguments in [&["./"][..], &["--vectors", "."]] {
        let output = test_in(empty.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains("error[empty-file]"), "{arguments:?}: {}", err(&output));
    }
    assert_eq!(test(&["--format", "xml"]).status.code(), Some(2));
}

#[test]
fn a_provider_without_a_test_is_a_note_here_and_a_warning_of_validate() {
    let output = test(&["beta"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output), "note    providers/beta.yaml has no test\n0 passed, 0 failed\n");
    let validate = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
        command.args(["validate", "--deny", "warnings", file]).current_dir(folder()).output().unwrap()
    };
    let output = validate("providers/beta.yaml");
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("warning[missing-test]"), "{}", err(&output));
    assert!(!err(&validate("providers/acme.yaml")).contains("missing-test"));
}

#[test]
fn a_broken_provider_file_fails_and_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.yaml"), "id: acme\nname: Acme\ntokn: {}\n").unwrap();
    let output = test_in(folder.path(), &["acme.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).ends_with("\n0 passed, 1 failed\n"), "{}", out(&output));
    assert!(err(&output).contains(" --> acme.yaml:3:1"), "{}", err(&output));
}
