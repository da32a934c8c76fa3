//! Templates, conditions and paths: what of them is under the cursor.

use crate::cli::lsp::schema::Step;
use crate::yaml::Span;

/// Keys whose value is an expression without braces.
const CONDITIONS: [&str; 3] = ["ok", "verify", "when"];

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// An expression: a condition, or the inside of `{{ … }}` and `{% … %}`.
    Expression,
    /// `$.…`
    Path,
}

/// What is under the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The name of a filter, behind `|`.
    Filter(&'a str),
    /// A name of the context: what is before its last dot, and the rest.
    Name {
        /// `vars` of `vars.tenant`; empty for a root.
        of: &'a str,
        /// `tenant` of `vars.tenant`.
        name: &'a str,
        /// Where `name` stands in the value.
        span: Span,
    },
    /// The name of a test, behind `is`.
    Test(&'a str),
}

/// The notation in which the value at a path goes on behind `before`; `None` for plain text.
pub fn notation(path: &[Step], before: &str) -> Option<Notation> {
    let last = |opens: [&str; 2]| opens.iter().filter_map(|open| before.rfind(open)).max();
    let opened = last(["{{", "{%"]);
    if opened.is_some() && opened > last(["}}", "%}"]) {
        return Some(Notation::Expression);
    }
    let key = path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Member => None,
    });
    if key.is_some_and(|key| CONDITIONS.contains(&key))
        && !path.iter().any(|step| *step == Step::Key("tests".into()))
    {
        return Some(Notation::Expression);
    }
    before.trim_start_matches(['"', '\'']).starts_with('$').then_some(Notation::Path)
}

/// What stands around a byte of a value. With `typing`, what is behind the byte does not count.
pub fn part(value: &str, at: usize, typing: bool) -> Part<'_> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let chain = |c: char| word(c) || c == '.';
    let at = at.min(value.len());
    let start = value[..at].rfind(|c| !chain(c)).map_or(0, |found| found + width(value, found));
    let after = value[at..].find(|c| !word(c)).map_or(value.len(), |end| at + end);
    let end = if typing { at } else { after };
    let whole = value[start..end].trim_start_matches('.');
    let before = value[..start].trim_end();
    if before.ends_with('|') {
        return Part::Filter(whole);
    }
    let keyword = before.strip_suffix("not").map_or(before, str::trim_end);
    if keyword.ends_with(" is") && !whole.contains('.') && before.len() < start {
        return Part::Test(whole);
    }
    let (of, name) = whole.rsplit_once('.').unwrap_or(("", whole));
    Part::Name { of, name, span: Span { start: end - name.len(), end } }
}

fn width(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(marked: &str, typing: bool) -> Part<'static> {
        let at = marked.find('¦').unwrap();
        part(Box::leak(marked.replacen('¦', "", 1).into_boxed_str()), at, typing)
    }

    fn name(of: &'static str, name: &'static str, start: usize) -> Part<'static> {
        Part::Name { of, name, span: Span { start, end: start + name.len() } }
    }

    #[test]
    fn takes_the_chain_of_names_apart() {
        assert_eq!(here("{{ vars.te¦nant }}", false), name("vars", "tenant", 8));
        assert_eq!(here("{{ vars.te¦nant }}", true), name("vars", "te", 8));
        assert_eq!(here("{{ va¦rs.tenant }}", false), name("", "vars", 3));
        assert_eq!(here("$.userinfo.¦", true), name("userinfo", "", 11));
        assert_eq!(here("$.¦", true), name("", "", 2));
        assert_eq!(here("{{ a.b.c¦ }}", true), name("a.b", "c", 7));
        assert_eq!(here("é{{ ¦", true), name("", "", 5));
        assert_eq!(here("{{ vars.a | b64¦url }}", false), Part::Filter("b64url"));
        assert_eq!(here("{{ vars.a |¦", true), Part::Filter(""));
        assert_eq!(here("a is not def¦", true), Part::Test("def"));
        assert_eq!(here("this¦", true), name("", "this", 0));
    }

    #[test]
    fn knows_the_notation_by_braces_key_and_dollar() {
        let path = |key: &str| vec![Step::Key("token".into()), Step::Key(key.into())];
        assert_eq!(notation(&path("params"), "a {{ x"), Some(Notation::Expression));
        assert_eq!(notation(&path("params"), "a {{ x }} b"), None);
        assert_eq!(notation(&path("params"), "{{ x }} {% if "), Some(Notation::Expression));
        assert_eq!(notation(&path("ok"), "body."), Some(Notation::Expression));
        assert_eq!(notation(&path("error"), "'$.bo"), Some(Notation::Path));
        assert_eq!(notation(&path("error"), "plain"), None);
        assert_eq!(notation(&[Step::Key("tests".into()), Step::Member, Step::Key("ok".into())], "x"), None);
    }
}
