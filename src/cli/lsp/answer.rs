//! The requests about a place in a file, each answered by its own module.

use gen_lsp_types::{CodeActionKind, CodeActionOptions, CodeActionParams, ServerCapabilities, Uri};
use lsp_server::ErrorCode;
use serde_json::Value;

use crate::cli::lsp::workspace::{Open, Workspace};
use crate::cli::lsp::{Refused, actions, read, to_value};

/// What can be asked.
pub fn capabilities() -> ServerCapabilities {
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::SourceFixAll]),
        ..CodeActionOptions::default()
    };
    ServerCapabilities { code_action_provider: Some(actions.into()), ..ServerCapabilities::default() }
}

/// Answers a request; null about a file that is not open or not ours.
pub fn answer(workspace: &Workspace, method: &str, params: Value) -> Result<Value, Refused> {
    match method {
        "textDocument/codeAction" => {
            let params: CodeActionParams = read(params)?;
            let open = file(workspace, &params.text_document.uri);
            Ok(to_value(open.map(|open| actions::actions(&open, &params))))
        }
        _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not supported"))),
    }
}

fn file(workspace: &Workspace, uri: &Uri) -> Option<Open> {
    workspace.get(uri).filter(|open| open.ours)
}
