//! For people: what rustc shows, by rustc's own renderer.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Help, Label, Severity, Source};
use crate::yaml::Span;

/// How it looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether the terminal shows colours.
    pub color: bool,
    /// The width of the terminal in columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style { color: false, width: 140 }
    }
}

/// All findings, one after the other, an empty line between them.
pub fn human(diagnostics: &[Diagnostic], style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width.clamp(20, 400));
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&groups(diagnostic)));
        text.push_str("\n\n");
    }
    text
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut main =
        level.primary_title(&*diagnostic.title).id(diagnostic.code.as_str()).elements(snippets(diagnostic));
    for note in &diagnostic.notes {
        main = main.element(Level::NOTE.message(&**note));
    }
    match &diagnostic.help {
        None => vec![main],
        Some(Help::Note(text)) => vec![main.element(Level::HELP.message(&**text))],
        Some(Help::Patch { text, source, span, replacement, .. }) => {
            let patch = Snippet::source(source.text())
                .path(source.name())
                .patch(Patch::new(range(source, *span), &**replacement));
            vec![main, Level::HELP.secondary_title(&**text).element(patch)]
        }
    }
}

/// The files with their marked places, the primary one first; a file's name alone where there is no text.
fn snippets(diagnostic: &Diagnostic) -> Vec<annotate_snippets::Element<'_>> {
    let primary = &diagnostic.primary().source;
    if primary.text().is_empty() {
        return vec![Origin::path(primary.name()).into()];
    }
    let mut sources = vec![primary];
    for label in &diagnostic.labels {
        if sources.iter().all(|source| source.name() != label.source.name())
            && !label.source.text().is_empty()
        {
            sources.push(&label.source);
        }
    }
    let annotation = |label: &'_ Label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(range(&label.source, label.span));
        if label.text.is_empty() { annotation } else { annotation.label(label.text.clone()) }
    };
    let snippet = |source: &'_ Source| {
        let here = diagnostic.labels.iter().filter(|label| label.source.name() == source.name());
        Snippet::source(source.text().to_owned())
            .path(source.name().to_owned())
            .annotations(here.map(annotation))
            .into()
    };
    sources.into_iter().map(snippet).collect()
}

/// The bytes to mark: on character boundaries, not beyond the text, and of a collection its first line only.
fn range(source: &Source, span: Span) -> std::ops::Range<usize> {
    let text = source.text();
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start), floor(span.end.max(span.start)));
    let first_line = text[start..end].find(['\n', '\r']).map_or(end, |at| start + at);
    start..first_line
}
