//! `authcfg lsp`: what `validate` finds, in an editor, while a file is being written.
//!
//! In: messages of the Language Server Protocol 3.17 on standard input. Out: answers and findings on standard output.
//! One thread reads, one writes, one validates the latest text of each file, and this one answers.

mod actions;
mod answer;
mod beginning;
mod completion;
mod cursor;
mod definition;
mod expression;
mod filters;
mod findings;
mod hover;
mod names;
mod open;
mod outline;
mod position;
mod project;
mod reading;
mod recognise;
mod references;
mod samples;
mod schema;
mod symbols;
mod uses;
mod workspace;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::thread;

use gen_lsp_types::{
    Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    InitializeResult, PositionEncodingKind, PublishDiagnosticsParams, ServerCapabilities, ServerInfo,
    TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cli::lsp::position::Encoding;
use crate::cli::lsp::workspace::Workspace;
use crate::cli::output;

/// Speak the Language Server Protocol on standard input and output: an editor starts this, nobody else.
///
/// `authcfg man editors` says how to set up an editor.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What some editors pass; it is so anyway
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Runs the server until the editor ends it: 0 where it asked for the end before, as the protocol wants, else 1.
pub fn run(_: Args) -> ExitCode {
    let (connection, threads) = Connection::stdio();
    let workspace = Workspace::default();
    let proper = thread::scope(|scope| {
        scope.spawn(|| {
            let show = |uri: &Uri, version, shown| publish(&connection, uri, Some(version), shown);
            workspace.validate(show, || renew(&connection))
        });
        let server =
            Server { workspace: &workspace, connection: &connection, phase: Phase::New, watches: false };
        let proper = server.serve();
        workspace.stop();
        proper
    });
    drop(connection);
    if let Err(error) = threads.join() {
        output::diagnostic(&format!("error: a message could not be read or written: {error}\n"));
    }
    if proper { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Where the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    ShutDown,
}

struct Server<'a> {
    workspace: &'a Workspace,
    connection: &'a Connection,
    phase: Phase,
    /// Whether the client can be asked to watch files.
    watches: bool,
}

/// Why a request has no answer.
type Refused = (ErrorCode, String);

impl Server<'_> {
    /// Answers until the end; whether that was asked for.
    fn serve(mut self) -> bool {
        for message in &self.connection.receiver {
            match message {
                Message::Notification(notification) if notification.method == "exit" => {
                    return self.phase == Phase::ShutDown;
                }
                Message::Notification(notification) if self.phase == Phase::Running => {
                    // A notification that is wrong has nobody to be told.
                    let _ = self.notice(notification);
                }
                Message::Request(request) => {
                    let response = self.respond(request);
                    // Where nobody listens, the end is near.
                    let _ = self.connection.sender.send(Message::Response(response));
                }
                Message::Notification(_) | Message::Response(_) => {}
            }
        }
        false
    }

    fn respond(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        // A defect in one answer must not end the session.
        let answer = || self.answer(&method, params);
        let answer = panic::catch_unwind(AssertUnwindSafe(answer))
            .unwrap_or_else(|_| Err((ErrorCode::InternalError, format!("`{method}` failed"))));
        match answer {
            Ok(value) => Response::new_ok(id, value),
            Err((code, message)) => Response::new_err(id, code as i32, message),
        }
    }

    fn answer(&mut self, method: &str, params: Value) -> Result<Value, Refused> {
        match (self.phase, method) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Running;
                Ok(to_value(self.initialize(&params)))
            }
            (Phase::New, _) => {
                Err((ErrorCode::ServerNotInitialized, "the first request is `initialize`".into()))
            }
            (Phase::ShutDown, _) => Err((ErrorCode::InvalidRequest, "the server is shut down".into())),
            (Phase::Running, "initialize") => {
                Err((ErrorCode::InvalidRequest, "`initialize` comes once".into()))
            }
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::Running, _) => answer::answer(self.workspace, method, params),
        }
    }

    /// Takes from what the client can do what is used here; a client says little or much.
    fn initialize(&mut self, params: &Value) -> InitializeResult {
        let can = |pointer: &str| params.pointer(&format!("/capabilities{pointer}"));
        self.watches =
            can("/workspace/didChangeWatchedFiles/dynamicRegistration") == Some(&Value::Bool(true));
        let offered = can("/general/positionEncodings").and_then(Value::as_array);
        let offered: Vec<&str> = offered.into_iter().flatten().filter_map(Value::as_str).collect();
        let encoding = Encoding::of(&offered);
        let snippets = can("/textDocument/completion/completionItem/snippetSupport");
        // Who is told nothing without asking must hear when it is time to ask again.
        let pulls = can("/textDocument/diagnostic").is_some_and(Value::is_object)
            && can("/workspace/diagnostics/refreshSupport") == Some(&Value::Bool(true));
        self.workspace.settle(encoding, snippets == Some(&Value::Bool(true)), pulls);
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(true.into()),
            ..TextDocumentSyncOptions::default()
        };
        let capabilities = ServerCapabilities {
            position_encoding: Some(PositionEncodingKind::new(encoding.name())),
            text_document_sync: Some(sync.into()),
            diagnostic_provider: pulls.then(answer::pulled),
            ..answer::capabilities()
        };
        let server = ServerInfo { name: "authcfg".into(), version: Some(env!("CARGO_PKG_VERSION").into()) };
        InitializeResult { capabilities, server_info: Some(server) }
    }

    /// Asks to be told when a YAML file is made, changed or deleted outside of the editor.
    fn watch(&self) {
        let watchers = json!([{"globPattern": "**/*.{yaml,yml}"}]);
        let watch = json!({
            "id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": {"watchers": watchers},
        });
        let params = json!({"registrations": [watch]});
        let request = Request::new("watch".to_owned().into(), "client/registerCapability".into(), params);
        let _ = self.connection.sender.send(Message::Request(request));
    }

    fn notice(&self, notification: Notification) -> Result<(), Refused> {
        let Notification { method, params } = notification;
        match method.as_str() {
            "initialized" if self.watches => self.watch(),
            "textDocument/didOpen" => {
                let params: DidOpenTextDocumentParams = read(params)?;
                self.workspace.open(params.text_document);
            }
            "textDocument/didChange" => {
                let params: DidChangeTextDocumentParams = read(params)?;
                let document = params.text_document;
                let uri = document.text_document_identifier.uri;
                self.workspace.change(&uri, document.version, params.content_changes);
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.workspace.look_again(),
            "textDocument/didClose" => {
                let params: DidCloseTextDocumentParams = read(params)?;
                let uri = params.text_document.uri;
                let pulls = self.workspace.pulls();
                let forget = || {
                    if !pulls {
                        publish(self.connection, &uri, None, vec![])
                    }
                };
                self.workspace.close(&uri, forget);
            }
            _ => {}
        }
        Ok(())
    }
}

fn publish(connection: &Connection, uri: &Uri, version: Option<i32>, diagnostics: Vec<Diagnostic>) {
    let params = PublishDiagnosticsParams { uri: uri.clone(), version, diagnostics };
    let notification = Notification::new("textDocument/publishDiagnostics".into(), params);
    let _ = connection.sender.send(Message::Notification(notification));
}

/// Asks an editor that pulls findings to pull them again.
fn renew(connection: &Connection) {
    let request = Request::new("renew".to_owned().into(), "workspace/diagnostic/refresh".into(), Value::Null);
    let _ = connection.sender.send(Message::Request(request));
}

/// The parameters of a message.
fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn to_value(answer: impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}
