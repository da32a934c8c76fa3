//! What is said about the word under the cursor, and where it is declared.

use std::fs;

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

const WITH_VARS: &str = "\
id: acme
name: Acme
vars:
  tenant: {title: Tenant, pattern: \"^[a-z]+$\", default: engines}
client: {key: {title: Key}}
authorization_endpoint: https://{{ vars.tenant }}.acme.example/authorize
token_endpoint: https://acme.example/token
userinfo_endpoint: https://acme.example/me
authorization: {inputs: {org: {}}, params: {o: \"{{ request.org | lower }}\"}}
callback: {capture: {shop: $.callback.shop}}
userinfo:
  - {}
  - {as: emails, endpoint: https://acme.example/emails, when: userinfo.x is defined}
profile: {sub: $.userinfo.id, shop: $.captured.shop, email: $.emails.email}
";

fn hover(marked: &str) -> Value {
    let mut editor = Editor::ready();
    let answer = editor.ask("textDocument/hover", "providers/acme.yaml", marked);
    assert_eq!(editor.end(), Some(0));
    answer
}

fn words(from: &str, to: &str) -> String {
    let answer = hover(&WITH_VARS.replacen(from, to, 1));
    answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn says_what_the_schema_says_about_a_key() {
    let answer = hover(&format!("{ACME}pk¦ce: S256\n"));
    assert_eq!(
        answer,
        json!({
            "contents": {
                "kind": "markdown",
                "value": "Proof Key for Code Exchange; `S256` where it is absent.\n\n\
                    Values:\n\
                    - `S256`: The challenge is the SHA-256 of the verifier. The default.\n\
                    - `plain`: The challenge is the verifier, for a provider that knows no other method.\n\
                    - `none`: None, for a provider that refuses the parameters or documents that it does not look at them.\n\n\
                    Default: `S256`",
            },
            "range": {"start": {"line": 12, "character": 0}, "end": {"line": 12, "character": 4}},
        })
    );
    assert_eq!(
        words("patt", "pa¦tt"),
        "A regular expression that the value must match; anchored with `^` and `$`."
    );
    let value = hover(&format!("{ACME}pkce: pl¦ain\n"));
    assert_eq!(
        value["contents"]["value"],
        "`plain`: The challenge is the verifier, for a provider that knows no other method."
    );
}

#[test]
fn says_what_a_name_or_filter_in_a_template_is() {
    assert_eq!(
        words("vars.tenant }", "vars.ten¦ant }"),
        "`vars.tenant`  \n**Tenant**  \nmatches `^[a-z]+$`  \ndefault `engines`"
    );
    assert_eq!(words("{{ vars.tenant", "{{ v¦ars.tenant"), "`vars`  \nThe values of the variables.");
    assert_eq!(words("| lower", "| lo¦wer"), "`lower` gives the text in small letters");
    assert_eq!(words("$.captured.shop", "$.captured.sh¦op"), "`captured.shop`  \n`$.callback.shop`");
}

#[test]
fn says_nothing_where_there_is_nothing_to_say() {
    for text in ["¦", "¦[", "id: acme\nnobody¦: x\n", "id: acme\nname: Ac¦me\n"] {
        assert_eq!(hover(text), Value::Null, "{text}");
    }
    let mut editor = Editor::ready();
    assert_eq!(editor.ask("textDocument/hover", "ci.yaml", "na¦me: ci\n"), Value::Null);
}

#[test]
fn goes_to_the_declaration() {
    for (from, to, line, character) in [
        ("{{ vars.tenant", "{{ vars.ten¦ant", 3, 2),
        ("request.org", "request.o¦rg", 8, 25),
        ("$.captured.shop", "$.captured.sh¦op", 9, 21),
        ("$.emails.email", "$.em¦ails.email", 12, 9),
        ("$.emails.email", "$.emails.em¦ail", 12, 9),
    ] {
        let mut editor = Editor::ready();
        let marked = WITH_VARS.replacen(from, to, 1);
        let answer = editor.ask("textDocument/definition", "providers/acme.yaml", &marked);
        assert_eq!(answer["uri"], editor.uri("providers/acme.yaml"), "{to}");
        assert_eq!(answer["range"]["start"], json!({"line": line, "character": character}), "{to}");
    }
    let mut editor = Editor::ready();
    let nowhere = WITH_VARS.replacen("vars.tenant }", "vars.no¦body }", 1);
    assert_eq!(editor.ask("textDocument/definition", "providers/acme.yaml", &nowhere), Value::Null);
}

#[test]
fn goes_to_the_file_that_is_extended_and_to_what_it_declares() {
    let mut editor = Editor::ready();
    fs::create_dir(editor.folder().join("providers")).unwrap();
    fs::write(editor.folder().join("providers/acme.yaml"), WITH_VARS).unwrap();
    let family =
        "id: acme-two\nname: Two\nextends: ac¦me\ntoken_endpoint: https://{{ vars.tenant }}.acme.example/t\n";
    let answer = editor.ask("textDocument/definition", "providers/acme-two.yaml", family);
    assert_eq!(answer["uri"], editor.uri("providers/acme.yaml"));
    let family = family.replace('¦', "").replace("vars.tenant", "vars.¦tenant");
    let answer = editor.ask("textDocument/definition", "providers/acme-two.yaml", &family);
    assert_eq!(answer["uri"], editor.uri("providers/acme.yaml"));
    assert_eq!(answer["range"]["start"], json!({"line": 3, "character": 2}));
    let nowhere = family.replace('¦', "").replace("extends: acme", "extends: no¦body");
    assert_eq!(editor.ask("textDocument/definition", "providers/acme-two.yaml", &nowhere), Value::Null);
}

#[test]
fn a_text_that_cannot_be_read_is_as_good_as_what_is_left_of_it() {
    // From the last text that could be read.
    let mut editor = Editor::ready();
    editor.open("providers/acme.yaml", WITH_VARS);
    let broken = WITH_VARS.replace("name: Acme\n", "name: Acme\nscopes: [\n");
    assert_eq!(editor.change("providers/acme.yaml", 2, json!([{"text": broken}]))[0]["code"], "invalid-yaml");
    let at = broken.find("tenant }}").unwrap();
    let answer = editor.ask_at("textDocument/hover", "providers/acme.yaml", &broken, at);
    assert!(answer["contents"]["value"].as_str().unwrap().starts_with("`vars.tenant`"), "{answer}");
    assert_eq!(answer["range"]["start"]["line"], 6);
    let answer = editor.ask_at("textDocument/definition", "providers/acme.yaml", &broken, at);
    assert_eq!(answer["range"]["start"], json!({"line": 4, "character": 2}));
    let at = broken.find("scopes").unwrap() + 2;
    editor.ask_at("textDocument/hover", "providers/acme.yaml", &broken, at);
    // From the lines that can.
    let mut editor = Editor::ready();
    let answer = editor.ask(
        "textDocument/definition",
        "providers/acme.yaml",
        &broken.replace("vars.tenant", "vars.te¦nant"),
    );
    assert_eq!(answer["range"]["start"], json!({"line": 4, "character": 2}));
}
