//! Findings as the protocol has them.

use std::path::Path;

use gen_lsp_types::{
    Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Range, Uri,
};

use crate::cli::lsp::position::Lines;
use crate::diagnostic::{Diagnostic, Help, Label, Severity, Source};
use crate::yaml::Span;

/// A text, its lines and its place: what findings are shown on.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Where the editor has it.
    pub uri: &'a Uri,
    /// Where the disk has it; empty where it does not.
    pub path: &'a Path,
    /// The text.
    pub text: &'a str,
    /// Its lines.
    pub lines: &'a Lines,
}

impl Page<'_> {
    /// Whether a finding speaks about this text.
    pub fn is(&self, source: &Source) -> bool {
        source.name() == Source::new(self.path.display().to_string(), "").name()
    }

    /// A finding, at its place.
    pub fn show(&self, finding: &Diagnostic) -> Shown {
        let primary = finding.primary();
        let range = match self.is(&primary.source) {
            true => self.lines.range(self.text, self.first_line(primary.span)),
            false => Range::default(),
        };
        let others = finding.labels.iter().filter(|label| !std::ptr::eq(*label, primary));
        let related: Vec<_> = others.filter_map(|label| self.related(label)).collect();
        Shown {
            range,
            severity: Some(match finding.severity {
                Severity::Error => DiagnosticSeverity::Error,
                Severity::Warning => DiagnosticSeverity::Warning,
            }),
            code: Some(finding.code.as_str().into()),
            source: Some("authcfg".into()),
            message: message(finding).into(),
            related_information: Some(related).filter(|related| !related.is_empty()),
            ..Shown::default()
        }
    }

    fn related(&self, label: &Label) -> Option<DiagnosticRelatedInformation> {
        let location = match self.is(&label.source) {
            true => Location {
                uri: self.uri.clone(),
                range: self.lines.range(self.text, self.first_line(label.span)),
            },
            false => Location {
                uri: Uri::from_file_path(label.source.name()).ok()?,
                range: self.lines.like(label.source.text()).range(label.source.text(), label.span),
            },
        };
        let message = if label.text.is_empty() { "here".to_owned() } else { label.text.clone() };
        Some(DiagnosticRelatedInformation { location, message })
    }

    /// What is about a whole mapping is shown on its first line.
    fn first_line(&self, span: Span) -> Span {
        let start = span.start.min(self.text.len());
        let line = self.lines.span(self.text, self.lines.line(start));
        let end = span.end.min(line.end).max(start);
        // An editor cannot underline nothing.
        let next = self.text.get(start..line.end).and_then(|rest| rest.chars().next());
        Span { start, end: if end == start { start + next.map_or(0, char::len_utf8) } else { end } }
    }
}

/// What is wrong, why here, and the facts and the advice that are no patch.
fn message(finding: &Diagnostic) -> String {
    let mut lines = vec![finding.title.clone()];
    lines.extend(Some(finding.primary().text.clone()).filter(|text| !text.is_empty()));
    lines.extend(finding.notes.iter().map(|note| format!("note: {note}")));
    match &finding.help {
        Some(Help::Note(text)) => lines.push(format!("help: {text}")),
        Some(Help::Patch { text, replacement, .. }) => {
            lines.push(format!("help: {text}: `{}`", replacement.trim()));
        }
        None => {}
    }
    lines.join("\n")
}
