//! What only several files together can get wrong.

use std::collections::HashMap;
use std::path::Path;

use crate::cli::validate::Examined;
use crate::diagnostic::{Applicability, Diagnostic, Help, Label, Severity, code, nearest};
use crate::provider::catalog::{Catalog, base_of};

/// So many ids of one file are told of.
const MAX_IDS: usize = 250;

/// Everything that files get wrong together; of days only where it is known which one is tomorrow.
pub fn all(examined: &[Examined], tomorrow: Option<&str>) -> Vec<Diagnostic> {
    let mut findings = duplicate_ids(examined);
    findings.extend(unknown_successors(examined));
    findings.extend(tomorrow.into_iter().flat_map(|tomorrow| future_days(examined, tomorrow)));
    findings
}

/// Ids and aliases that two files claim, each reported at the later file with the place of the first.
fn duplicate_ids(examined: &[Examined]) -> Vec<Diagnostic> {
    let mut first: HashMap<&str, &Label> = HashMap::new();
    let mut findings = vec![];
    let own = examined.iter().filter(|examined| examined.own);
    let others = examined.iter().filter(|examined| !examined.own);
    let ids = own.chain(others).flat_map(|examined| examined.ids.iter().enumerate());
    for (number, (id, label)) in ids {
        match first.get(id.as_str()) {
            None => {
                first.insert(id, label);
            }
            Some(other) if number < MAX_IDS => {
                let here = Label { text: "claimed again here".into(), ..label.clone() };
                let there = Label { text: "claimed first here".into(), primary: false, ..(*other).clone() };
                let title = match label.source.name() == other.source.name() {
                    true => format!("`{id}` is claimed twice by one file"),
                    false => format!("two providers are called `{id}`"),
                };
                findings.push(Diagnostic {
                    code: code::DUPLICATE_ID,
                    severity: Severity::Error,
                    title,
                    labels: vec![here, there],
                    notes: vec![],
                    help: None,
                });
            }
            Some(_) => {}
        }
    }
    findings
}

/// Successors that are no provider: neither among the files, nor beside the file, nor built in.
fn unknown_successors(examined: &[Examined]) -> Vec<Diagnostic> {
    let mut findings = vec![];
    let mut builtin = None;
    for file in examined {
        let Some((successor, label)) = &file.successor else { continue };
        let mut report = |code, title: String, why: &str, help| {
            let labels = vec![Label { text: why.into(), ..label.clone() }];
            findings.push(Diagnostic { code, severity: Severity::Error, title, labels, notes: vec![], help });
        };
        if file.ids.iter().any(|(id, _)| id == successor) {
            report(
                code::INVALID_VALUE,
                "a provider cannot be its own successor".into(),
                "the id of this file",
                None,
            );
            continue;
        }
        let known = || examined.iter().flat_map(|file| &file.ids).map(|(id, _)| id.as_str());
        if known().any(|id| id == successor)
            || base_of(Some(Path::new(label.source.name())), successor).is_some()
        {
            continue;
        }
        let builtin: &Catalog = builtin.get_or_insert_with(Catalog::builtin);
        if builtin.get(successor).is_some() {
            continue;
        }
        let own = |id: &str| file.ids.iter().any(|(own, _)| own == id);
        let near = nearest(successor, known().chain(builtin.ids()).filter(|id| !own(id)));
        let help = near.map(|near| Help::Patch {
            text: "a provider with a similar id exists".into(),
            source: label.source.clone(),
            span: label.span,
            replacement: near.to_owned(),
            applicability: Applicability::Likely,
        });
        report(
            code::UNKNOWN_PROVIDER,
            format!("there is no provider `{successor}`"),
            "neither a file here nor a built-in provider",
            help,
        );
    }
    findings
}

/// Files that were compared with their provider on a day to come, if it was already tomorrow where that was done.
fn future_days(examined: &[Examined], tomorrow: &str) -> Vec<Diagnostic> {
    let days = examined.iter().filter_map(|file| file.verified.as_ref());
    days.filter(|(day, _)| day.len() == tomorrow.len() && day.as_str() > tomorrow)
        .map(|(_, label)| Diagnostic {
            code: code::INVALID_VALUE,
            severity: Severity::Warning,
            title: "this day is still to come".into(),
            labels: vec![Label {
                text: "the day on which somebody last compared the file".into(),
                ..label.clone()
            }],
            notes: vec![],
            help: None,
        })
        .collect()
}
