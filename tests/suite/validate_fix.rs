//! `authcfg validate --fix` and `--diff` as they are called.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const WRONG: &str = "\
# The sign-in of Acme.
id: acme
name:   Acme
authorization_endpoint: \"http://acme.example/authorize\"
token_enpoint: https://acme.example/token # misspelt
userinfo_endpoint: https://acme.example/me
profile: {sub: $.userinfo.id}
tests:
  - token_response: {access_token: AT, token_type: bearer}
    userinfo: {id: \"7\"}
    profile: {sub: \"7\"}
  - token_response: {http: {status: 400, body: {error: invalid_grant}}}
    error: invalid_grant
";

const DIFF: &str = "\
--- acme.yaml
+++ acme.yaml
@@ -1,8 +1,8 @@
 # The sign-in of Acme.
 id: acme
 name:   Acme
-authorization_endpoint: \"http://acme.example/authorize\"
-token_enpoint: https://acme.example/token # misspelt
+authorization_endpoint: \"https://acme.example/authorize\"
+token_endpoint: https://acme.example/token # misspelt
 userinfo_endpoint: https://acme.example/me
 profile: {sub: $.userinfo.id}
 tests:
";

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.current_dir(folder).arg("validate").args(arguments).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn right() -> String {
    WRONG.replace("http://", "https://").replace("token_enpoint", "token_endpoint")
}

#[test]
fn diff_shows_and_fix_writes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.yaml");
    fs::write(&path, WRONG).unwrap();
    let said = "1 file checked: 2 errors; 2 to fix in 1 file\n";
    assert_eq!(run(folder.path(), &["--diff", "acme.yaml"]), (Some(1), DIFF.into(), said.into()));
    assert_eq!(fs::read_to_string(&path).unwrap(), WRONG);
    let said = "1 file checked, nothing found; 2 fixed in 1 file\n";
    assert_eq!(run(folder.path(), &["--fix", "acme.yaml"]), (Some(0), said.into(), String::new()));
    assert_eq!(fs::read_to_string(&path).unwrap(), right());
    let said = "1 file checked, nothing found; nothing to fix\n";
    assert_eq!(run(folder.path(), &["--diff", "acme.yaml"]), (Some(0), String::new(), said.into()));
}

#[test]
fn what_is_left_is_found_and_json_stays_one_document() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), WRONG.replace("name:   Acme", "name: Acme\ncolour: red"))
        .unwrap();
    fs::write(folder.path().join("other.yaml"), right().replace("id: acme", "id: another")).unwrap();
    let (status, out, err) = run(folder.path(), &["--fix", "--format", "json", "."]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &value["errors"]), (Some(1), &2.into()));
    assert_eq!(err, "2 files checked: 2 errors; 2 fixed in 1 file\n");
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_named_and_left() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.yaml");
    fs::write(&path, WRONG).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let (status, out, err) = run(folder.path(), &["--fix", "acme.yaml"]);
    assert_eq!((status, &*out), (Some(1), "1 file checked: 2 errors; nothing fixed\n"));
    assert!(err.starts_with("error: acme.yaml: not fixed: the file is read-only\n"), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), WRONG);
}

#[test]
fn wrong_usage_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--fix", "--diff"][..], &["--diff", "--format", "json"]] {
        assert_eq!(run(folder.path(), arguments).0, Some(2), "{arguments:?}");
    }
}
