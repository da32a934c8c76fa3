//! What several files get wrong together, while one of them is being written.

use std::fs;

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

const ACME_FILE: &str = "providers/acme.yaml";
const OTHER_FILE: &str = "providers/other.yaml";

fn other(line: &str) -> String {
    format!("{}{line}\n", ACME.replace("id: acme", "id: other"))
}

#[test]
fn an_id_that_two_files_claim_is_shown_in_both() {
    let mut editor = Editor::ready();
    editor.write(ACME_FILE, ACME);
    let findings = editor.open(OTHER_FILE, &other("aliases: [acme]"));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["code"], "duplicate-id");
    assert_eq!(
        findings[0]["range"],
        json!({"start": {"line": 12, "character": 10}, "end": {"line": 12, "character": 14}})
    );
    let there = &findings[0]["relatedInformation"][0]["location"];
    assert_eq!(there["uri"], editor.uri(ACME_FILE));
    assert_eq!(there["range"]["start"], json!({"line": 0, "character": 4}));

    let findings = editor.open(ACME_FILE, ACME);
    assert_eq!(findings[0]["code"], "duplicate-id", "{findings:?}");
    assert_eq!(findings[0]["range"]["start"], json!({"line": 0, "character": 4}));
    assert_eq!(findings[0]["relatedInformation"][0]["location"]["uri"], editor.uri(OTHER_FILE));
    // What is not saved yet counts, in the file itself and in the other one.
    assert!(editor.change(OTHER_FILE, 2, json!([{"text": other("aliases: [acne]")}])).is_empty());
    editor.until(ACME_FILE, 1, &[]);
    // Broken for a moment, it claims what it did before.
    editor.change(OTHER_FILE, 3, json!([{"text": other("aliases: [acme]")}]));
    editor.until(ACME_FILE, 1, &["duplicate-id"]);
    editor.change(OTHER_FILE, 4, json!([{"text": other("aliases: [acme")}]));
    let findings = editor.change(ACME_FILE, 2, json!([{"text": format!("{ACME}\n")}]));
    assert_eq!(findings.len(), 1, "{findings:?}");
    // Closed without saving, it never was on the disk.
    editor.close(OTHER_FILE);
    editor.until(ACME_FILE, 2, &[]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_successor_is_looked_for_among_the_files_and_the_built_in_ones() {
    let mut editor = Editor::ready();
    assert_eq!(
        editor.open(ACME_FILE, &format!("{ACME}status: deprecated\nsuccessor: other\n"))[0]["code"],
        "unknown-provider"
    );
    editor.write(OTHER_FILE, &other(""));
    editor.touched(OTHER_FILE, 1);
    editor.until(ACME_FILE, 1, &[]);
    fs::remove_file(editor.path(OTHER_FILE)).unwrap();
    editor.touched(OTHER_FILE, 3);
    editor.until(ACME_FILE, 1, &["unknown-provider"]);
    editor.open(OTHER_FILE, &other(""));
    editor.until(ACME_FILE, 1, &[]);
}

#[test]
fn a_folder_that_the_deployment_file_names_is_a_catalogue_and_any_other_is_not() {
    let mut editor = Editor::ready();
    editor.write("idp/one/acme.yaml", ACME);
    editor.write("idp/two/other.yaml", &other(""));
    let findings = editor.open("idp/two/other.yaml", &other("aliases: [acme]"));
    assert_eq!(findings, [] as [Value; 0]);
    editor.write(
        "authcfg.yaml",
        "base_url: https://app.example\nproviders: {}\ncatalog: [./idp/one, idp/two]\n",
    );
    editor.touched("authcfg.yaml", 1);
    editor.until("idp/two/other.yaml", 1, &["duplicate-id"]);
}

#[test]
fn a_day_to_come_is_shown_and_a_day_gone_by_is_not() {
    let mut editor = Editor::ready();
    let on = |day: &str| format!("{ACME}verified: {{on: {day}, how: docs}}\n");
    let findings = editor.open(ACME_FILE, &on("9999-12-31"));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["message"].as_str().unwrap().lines().next(), Some("this day is still to come"));
    assert!(editor.change(ACME_FILE, 2, json!([{"text": on("2026-01-01")}])).is_empty());
}

#[test]
fn asks_an_editor_that_can_to_watch_files() {
    let mut editor = Editor::start();
    editor.greet_with(json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}}));
    let asked = editor.message("client/registerCapability");
    let registration = &asked["params"]["registrations"][0];
    assert_eq!(registration["method"], "workspace/didChangeWatchedFiles");
    assert_eq!(registration["registerOptions"], json!({"watchers": [{"globPattern": "**/*.{yaml,yml}"}]}));
    assert_eq!(editor.end(), Some(0));
}
