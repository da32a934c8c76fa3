//! Where a name is used, what it is called from now on, and the outline of a file.

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

const FILE: &str = "providers/acme.yaml";
const BASE: &str = "\
id: acme
name: Acme
vars: {tenant: {pattern: \"^[a-z]+$\"}, region: {default: eu}}
authorization_endpoint: https://acme.example/{{ vars.tenant }}/authorize
token_endpoint: https://acme.example/{{ vars.tenant | lower }}/token?x={{ \"vars.tenant\" }}
userinfo_endpoint: https://{{ vars.region }}.acme.example/me
authorization: {inputs: {org: {}}, params: {o: \"{{ request.org }}\"}}
callback: {capture: {shop: $.callback.shop}}
userinfo: [{}, {as: emails, endpoint: https://acme.example/e, when: userinfo.x is defined}]
profile: {sub: $.userinfo.id, shop: $.captured.shop, email: \"$.emails[0].email\"}
tests:
  - vars: {tenant: one}
    userinfo: {id: 7, x: 1}
    emails: [{email: a}]
    profile: {sub: \"7\"}
";
const FAMILY: &str = "\
id: acme-two
name: Two
extends: acme
token_endpoint: https://acme.example/{{ vars.tenant }}/t
";
const DEPLOYMENT: &str = "\
base_url: https://app.example
providers:
  acme: {client_id: a, vars: {tenant: engines}}
  mine: {extends: acme-two, client_id: a, vars: {tenant: mine}}
";

fn project() -> Editor {
    let mut editor = Editor::ready();
    editor.write(FILE, BASE);
    editor.write("providers/acme-two.yaml", FAMILY);
    editor.write("authcfg.yaml", DEPLOYMENT);
    editor.open(FILE, BASE);
    editor
}

/// The place of `¦` in a marked part of the text.
fn place(text: &str, marked: &str) -> usize {
    let at = marked.find('¦').unwrap();
    text.find(&marked.replace('¦', "")).unwrap_or_else(|| panic!("{marked}")) + at
}

fn position(text: &str, at: usize) -> Value {
    let before = &text[..at];
    json!({"line": before.matches('\n').count(), "character": before.len() - before.rfind('\n').map_or(0, |at| at + 1)})
}

/// File, line and column, counted from 1, of every reference.
fn references(editor: &mut Editor, name: &str, text: &str, marked: &str, declarations: bool) -> Vec<String> {
    let params = json!({
        "textDocument": {"uri": editor.uri(name)}, "position": position(text, place(text, marked)),
        "context": {"includeDeclaration": declarations},
    });
    let answer = editor.request("textDocument/references", params);
    let found = answer["result"].as_array().cloned().unwrap_or_default();
    let shown = |it: &Value| {
        let start = &it["range"]["start"];
        let uri = it["uri"].as_str().unwrap();
        let number = |value: &Value| value.as_u64().unwrap() + 1;
        format!(
            "{}:{}:{}",
            uri.rsplit('/').next().unwrap(),
            number(&start["line"]),
            number(&start["character"])
        )
    };
    found.iter().map(shown).collect()
}

fn rename(editor: &mut Editor, name: &str, text: &str, marked: &str, new: &str) -> Value {
    let params = json!({
        "textDocument": {"uri": editor.uri(name)}, "position": position(text, place(text, marked)), "newName": new,
    });
    editor.request("textDocument/rename", params)
}

#[test]
fn finds_the_uses_of_a_variable_in_every_file() {
    let mut editor = project();
    let all = [
        "acme.yaml:3:8",
        "acme.yaml:4:54",
        "acme.yaml:5:46",
        "acme.yaml:12:12",
        "authcfg.yaml:3:31",
        "authcfg.yaml:4:50",
        "acme-two.yaml:4:46",
    ];
    for marked in ["{te¦nant: {pattern", "vars.tenant¦ }}/auth", "vars.¦tenant | lower", "- vars: {te¦nant"]
    {
        assert_eq!(references(&mut editor, FILE, BASE, marked, true), all, "{marked}");
    }
    assert_eq!(references(&mut editor, FILE, BASE, "vars.te¦nant }}/auth", false).len(), 4);
    editor.open("providers/acme-two.yaml", FAMILY);
    let from_there = references(&mut editor, "providers/acme-two.yaml", FAMILY, "vars.te¦nant", true);
    assert_eq!(from_there.len(), all.len(), "{from_there:?}");
    editor.open("authcfg.yaml", DEPLOYMENT);
    let from_there = references(&mut editor, "authcfg.yaml", DEPLOYMENT, "{te¦nant: mine", true);
    assert_eq!(from_there.len(), all.len(), "{from_there:?}");
    // Text is no name, and neither is what nothing declares.
    assert!(references(&mut editor, FILE, BASE, "\"vars.te¦nant\"", true).is_empty());
    assert!(references(&mut editor, FILE, BASE, "$.user¦info.id", true).is_empty());
}

#[test]
fn finds_inputs_captured_values_and_calls() {
    let mut editor = project();
    for (marked, expected) in [
        ("{o¦rg: {}}", &["acme.yaml:7:26", "acme.yaml:7:60"][..]),
        ("$.captured.sh¦op", &["acme.yaml:8:22", "acme.yaml:10:48"]),
        ("{as: em¦ails", &["acme.yaml:9:21", "acme.yaml:10:64", "acme.yaml:14:5"]),
    ] {
        assert_eq!(references(&mut editor, FILE, BASE, marked, true), expected, "{marked}");
    }
    let params = json!({
        "textDocument": {"uri": editor.uri(FILE)}, "position": position(BASE, place(BASE, "$.captured.sh¦op")),
    });
    let answer = editor.request("textDocument/documentHighlight", params);
    let kinds: Vec<_> = answer["result"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
    assert_eq!(kinds, [3, 2]);
}

#[test]
fn renames_a_variable_in_every_file_and_nothing_else() {
    let mut editor = project();
    let prepare = json!({
        "textDocument": {"uri": editor.uri(FILE)}, "position": position(BASE, place(BASE, "{te¦nant: {pattern")),
    });
    let answer = editor.request("textDocument/prepareRename", prepare);
    assert_eq!(answer["result"]["placeholder"], "tenant");
    let answer = rename(&mut editor, FILE, BASE, "{te¦nant: {pattern", "realm");
    let changes = answer["result"]["changes"].as_object().unwrap_or_else(|| panic!("{answer}")).clone();
    let mut counts: Vec<_> = changes
        .iter()
        .map(|(uri, edits)| (uri.rsplit('/').next().unwrap(), edits.as_array().unwrap().len()))
        .collect();
    counts.sort();
    assert_eq!(counts, [("acme-two.yaml", 1), ("acme.yaml", 4), ("authcfg.yaml", 2)]);
    for edits in changes.values() {
        assert!(edits.as_array().unwrap().iter().all(|edit| edit["newText"] == "realm"));
    }
    for (marked, new, why) in [
        ("{te¦nant: {pattern", "two words", "`two words` is no name: letters, digits and `_`"),
        (
            "{te¦nant: {pattern",
            "region",
            "with the name `region` the file has errors that it does not have now",
        ),
        ("{o¦rg: {}}", "team", "`request.org` is what the deployment and the application call it"),
        ("na¦me: Acme", "title", "there is no name here"),
    ] {
        let answer = rename(&mut editor, FILE, BASE, marked, new);
        assert_eq!(answer["error"]["message"], why, "{marked}");
        assert_eq!(answer["error"]["code"], -32803);
    }
    let prepare = json!({
        "textDocument": {"uri": editor.uri(FILE)}, "position": position(BASE, place(BASE, "{o¦rg: {}}")),
    });
    assert_eq!(editor.request("textDocument/prepareRename", prepare)["result"], Value::Null);
    // What is declared in a built-in file stays as it is.
    let family = "id: mine\nname: Mine\nextends: auth0\ntoken_endpoint: https://{{ vars.domain }}/t\n";
    editor.open("providers/mine.yaml", family);
    let answer = rename(&mut editor, "providers/mine.yaml", family, "vars.do¦main", "host");
    assert_eq!(answer["error"]["message"], "`domain` is declared in no file of this catalogue");
}

#[test]
fn lists_the_keys_of_a_file() {
    let mut editor = Editor::ready();
    editor.open(FILE, ACME);
    let params = json!({"textDocument": {"uri": editor.uri(FILE)}});
    let answer = editor.request("textDocument/documentSymbol", params.clone());
    let symbols = answer["result"].as_array().unwrap();
    let names: Vec<_> = symbols.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["id", "name", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "profile", "tests"]
    );
    assert_eq!(symbols[0]["detail"], "acme");
    assert_eq!(symbols[5]["children"][0]["name"], "sub");
    let tests = &symbols[6];
    assert_eq!(tests["children"][1]["name"], "2");
    assert_eq!(tests["range"]["start"], json!({"line": 6, "character": 0}));
    assert_eq!(tests["range"]["end"]["line"], 11);
    // While it cannot be read, as it was.
    editor.change(FILE, 2, json!([{"text": format!("{ACME}x: [\n")}]));
    let answer = editor.request("textDocument/documentSymbol", params);
    assert_eq!(answer["result"].as_array().unwrap().len(), 7);
}
