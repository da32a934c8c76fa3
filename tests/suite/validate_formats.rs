//! The formats of `authcfg validate`, byte for byte, and what may be allowed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use authcfg::diagnostic::Code;
use serde_json::Value;

use crate::golden::compare;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats")
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.current_dir(folder).arg("validate").args(arguments).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn format(name: &str) -> String {
    let (status, out, err) = run(&folder(), &["--format", name, "acme.yaml", "clean.yaml"]);
    assert_eq!(status, Some(1), "{err}");
    if ["concise", "human"].contains(&name) { err } else { out }
}

#[test]
fn every_format_stays_as_it_is() {
    let mut differing = vec![];
    for name in ["concise", "github", "gitlab", "junit"] {
        differing.extend(compare(&folder().join(format!("expected.{name}")), &format(name)));
    }
    // Pages and version may change without the format.
    let mut log: Value = serde_json::from_str(&format("sarif")).unwrap();
    log["runs"][0]["tool"]["driver"]["semanticVersion"] = "0.0.0".into();
    log["runs"][0]["tool"]["driver"]["rules"] = Value::Array(vec![]);
    differing.extend(compare(&folder().join("expected.sarif"), &format!("{log:#}\n")));
    assert!(differing.is_empty(), "differ from what is expected:\n{}", differing.join("\n"));
}

#[test]
fn sarif_has_a_rule_a_code_and_points_to_the_right_one() {
    let log: Value = serde_json::from_str(&format("sarif")).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, Code::all().iter().map(|code| code.as_str()).collect::<Vec<_>>());
    for rule in rules {
        for text in [&rule["shortDescription"]["text"], &rule["help"]["text"], &rule["help"]["markdown"]] {
            assert!(text.as_str().is_some_and(|text| !text.trim().is_empty()), "{rule}");
        }
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 3);
    for result in results {
        assert_eq!(result["ruleId"], ids[result["ruleIndex"].as_u64().unwrap() as usize]);
        let region = &result["locations"][0]["physicalLocation"]["region"];
        for member in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(region[member].as_u64().is_some_and(|number| number > 0), "{result}");
        }
    }
    assert!(results.iter().any(|result| !result["fixes"].is_null()));
    assert!(results.iter().any(|result| !result["relatedLocations"].is_null()));
}

#[test]
fn one_document_on_standard_output_also_of_nothing() {
    for (name, expected) in [("gitlab", "[]\n"), ("sarif", "{\n"), ("junit", "<?xml ")] {
        let (status, out, err) = run(&folder(), &["--format", name, "clean.yaml"]);
        assert_eq!((status, &*err), (Some(0), "1 file checked, nothing found\n"));
        assert!(out.starts_with(expected), "{out}");
    }
}

#[test]
fn warnings_are_allowed_and_errors_are_not() {
    let wrong = fs::read_to_string(folder().join("clean.yaml")).unwrap().replace("email:", "emial:");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clean.yaml");
    fs::write(&path, &wrong).unwrap();
    let deny = ["clean.yaml", "--deny", "warnings"];
    assert_eq!(run(folder.path(), &deny).0, Some(1));
    let (status, out, err) = run(folder.path(), &[&deny[..], &["--allow", "similar-claim"]].concat());
    assert_eq!((status, &*out, &*err), (Some(0), "1 file checked, nothing found\n", ""));
    for (code, said) in [
        ("similar-clam", "did you mean `similar-claim`?"),
        ("unknown-field", "only warnings can be allowed"),
        ("", "there is no such code"),
    ] {
        let (status, _, err) = run(folder.path(), &["clean.yaml", "--allow", code]);
        assert_eq!(status, Some(2), "{code}");
        assert!(err.contains(said), "{err}");
    }
    // An error that has the code of a warning stays one.
    fs::write(&path, wrong.replace("https://acme.example/token", "http://acme.example/token")).unwrap();
    assert_eq!(run(folder.path(), &["clean.yaml", "--allow", "insecure-url"]).0, Some(1));
}
