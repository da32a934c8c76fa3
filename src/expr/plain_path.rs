//! The short way to a path that names members and items, as nearly all do.

use jsonpath_rust::parser::model::{Segment, Selector};

/// The segments of a path of members and items, `$.userinfo.photos[0].url`: nearly all are of this form, and the general
/// parser takes a hundred times as long for them. `None` for every other text.
pub(crate) fn segments(source: &str) -> Option<Vec<Segment>> {
    let mut rest = source.strip_prefix('$').filter(|rest| !rest.is_empty())?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (selector, after) = if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            (Selector::Name(is_shorthand(&name[..end]).then(|| name[..end].to_owned())?), &name[end..])
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            (item(inner)?, after)
        };
        segments.push(Segment::Selector(selector));
        rest = after;
    }
    Some(segments)
}

/// What RFC 9535 §2.5.1 writes behind a dot, in ASCII.
fn is_shorthand(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What stands in brackets: any item, one by its number, a member by a name that has nothing to escape.
fn item(inner: &str) -> Option<Selector> {
    if inner == "*" {
        return Some(Selector::Wildcard);
    }
    let digits = inner.strip_prefix('-').unwrap_or(inner);
    if !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let written = if digits.starts_with('0') { inner == "0" } else { true };
        return written.then(|| inner.parse().ok().map(Selector::Index))?;
    }
    let name = inner.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\'' | b'"' | b'\\' | b'[');
    (!name.is_empty() && name.bytes().all(plain)).then(|| Selector::Name(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use jsonpath_rust::parser::parse_json_path;

    use super::*;

    #[test]
    fn reads_a_path_as_the_parser_does_or_leaves_it() {
        for source in [
            "$.a",
            "$.userinfo.id",
            "$._a.B9_.c",
            "$.a.b.c.d.e",
            "$.true.null",
            "$.a[0]",
            "$.a[-1].b",
            "$[0][1][*].c[*]",
            "$.a['https://acme.example/id']",
            "$['a b']['c,d']['$']",
            "$['*']['0']['?']",
        ] {
            let parsed = parse_json_path(source).expect(source);
            assert_eq!(segments(source), Some(parsed.segments), "{source}");
        }
        for source in [
            "$",
            "$.",
            "$.a.",
            "$..a",
            "$.a..b",
            "$.9",
            "$.a-b",
            "$.a b",
            "$.\u{fc}",
            "a.b",
            "$.*",
            "$.a[00]",
            "$.a[-0]",
            "$.a[1:]",
            "$.a[0,1]",
            "$.a[ 0]",
            "$.a[]",
            "$.a[\"b\"]",
            "$['']",
            "$['a\\'b']",
            "$['a]b']",
            "$['a'",
            "$a",
            "$.a[0]b",
            "$.a[?@.b]",
            "$.a[12345678901]",
            "$.a.['b']",
            "$.a[+1]",
        ] {
            assert_eq!(segments(source), None, "{source}");
        }
    }
}
