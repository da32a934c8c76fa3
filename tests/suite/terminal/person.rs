//! A person at a terminal, with a home of their own, and the provider that they sign in at.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::mock::shapes::{file, stage};
use crate::mock::visitor::Stage;

/// What must not be kept.
pub const CLIENT_SECRET: &str = "s3cret-of-the-client";

/// Nor this, where the provider's file has a secret variable `key`.
pub const KEY: &str = "key-of-the-deployment";

/// A person at a terminal.
pub struct Person {
    pub provider: Stage,
    home: TempDir,
}

impl Person {
    /// At a terminal whose deployment has `acme`, with these keys laid over its file.
    pub async fn at(over: Value) -> Person {
        let ends = json!({"revocation_endpoint": "https://acme.example/revoke", "introspection_endpoint": "https://acme.example/introspect"});
        let mut whole = ends.as_object().unwrap().clone();
        whole.extend(over.as_object().unwrap().clone());
        let provider = stage(Value::Object(whole.clone())).await;
        let person = Person { provider, home: tempfile::tempdir().unwrap() };
        person.rewrite(Value::Object(whole));
        person
    }

    /// Writes the provider's file, with the addresses at which it is played.
    pub fn rewrite(&self, over: Value) {
        let there = self.provider.at("/acme");
        let text = file(over).to_string().replace("https://acme.example", &there);
        let folder = self.home.path().join("providers");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("acme.yaml"), text.replace("https://api.acme.example", &there)).unwrap();
    }

    /// Writes a deployment file.
    pub fn deploy(&self, text: &str) {
        fs::write(self.home.path().join("authcfg.yaml"), text).unwrap();
    }

    /// The provider's file.
    pub fn file(&self) -> PathBuf {
        self.home.path().join("providers/acme.yaml")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authcfg"));
        command.current_dir(self.home.path()).env_clear().args(args).stdin(Stdio::null());
        command.env("XDG_STATE_HOME", self.home.path().join("state"));
        command.env("AUTH_ACME_ID", "app").env("AUTH_ACME_SECRET", CLIENT_SECRET).env("AUTH_ACME_KEY", KEY);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// The same with something on standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Ended {
        let mut command = self.command(args);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }

    /// Starts a command and goes on.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Signs in with a browser.
    pub async fn log_in(&self, args: &[&str]) -> Ended {
        let mut child = self.start(&[&["login", "acme", "--no-browser"], args].concat());
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let url = loop {
            let mut line = String::new();
            assert_ne!(errors.read_line(&mut line).unwrap(), 0, "no address in:\n{said}");
            said += &line;
            if let Ok(url) = Url::parse(line.trim())
                .map_err(|_| ())
                .and_then(|url| url.has_host().then_some(url).ok_or(()))
            {
                break url;
            }
        };
        let callback = self.provider.http.get(url).send().await.unwrap();
        let callback = callback.headers()["location"].to_str().unwrap().to_owned();
        self.provider.http.get(callback).send().await.unwrap();
        errors.read_to_string(&mut said).unwrap();
        let mut ended = Ended::of(child.wait_with_output().unwrap());
        ended.said = said;
        ended
    }

    /// The access token.
    pub fn token(&self) -> String {
        let ended = self.run(&["token", "acme"]);
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        ended.printed.strip_suffix('\n').unwrap().to_owned()
    }

    /// Where tokens are kept.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("state/authcfg/tokens")
    }

    /// The files in which tokens are kept: name and text.
    pub fn kept(&self) -> Vec<(PathBuf, String)> {
        let Ok(entries) = fs::read_dir(self.folder()) else { return vec![] };
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut kept: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
            .collect();
        kept.sort();
        kept
    }

    /// The token requests of a grant type, as the provider noted them.
    pub async fn asked(&self, grant_type: &str) -> Vec<Value> {
        self.requests(|request| request["body"]["grant_type"] == grant_type).await
    }

    /// Requests, as the provider noted them.
    pub async fn requests(&self, is_one: impl Fn(&Value) -> bool) -> Vec<Value> {
        let noted = self.provider.json("/acme/authcfg/requests").await;
        noted.as_array().unwrap().iter().filter(|request| is_one(request)).cloned().collect()
    }

    /// Whether the provider takes an access token.
    pub async fn is_good(&self, token: &str) -> bool {
        self.provider.userinfo("/acme/me", token).await.0 == 200
    }
}

/// How a command ended.
pub struct Ended {
    pub code: Option<i32>,
    pub printed: String,
    pub said: String,
}

impl Ended {
    pub fn of(output: Output) -> Ended {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), printed: text(output.stdout), said: text(output.stderr) }
    }

    /// The JSON that was printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.printed)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.printed, self.said))
    }

    /// It ended so, printed nothing, and said this.
    pub fn refused(&self, code: i32, said: &str) {
        assert_eq!((self.code, self.printed.as_str()), (Some(code), ""), "{}", self.said);
        assert!(self.said.contains(said), "no `{said}` in: {}", self.said);
    }
}

/// The mode of a file.
pub fn mode(path: &PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The tests of a provider's file: a sign-in with this token response, and what is laid over it.
pub fn signs_in(token_response: Value, more: Value) -> Value {
    let mut vector = json!({"token_response": {"access_token": "AT", "token_type": "bearer"}, "userinfo": {"id": "17"}, "profile": {"sub": "17"}});
    vector["token_response"].as_object_mut().unwrap().extend(token_response.as_object().unwrap().clone());
    vector.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"tests": [vector]})
}
