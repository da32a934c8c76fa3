//! For GitLab: a Code Quality report.

use serde_json::{Value, json};

use crate::diagnostic::render::place::{fingerprints, path};
use crate::diagnostic::render::position::Position;
use crate::diagnostic::{Diagnostic, Severity};

/// All findings as one list.
///
/// See [Code Quality report format](https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
pub fn gitlab(diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().zip(fingerprints(diagnostics)).map(|(it, print)| finding(it, &print)).collect()
}

fn finding(diagnostic: &Diagnostic, fingerprint: &str) -> Value {
    let label = diagnostic.primary();
    let position = Position::of(label.source.text(), label.span);
    json!({
        "description": diagnostic.title,
        "check_name": diagnostic.code.as_str(),
        "fingerprint": fingerprint,
        "severity": match diagnostic.severity { Severity::Error => "critical", Severity::Warning => "minor" },
        "location": {"path": path(&label.source), "lines": {"begin": position.line}},
    })
}
