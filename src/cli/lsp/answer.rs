//! The requests about a place in a file, each answered by its own module.

use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CompletionOptions, DiagnosticOptions,
    DiagnosticProvider, DocumentSymbolParams, RenameOptions, ServerCapabilities, TextDocumentIdentifier,
    TextDocumentPositionParams, Uri,
};
use lsp_server::ErrorCode;
use serde_json::{Value, json};

use crate::cli::lsp::open::Open;
use crate::cli::lsp::workspace::Workspace;
use crate::cli::lsp::{Refused, actions, completion, definition, hover, read, references, symbols, to_value};

/// What can be asked.
pub fn capabilities() -> ServerCapabilities {
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::SourceFixAll]),
        ..CodeActionOptions::default()
    };
    let completion = CompletionOptions {
        trigger_characters: Some(completion::triggers()),
        ..CompletionOptions::default()
    };
    ServerCapabilities {
        code_action_provider: Some(actions.into()),
        completion_provider: Some(completion),
        definition_provider: Some(true.into()),
        document_highlight_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        hover_provider: Some(true.into()),
        references_provider: Some(true.into()),
        rename_provider: Some(
            RenameOptions { prepare_provider: Some(true), ..RenameOptions::default() }.into(),
        ),
        ..ServerCapabilities::default()
    }
}

/// That an editor may ask for findings, which may depend on other files.
pub fn pulled() -> DiagnosticProvider {
    DiagnosticOptions {
        identifier: Some("authcfg".into()),
        inter_file_dependencies: true,
        workspace_diagnostics: false,
        ..DiagnosticOptions::default()
    }
    .into()
}

/// Answers a request; null about a file that is not open or not ours.
pub fn answer(workspace: &Workspace, method: &str, params: Value) -> Result<Value, Refused> {
    match method {
        "textDocument/codeAction" => {
            let params: CodeActionParams = read(params)?;
            let open = file(workspace, &params.text_document.uri);
            Ok(to_value(open.map(|open| actions::actions(&open, &params))))
        }
        "textDocument/completion" => at(workspace, params, |open, _, offset| {
            Some(completion::completion(open, offset, workspace.snippets()))
        }),
        "textDocument/definition" => at(workspace, params, definition::definition),
        "textDocument/diagnostic" => {
            let document: TextDocumentIdentifier = read(params["textDocument"].clone())?;
            let (items, word) = workspace.findings(&document.uri).unwrap_or_default();
            Ok(match params["previousResultId"].as_str() == Some(&word) {
                true => json!({"kind": "unchanged", "resultId": word}),
                false => json!({"kind": "full", "resultId": word, "items": to_value(items)}),
            })
        }
        "textDocument/documentHighlight" => {
            at(workspace, params, |open, _, offset| references::highlights(open, offset))
        }
        "textDocument/documentSymbol" => {
            let params: DocumentSymbolParams = read(params)?;
            let open = file(workspace, &params.text_document.uri);
            Ok(to_value(open.map(|open| symbols::symbols(&open))))
        }
        "textDocument/references" => {
            let context = params.pointer("/context/includeDeclaration");
            let declarations = context.and_then(Value::as_bool).unwrap_or(true);
            at(workspace, params, |open, uri, offset| {
                references::references(workspace, open, uri, offset, declarations)
            })
        }
        "textDocument/prepareRename" => {
            at(workspace, params, |open, _, offset| references::prepare(open, offset))
        }
        "textDocument/rename" => {
            let name = params.get("newName").and_then(Value::as_str).unwrap_or_default().to_owned();
            let place: TextDocumentPositionParams = read(params)?;
            let uri = place.text_document.uri;
            let Some(open) = file(workspace, &uri) else { return Ok(Value::Null) };
            let offset = open.lines.offset(&open.text, place.position);
            let edit = references::rename(workspace, &open, &uri, offset, &name);
            edit.map(to_value).map_err(|why| (ErrorCode::RequestFailed, why))
        }
        "textDocument/hover" => at(workspace, params, |open, _, offset| hover::hover(open, offset)),
        _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not supported"))),
    }
}

/// What there is to say about a place; null where there is nothing.
fn at<T: serde::Serialize>(
    workspace: &Workspace,
    params: Value,
    answer: impl Fn(&Open, &Uri, usize) -> Option<T>,
) -> Result<Value, Refused> {
    let TextDocumentPositionParams { text_document, position } = read(params)?;
    let answer = file(workspace, &text_document.uri).and_then(|open| {
        let offset = open.lines.offset(&open.text, position);
        answer(&open, &text_document.uri, offset)
    });
    Ok(to_value(answer))
}

fn file(workspace: &Workspace, uri: &Uri) -> Option<Open> {
    workspace.get(uri).filter(|open| open.ours)
}
