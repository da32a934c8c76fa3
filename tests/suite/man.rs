//! `authcfg man` as it is called: what a pipe gets, exit codes, help.

use std::process::{Command, Output};

fn man(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.arg("man").args(arguments).env_clear().env("PAGER", "/does/not/exist");
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_pipe_gets_the_page_as_it_is_written() {
    let output = man(&["cookbook"]);
    assert_eq!(output.status.code(), Some(0));
    let written =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/manual/cookbook.md")).unwrap();
    assert_eq!(text(&output.stdout), written);
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn without_a_topic_the_pages_are_listed() {
    let output = man(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "\
# The manual

- `authcfg man format`: provider files, with an example for everything they can say
- `authcfg man cookbook`: your provider does X, write Y
- `authcfg man reference`: every key of a provider file
- `authcfg man deployment`: the deployment file, authcfg.yaml
- `authcfg man validate`: what authcfg validate finds, fixes, allows and writes, and its exit codes
- `authcfg man editors`: completion in an editor, and the check in pre-commit, GitHub, GitLab and any CI
- `authcfg man login`: signing in from a terminal, by a browser or by a code
- `authcfg man tokens`: valid tokens for a terminal: kept, renewed, exchanged, revoked
- `authcfg man mock`: a provider on this machine, for the tests of an application
- `authcfg man sessions`: where a session is kept, and how long it lives
- `authcfg man forward-auth`: a proxy that asks before it lets a request through to an application
- `authcfg man operations`: the server beside others: reload, readiness, its end, systemd, Kubernetes
- `authcfg man observe`: the log, the audit log, and limits for each client
- `authcfg man sign-in`: one sign-in, from YAML to session

A section of a page is `authcfg man format scopes`.
"
    );
}

#[test]
fn a_section_is_printed_in_both_spellings() {
    let output = man(&["reference#step.response.map"]);
    assert!(text(&output.stdout).starts_with("## step.response.map\n"), "{}", text(&output.stdout));
    assert_eq!(man(&["reference", "step", "response", "map"]).stdout, output.stdout);
}

#[test]
fn what_is_not_there_is_wrong_usage() {
    let output = man(&["cookbok"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(text(&output.stderr), "error: there is no page `cookbok`: see `authcfg man cookbook`\n");
    let output = man(&["format", "scops"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: there is no section `scops` on the page `format`: see `authcfg man format scopes`\n"
    );
}

#[test]
fn the_help_shows_how_it_is_called() {
    let output = man(&["--help"]);
    assert!(
        text(&output.stdout).contains("  authcfg man format scopes      one section of it"),
        "{}",
        text(&output.stdout)
    );
}
