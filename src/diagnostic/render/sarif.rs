//! For code scanning: the Static Analysis Results Interchange Format.

use serde_json::{Value, json};

use crate::diagnostic::render::place::{fingerprints, uri};
use crate::diagnostic::render::position::Position;
use crate::diagnostic::{Code, Diagnostic, Help, Label, Severity, Source};
use crate::yaml::Span;

/// GitHub refuses a run with more results.
const MAX_RESULTS: usize = 25_000;
/// GitHub shows no more places of a result.
const MAX_PLACES: usize = 100;
/// The most bytes of a file that a result quotes.
const MAX_CONTEXT: usize = 400;
/// What the paths of files are relative to: where the command ran, which is the root of the repository in CI.
const ROOT: &str = "%SRCROOT%";

/// All findings as one log of one run, with every code as a rule. What was allowed is left out, as in every format: it has
/// no `suppressions`.
///
/// See [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
pub fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let prints = fingerprints(diagnostics);
    let mut all: Vec<_> = diagnostics.iter().zip(&prints).collect();
    let left_out = all.len().saturating_sub(MAX_RESULTS);
    if left_out > 0 {
        // Errors come first where not all fit.
        all.sort_by_key(|(diagnostic, _)| diagnostic.severity);
        all.truncate(MAX_RESULTS);
    }
    let results = all.into_iter().map(|(diagnostic, print)| result(diagnostic, print));
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "authcfg",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": Code::all().iter().copied().map(rule).collect::<Vec<_>>(),
                },
            },
            "invocations": [invocation(left_out)],
            "columnKind": "utf16CodeUnits",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// That the run came to its end, and what is not in the log.
fn invocation(left_out: usize) -> Value {
    match left_out {
        0 => json!({"executionSuccessful": true}),
        count => json!({
            "executionSuccessful": true,
            "toolExecutionNotifications": [{
                "level": "warning",
                "message": {"text": format!("{count} more findings are not in this log")},
            }],
        }),
    }
}

fn rule(code: Code) -> Value {
    let page = code.page();
    let prose = page.split_once("\n\n").map_or(page, |(_, rest)| rest);
    let prose = prose.split("\n## ").next().unwrap_or_default().trim_end();
    let first = prose.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let sentence = first.find(". ").map_or(first.as_str(), |end| &first[..=end]);
    let level = if code.always_warns() { "warning" } else { "error" };
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": sentence},
        "fullDescription": {"text": first},
        "help": {"text": prose, "markdown": page},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["configuration"], "precision": "high", "problem.severity": level},
    })
}

fn result(diagnostic: &Diagnostic, fingerprint: &str) -> Value {
    let primary = diagnostic.primary();
    let text = match primary.text.is_empty() {
        true => diagnostic.title.clone(),
        false => format!("{}: {}", diagnostic.title, primary.text),
    };
    let rule = Code::all().iter().position(|code| *code == diagnostic.code);
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": rule,
        "level": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": {"text": text},
        "locations": [{"physicalLocation": with_lines(&primary.source, primary.span)}],
        "partialFingerprints": {"authcfg/v1": fingerprint},
    });
    let others: Vec<&Label> =
        diagnostic.labels.iter().filter(|label| !label.primary).take(MAX_PLACES).collect();
    if !others.is_empty() {
        result["relatedLocations"] = others.into_iter().enumerate().map(related).collect();
    }
    if let Some(Help::Patch { text, source, span, replacement, .. }) = &diagnostic.help {
        result["fixes"] = json!([{
            "description": {"text": text},
            "artifactChanges": [{
                "artifactLocation": artifact(source),
                "replacements": [{
                    "deletedRegion": region(source, *span),
                    "insertedContent": {"text": replacement},
                }],
            }],
        }]);
    }
    result
}

fn related((index, label): (usize, &Label)) -> Value {
    json!({
        "id": index + 1,
        "message": {"text": if label.text.is_empty() { "here" } else { &label.text }},
        "physicalLocation": physical(&label.source, label.span),
    })
}

fn physical(source: &Source, span: Span) -> Value {
    json!({"artifactLocation": artifact(source), "region": region(source, span)})
}

/// A place with the text of its lines, for viewers that do not have the file; without it where that is long.
fn with_lines(source: &Source, span: Span) -> Value {
    let mut place = physical(source, span);
    let text = source.text();
    let start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(span.end.max(span.start)..).and_then(|after| Some(span.end + after.find('\n')?));
    let lines = text.get(start..end.unwrap_or(text.len())).unwrap_or_default();
    if !lines.is_empty() && lines.len() <= MAX_CONTEXT {
        place["contextRegion"] = json!({
            "startLine": place["region"]["startLine"],
            "endLine": place["region"]["endLine"],
            "snippet": {"text": lines},
        });
    }
    place
}

fn artifact(source: &Source) -> Value {
    match uri(source) {
        uri if uri.starts_with("file:") => json!({"uri": uri}),
        uri => json!({"uri": uri, "uriBaseId": ROOT}),
    }
}

fn region(source: &Source, span: Span) -> Value {
    let position = Position::of_utf16(source.text(), span);
    json!({
        "startLine": position.line,
        "startColumn": position.column,
        "endLine": position.end_line,
        "endColumn": position.end_column,
    })
}
