//! For machines: one document. Members may be added, never renamed.

use serde_json::{Value, json};

use crate::cli::test::{Outcome, Report};

/// The version of the document.
const VERSION: u32 = 1;

/// All results of a run.
pub fn value(report: &Report) -> Value {
    json!({
        "version": VERSION,
        "passed": report.passed(),
        "failed": report.failed(),
        "results": report.outcomes.iter().map(result).collect::<Vec<_>>(),
    })
}

fn result(outcome: &Outcome) -> Value {
    let Outcome { case, result, .. } = outcome;
    json!({
        "id": case.id,
        "file": case.file,
        "name": case.name,
        "passed": outcome.passed(),
        "profile": result.profile,
        "error": case.broken.as_ref().or(result.error.as_ref()),
        "failures": result.failures,
    })
}
