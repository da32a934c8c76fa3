//! Collects what is wrong with a deployment, each with its place: a key of the file, or the environment.

use crate::diagnostic::{Code, Diagnostic, Help, Severity, code};
use crate::provider::finding::Finding;
use crate::yaml::Document;

/// What a finding is about where there is no file.
const ENVIRONMENT: &str = "environment";

/// Findings about a deployment.
pub(super) struct Findings<'a> {
    /// The deployment file, where there is one.
    pub document: Option<&'a Document>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the environment is the deployment's own; where it is not, nothing that could be there is missed.
    installed: bool,
}

impl<'a> Findings<'a> {
    pub fn new(document: Option<&'a Document>) -> Findings<'a> {
        Findings { document, diagnostics: vec![], installed: true }
    }

    /// For a deployment file on a machine that has nothing else of the deployment.
    pub fn elsewhere(document: &'a Document) -> Findings<'a> {
        Findings { installed: false, ..Findings::new(Some(document)) }
    }

    /// Adds a finding whose pointer is one of the deployment file.
    pub fn add(&mut self, finding: Finding) {
        let diagnostic = match self.document {
            Some(document) => finding.locate(document),
            None => about_environment(finding),
        };
        self.diagnostics.push(diagnostic);
    }

    /// Adds a finding about something that is missing and that the environment could have given.
    pub fn missing(&mut self, finding: Finding) {
        if self.installed {
            self.add(finding);
        }
    }

    /// Adds an error about a value of the environment.
    pub fn environment(&mut self, code: Code, title: impl Into<String>, help: impl Into<String>) {
        let mut diagnostic = Diagnostic::about_file(code, ENVIRONMENT, title);
        diagnostic.help = Some(Help::Note(help.into()));
        self.diagnostics.push(diagnostic);
    }

    /// Whether the file itself has a value at a place.
    pub fn has(&self, pointer: &str) -> bool {
        self.document.is_some_and(|document| document.place(pointer).is_some())
    }

    /// Forgets findings about something missing, from the finding of that number on.
    pub fn drop_missing_since(&mut self, number: usize) {
        let missing = [code::MISSING_FIELD, code::MISSING_SECRET];
        let mut index = 0;
        self.diagnostics.retain(|diagnostic| {
            index += 1;
            index <= number || !missing.contains(&diagnostic.code)
        });
    }

    /// Whether anything stops the deployment.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

fn about_environment(finding: Finding) -> Diagnostic {
    let mut diagnostic = Diagnostic::about_file(finding.code, ENVIRONMENT, finding.title);
    diagnostic.severity = finding.severity;
    diagnostic.notes = finding.note.into_iter().collect();
    if !finding.label.is_empty() {
        diagnostic.notes.insert(0, finding.label);
    }
    if let Some(crate::provider::finding::FindingHelp::Note(text)) = finding.help {
        diagnostic.help = Some(Help::Note(text));
    }
    diagnostic
}
