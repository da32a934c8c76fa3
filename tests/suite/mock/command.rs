//! The command: what it prints, how it ends, and `authcfg serve` beside it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, redirect};
use serde_json::Value;
use url::Url;

use super::visitor::{encoded, json as ask};

/// As long as a key of HS256 has to be.
const SECRET: &str = "a client secret of 32 bytes and more";

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

/// The mock, and `authcfg serve` beside it with the deployment that the mock prints.
struct Pair {
    mock: Program,
    _serve: Program,
    origin: Url,
    http: Client,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn start(ids: &[&str]) -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let options =
            ["mock", "--listen", "127.0.0.1:0", "--auto", "--print", "json", "--client-secret", SECRET];
        let args = [&options, ids].concat();
        let mut mock = Program::start(folder.path(), &args, &[]);
        let settings: Value = serde_json::from_str(&mock.until("\n")).unwrap();
        let mut providers = serde_json::Map::new();
        let mut env =
            vec![("AUTH_SECRET".to_owned(), "a secret of the test, and long enough for that".to_owned())];
        for id in ids {
            providers.insert((*id).to_owned(), settings["providers"][id]["deployment"].clone());
            let prefix = format!("AUTH_{}", id.to_uppercase().replace('-', "_"));
            env.push((format!("{prefix}_ID"), "mock".into()));
            env.push((format!("{prefix}_SECRET"), SECRET.into()));
            let provider = super::visitor::builtin(id);
            let vector = provider.tests.iter().find(|vector| vector.error.is_none()).unwrap();
            for (name, _) in provider.client.iter().filter(|(_, member)| member.secret) {
                let value = vector.client.get(name).cloned().unwrap_or_else(private_key);
                env.push((format!("{prefix}_{}", name.to_uppercase()), value));
            }
        }
        let deployment = serde_json::json!({ "providers": providers });
        std::fs::write(folder.path().join("authcfg.yaml"), deployment.to_string()).unwrap();
        let env: Vec<(&str, &str)> =
            env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut serve = Program::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &env);
        let text = serve.until("listening on ");
        let origin = Url::parse(text.trim_end().rsplit(' ').next().unwrap()).unwrap();
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Pair { mock, _serve: serve, origin, http, _folder: folder }
    }

    fn at(&self, path: &str) -> Url {
        self.origin.join(&format!("/api/auth{path}")).unwrap()
    }

    /// A whole sign-in; the session, or where the browser ended instead.
    async fn sign_in(&self, id: &str) -> Result<Value, String> {
        let mut jar = Jar::default();
        let answer = self.http.get(self.at("/csrf")).send().await.unwrap();
        jar.keep(&answer);
        let csrf: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let form = encoded(&[("csrfToken", csrf["csrfToken"].as_str().unwrap()), ("callbackUrl", "/")]);
        let origin = self.origin.as_str().trim_end_matches('/');
        let start = jar.request(self.http.post(self.at(&format!("/signin/{id}"))), Some(form), origin);
        let answer = start.send().await.unwrap();
        jar.keep(&answer);
        let authorize = location(&answer)?;
        let back = self.http.get(authorize.as_str()).send().await.unwrap();
        let callback = match location(&back) {
            Ok(callback) => jar.request(self.http.get(callback), None, origin),
            Err(_) => {
                let mut page = http::Response::new(back.bytes().await.unwrap());
                page.headers_mut().remove("location");
                let form = authcfg::mock::callback_of(&page).filter(|form| !form.is_empty());
                let form = form.ok_or_else(|| String::from_utf8_lossy(page.body()).into_owned())?;
                jar.request(self.http.post(self.at(&format!("/callback/{id}"))), Some(form), origin)
            }
        };
        let answer = callback.send().await.unwrap();
        jar.keep(&answer);
        location(&answer)?;
        Ok(ask(jar.request(self.http.get(self.at("/session")), None, origin)).await.1)
    }
}

/// A key as a provider hands it out to its clients.
fn private_key() -> String {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::Engine;
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(key.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// The cookies of a browser.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn keep(&mut self, answer: &reqwest::Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    fn request(
        &self,
        request: reqwest::RequestBuilder,
        form: Option<String>,
        origin: &str,
    ) -> reqwest::RequestBuilder {
        let cookies: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; ")).header("origin", origin);
        match form {
            Some(form) => request.header("content-type", "application/x-www-form-urlencoded").body(form),
            None => request,
        }
    }
}

/// Where the browser is sent, unless that is a page with an error.
fn location(answer: &reqwest::Response) -> Result<String, String> {
    let there = answer.headers().get("location").and_then(|there| there.to_str().ok());
    match there {
        Some(there) if there.contains("error=") => Err(there.to_owned()),
        Some(there) => Ok(there.to_owned()),
        None => Err(format!("no redirect, but {}", answer.status())),
    }
}

#[tokio::test]
async fn serve_signs_in_with_the_deployment_that_is_printed() {
    let pair = Pair::start(&["github", "google", "keycloak"]);
    for (id, email) in
        [("github", "octocat@github.com"), ("google", "jsmith@example.com"), ("keycloak", "ada@example.com")]
    {
        assert_eq!(pair.sign_in(id).await.unwrap()["user"]["email"], email);
    }
    assert_eq!(pair.mock.end("-TERM"), (Some(0), String::new()));
}

#[tokio::test]
async fn serve_signs_in_at_every_built_in_provider() {
    let catalog = authcfg::provider::catalog::Catalog::builtin();
    let ids: Vec<&str> = catalog.ids().collect();
    let pair = Pair::start(&ids);
    let mut failed = vec![];
    for id in ids {
        match pair.sign_in(id).await {
            Ok(session) if session["user"].is_object() => {}
            Ok(session) => failed.push(format!("{id}: {session}")),
            Err(why) => failed.push(format!("{id}: {why}")),
        }
    }
    let told = pair.mock.end("-TERM").1;
    assert!(failed.is_empty(), "{}\n{told}", failed.join("\n"));
}
