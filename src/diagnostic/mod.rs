//! What a person is told about a file: where, what, why, and the change to make.
//!
//! A [`Diagnostic`] is data; [`render`] makes text or JSON of it. Every kind of finding has a [`Code`].

pub mod code;
mod name;
mod of_text;
#[cfg(feature = "diagnostics")]
pub mod render;

use std::sync::Arc;

use crate::diagnostic::name::Name;
use crate::yaml::{self, Document, Span};

pub use code::Code;

/// Something to say about a file.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// What is wrong, on one line, without a full stop.
    pub title: String,
    /// The places it is about, the primary one first.
    pub labels: Vec<Label>,
    /// Facts, with the section of the standard.
    pub notes: Vec<String>,
    /// The one change to make.
    pub help: Option<Help>,
}

/// Whether a file can be used in spite of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can.
    Warning,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A place, and why it matters.
#[derive(Clone, Debug)]
pub struct Label {
    /// The file.
    pub source: Source,
    /// The place in it.
    pub span: Span,
    /// Why here; may be empty.
    pub text: String,
    /// Whether this is the place to change.
    pub primary: bool,
}

/// The change to make.
#[derive(Clone, Debug)]
pub enum Help {
    /// In words.
    Note(String),
    /// As a patch.
    Patch {
        /// Why this.
        text: String,
        /// The file.
        source: Source,
        /// What is replaced.
        span: Span,
        /// By what.
        replacement: String,
        /// How sure it is.
        applicability: Applicability,
    },
}

/// How sure a patch is to be what the author meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// Nothing else can have been meant: `authcfg validate --fix` applies it.
    Certain,
    /// Somebody should look at it first.
    Likely,
}

/// A file that is spoken about: its name and its text. The text is empty where the file could not be read.
#[derive(Clone, Debug)]
pub struct Source {
    inner: Arc<SourceParts>,
}

#[derive(Debug)]
struct SourceParts {
    name: String,
    path: Option<String>,
    text: Arc<str>,
}

impl Source {
    /// A file by name and text. What is hidden in a name is shown escaped: it could forge lines of the output.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        let path = name.into();
        let is_odd = path.contains(yaml::is_hidden) || path.contains(['\n', '\r', '\t']);
        let (name, path) = match is_odd {
            true => (path.escape_debug().to_string(), Some(path)),
            false => (path, None),
        };
        Source { inner: Arc::new(SourceParts { name, path, text: text.into() }) }
    }

    /// The file of a document.
    pub fn of(document: &Document) -> Source {
        Source::new(document.name(), document.text().clone())
    }

    /// What a person calls it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What a program calls it: its name with nothing escaped.
    pub fn path(&self) -> &str {
        self.inner.path.as_deref().unwrap_or(self.name())
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.inner.text
    }
}

impl Diagnostic {
    /// A finding about a file as a whole, or one whose text cannot be shown.
    pub fn about_file(code: Code, name: impl Into<String>, title: impl Into<String>) -> Diagnostic {
        let label = Label {
            source: Source::new(name, ""),
            span: Span::default(),
            text: String::new(),
            primary: true,
        };
        Diagnostic {
            code,
            severity: Severity::Error,
            title: title.into(),
            labels: vec![label],
            notes: vec![],
            help: None,
        }
    }

    /// The place to change.
    pub fn primary(&self) -> &Label {
        self.labels.iter().find(|label| label.primary).or(self.labels.first()).expect("a finding has a place")
    }
}

/// Puts findings into the order in which they are shown: by file, then by place.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let key = |diagnostic: &Diagnostic| {
            let label = diagnostic.primary();
            (label.source.name().to_owned(), label.span, diagnostic.severity, diagnostic.code)
        };
        key(a).cmp(&key(b)).then_with(|| a.title.cmp(&b.title))
    });
}

/// Names that a mistyped one is compared with: nobody declares more, but somebody who wants to keep a reader busy.
const MAX_KNOWN: usize = 250;

/// The known name that is nearest to a mistyped one, if any is near: at most a third of it differs.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = Name::new(name)?;
    let mut best = None;
    for candidate in known.into_iter().take(MAX_KNOWN) {
        let Some(distance) = name.near(candidate).filter(|distance| *distance > 0) else { continue };
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
        if distance == 1 {
            break;
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How sure the nearest of the known names is: certain where it differs in case alone, or no other one is near.
pub fn sureness<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Applicability {
    let same = known.clone().into_iter().filter(|candidate| candidate.eq_ignore_ascii_case(name)).count();
    let mistyped = Name::new(name);
    let is_near = |candidate: &&str| {
        mistyped.as_ref().and_then(|name| name.near(candidate)).is_some_and(|distance| distance > 0)
    };
    let near = known.into_iter().take(MAX_KNOWN).filter(is_near).take(2).count();
    match same == 1 || same == 0 && near == 1 {
        true => Applicability::Certain,
        false => Applicability::Likely,
    }
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names. Texts that are too long to be names are
/// as far apart as can be.
pub fn distance(a: &str, b: &str) -> usize {
    Name::new(a).and_then(|name| name.distance(b)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let known = ["token_endpoint", "authorization_endpoint", "name"];
        assert_eq!(nearest("token_enpoint", known), Some("token_endpoint"));
        assert_eq!(nearest("nmae", known), Some("name"));
        assert_eq!(nearest("nam", known), Some("name"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn a_name_has_an_end() {
        let name = |length: usize| "a".repeat(length) + "b";
        assert_eq!(nearest(&"a".repeat(127), [&*name(127)]), Some(&*name(127)));
        assert_eq!(nearest(&"a".repeat(128), [&*name(128)]), None);
    }

    #[test]
    fn is_sure_where_one_name_is_near_and_not_where_two_are() {
        let known = ["S256", "plain", "token", "tokens"];
        assert_eq!(sureness("s256", known), Applicability::Certain);
        assert_eq!(sureness("plan", known), Applicability::Certain);
        assert_eq!(sureness("tokn", known), Applicability::Likely);
        assert_eq!(sureness("colour", known), Applicability::Likely);
    }
}
