//! The conversation from `initialize` to `exit`, and the findings that are shown in between.

use std::fs;

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

fn codes(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

fn range(line: u32, from: u32, to: u32) -> Value {
    json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}})
}

#[test]
fn ends_with_0_after_shutdown_and_with_1_without() {
    let mut editor = Editor::start();
    let capabilities = editor.greet();
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    assert_eq!(capabilities["textDocumentSync"]["change"], 2);
    assert_eq!(editor.end(), Some(0));

    let mut editor = Editor::ready();
    editor.notify("exit", Value::Null);
    assert_eq!(editor.code(), Some(1));
    let mut editor = Editor::start();
    editor.notify("exit", Value::Null);
    assert_eq!(editor.code(), Some(1));
    assert_eq!(Editor::ready().hang_up(), Some(1));
    let mut editor = Editor::ready();
    editor.send_bytes(b"Content-Length: x\r\n\r\n{}");
    assert_eq!(editor.code(), Some(1));
}

#[test]
fn refuses_requests_at_the_wrong_time_and_those_it_does_not_know() {
    let mut editor = Editor::start();
    assert_eq!(editor.request("textDocument/hover", json!({}))["error"]["code"], -32002);
    editor.greet();
    assert_eq!(editor.request("initialize", json!({"capabilities": {}}))["error"]["code"], -32600);
    assert_eq!(editor.request("textDocument/teleport", json!({}))["error"]["code"], -32601);
    editor.notify("textDocument/didOpen", json!({"wrong": true}));
    editor.notify("$/setTrace", json!({"value": "off"}));
    assert_eq!(editor.request("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(editor.request("textDocument/hover", json!({}))["error"]["code"], -32600);
    editor.notify("exit", Value::Null);
    assert_eq!(editor.code(), Some(0));
}

#[test]
fn shows_what_validate_finds_and_nothing_once_it_is_mended() {
    let mut editor = Editor::ready();
    assert_eq!(editor.open("providers/acme.yaml", ACME), [] as [Value; 0]);
    let change = json!([{"range": range(3, 8, 9), "text": ""}]);
    let findings = editor.change("providers/acme.yaml", 2, change);
    assert_eq!(
        findings,
        [json!({
            "range": range(3, 0, 13),
            "severity": 1,
            "code": "unknown-field",
            "source": "authcfg",
            "message": "unknown field `token_enpoint`\nnot a field of a provider file\nhelp: a field with a similar name exists: `token_endpoint`",
        })]
    );
    let change = json!([{"range": range(3, 8, 8), "text": "d"}]);
    assert_eq!(editor.change("providers/acme.yaml", 3, change), [] as [Value; 0]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn counts_columns_in_utf16_units_also_with_crlf() {
    let mut editor = Editor::ready();
    let text =
        ACME.replace("{sub: $.userinfo.id}", "{nickname: 🔑🔑, sub: '{{ vras.x }}'}").replace('\n', "\r\n");
    let findings = editor.open("providers/acme.yaml", &text);
    assert_eq!(codes(&findings), ["unknown-name"]);
    assert_eq!(findings[0]["range"], range(5, 35, 39));
    let change =
        json!([{"range": range(5, 22, 24), "text": "🔒"}, {"range": range(5, 35, 39), "text": "vars"}]);
    let findings = editor.change("providers/acme.yaml", 2, change);
    // The other one is that everybody would have this subject.
    let unknown = findings.iter().find(|finding| finding["code"] == "unknown-name").expect("it is unknown");
    assert_eq!(unknown["message"].as_str().unwrap().lines().next(), Some("unknown name `vars.x`"));
    assert_eq!(unknown["range"], range(5, 40, 41));
}

#[test]
fn counts_what_the_editor_prefers() {
    for (offered, chosen, column) in [
        (json!(["utf-8", "utf-16"]), "utf-8", 36),
        (json!(["utf-32", "utf-8"]), "utf-32", 33),
        (json!([]), "utf-16", 34),
    ] {
        let mut editor = Editor::start();
        let capabilities = editor.greet_with(json!({"general": {"positionEncodings": offered}}));
        assert_eq!(capabilities["positionEncoding"], chosen);
        let text = ACME.replace("profile: {", "profile: {nickname: 🔑, name: '{{ vras.x }}', ");
        let findings = editor.open("providers/acme.yaml", &text);
        assert_eq!(codes(&findings), ["unknown-name"]);
        assert_eq!(findings[0]["range"], range(5, column, column + 4));
        let change = json!([{"range": range(5, column, column + 4), "text": "flow"}]);
        let findings = editor.change("providers/acme.yaml", 2, change);
        assert_eq!(findings[0]["message"].as_str().unwrap().lines().next(), Some("unknown name `flow.x`"));
    }
}

#[test]
fn a_file_that_is_opened_again_has_its_new_text() {
    let mut editor = Editor::ready();
    assert_eq!(codes(&editor.open("providers/acme.yaml", "id: acme\nid: acme\n")), ["duplicate-key"]);
    editor.close("providers/acme.yaml");
    assert_eq!(editor.open("providers/acme.yaml", ACME), [] as [Value; 0]);
    editor.change_only("providers/nobody.yaml", 2, json!([{"text": "a"}]));
    let cancel = json!({"id": 7});
    editor.notify("$/cancelRequest", cancel);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn shows_the_place_that_another_one_contradicts() {
    let mut editor = Editor::ready();
    let findings = editor.open("providers/acme.yaml", &format!("{ACME}name: Again\n"));
    assert_eq!(codes(&findings), ["duplicate-key"]);
    assert_eq!(findings[0]["range"], range(12, 0, 4));
    let related = &findings[0]["relatedInformation"];
    assert_eq!(related[0]["message"], "first written here");
    assert_eq!(
        related[0]["location"],
        json!({"uri": editor.uri("providers/acme.yaml"), "range": range(1, 0, 4)})
    );
}

#[test]
fn says_nothing_about_files_that_are_not_ours() {
    let mut editor = Editor::ready();
    assert!(editor.open(".github/workflows/ci.yaml", "name: ci\non: push\njobs: {a: 1, a: 2}\n").is_empty());
    assert!(editor.open("providers/README.md", "id: acme\nprofile: 1\n").is_empty());
    assert_eq!(codes(&editor.open("new.yaml", "id: new\nprofile: [\n")), ["invalid-yaml"]);
    // It was ours a moment ago.
    let whole = json!([{"text": "id: [\n"}]);
    assert_eq!(codes(&editor.change("new.yaml", 2, whole)), ["invalid-yaml"]);
}

#[test]
fn looks_at_a_deployment_file_with_the_folder_beside_it() {
    let mut editor = Editor::ready();
    fs::create_dir(editor.folder().join("providers")).unwrap();
    let text = "base_url: https://login.example\nsecret: {env: SECRET}\nproviders: {acme: {client_id: a}}\n";
    assert_eq!(codes(&editor.open("authcfg.yaml", text)), ["unknown-provider"]);
    fs::write(editor.folder().join("providers/acme.yaml"), ACME).unwrap();
    let saved = json!({"textDocument": {"uri": editor.uri("providers/acme.yaml")}});
    editor.notify("textDocument/didSave", saved);
    let findings = editor.findings("authcfg.yaml", 1);
    assert!(!codes(&findings).contains(&"unknown-provider"), "{findings:?}");
}

#[test]
fn shows_the_findings_of_the_last_of_many_edits_and_none_after_the_end() {
    let mut editor = Editor::ready();
    editor.open("providers/acme.yaml", ACME);
    for version in 2..200 {
        let text = ACME.replace("name: Acme", &format!("nmae: Acme{version}"));
        editor.change_only("providers/acme.yaml", version, json!([{"text": text}]));
    }
    assert_eq!(codes(&editor.change("providers/acme.yaml", 200, json!([{"text": ACME}]))), [] as [&str; 0]);
    editor.close("providers/acme.yaml");
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn refuses_what_is_too_large_as_validate_does() {
    let mut editor = Editor::ready();
    let findings = editor.open("providers/acme.yaml", &format!("{ACME}# {}\n", "x".repeat(70_000)));
    assert_eq!(codes(&findings), ["too-large"]);
    let deep = format!("id: {}", "[".repeat(10_000));
    let findings = editor.change("providers/acme.yaml", 2, json!([{"text": deep}]));
    assert_eq!(codes(&findings), ["too-large"]);
    let huge = format!("providers:\n{}", "  a: {}\n".repeat(700_000));
    let findings = editor.change("providers/acme.yaml", 3, json!([{"text": huge}]));
    assert_eq!(codes(&findings), ["too-large"]);
    let change = json!([{"range": {"start": {"line": 9, "character": 9}, "end": {"line": 1, "character": 1}}, "text": "x"}]);
    editor.change("providers/acme.yaml", 4, change);
    assert_eq!(editor.end(), Some(0));
}
