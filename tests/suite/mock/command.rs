//! The command: what it prints, how it ends, and `authcfg serve` beside it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, redirect};
use serde_json::Value;
use url::Url;

use super::visitor::{encoded, json as ask};

/// A running program of ours; it ends with the test.
struct Program {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
        command.current_dir(folder).env_clear().envs(env.iter().copied()).args(args);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Program { child, out }
    }

    /// The output to the line that holds `end`.
    fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.contains(end) {
            let mut line = String::new();
            if self.out.read_line(&mut line).unwrap() == 0 {
                panic!("no `{end}` in:\n{text}{}", self.errors());
            }
            text += &line;
        }
        text
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Asks it to end, and returns the exit code and what it said on standard error.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        let code = self.child.wait().unwrap().code();
        (code, self.errors())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
    let answer = reqwest::get(google["discovery"].as_str().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let wrong =
        Client::new().post(google["endpoints"]["token_endpoint"].as_str().unwrap()).send().await.unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    let mut mock = Program::start(folder.path(), &["mock", "github", "--listen", "127.0.0.1:0"], &[]);
    let text = mock.until("listening on ");
    let base = text.trim_end().rsplit(' ').next().unwrap();
    let shown = text.replace(base, "http://127.0.0.1:9400");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/mock/github.txt");
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

/// A whole sign-in of `authcfg serve` at the mock, with the deployment that the mock prints.
async fn serve_signs_in(id: &str, email: &str) {
    let folder = tempfile::tempdir().unwrap();
    let args = ["mock", id, "--listen", "127.0.0.1:0", "--auto", "--print", "json"];
    let mut mock = Program::start(folder.path(), &args, &[]);
    let settings: Value = serde_json::from_str(&mock.until("\n")).unwrap();
    let mut providers = serde_json::Map::new();
    providers.insert(id.to_owned(), settings["providers"][id]["deployment"].clone());
    let deployment = serde_json::json!({ "providers": providers });
    std::fs::write(folder.path().join("authcfg.yaml"), deployment.to_string()).unwrap();
    let prefix = format!("AUTH_{}", id.to_uppercase().replace('-', "_"));
    let env = [
        ("AUTH_SECRET", "a secret of the test, and long enough for that"),
        (&format!("{prefix}_ID"), "mock"),
        (&format!("{prefix}_SECRET"), "mock"),
    ];
    let mut serve = Program::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &env);
    let text = serve.until("listening on ");
    let origin = Url::parse(text.trim_end().rsplit(' ').next().unwrap()).unwrap();
    let at = |path: &str| origin.join(&format!("/api/auth{path}")).unwrap();

    let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
    let mut cookies: Vec<(String, String)> = vec![];
    let mut keep = |answer: &reqwest::Response| {
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.retain(|(known, _)| known != name);
            cookies.push((name.to_owned(), value.to_owned()));
        }
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    };
    let answer = http.get(at("/csrf")).send().await.unwrap();
    let jar = keep(&answer);
    let csrf: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let form = encoded(&[("csrfToken", csrf["csrfToken"].as_str().unwrap()), ("callbackUrl", "/")]);
    let start = http
        .post(at(&format!("/signin/{id}")))
        .header("cookie", jar)
        .header("origin", origin.as_str().trim_end_matches('/'))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = start.body(form).send().await.unwrap();
    let location = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let jar = keep(&answer);
    let back = http.get(location(&answer)).send().await.unwrap();
    let answer = http.get(location(&back)).header("cookie", jar).send().await.unwrap();
    let there = location(&answer);
    assert!(!there.contains("error"), "{there}");
    let jar = keep(&answer);
    let (_, session) = ask(http.get(at("/session")).header("cookie", jar)).await;
    assert_eq!(session["user"]["email"], email, "{session}");
}

#[tokio::test]
async fn serve_signs_in_where_endpoints_are_overridden() {
    serve_signs_in("github", "octocat@github.com").await;
}

#[tokio::test]
async fn serve_signs_in_where_the_issuer_may_be_chosen() {
    serve_signs_in("keycloak", "ada@example.com").await;
}

#[tokio::test]
async fn serve_signs_in_where_the_issuer_is_fixed() {
    serve_signs_in("google", "jsmith@example.com").await;
}
