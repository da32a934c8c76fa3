//! For code scanning: the Static Analysis Results Interchange Format.

use serde_json::{Value, json};

use crate::diagnostic::render::place::{fingerprints, uri};
use crate::diagnostic::render::position::Position;
use crate::diagnostic::{Code, Diagnostic, Help, Label, Severity, Source};
use crate::yaml::Span;

/// All findings as one log of one run, with every code as a rule.
///
/// See [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
pub fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let results = diagnostics.iter().zip(fingerprints(diagnostics)).map(|(it, print)| result(it, &print));
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
            "columnKind": "utf16CodeUnits",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    let page = code.page();
    let prose = page.split_once("\n\n").map_or(page, |(_, rest)| rest);
    let prose = prose.split("\n## ").next().unwrap_or_default().trim_end();
    let first = prose.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let sentence = first.find(". ").map_or(first.as_str(), |end| &first[..=end]);
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": sentence},
        "help": {"text": prose, "markdown": page},
        "defaultConfiguration": {"level": if code.always_warns() { "warning" } else { "error" }},
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
        "locations": [{"physicalLocation": physical(&primary.source, primary.span)}],
        "partialFingerprints": {"authcfg/v1": fingerprint},
    });
    let others: Vec<&Label> = diagnostic.labels.iter().filter(|label| !label.primary).collect();
    if !others.is_empty() {
        result["relatedLocations"] = others.into_iter().enumerate().map(related).collect();
    }
    if let Some(Help::Patch { text, source, span, replacement, .. }) = &diagnostic.help {
        result["fixes"] = json!([{
            "description": {"text": text},
            "artifactChanges": [{
                "artifactLocation": {"uri": uri(source.name())},
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
        "message": {"text": label.text},
        "physicalLocation": physical(&label.source, label.span),
    })
}

fn physical(source: &Source, span: Span) -> Value {
    json!({"artifactLocation": {"uri": uri(source.name())}, "region": region(source, span)})
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
