//! Which tests a run plays.

use std::sync::Arc;

use crate::cli::catalog::{NotFound, find};
use crate::cli::test::{Args, vectors};
use crate::diagnostic::render::Position;
use crate::diagnostic::{Diagnostic, Severity};
use crate::provider::catalog::Entry;
use crate::provider::{Provider, Vector};
use crate::yaml::Document;

/// A test to play, or a file that has none because it is wrong.
#[derive(Debug)]
pub struct Case {
    /// The id of the provider.
    pub id: String,
    /// The file that the test stands in.
    pub file: String,
    /// Where in the file, as `LINE:COLUMN`.
    pub place: Option<String>,
    /// What the test shows.
    pub name: String,
    /// Why nothing can be played.
    pub broken: Option<String>,
    /// What is played.
    pub played: Option<(Arc<Provider>, Vector)>,
}

/// The tests of a run in their order.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The tests.
    pub cases: Vec<Case>,
    /// What a person may want to know, and need not act on.
    pub notes: Vec<String>,
    /// What is wrong with the files.
    pub findings: Vec<Diagnostic>,
}

/// Lists the tests that the arguments ask for.
///
/// # Errors
/// A provider that is not there.
pub fn gather(args: &Args) -> Result<Gathered, NotFound> {
    let (catalog, findings) = args.catalog.load();
    let mut gathered = Gathered::default();
    for finding in findings {
        if finding.severity == Severity::Error {
            gathered.cases.push(Case::broken(finding.primary().source.name(), &finding.title));
        }
        gathered.findings.push(finding);
    }
    let mut selected: Vec<Arc<Entry>> = vec![];
    for name in &args.ids {
        for entry in find(&catalog, name)? {
            if !selected.iter().any(|other| other.source().name() == entry.source().name()) {
                selected.push(entry);
            }
        }
    }
    if args.ids.is_empty() && args.vectors.is_empty() {
        selected = catalog.entries().cloned().collect();
    }
    for entry in &selected {
        gathered.add_provider(entry);
    }
    for path in &args.vectors {
        for file in vectors::list(path) {
            let read = file.and_then(|file| {
                vectors::read(&file, |id| {
                    let named = selected.iter().find(|entry| is_called(entry, id));
                    named.or_else(|| catalog.get(id)).cloned().ok_or_else(|| catalog.ids().collect())
                })
            });
            match read {
                Ok(vectors) => {
                    let entry = &vectors.entry;
                    if args.ids.is_empty() || selected.iter().any(|other| other.id == entry.id) {
                        gathered.add_vectors(&vectors);
                    }
                }
                Err(findings) => gathered.add_broken(findings),
            }
        }
    }
    Ok(gathered)
}

fn is_called(entry: &Entry, id: &str) -> bool {
    let alias = || entry.provider().is_some_and(|provider| provider.aliases.iter().any(|alias| alias == id));
    entry.id == id || alias()
}

impl Gathered {
    /// The tests that a provider file carries.
    fn add_provider(&mut self, entry: &Entry) {
        let Some((provider, document)) = entry.provider().zip(entry.document()) else {
            return self.add_broken(entry.diagnostics().to_vec());
        };
        if provider.tests.is_empty() {
            self.notes.push(format!("{} has no test", document.name()));
        }
        for (number, vector) in provider.tests.iter().enumerate() {
            self.cases.push(Case::new(&entry.id, document, number, provider, vector));
        }
    }

    /// The tests of a file of their own.
    fn add_vectors(&mut self, file: &vectors::Vectors) {
        match file.entry.provider() {
            Some(provider) => {
                for (number, vector) in file.tests.iter().enumerate() {
                    self.cases.push(Case::new(&file.entry.id, &file.document, number, provider, vector));
                }
            }
            None => self.add_broken(file.entry.diagnostics().to_vec()),
        }
    }

    /// A file that is wrong: it counts as one test that failed.
    fn add_broken(&mut self, findings: Vec<Diagnostic>) {
        let first = findings.iter().find(|finding| finding.severity == Severity::Error);
        if let Some(first) = first {
            self.cases.push(Case::broken(first.primary().source.name(), &first.title));
        }
        self.findings.extend(findings);
    }
}

impl Case {
    fn new(id: &str, document: &Document, number: usize, provider: &Arc<Provider>, vector: &Vector) -> Case {
        let place = document.place(&format!("/tests/{number}")).map(|place| {
            let at = Position::of(document.text(), place.value);
            format!("{}:{}", at.line, at.column)
        });
        Case {
            id: id.to_owned(),
            file: document.name().to_owned(),
            place,
            name: vector.name.clone().unwrap_or_else(|| format!("test {}", number + 1)),
            broken: None,
            played: Some((provider.clone(), vector.clone())),
        }
    }

    fn broken(file: &str, why: &str) -> Case {
        let stem = std::path::Path::new(file).file_stem().and_then(|stem| stem.to_str());
        let id = stem.unwrap_or(file).trim_start_matches("builtin:").to_owned();
        let name = "the file can be read".into();
        Case { id, file: file.into(), place: None, name, broken: Some(why.into()), played: None }
    }
}
