//! Findings for an editor that asks for them, and files that extend what is not saved yet.

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

const FILE: &str = "providers/acme.yaml";

fn puller() -> (Editor, Value) {
    let mut editor = Editor::start();
    let capabilities = editor.greet_with(json!({
        "textDocument": {"diagnostic": {"dynamicRegistration": false}},
        "workspace": {"diagnostics": {"refreshSupport": true}},
    }));
    (editor, capabilities)
}

fn show(editor: &mut Editor, name: &str, text: &str) {
    let item = json!({"uri": editor.uri(name), "languageId": "yaml", "version": 1, "text": text});
    editor.notify("textDocument/didOpen", json!({"textDocument": item}));
}

fn pull(editor: &mut Editor, name: &str, previous: Option<&str>) -> Value {
    let params = json!({"textDocument": {"uri": editor.uri(name)}, "previousResultId": previous});
    editor.request("textDocument/diagnostic", params)["result"].clone()
}

fn codes(report: &Value) -> Vec<&str> {
    report["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect()
}

#[test]
fn an_editor_that_asks_gets_the_findings_of_the_latest_text() {
    let (mut editor, capabilities) = puller();
    assert_eq!(capabilities["diagnosticProvider"]["interFileDependencies"], true);
    show(&mut editor, FILE, &format!("{ACME}colour: x\n"));
    let report = pull(&mut editor, FILE, None);
    assert_eq!((report["kind"].as_str(), codes(&report)), (Some("full"), vec!["unknown-field"]));
    let id = report["resultId"].as_str().unwrap();
    assert_eq!(pull(&mut editor, FILE, Some(id)), json!({"kind": "unchanged", "resultId": id}));
    for version in 2..20 {
        let wrong = version % 2 == 0;
        let text = if wrong { format!("{ACME}color: x\n") } else { ACME.to_owned() };
        editor.change_only(FILE, version, json!([{"text": text}]));
        let report = pull(&mut editor, FILE, Some(id));
        assert_eq!(codes(&report), if wrong { vec!["unknown-field"] } else { vec![] }, "{version}");
    }
    assert!(codes(&pull(&mut editor, "providers/absent.yaml", None)).is_empty());
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn it_is_told_to_ask_again_where_another_file_changes_the_answer() {
    let (mut editor, _) = puller();
    show(&mut editor, FILE, ACME);
    assert!(codes(&pull(&mut editor, FILE, None)).is_empty());
    show(&mut editor, "providers/other.yaml", &ACME.replace("id: acme", "id: other\naliases: [acme]"));
    editor.message("workspace/diagnostic/refresh");
    assert_eq!(codes(&pull(&mut editor, FILE, None)), ["duplicate-id"]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_editor_that_cannot_be_told_is_sent_them() {
    let mut editor = Editor::start();
    let capabilities = editor.greet_with(json!({"textDocument": {"diagnostic": {}}}));
    assert!(capabilities["diagnosticProvider"].is_null());
    assert_eq!(editor.open(FILE, &format!("{ACME}colour: x\n")).len(), 1);
    assert_eq!(codes(&pull(&mut editor, FILE, None)), ["unknown-field"]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_file_is_laid_over_the_text_that_is_not_saved_yet() {
    let mut editor = Editor::ready();
    let variables =
        |names: &str| format!("{ACME}vars: {names}\n# authcfg: allow(unused-name) of the family\n");
    editor.write(FILE, ACME);
    let family = "id: acme-eu\nname: Acme EU\nextends: acme\ntoken_endpoint: https://eu.acme.example/{{ vars.tenant }}\n\
        tests: [{vars: {tenant: x}, userinfo: {id: \"7\"}, profile: {sub: \"7\"}}, {vars: {tenant: x}, callback: {error: access_denied}, error: access_denied}]\n";
    let codes = |found: &[Value]| -> Vec<String> {
        found.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    };
    let found = editor.open("providers/acme-eu.yaml", family);
    assert!(codes(&found).contains(&"unknown-name".to_owned()), "{found:?}");
    editor.open(FILE, ACME);
    editor.change(FILE, 2, json!([{"text": variables("{tenant: {title: Tenant}}")}]));
    editor.until("providers/acme-eu.yaml", 1, &[]);
    let at = "vars.tenant";
    let hover =
        editor.ask_at("textDocument/hover", "providers/acme-eu.yaml", family, family.find(at).unwrap() + 6);
    assert!(!hover.is_null(), "the name is known");
    editor.change(FILE, 3, json!([{"text": variables("{region: {optional: true}}")}]));
    editor.until("providers/acme-eu.yaml", 1, &["unknown-name", "unknown-name"]);
    // Closed, it is as on the disk again.
    editor.change(FILE, 4, json!([{"text": variables("{tenant: {title: Tenant}}")}]));
    editor.until("providers/acme-eu.yaml", 1, &[]);
    editor.close(FILE);
    editor.until("providers/acme-eu.yaml", 1, &["unknown-name", "unknown-name"]);
    assert_eq!(editor.end(), Some(0));
}
