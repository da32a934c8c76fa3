//! The formats of `authcfg validate`, byte for byte, and what may be allowed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use authcfg::diagnostic::render::sarif;
use authcfg::diagnostic::{Code, Diagnostic, Severity, code};
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
    for name in ["concise", "github", "gitlab", "json", "junit"] {
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

#[test]
fn json_is_of_the_schema_that_the_command_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_authcfg")).args(["schema", "findings"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document: Value = serde_json::from_str(&format("json")).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(document["findings"].as_array().unwrap().iter().any(|finding| finding["fix"]["certain"] == true));
    for member in ["code", "severity", "file", "line", "labels", "notes"] {
        let mut less = document.clone();
        less["findings"][0].as_object_mut().unwrap().remove(member);
        assert!(!validator.is_valid(&less), "{member}");
    }
    let mut other = document;
    other["findings"][0]["severity"] = "fatal".into();
    assert!(!validator.is_valid(&other));
}

#[test]
fn the_same_files_give_the_same_bytes_in_whatever_order_they_are_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ids");
    let orders: [&[&str]; 5] = [
        &["acme-old.yaml", "acme-sso.yaml", "acme.yaml"],
        &["acme-old.yaml", "acme-sso.yaml", "acme.yaml"],
        &["acme.yaml", "acme-sso.yaml", "acme-old.yaml"],
        &["acme-sso.yaml", "acme.yaml", "acme-old.yaml", "acme.yaml"],
        &["acme-sso.yaml", "acme-old.yaml", "acme.yaml", "acme-sso.yaml"],
    ];
    for format in ["human", "concise", "github", "gitlab", "json", "junit", "sarif"] {
        let runs = orders.map(|names| run(&folder, &[&["--format", format], names].concat()));
        assert_eq!(runs[0].0, Some(1), "{format}");
        for other in &runs[1..] {
            assert_eq!(*other, runs[0], "{format}");
        }
    }
}

#[cfg(unix)]
#[test]
fn an_odd_name_of_a_file_stays_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a b,c:%<&\"\u{1b}]\n::error::.yaml";
    fs::write(folder.path().join(name), "id: [").unwrap();
    let out = |format: &str| run(folder.path(), &["--format", format, name]).1;
    let uri = "a%20b%2Cc%3A%25%3C%26%22%1B%5D%0A%3A%3Aerror%3A%3A.yaml";
    let log: Value = serde_json::from_str(&out("sarif")).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!((&place["uri"], &place["uriBaseId"]), (&uri.into(), &"%SRCROOT%".into()));
    let report: Value = serde_json::from_str(&out("gitlab")).unwrap();
    assert_eq!(report[0]["location"]["path"], name);
    let document: Value = serde_json::from_str(&out("json")).unwrap();
    assert_eq!(document["findings"][0]["file"], name);
    let github = out("github");
    let command = "::error file=a b%2Cc%3A%25<&\"\u{1b}]%0A%3A%3Aerror%3A%3A.yaml,line=1,";
    assert!(github.starts_with(command) && github.lines().count() == 2, "{github:?}");
    // XML has no place for the escape character, escaped or not.
    let junit = out("junit");
    assert!(junit.contains("file=\"a b,c:%&lt;&amp;\\&quot;\\u{1b}]\\n::error::.yaml\""), "{junit}");
    assert!(!junit.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn of_more_findings_than_github_takes_the_errors_stay() {
    let finding = |code, severity, number: usize| {
        let mut finding = Diagnostic::about_file(code, format!("{number:05}.yaml"), "x");
        finding.severity = severity;
        finding
    };
    let mut many: Vec<Diagnostic> =
        (0..25_001).map(|number| finding(code::SIMILAR_CLAIM, Severity::Warning, number)).collect();
    many.push(finding(code::EMPTY_FILE, Severity::Error, 99_999));
    let log = sarif(&many);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["level"], "error");
    let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(said, "2 more findings are not in this log");
    assert!(sarif(&many[..9])["runs"][0]["invocations"][0]["toolExecutionNotifications"].is_null());
}
