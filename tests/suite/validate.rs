//! `authcfg validate` as it is called: exit codes, streams, colours.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use authcfg::cli::validate::{Args, validate};

use crate::fixtures::ACME;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.current_dir(folder).arg("validate").args(arguments).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_clean_folder_exits_0_with_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("providers")).unwrap();
    fs::write(folder.path().join("providers/acme.yaml"), ACME).unwrap();
    fs::write(folder.path().join("providers/.hidden.yaml"), "[").unwrap();
    fs::write(folder.path().join("providers/acme.yaml~"), "[").unwrap();
    for arguments in [&[][..], &["providers"], &["providers/acme.yaml"], &["--catalog", "providers"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?} {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "1 file checked, nothing found\n");
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn a_typo_exits_1_with_line_column_and_fix() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), ACME.replace("token_endpoint", "token_enpoint")).unwrap();
    let output = run(folder.path(), &["acme.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "1 file checked: 1 error\n");
    for part in
        ["error[unknown-field]: unknown field `token_enpoint`", "--> acme.yaml:4:1", "token_endpoint: https"]
    {
        assert!(text(&output.stderr).contains(part), "{part} in {}", text(&output.stderr));
    }
    assert!(!text(&output.stderr).contains('\u{1b}'), "no colours where nobody sees them");
}

#[test]
fn json_is_one_document_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), ACME.replace("name: Acme", "name: Ácme\nnme: x")).unwrap();
    let output = run(folder.path(), &["--format", "json", "acme.yaml"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["files"], &value["errors"], &value["warnings"]), (&1.into(), &1.into(), &0.into()));
    let finding = &value["findings"][0];
    for (member, expected) in [("line", 3), ("column", 1), ("end_line", 3), ("end_column", 4)] {
        assert_eq!(finding[member], expected, "{member}");
    }
    assert_eq!((&finding["code"], &finding["severity"]), (&"unknown-field".into(), &"error".into()));
    assert_eq!(finding["file"], "acme.yaml");
}

#[test]
fn paths_that_cannot_be_read_are_findings() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("acme.yaml"), ACME).unwrap();
    for path in ["missing.yaml", "empty", "/dev/null", ""] {
        let output = run(folder.path(), &[path, "acme.yaml"]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(
            text(&output.stdout).ends_with(" 1 error\n"),
            "{path}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
    let nothing = run(&folder.path().join("empty"), &[]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn the_folders_of_the_deployment_file_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ours", "providers"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("acme.yaml"), ACME).unwrap();
    }
    let deployment = "providers: {github: }\ncatalog: [ours, ours/missing]\n";
    fs::write(folder.path().join("authcfg.yaml"), deployment).unwrap();
    let output = run(folder.path(), &["--format", "concise"]);
    assert!(
        text(&output.stderr).starts_with("ours/missing:1:1: error[unreadable-file]"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(text(&output.stdout), "3 files checked: 1 error\n");
    let output = run(folder.path(), &["--catalog", "providers"]);
    assert_eq!(text(&output.stdout), "2 files checked, nothing found\n");
}

#[test]
fn what_a_deployment_takes_from_a_provider_is_missed_as_serve_misses_it() {
    let folder = tempfile::tempdir().unwrap();
    let found = |provider: &str| {
        let file = format!("providers:\n  acme: {{use: oidc, {provider}}}\n");
        fs::write(folder.path().join("authcfg.yaml"), file).unwrap();
        let output = run(folder.path(), &["--format", "concise"]);
        text(&output.stderr).lines().next().unwrap_or_default().to_owned()
    };
    let subject = "authcfg.yaml:2:9: error[missing-field]: `profile.sub` is missing";
    assert_eq!(found("protocol: oauth2"), subject);
    assert_eq!(found("protocol: oauth2, issuer: https://id.acme.example"), subject);
    assert_eq!(found("protocol: oauth2, profile: {sub: $.userinfo.sub}"), "");
    // The issuer and the credentials may be in the environment, which is not here.
    assert_eq!(found("scopes: [openid]"), "");
}

#[test]
fn wrong_usage_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--format", "xml"][..], &["--deny", "errors"], &["--nonsense"]] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn one_line_formats_name_place_and_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), ACME.replace("name: Acme", "name: 1")).unwrap();
    let concise = run(folder.path(), &["--format", "concise", "acme.yaml"]);
    assert_eq!(text(&concise.stderr), "acme.yaml:2:7: error[wrong-type]: `name` must be text\n");
    let github = run(folder.path(), &["--format", "github", "acme.yaml"]);
    let line = "::error file=acme.yaml,line=2,endLine=2,col=7,endColumn=8,title=wrong-type::\
        `name` must be text: this is a number%0Ahelp: put it in quotes: `\"1\"`\n";
    assert!(text(&github.stdout).starts_with(line), "{}", text(&github.stdout));
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..200 {
        fs::write(folder.path().join(format!("a{index}.yaml")), "nonsense: 1\n").unwrap();
    }
    let mut child = command(folder.path(), &[".", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
}

#[test]
fn the_shipped_files_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = run(root, &["providers", "--deny", "warnings"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_comment_allows_what_files_get_wrong_together() {
    let codes = |line: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("acme.yaml"), format!("{ACME}{line}\n")).unwrap();
        let args = Args {
            paths: vec![folder.path().to_owned()],
            tomorrow: Some("2026-11-25".into()),
            ..Args::default()
        };
        let findings = validate(&args).findings;
        findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>()
    };
    let day = "verified: {on: 2999-01-01, how: docs}";
    assert_eq!(codes(day), ["invalid-value"]);
    assert_eq!(codes(&format!("{day} # authcfg: allow(invalid-value) a clock of the tests")), [""; 0]);
    assert_eq!(codes(&format!("# authcfg: allow(invalid-value) a clock\n{day}")), [""; 0]);
    let today = day.replace("2999", "2026");
    assert_eq!(codes(&format!("{today} # authcfg: allow(invalid-value) a clock")), ["unused-allow"]);
    assert_eq!(codes(&format!("{day} # authcfg: allow(invalid-value)")), ["invalid-value", "unused-allow"]);
}
