//! `authcfg map`, as a person calls it: golden files in `tests/golden/map`, and what it refuses.
//!
//! `AUTHCFG_BLESS=1 cargo test --test suite map` writes the expectations.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::golden::compare;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/map")
}

fn map(arguments: &[&str]) -> Output {
    with_input(arguments, "")
}

fn with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    let mut child = command
        .current_dir(folder())
        .env_clear()
        .arg("map")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(arguments: &[&str], input: &str) -> Value {
    let output = with_input(arguments, input);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn looks_as_expected() {
    let mut differing = vec![];
    for (name, code, arguments) in [
        ("test.txt", 0, &["./acme.yaml"][..]),
        ("files.txt", 0, &["./acme.yaml", "me.json", "emails.json"]),
        ("files.json", 0, &["./acme.yaml", "me.json", "emails=emails.json", "--format", "json"]),
        ("nobody.txt", 4, &["./acme.yaml", "nobody.json", "--vars", "tenant=red"]),
        ("claims.txt", 0, &["oidc", "--vars", "issuer=https://login.acme.example", "claims.json"]),
    ] {
        let output = map(arguments);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert!(!shown.contains('\u{1b}'), "no colours where nobody sees them");
        if name.ends_with(".txt") {
            let long = shown.lines().find(|line| line.chars().count() > 80);
            assert!(long.is_none(), "{name}: wider than a terminal: {long:?}");
        }
        differing.extend(compare(&folder().join(name), shown));
    }
    assert!(differing.is_empty(), "differ from what is expected:\n{}", differing.join("\n"));
}

#[test]
fn standard_input_is_a_file_too() {
    let me = r#"{"status": "ok", "id": 7, "login": "ada"}"#;
    let document = json(&["./acme.yaml", "-", "--format", "json"], me);
    assert_eq!(document["profile"]["sub"], "7");
    assert_eq!(document["from"]["name"], "$.userinfo.login", "the member that won");
    assert_eq!(document["tried"]["name"][0]["outcome"], "empty");
    let document = json(&["./acme.yaml", "--userinfo", "-", "--format", "json"], me);
    assert_eq!(document["profile"]["sub"], "7");
}

#[test]
fn each_of_several_files_is_a_person() {
    let document = json(&["./acme.yaml", "me.json", "nobody.json", "--format", "json"], "");
    let results = document["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(
        (&results[0]["file"], &results[0]["profile"]["sub"]),
        (&json!("me.json"), &json!("12345678901234567890123"))
    );
    assert_eq!(results[1]["error"]["code"], "sub_missing");
    assert_eq!(map(&["./acme.yaml", "me.json", "nobody.json"]).status.code(), Some(4));
}

#[test]
fn an_answer_that_tells_a_failure_gives_no_profile() {
    let document = json(&["./acme.yaml", "down.json", "--format", "json"], "");
    assert_eq!(document["error"]["code"], "userinfo_failed");
    let output = map(&["./acme.yaml", "down.json"]);
    assert_eq!(output.status.code(), Some(4));
    let shown = text(&output.stdout);
    assert!(shown.contains("what `ok` wants: body.status == 'ok' (./acme.yaml:11)"), "{shown}");
    assert!(shown.contains("$.userinfo.id"), "{shown}");
}

#[test]
fn an_id_token_must_be_of_the_person_that_userinfo_is_of() {
    let oidc = [
        "oidc",
        "--vars",
        "issuer=https://login.acme.example",
        "--format",
        "json",
        "--claims",
        "claims.json",
        "-",
    ];
    assert_eq!(json(&oidc, r#"{"sub": "17", "name": "Ada"}"#)["profile"]["name"], "Ada");
    assert_eq!(json(&oidc, r#"{"sub": "18", "name": "Eve"}"#)["error"]["code"], "sub_mismatch");
    let number = ["oidc", "--vars", "issuer=https://login.acme.example", "--format", "json", "--claims", "-"];
    assert_eq!(json(&number, r#"{"sub": 17}"#)["error"]["code"], "id_token_invalid");
    assert_eq!(
        json(&number, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxNyJ9.x")["profile"]["sub"],
        "17",
        "an id_token"
    );
}

#[test]
fn a_form_and_a_picture_are_read_where_the_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = "id: beta\nname: Beta\nauthorization_endpoint: https://beta.example/a\ntoken_endpoint: https://beta.example/t\n\
                token: {response: {format: form}}\nuserinfo:\n  - {as: photo, endpoint: \"https://beta.example/p\", response: {format: bytes}}\n\
                profile: {sub: $.token.raw.id, picture: \"{{ photo.base64 | data_uri(photo.content_type) }}\"}\n";
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("beta.yaml"), file).unwrap();
    std::fs::write(path("token.txt"), "access_token=AT&token_type=bearer&id=7").unwrap();
    std::fs::write(path("photo.jpg"), [0xff, 0xd8, 0xff]).unwrap();
    let photo = format!("photo={}", path("photo.jpg"));
    let arguments = [&path("beta.yaml"), "--token", &path("token.txt"), &photo, "--format", "json"];
    let profile = &json(&arguments, "")["profile"];
    assert_eq!((&profile["sub"], &profile["picture"]), (&json!("7"), &json!("data:image/jpeg;base64,/9j/")));
    // Where the file says nothing, a picture is no answer.
    assert_eq!(map(&["./acme.yaml", &path("photo.jpg")]).status.code(), Some(1));
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let output = map(&["./acme.yaml", "broken.json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.starts_with("error: broken.json:3:11: this is not JSON"), "{said}");
    let output = map(&["./acme.yaml", "missing.json"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).contains("missing.json"), "{}", text(&output.stderr));
}

#[test]
fn wrong_usage_exits_2() {
    for (arguments, said) in [
        (&["no-such"][..], "there is no provider `no-such`"),
        (&["githbu"], "did you mean `github`?"),
        (&["./acme.yaml", "emals=emails.json"], "did you mean `emails`?"),
        (&["./acme.yaml", "me.json", "--userinfo", "me.json"], "and so is that of --userinfo"),
        (&["./acme.yaml", "--vars", "tenat=blue"], "did you mean `tenant`?"),
        (&["./acme.yaml", "--vars", "tenant=BLUE"], "`tenant` (--vars): it must match"),
        (&["./acme.yaml", "--vars", "tenant"], "NAME=VALUE"),
        (&["./acme.yaml", "--format", "yaml"], "possible values"),
        (&[], "ID|PATH"),
    ] {
        let output = map(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_deployment_lays_its_keys_over_the_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authcfg.yaml");
    std::fs::write(&file, "providers:\n  github:\n    profile: {name: $.userinfo.company}\n").unwrap();
    let config = file.display().to_string();
    let arguments = ["github", "-", "--config", &config, "--format", "json"];
    let document = json(&arguments, r#"{"id": 1, "login": "ada", "company": "Acme"}"#);
    assert_eq!(document["profile"]["name"], "Acme");
    assert_eq!(document["tried"]["name"][0]["place"], format!("{config}:3"));
}
