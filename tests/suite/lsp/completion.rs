//! What is proposed at the cursor.

use serde_json::{Value, json};

use crate::lsp::{ACME, Editor};

const HEAD: &str = "\
id: acme
name: Acme
vars: {tenant: {title: Tenant}, region: {}}
client: {key: {}}
authorization: {inputs: {org: {}}}
callback: {capture: {shop: $.callback.shop}}
";

fn proposals(name: &str, marked: &str) -> Vec<Value> {
    let mut editor = Editor::ready();
    let answer = editor.ask("textDocument/completion", name, marked);
    assert_eq!(editor.end(), Some(0));
    answer.as_array().unwrap_or(&vec![]).clone()
}

fn labels(marked: &str) -> Vec<String> {
    let proposals = proposals("providers/acme.yaml", marked);
    proposals.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn proposes_the_keys_that_are_not_there_yet() {
    let found = proposals("providers/acme.yaml", &format!("{ACME}pk¦\n"));
    let pkce = found.iter().find(|item| item["label"] == "pkce").unwrap();
    assert_eq!(pkce["textEdit"]["newText"], "pkce: ");
    let range = json!({"start": {"line": 12, "character": 0}, "end": {"line": 12, "character": 2}});
    assert_eq!(pkce["textEdit"]["range"], range);
    assert!(pkce["documentation"]["value"].as_str().unwrap().starts_with("Proof Key"));
    assert!(!found.iter().any(|item| item["label"] == "id" || item["label"] == "tests"));

    let found = labels(&format!("{HEAD}token:\n  method: POST\n  ¦\n"));
    assert!(found.contains(&"body".to_owned()) && !found.contains(&"method".to_owned()), "{found:?}");
    assert!(!found.contains(&"pkce".to_owned()), "{found:?}");
    assert!(labels(&format!("{HEAD}token:\n  ¦\n")).contains(&"body".to_owned()));
    assert!(labels(&format!("{HEAD}token: {{method: GET, ¦}}\n")).contains(&"body".to_owned()));
    assert!(labels(&format!("{HEAD}tests:\n  - ¦\n")).contains(&"expect".to_owned()));
}

#[test]
fn keeps_the_colon_that_is_there() {
    let found = proposals("providers/acme.yaml", "id: acme\nna¦: Acme\n");
    let name = found.iter().find(|item| item["label"] == "name").unwrap();
    assert_eq!(name["textEdit"]["newText"], "name");
}

#[test]
fn proposes_the_words_that_a_value_may_be() {
    assert_eq!(labels(&format!("{HEAD}pkce: ¦\n")), ["S256", "plain", "none"]);
    assert_eq!(labels(&format!("{HEAD}pkce: pl¦\n")), ["S256", "plain", "none"]);
    assert_eq!(labels(&format!("{HEAD}userinfo: {{optional: ¦}}\n")), ["true", "false"]);
    assert!(labels(&format!("{HEAD}id_token: {{algs: [RS256, ¦]}}\n")).contains(&"ES256".to_owned()));
    assert!(labels(&format!("{HEAD}docs: ¦\n")).is_empty());
}

#[test]
fn proposes_names_of_templates_and_paths() {
    let endpoint =
        |inner: &str| labels(&format!("{HEAD}authorization_endpoint: https://a.example/{inner}\n"));
    assert_eq!(endpoint("{{ vars.¦ }}"), ["tenant", "region"]);
    assert_eq!(endpoint("{{ vars.te¦ }}"), ["tenant", "region"]);
    assert_eq!(endpoint("{{ ¦ }}"), ["client", "vars", "request", "flow"]);
    assert_eq!(endpoint("{{ request.¦ }}"), ["org"]);
    assert_eq!(endpoint("{{ client.¦ }}"), ["id", "secret", "key"]);
    assert_eq!(endpoint("{{ flow.¦ }}"), ["nonce", "now", "redirect_uri", "scope", "state", "uuid"]);
    assert!(endpoint("{{ vars.tenant | ¦ }}").contains(&"urlencode".to_owned()));
    assert!(endpoint("{{ vars.tenant }}/¦").is_empty());
    let roots = labels(&format!("{HEAD}userinfo: [{{}}, {{as: emails}}]\nprofile: {{sub: $.¦}}\n"));
    for root in ["userinfo", "claims", "token", "captured", "emails"] {
        assert!(roots.contains(&root.to_owned()), "{roots:?}");
    }
    assert_eq!(labels(&format!("{HEAD}profile: {{sub: $.captured.¦}}\n")), ["shop"]);
    assert!(
        labels(&format!("{HEAD}token: {{response: {{ok: body.x is def¦}}}}\n"))
            .contains(&"defined".to_owned())
    );
    assert_eq!(labels("id: acme\nname: A\nextends: acme\nprofile: {a: $.vars.¦}\n"), [] as [&str; 0]);
}

#[test]
fn proposes_the_scopes_that_are_not_asked_for_yet() {
    let scopes = "scopes: {supported: {read: {title: Read}, write: {}}, default: [";
    assert_eq!(labels(&format!("{HEAD}{scopes}read, ¦]}}\n")), ["write"]);
    assert_eq!(labels(&format!("{HEAD}{scopes}¦]}}\n")), ["read", "write"]);
    let openid = labels(&format!("{HEAD}protocol: oidc\nscopes:\n  default:\n    - openid\n    - em¦\n"));
    assert!(openid.contains(&"email".to_owned()) && !openid.contains(&"openid".to_owned()), "{openid:?}");
    assert!(labels(&format!("{HEAD}scopes: {{default: [¦]}}\n")).is_empty());
}

#[test]
fn proposes_what_the_answers_in_the_tests_hold() {
    let path = |path: &str| {
        let tests = "tests:\n  - userinfo: {id: 1, org: {title: A}}\n    emails: [{email: a, primary: true}]\n    \
            token_response: {access_token: AT, team: T}\n";
        labels(&format!("{HEAD}userinfo: [{{}}, {{as: emails}}]\nprofile: {{sub: {path}}}\n{tests}"))
    };
    assert_eq!(path("$.userinfo.¦"), ["id", "org"]);
    assert_eq!(path("$.userinfo.org.¦"), ["title"]);
    assert_eq!(path("\"$.emails[0].¦\""), ["email", "primary"]);
    assert_eq!(path("\"$.emails[?@.primary].em¦\""), ["email", "primary"]);
    assert_eq!(path("$.token.raw.¦"), ["access_token", "team"]);
    assert_eq!(path("\"{{ userinfo.¦ }}\""), ["id", "org"]);
    assert!(path("$.userinfo.id.¦").is_empty());
}

#[test]
fn proposes_a_whole_file_in_an_empty_one() {
    let mut editor = Editor::start();
    let snippets = json!({"completionItem": {"snippetSupport": true}});
    editor.greet_with(json!({"textDocument": {"completion": snippets}}));
    let answer = editor.ask("textDocument/completion", "providers/acme.yaml", "# Acme\n¦\n");
    let whole = |answer: &Value| -> Vec<Value> {
        let is_whole = |item: &&Value| item["label"].as_str().unwrap().starts_with("provider, ");
        answer.as_array().unwrap().iter().filter(is_whole).cloned().collect()
    };
    let offered = whole(&answer);
    assert_eq!(offered.len(), 2);
    assert_eq!(offered[0]["insertTextFormat"], 2);
    let text = offered[0]["textEdit"]["newText"].as_str().unwrap();
    assert!(
        text.starts_with("id: acme\nname: ${1:acme}\n") && text.contains("{sub: \\$.userinfo.id"),
        "{text}"
    );
    assert!(whole(&editor.ask("textDocument/completion", "providers/acme.yaml", "id: acme\n¦\n")).is_empty());
    // An editor that knows no snippets gets the text as it is to be.
    let offered = whole(&Value::Array(proposals("providers/acme.yaml", "pro¦")));
    assert_eq!(offered[0].get("insertTextFormat"), None);
    let text = offered[1]["textEdit"]["newText"].as_str().unwrap();
    assert!(text.starts_with("id: acme\nname: acme\ndocs: https://acme.example/docs\n"), "{text}");
}

#[test]
fn broken_yaml_does_not_lose_what_was_declared() {
    let mut editor = Editor::ready();
    editor.open("providers/acme.yaml", HEAD);
    let broken = format!("{HEAD}scopes: [\nprofile:\n  sub: \"{{{{ vars.¦\n");
    let at = broken.find('¦').unwrap();
    let plain = broken.replace('¦', "");
    let findings = editor.change("providers/acme.yaml", 2, json!([{"text": plain}]));
    assert_eq!(findings[0]["code"], "invalid-yaml");
    let answer = editor.ask_at("textDocument/completion", "providers/acme.yaml", &plain, at);
    let labels: Vec<_> =
        answer.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["tenant", "region"]);
}

#[test]
fn proposes_in_a_deployment_file_and_nothing_elsewhere() {
    let found = proposals("authcfg.yaml", "base_url: https://a.example\nproviders:\n  acme:\n    ¦\n");
    assert!(found.iter().any(|item| item["label"] == "client_id"), "{found:?}");
    assert!(proposals("ci.yaml", "name: ci\n¦\n").is_empty());
}

#[test]
fn answers_at_every_place_of_a_file_that_is_being_typed() {
    let mut editor = Editor::ready();
    for length in (0..ACME.len()).step_by(7) {
        editor.change_only("providers/acme.yaml", 2, json!([]));
        let text = &ACME[..length];
        editor.open("providers/acme.yaml", text);
        for method in ["completion", "hover", "definition"] {
            editor.ask_at(&format!("textDocument/{method}"), "providers/acme.yaml", text, length);
        }
    }
    assert_eq!(editor.end(), Some(0));
}
