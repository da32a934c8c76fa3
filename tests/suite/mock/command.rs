//! The command: what it prints, and how it ends.

use std::path::Path;
use std::process::Command;

use reqwest::Client;
use serde_json::Value;

use super::program::Program;

fn fails(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    let output = command.arg("mock").args(args).env_clear().output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn prints_its_settings_for_a_program_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut mock = Program::start(
        folder.path(),
        &["mock", "google", "--listen", "127.0.0.1:0", "--auto", "--print", "json", "--log"],
        &[],
    );
    let settings: Value = serde_json::from_str(&mock.until("\n")).unwrap();
    let google = &settings["providers"]["google"];
    let http = Client::builder().no_proxy().build().unwrap();
    let answer = http.get(google["discovery"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let wrong = http.post(google["endpoints"]["token_endpoint"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    let (code, errors) = mock.end("-TERM");
    assert_eq!(
        errors,
        "google: GET /google/.well-known/openid-configuration 200\n\
         google: POST /google/token 400: invalid_request: the body is not application/x-www-form-urlencoded\n"
    );
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn prints_its_settings_for_people() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/mock");
    let mut mock = Program::start(&folder, &["mock", "acme", "acme-id", "--listen", "127.0.0.1:0"], &[]);
    let text = mock.until("listening on ");
    let base = text.trim_end().rsplit(' ').next().unwrap();
    let shown = text.replace(base, "http://127.0.0.1:9400");
    let path = folder.join("screen.txt");
    if std::env::var_os("AUTHCFG_BLESS").is_some() {
        std::fs::write(&path, &shown).unwrap();
    }
    assert_eq!(shown, std::fs::read_to_string(path).unwrap());
    assert_eq!(mock.end("-INT").0, Some(0));
}

#[test]
fn says_why_it_does_not_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, code, text) in [
        (&["no-such-provider"][..], 2, "there is no provider `no-such-provider`"),
        (&["oidc", "--vector", "nobody"], 2, "no test is called `nobody`"),
        (&["oidc", "--listen", "0.0.0.0:0"], 2, "listens on loopback alone"),
        (&["oidc", "--listen", &taken], 3, "cannot listen on"),
        (&[], 2, "<ID>"),
    ] {
        let (found, errors) = fails(args);
        assert_eq!(found, Some(code), "{args:?}: {errors}");
        assert!(errors.contains(text), "{args:?}: {errors}");
    }
}
