//! An editor for the tests of `authcfg lsp`: it starts the command and speaks to it as editors do, and waits for no answer
//! longer than a test may last.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running server, a folder it may look at, and what it has said.
pub struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    notifications: Vec<Value>,
    next: i32,
    pub folder: tempfile::TempDir,
}

impl Editor {
    /// Starts the command and says nothing.
    pub fn start() -> Editor {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_authcfg"))
            .current_dir(folder.path())
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Editor { input: child.stdin.take(), child, messages, notifications: vec![], next: 0, folder }
    }

    /// Starts the command and greets it.
    pub fn ready() -> Editor {
        let mut editor = Editor::start();
        editor.greet();
        editor
    }

    /// `initialize` and `initialized`; the capabilities.
    pub fn greet(&mut self) -> Value {
        self.greet_with(json!({"general": {}}))
    }

    /// The same with what the editor can do.
    pub fn greet_with(&mut self, capabilities: Value) -> Value {
        let root = self.uri("");
        let params = json!({"processId": null, "rootUri": root, "capabilities": capabilities});
        let answer = self.request("initialize", params);
        self.notify("initialized", json!({}));
        answer["result"]["capabilities"].clone()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn uri(&self, name: &str) -> String {
        url::Url::from_file_path(self.path(name)).unwrap().to_string()
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        // The server may have ended.
        let _ = self.input.as_mut().unwrap().write_all(bytes);
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and waits for its answer: an object with `result` or `error`.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message =
                self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == id {
                return message;
            }
            self.notifications.push(message);
        }
    }

    /// Opens a text, and the findings that are shown for it.
    pub fn open(&mut self, name: &str, text: &str) -> Vec<Value> {
        let uri = self.uri(name);
        let item = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": item}));
        self.findings(name, 1)
    }

    /// Applies changes, and the findings that are shown then.
    pub fn change(&mut self, name: &str, version: i32, changes: Value) -> Vec<Value> {
        self.change_only(name, version, changes);
        self.findings(name, version)
    }

    pub fn change_only(&mut self, name: &str, version: i32, changes: Value) {
        let document = json!({"uri": self.uri(name), "version": version});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    /// Waits for the findings of a version; those of another one are let go.
    pub fn findings(&mut self, name: &str, version: impl Into<Value>) -> Vec<Value> {
        let (uri, version) = (self.uri(name), version.into());
        loop {
            let at = self.notifications.iter().position(|message| {
                message["params"]["uri"] == *uri && message["params"]["version"] == version
            });
            if let Some(at) = at {
                return self.notifications.remove(at)["params"]["diagnostics"].as_array().unwrap().clone();
            }
            let message = self.messages.recv_timeout(PATIENCE).expect("no findings");
            self.notifications.push(message);
        }
    }

    /// Waits until the codes of the findings of a version are these.
    pub fn until(&mut self, name: &str, version: i32, codes: &[&str]) -> Vec<Value> {
        loop {
            let findings = self.findings(name, version);
            if findings.iter().map(|finding| finding["code"].as_str().unwrap()).eq(codes.iter().copied()) {
                return findings;
            }
        }
    }

    /// Waits for a request or notification of the server.
    pub fn message(&mut self, method: &str) -> Value {
        loop {
            if let Some(at) = self.notifications.iter().position(|message| message["method"] == method) {
                return self.notifications.remove(at);
            }
            let message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {method}"));
            self.notifications.push(message);
        }
    }

    /// Writes a file to the disk.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Says that a file changed on the disk: 1 made, 2 changed, 3 deleted.
    pub fn touched(&mut self, name: &str, how: u8) {
        let change = json!({"uri": self.uri(name), "type": how});
        self.notify("workspace/didChangeWatchedFiles", json!({"changes": [change]}));
    }

    /// Closes a text, and waits until its findings are taken away.
    pub fn close(&mut self, name: &str) {
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": self.uri(name)}}));
        assert!(self.findings(name, Value::Null).is_empty());
    }

    /// Asks about the place of `¦` in a text, which is opened without it.
    pub fn ask(&mut self, method: &str, name: &str, text: &str) -> Value {
        let at = text.find('¦').expect("a place is marked");
        let plain = text.replacen('¦', "", 1);
        self.open(name, &plain);
        self.ask_at(method, name, &plain, at)
    }

    /// Asks about a byte of an open text.
    pub fn ask_at(&mut self, method: &str, name: &str, text: &str, at: usize) -> Value {
        let before = &text[..at];
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap().encode_utf16().count();
        let params = json!({
            "textDocument": {"uri": self.uri(name)}, "position": {"line": line, "character": character}
        });
        let answer = self.request(method, params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// `shutdown` and `exit`; the exit code.
    pub fn end(mut self) -> Option<i32> {
        assert_eq!(self.request("shutdown", Value::Null)["result"], Value::Null);
        self.notify("exit", Value::Null);
        self.code()
    }

    /// The exit code, once the server has ended; its standard input stays open.
    pub fn code(mut self) -> Option<i32> {
        // Its output ends when it does.
        while self.messages.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap().code()
    }

    /// Closes its standard input; the exit code.
    pub fn hang_up(mut self) -> Option<i32> {
        self.input = None;
        self.code()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // A test that failed leaves it behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = Some(value.parse::<usize>().unwrap());
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length.expect("a message has its length")];
    output.read_exact(&mut body).ok()?;
    let message: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(message["jsonrpc"], "2.0");
    Some(message)
}
