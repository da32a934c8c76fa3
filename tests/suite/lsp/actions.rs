//! The patches of findings as quick fixes.

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

fn actions(editor: &mut Editor, from: u32, to: u32, only: Value) -> Vec<Value> {
    let params = json!({
        "textDocument": {"uri": editor.uri("providers/acme.yaml")},
        "range": {"start": {"line": from, "character": 0}, "end": {"line": to, "character": 99}},
        "context": {"diagnostics": [], "only": only},
    });
    editor.request("textDocument/codeAction", params)["result"].as_array().unwrap().clone()
}

/// A text with the edits of an action: they are in the order of the text.
fn apply(text: &str, action: &Value, uri: &str) -> String {
    let offset = |place: &Value| {
        let (line, character) = (place["line"].as_u64().unwrap(), place["character"].as_u64().unwrap());
        text.split_inclusive('\n').take(line as usize).map(str::len).sum::<usize>() + character as usize
    };
    let mut patched = text.to_owned();
    for edit in action["edit"]["changes"][uri].as_array().unwrap().iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        patched.replace_range(range, edit["newText"].as_str().unwrap());
    }
    patched
}

#[test]
fn offers_the_patch_of_the_finding_at_the_cursor() {
    let mut editor = Editor::ready();
    let text = ACME.replace("token_endpoint", "token_enpoint").replace("id: acme", "id: acne");
    let findings = editor.open("providers/acme.yaml", &text);
    assert_eq!(findings.len(), 2, "{findings:?}");
    let offered = actions(&mut editor, 3, 3, json!(["quickfix"]));
    assert_eq!(offered.len(), 1, "{offered:?}");
    assert_eq!(offered[0]["title"], "Replace by `token_endpoint`: a field with a similar name exists");
    assert_eq!(offered[0]["kind"], "quickfix");
    assert_eq!(offered[0]["isPreferred"], true);
    assert_eq!(offered[0]["diagnostics"][0]["code"], "unknown-field");
    let uri = editor.uri("providers/acme.yaml");
    assert_eq!(apply(&text, &offered[0], &uri), text.replace("token_enpoint", "token_endpoint"));
    assert_eq!(actions(&mut editor, 1, 2, json!(["quickfix"])), [] as [Value; 0]);
    assert_eq!(actions(&mut editor, 0, 9, json!(["refactor"])), [] as [Value; 0]);

    let all = actions(&mut editor, 1, 1, json!(["source"]));
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["kind"], "source.fixAll");
    assert_eq!(apply(&text, &all[0], &uri), text.replace("token_enpoint", "token_endpoint"));
    // The name of the file may be what is wrong.
    let offered = actions(&mut editor, 0, 0, json!(["quickfix"]));
    assert_eq!(apply(&text, &offered[0], &uri), text.replace("acne", "acme"));
    assert_eq!(offered[0].get("isPreferred"), None);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn offers_a_comment_that_allows_a_warning() {
    let mut editor = Editor::ready();
    let text = ACME.replace("acme.example/me", "acme.example//me").replace('\n', "\r\n");
    let findings = editor.open("providers/acme.yaml", &text);
    assert_eq!((findings.len(), &findings[0]["severity"]), (1, &json!(2)), "{findings:?}");
    let code = findings[0]["code"].as_str().unwrap().to_owned();
    let offered = actions(&mut editor, 4, 4, json!(["quickfix"]));
    let allow = offered.last().unwrap();
    assert_eq!(allow["title"], format!("Allow `{code}` here, with a comment"));
    assert_eq!(allow.get("isPreferred"), None);
    let patched = apply(&text, allow, &editor.uri("providers/acme.yaml"));
    let comment = format!("# authcfg: allow({code}) TODO: say why\r\n");
    assert_eq!(patched, text.replace("userinfo_endpoint", &format!("{comment}userinfo_endpoint")));
    assert!(editor.change("providers/acme.yaml", 2, json!([{"text": patched}])).is_empty());
    // An error cannot be allowed.
    editor.change(
        "providers/acme.yaml",
        3,
        json!([{"text": ACME.replace("token_endpoint", "token_enpoint")}]),
    );
    let offered = actions(&mut editor, 3, 3, json!(["quickfix"]));
    assert!(offered.iter().all(|it| !it["title"].as_str().unwrap().contains("allow")), "{offered:?}");
}

#[test]
fn does_not_prefer_a_patch_that_brings_other_findings() {
    let mut editor = Editor::ready();
    // With the name that is near, the value would be wrong.
    editor.open("providers/acme.yaml", &format!("{ACME}scope: profile\n"));
    let offered = actions(&mut editor, 12, 12, json!(["quickfix"]));
    assert_eq!(offered.len(), 1, "{offered:?}");
    assert_eq!(offered[0]["title"], "Replace by `scopes`: a field with a similar name exists");
    assert_eq!(offered[0].get("isPreferred"), None);
    editor.open("ci.yaml", "jobs: {}\n");
    let elsewhere = json!({
        "textDocument": {"uri": editor.uri("ci.yaml")}, "context": {"diagnostics": []},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
    });
    assert_eq!(editor.request("textDocument/codeAction", elsewhere)["result"], Value::Null);
}
