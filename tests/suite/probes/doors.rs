//! The same texts through the other doors: an editor that opens them, a server that starts with them, the commands that read a
//! provider file.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use authcfg::config::{self, ConfigSource};
#[cfg(feature = "lsp")]
use serde_json::json;

use crate::probes::{Probe, expressions, on_small_stacks, wide, yaml};

/// No editor and no command is given more.
const MAX_TEXT: usize = 5 << 20;

/// The probes that are texts, by name; some are no UTF-8.
fn texts() -> Vec<(String, Vec<u8>)> {
    let all = yaml::probes().into_iter().chain(expressions::probes()).chain(wide::probes());
    written(all)
}

fn written(probes: impl IntoIterator<Item = Probe>) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let text = |probe: Probe| {
        let laid = probe.lay(folder.path());
        let text = fs::read(laid[0].join("acme.yaml")).unwrap();
        fs::remove_dir_all(&laid[0]).unwrap();
        (probe.name, text)
    };
    probes.into_iter().map(text).filter(|(_, text)| text.len() <= MAX_TEXT).collect()
}

#[cfg(feature = "lsp")]
#[test]
fn an_editor_may_open_each() {
    let mut editor = crate::lsp::Editor::ready();
    for (name, text) in texts() {
        let Ok(text) = String::from_utf8(text) else { continue };
        editor.open("providers/acme.yaml", &text);
        let document = json!({"uri": editor.uri("providers/acme.yaml")});
        let line = text.lines().count().saturating_sub(1) / 2;
        let position = json!({"line": line, "character": 12});
        for (method, params) in [
            ("textDocument/documentSymbol", json!({"textDocument": document})),
            ("textDocument/hover", json!({"textDocument": document, "position": position})),
            ("textDocument/completion", json!({"textDocument": document, "position": position})),
            ("textDocument/definition", json!({"textDocument": document, "position": position})),
            (
                "textDocument/references",
                json!({"textDocument": document, "position": position, "context": {"includeDeclaration": true}}),
            ),
        ] {
            let answer = editor.request(method, params);
            assert!(answer.get("error").is_none(), "{name}: {method}: {answer:.500}");
        }
        editor.close("providers/acme.yaml");
    }
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_server_says_why_it_does_not_start_with_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authcfg.yaml");
    on_small_stacks(texts(), |(name, text)| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("authcfg.yaml");
        fs::write(&file, text).unwrap();
        let source = ConfigSource { file: Some(file), ..ConfigSource::default() };
        let findings = config::load(&source).err().unwrap_or_default();
        assert!(!findings.is_empty(), "{name}: nothing of it is a deployment");
    });
    // One of them by the program itself, with the stacks that its threads have.
    fs::write(&path, "[".repeat(1 << 20)).unwrap();
    let output = authcfg(folder.path(), &["serve", "--config", "authcfg.yaml"]);
    assert_eq!(output.0, Some(1), "{}", output.1);
    assert!(output.1.contains("error[too-large]"), "{}", output.1);
}

#[test]
fn commands_that_read_a_provider_file_end_with_each_wide_one() {
    on_small_stacks(written(wide::probes()), |(name, text)| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("acme.yaml"), text).unwrap();
        fs::write(folder.path().join("me.json"), r#"{"id": "7"}"#).unwrap();
        for arguments in [
            &["test", "./acme.yaml"][..],
            &["show", "./acme.yaml"],
            &["map", "./acme.yaml", "me.json"],
            &["validate", "--diff", "acme.yaml"],
        ] {
            let (exit, said) = authcfg(folder.path(), arguments);
            assert!(exit.is_some_and(|exit| exit <= 4), "{name}: {arguments:?}: {exit:?} {said:.500}");
            assert!(!said.contains("panicked"), "{name}: {arguments:?}: {said:.500}");
        }
    });
}

/// How the program ends, and what it says on standard error.
fn authcfg(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_authcfg"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).expect("what is printed is text"))
}
