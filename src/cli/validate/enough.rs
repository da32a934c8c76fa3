//! No more findings of one file, and no more words of one finding, than a person reads.

use crate::diagnostic::{Diagnostic, Severity};

/// Findings of one file.
const MAX_FINDINGS: usize = 100;
/// Letters of a title, a label or a note: they repeat names of the file, which may be long.
const MAX_LETTERS: usize = 250;

/// The first findings of each file; where there are more, the last one says how many. Errors go before warnings.
///
/// `findings` are in order, and so is what comes back.
pub fn of_each_file(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept = Vec::with_capacity(findings.len());
    let mut of_file: Vec<Diagnostic> = vec![];
    for finding in findings {
        let name = |finding: &Diagnostic| finding.primary().source.name().to_owned();
        if of_file.last().is_some_and(|last| name(last) != name(&finding)) {
            kept.append(&mut first(std::mem::take(&mut of_file)));
        }
        of_file.push(shortened(finding));
    }
    kept.append(&mut first(of_file));
    kept
}

fn first(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let too_many = findings.len().saturating_sub(MAX_FINDINGS);
    if too_many == 0 {
        return findings;
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let (mut errors_left, mut warnings_left) = (MAX_FINDINGS, MAX_FINDINGS.saturating_sub(errors));
    let mut kept: Vec<Diagnostic> = findings
        .into_iter()
        .filter(|finding| {
            let left = match finding.severity {
                Severity::Error => &mut errors_left,
                Severity::Warning => &mut warnings_left,
            };
            let keep = *left > 0;
            *left = left.saturating_sub(1);
            keep
        })
        .collect();
    if let Some(last) = kept.last_mut() {
        last.notes.push(format!("{too_many} more findings of this file are left out"));
    }
    kept
}

fn shortened(mut finding: Diagnostic) -> Diagnostic {
    let labels = finding.labels.iter_mut().map(|label| &mut label.text);
    for text in labels.chain(&mut finding.notes).chain([&mut finding.title]) {
        if let Some((at, _)) = text.char_indices().nth(MAX_LETTERS) {
            text.truncate(at);
            text.push('…');
        }
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;

    fn findings(file: &str, errors: usize, warnings: usize) -> Vec<Diagnostic> {
        let finding = |number: usize| {
            let mut finding = Diagnostic::about_file(code::NO_EFFECT, file, format!("{number:04}"));
            finding.severity = if number < warnings { Severity::Warning } else { Severity::Error };
            finding
        };
        (0..errors + warnings).map(finding).collect()
    }

    fn counted(findings: &[Diagnostic]) -> (usize, usize, Vec<&str>) {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let notes = findings.iter().flat_map(|finding| &finding.notes).map(String::as_str).collect();
        (errors, findings.len() - errors, notes)
    }

    #[test]
    fn a_hundred_are_all_shown_and_of_more_the_errors_first() {
        assert_eq!(counted(&of_each_file(findings("a", 40, 60))), (40, 60, vec![]));
        let more = of_each_file(findings("a", 1, 150));
        assert_eq!(counted(&more), (1, 99, vec!["51 more findings of this file are left out"]));
        let more = of_each_file(findings("a", 2_000, 150));
        assert_eq!(counted(&more), (100, 0, vec!["2050 more findings of this file are left out"]));
    }

    #[test]
    fn a_name_of_64_kb_is_not_repeated() {
        let title = |letters: usize| {
            let finding = Diagnostic::about_file(code::NO_EFFECT, "a", "é".repeat(letters));
            of_each_file(vec![finding]).remove(0).title
        };
        assert_eq!(title(250), "é".repeat(250));
        assert_eq!(title(251), "é".repeat(250) + "…");
    }

    #[test]
    fn each_file_has_a_hundred_of_its_own() {
        let both = [findings("a", 100, 0), findings("b", 101, 0), findings("c", 1, 0)].concat();
        let kept = of_each_file(both);
        assert_eq!(counted(&kept), (201, 0, vec!["1 more findings of this file are left out"]));
        assert!(
            kept.is_sorted_by_key(|finding| (
                finding.primary().source.name().to_owned(),
                finding.title.clone()
            ))
        );
    }
}
