//! `authcfg list`: the catalogue as a person and as a script read it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn list(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.arg("list").args(arguments).current_dir(folder).env_clear().env("COLUMNS", "80");
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// A folder with one provider file of its own.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("providers")).unwrap();
    std::fs::write(
        folder.path().join("providers/acme.yaml"),
        "id: acme\nname: Acme\naliases: [old-acme]\ncategories: [enterprise, payroll]\nprotocol: oidc\nissuer: https://acme.example\ndiscovery: true\n",
    )
    .unwrap();
    folder
}

#[test]
fn the_readme_counts_the_providers() {
    let count = authcfg::provider::catalog::Catalog::builtin().ids().count();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("{count} providers are built in")), "{count}");
}

#[test]
fn the_table_fits_the_terminal_and_the_last_line_counts() {
    let folder = tempfile::tempdir().unwrap();
    let output = list(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    let count = authcfg::provider::catalog::Catalog::builtin().ids().count();
    assert_eq!(shown.lines().count(), count + 2);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.starts_with("ID "), "{shown}");
    assert!(shown.lines().last().unwrap().starts_with(&format!("{count} providers; too wide: ")), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours where nobody looks at a terminal");
}

#[test]
fn a_file_of_the_project_is_listed_with_its_path() {
    let folder = project();
    let output = list(folder.path(), &["--format", "json"]);
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let acme = all.iter().find(|row| row["id"] == "acme").expect("it is listed");
    assert_eq!(
        *acme,
        serde_json::json!({
            "id": "acme", "aliases": ["old-acme"], "name": "Acme", "protocol": "oidc", "pkce": "S256",
            "token_endpoint_auth_method": "client_secret_basic", "scopes": ["openid", "profile", "email"],
            "capabilities": ["discovery"], "email_verified": "claim", "status": "active", "successor": null,
            "verified": null, "categories": ["enterprise", "payroll"], "docs": null, "tests": 0,
            "source": "providers/acme.yaml",
        })
    );
    let oidc = all.iter().find(|row| row["id"] == "oidc").expect("it is built in");
    assert_eq!((&oidc["source"], &oidc["tests"]), (&"built-in".into(), &6.into()));
    assert_eq!(text(&output.stderr), format!("{} providers\n", all.len()));
}

#[test]
fn words_filter() {
    let folder = project();
    for (words, expected) in [
        (&["payroll"][..], "acme"),
        (&["OLD-acme"], "acme"),
        (&["payroll", "nothing-has-this"], "acme"),
        (&["nothing-has-this"], ""),
    ] {
        let output = list(folder.path(), words);
        assert_eq!(output.status.code(), Some(0));
        let shown = text(&output.stdout);
        let ids: Vec<&str> = shown.lines().filter_map(|line| line.split(' ').next()).collect();
        let found = if ids.len() > 1 { ids[1] } else { "" };
        assert_eq!((found, ids.len()), (expected, if expected.is_empty() { 1 } else { 3 }), "{shown}");
    }
}

#[test]
fn markdown_is_one_table() {
    let folder = project();
    let output = list(folder.path(), &["--format", "markdown", "acme"]);
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[2],
        "| Acme | `acme`, `old-acme` | oidc | S256 | `client_secret_basic` | claim | discovery | `openid` `profile` `email` |  | active | 0 | providers/acme.yaml |"
    );
    let columns = |line: &str| line.matches('|').count();
    assert!(lines.iter().all(|line| columns(line) == columns(lines[0])), "{lines:#?}");
}

#[test]
fn a_file_that_cannot_be_used_is_shown_and_left_out() {
    let folder = project();
    std::fs::write(folder.path().join("providers/beta.yaml"), "id: beta\nname: Beta\ntokn: {}\n").unwrap();
    let output = list(folder.path(), &["a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--> providers/beta.yaml:3:1"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("acme") && !text(&output.stdout).contains("beta "));
    assert_eq!(list(folder.path(), &["--format", "csv"]).status.code(), Some(2));
}
