//! Where a name is declared: a variable, an input, a captured value, a named call, and the file that is extended.

use gen_lsp_types::{Location, Uri};

use crate::cli::lsp::cursor::under;
use crate::cli::lsp::expression::{Part, notation, part};
use crate::cli::lsp::names::{Scope, pointer};
use crate::cli::lsp::open::Open;
use crate::cli::lsp::position::Lines;
use crate::cli::lsp::reading::Reading;
use crate::cli::lsp::schema::Step;
use crate::spec::schema::Kind;
use crate::yaml::{Document, Span};

/// The declaration of what is under the cursor.
pub fn definition(open: &Open, uri: &Uri, offset: usize) -> Option<Location> {
    let (reading, offset) = Reading::at(open, offset)?;
    let document = &*reading.document;
    let under = under(document, offset)?;
    under.value?;
    let scope = Scope::of(document, Kind::of(document), &under.path, open)?;
    if scope.path == [Step::Key("extends".into())] {
        return in_file(&open.lines, scope.base()?, Span::default());
    }
    let value = document.text().get(under.span.start..under.span.end)?;
    let at = offset - under.span.start;
    notation(&scope.path, value.get(..at)?).or_else(|| notation(&scope.path, value).filter(|_| at <= 1))?;
    let Part::Name { of, name, .. } = part(value, at, false) else { return None };
    let (root, member) = match of.split_once('.') {
        Some((root, rest)) => (root, rest.split('.').next()),
        None if of.is_empty() => (name, None),
        None => (of, Some(name)),
    };
    let places = |at: &str| match (pointer(root), member) {
        (Some(pointer), Some(member)) => vec![format!("{at}{pointer}/{}", member.replace('~', "~0"))],
        (Some(pointer), None) => vec![format!("{at}{pointer}")],
        // Of a call, its name; there are never many.
        (None, _) if scope.calls().iter().any(|call| call == root) => (0..64)
            .map(|index| format!("{at}/userinfo/{index}/as"))
            .chain([format!("{at}/userinfo/as")])
            .collect(),
        (None, _) if root == "userinfo" => vec![format!("{at}/userinfo"), format!("{at}/userinfo_endpoint")],
        (None, _) => vec![],
    };
    let find = |document: &Document, at: &str| {
        places(at).into_iter().find_map(|pointer| {
            let place = document.place(&pointer)?;
            let text = document.text().get(place.value.start..place.value.end)?.trim_matches(['"', '\'']);
            let is_call = pointer.ends_with("/as");
            (!is_call || text == root).then_some(if is_call {
                place.value
            } else {
                place.key.unwrap_or(place.value)
            })
        })
    };
    if let Some(span) = find(document, &scope.at) {
        return Some(Location { uri: uri.clone(), range: open.lines.range(&open.text, reading.now(span)?) });
    }
    let base = scope.base()?;
    in_file(&open.lines, base, find(base, "")?)
}

/// A place in another file, where it is one: built-in providers have no file.
fn in_file(like: &Lines, document: &Document, span: Span) -> Option<Location> {
    let uri = Uri::from_file_path(document.name()).ok()?;
    Some(Location { uri, range: like.like(document.text()).range(document.text(), span) })
}
