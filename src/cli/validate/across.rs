//! What only several files together can get wrong.

use std::collections::HashMap;

use crate::cli::validate::Examined;
use crate::diagnostic::{Diagnostic, Label, Severity, code};

/// Ids and aliases that two files claim, each reported at the later file with the place of the first.
pub fn duplicate_ids(examined: &[Examined]) -> Vec<Diagnostic> {
    let mut first: HashMap<&str, &Label> = HashMap::new();
    let mut findings = vec![];
    let own = examined.iter().filter(|examined| examined.own);
    let others = examined.iter().filter(|examined| !examined.own);
    for (id, label) in own.chain(others).flat_map(|examined| &examined.ids) {
        match first.get(id.as_str()) {
            None => {
                first.insert(id, label);
            }
            Some(other) => {
                let here = Label { text: "claimed again here".into(), ..label.clone() };
                let there = Label { text: "claimed first here".into(), primary: false, ..(*other).clone() };
                findings.push(Diagnostic {
                    code: code::DUPLICATE_ID,
                    severity: Severity::Error,
                    title: format!("two providers are called `{id}`"),
                    labels: vec![here, there],
                    notes: vec![],
                    help: None,
                });
            }
        }
    }
    findings
}
