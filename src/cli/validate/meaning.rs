//! What a document means: the rules that no schema can state, in the same run as the structure.

use crate::diagnostic::{Code, Diagnostic, code};
use crate::provider;
use crate::spec::schema::Checked;
use crate::yaml::Document;

/// Findings that may only follow from what the schema has already found.
const CONSEQUENCES: [Code; 5] =
    [code::MISSING_FIELD, code::MISSING_TEST, code::NO_EFFECT, code::UNKNOWN_NAME, code::WRONG_TYPE];

/// What a provider file means, with the structural mistakes mended.
pub fn of_provider(document: &Document, checked: &Checked) -> Vec<Diagnostic> {
    let (_, findings) = provider::load_value(checked.mended.clone());
    let follows = |code: Code| checked.incomplete && CONSEQUENCES.contains(&code);
    let findings = findings.into_iter().filter(|finding| !follows(finding.code));
    findings.map(|finding| finding.locate_by(document, |pointer| Some(checked.written(pointer)))).collect()
}
