//! For people: what rustc shows, by rustc's own renderer.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};

use crate::diagnostic::render::excerpt::{Excerpt, columns, excerpt, one_line, replacement};
use crate::diagnostic::render::position::Position;
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

/// All findings, however many, one after the other, an empty line between them.
pub fn human(diagnostics: &[Diagnostic], style: Style) -> String {
    let width = style.width.clamp(20, 400);
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    // The lines are trimmed already.
    let renderer = renderer.term_width(usize::from(u16::MAX));
    let mut text = String::new();
    for diagnostic in diagnostics {
        let shown = Shown::of(diagnostic, width);
        text.push_str(&shown.placed(&renderer.render(&shown.groups(diagnostic))));
        text.push_str("\n\n");
    }
    text
}

/// Stands for a place: the columns of an excerpt are not those of its file. No text that is shown has this character.
const MARK: &str = "\u{91}";

/// What is shown of the files that a finding is about.
struct Shown {
    /// The lines of each file, with the labels in them; the primary one first.
    files: Vec<(Excerpt, Vec<Label>)>,
    /// The change to make, and whether its file is named.
    patch: Option<(Excerpt, String, bool)>,
    /// Where a reader shall look, as often as a place is named.
    places: Vec<String>,
}

impl Shown {
    fn of(diagnostic: &Diagnostic, width: usize) -> Shown {
        let mut shown = Shown { files: vec![], patch: None, places: vec![] };
        let primary = &diagnostic.primary().source;
        let mut seen: Vec<&Source> = vec![];
        for source in std::iter::once(primary).chain(diagnostic.labels.iter().map(|label| &label.source)) {
            let is_new = seen.iter().all(|other| other.name() != source.name());
            if is_new && !source.text().is_empty() && !primary.text().is_empty() {
                seen.push(source);
                shown.add(source, &diagnostic.labels, width);
            }
        }
        if let Some(Help::Patch { source, span, replacement, .. }) = &diagnostic.help {
            let (excerpt, replacement) = patch(source, *span, replacement, width);
            let is_named = source.name() != primary.name();
            if is_named {
                shown.places.push(place(source, *span));
            }
            shown.patch = Some((excerpt, replacement, is_named));
        }
        shown
    }

    /// Adds a file with those of the labels that are in it.
    fn add(&mut self, source: &Source, labels: &[Label], width: usize) {
        let mut labels = labels.to_vec();
        labels.retain(|label| label.source.name() == source.name());
        let spans: Vec<Range<usize>> = labels.iter().map(|label| first_line(source, label.span)).collect();
        let Some(first) = labels.iter().find(|label| label.primary).or(labels.first()) else { return };
        self.places.push(place(source, first.span));
        let room = room(source, &spans, width);
        // A trimmed line leaves room for what is said behind it.
        let said = labels.iter().map(|label| columns(&label.text) + 1).max().unwrap_or_default();
        self.files.push((excerpt(source.text(), &spans, room, said.min(room / 3)), labels));
    }

    fn groups<'a>(&'a self, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(one_line(&diagnostic.title)).id(diagnostic.code.as_str());
        let mut main = match self.files.is_empty() {
            true => title.element(Origin::path(diagnostic.primary().source.name())),
            false => title.elements(self.files.iter().map(|(excerpt, labels)| snippet(excerpt, labels))),
        };
        for note in &diagnostic.notes {
            main = main.element(Level::NOTE.message(one_line(note)));
        }
        match (&diagnostic.help, &self.patch) {
            (Some(Help::Note(text)), _) => vec![main.element(Level::HELP.message(one_line(text)))],
            (Some(Help::Patch { text, .. }), Some((excerpt, replacement, is_named))) => {
                let snippet = Snippet::source(&*excerpt.text)
                    .line_start(excerpt.first_line)
                    .path(is_named.then_some(MARK))
                    .patch(Patch::new(excerpt.spans[0].clone(), &**replacement));
                vec![main, Level::HELP.secondary_title(one_line(text)).element(snippet)]
            }
            _ => vec![main],
        }
    }

    /// A rendered text with the places that its marks stand for.
    fn placed(&self, text: &str) -> String {
        let mut parts = text.split(MARK);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for (part, place) in parts.zip(&self.places) {
            out += place;
            out += part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        }
        out
    }
}

fn snippet<'a>(excerpt: &'a Excerpt, labels: &'a [Label]) -> Element<'a> {
    let annotation = |(label, span): (&'a Label, &Range<usize>)| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(span.clone());
        if label.text.is_empty() { annotation } else { annotation.label(one_line(&label.text)) }
    };
    Snippet::source(&*excerpt.text)
        .line_start(excerpt.first_line)
        .path(MARK)
        .annotations(labels.iter().zip(&excerpt.spans).map(annotation))
        .into()
}

/// The lines that a patch changes and what it puts there. Where they are too long, only what differs is shown.
fn patch(source: &Source, span: Span, new: &str, width: usize) -> (Excerpt, String) {
    let span = bytes(source, span);
    let (text, old) = (source.text(), &source.text()[span.clone()]);
    let room = room(source, std::slice::from_ref(&span), width);
    let grown = columns(new).saturating_sub(columns(old));
    let whole = excerpt(text, std::slice::from_ref(&span), usize::MAX, 0);
    if whole.text.lines().all(|line| columns(line) + grown <= room) {
        return (whole, replacement(new, usize::MAX));
    }
    let same = |pair: &((usize, char), char)| pair.0.1 == pair.1;
    let before =
        old.char_indices().zip(new.chars()).take_while(same).map(|((_, c), _)| c.len_utf8()).sum::<usize>();
    let rest = old[before..].char_indices().rev().zip(new[before..].chars().rev());
    let after = rest.take_while(same).map(|((_, c), _)| c.len_utf8()).sum::<usize>();
    let changed = span.start + before..span.end - after;
    (
        excerpt(text, &[changed], room, grown.min(room / 2)),
        replacement(&new[before..new.len() - after], room / 2),
    )
}

/// Where a span is, for a reader.
fn place(source: &Source, span: Span) -> String {
    let Position { line, column, .. } = Position::of(source.text(), span);
    format!("{}:{line}:{column}", source.name())
}

/// How many columns there are for the text of lines, behind their numbers.
fn room(source: &Source, spans: &[Range<usize>], width: usize) -> usize {
    let last = spans.iter().map(|span| span.end).max().unwrap_or_default();
    let number = source.text()[..last].matches('\n').count() + 1;
    width.saturating_sub(number.to_string().len() + " | ".len())
}

/// The bytes of a span: on character boundaries, and not beyond the text.
fn bytes(source: &Source, span: Span) -> Range<usize> {
    let text = source.text();
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    floor(span.start)..floor(span.end.max(span.start))
}

/// The bytes to mark: of a collection its first line only.
fn first_line(source: &Source, span: Span) -> Range<usize> {
    let Range { start, end } = bytes(source, span);
    start..source.text()[start..end].find(['\n', '\r']).map_or(end, |at| start + at)
}
