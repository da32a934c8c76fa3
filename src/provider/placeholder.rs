//! Placeholders of other notations: `{tenant}`, `${tenant}`, `<tenant>`, `:tenant`. Nothing fills them in.

use std::ops::Range;

/// A placeholder that is not one of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    /// Where it stands.
    pub range: Range<usize>,
    /// What should stand there.
    pub name: String,
    /// Whether it might be meant as it is written.
    pub doubtful: bool,
}

/// Where one stands, and whether it might be meant as it is written.
type Found = Option<(Range<usize>, bool)>;

/// The placeholders in the address `source`, outside of the tags of a template.
pub(super) fn in_address(source: &str) -> Option<Placeholder> {
    let literals = literals(source);
    let first = |find: fn(&str) -> Found| {
        literals.iter().find_map(|literal| {
            let (range, doubtful) = find(&source[literal.clone()])?;
            let range = literal.start + range.start..literal.start + range.end;
            let name = name(&source[range.clone()]).to_owned();
            Some(Placeholder { range, name, doubtful })
        })
    };
    first(braces)
        .or_else(|| first(encoded))
        .or_else(|| first(angles))
        .or_else(|| first(colon))
        .or_else(|| first(yours))
}

/// The placeholders in a text, outside of the tags of a template: names in one pair of braces.
pub(super) fn in_text(source: &str) -> Vec<Placeholder> {
    let mut found = vec![];
    for literal in literals(source) {
        let mut at = literal.start;
        while let Some((range, _)) = braces(&source[at..literal.end]) {
            let range = at + range.start..at + range.end;
            let name = name(&source[range.clone()]);
            if is_dotted(name) {
                found.push(Placeholder { range: range.clone(), name: name.to_owned(), doubtful: false });
            }
            at = range.end;
        }
    }
    found
}

/// Whether a text is names with dots between them.
pub(super) fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// The text outside of `{{ … }}`, `{% … %}` and `{# … #}`.
fn literals(source: &str) -> Vec<Range<usize>> {
    let mut literals = vec![];
    let mut at = 0;
    let mut from = 0;
    while let Some(start) = source[from..].find('{').map(|found| from + found) {
        let close = match source.as_bytes().get(start + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => {
                from = start + 1;
                continue;
            }
        };
        literals.push(at..start);
        at = source[start..].find(close).map_or(source.len(), |end| start + end + close.len());
        from = at;
    }
    literals.push(at..source.len());
    literals
}

/// What stands between the marks of a placeholder.
fn name(text: &str) -> &str {
    let text = text.strip_prefix("%7B").or(text.strip_prefix("%7b")).unwrap_or(text);
    let text = text.strip_suffix("%7D").or(text.strip_suffix("%7d")).unwrap_or(text);
    text.trim_start_matches(['$', '{', '<', ':']).trim_end_matches(['}', '>']).trim()
}

fn braces(text: &str) -> Found {
    let open = text.find('{')?;
    let start = if text[..open].ends_with('$') { open - 1 } else { open };
    Some((start..text[open..].find('}').map_or(text.len(), |end| open + end + 1), false))
}

fn encoded(text: &str) -> Found {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("%7b")?;
    Some((start..start + lower[start..].find("%7d")? + 3, false))
}

fn angles(text: &str) -> Found {
    let start = text.find('<')?;
    Some((start..start + text[start..].find('>')? + 1, false))
}

/// A segment of a path that begins with a colon.
fn colon(text: &str) -> Found {
    let start = text.find("/:")? + 1;
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |end| start + end);
    is_dotted(&text[start + 1..end]).then_some((start..end, true))
}

/// `your-domain` in the place of a host's label, `YOUR_TENANT` in that of a segment.
fn yours(text: &str) -> Found {
    const THEIRS: [&str; 8] =
        ["company", "domain", "instance", "org", "realm", "site", "subdomain", "tenant"];
    let mut at = 0;
    for part in text.split_inclusive(['/', '.', '?', '&', '=']) {
        let word = part.trim_end_matches(['/', '.', '?', '&', '=']);
        let lower = word.to_ascii_lowercase();
        let rest = lower.strip_prefix("your").map(|rest| rest.trim_start_matches(['-', '_']));
        if rest.is_some_and(|rest| THEIRS.contains(&rest)) {
            return Some((at..at + word.len(), true));
        }
        at += part.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_nothing_fills_in() {
        for (source, marked, name) in [
            ("https://acme.example/{tenant}/x", "{tenant}", "tenant"),
            ("https://acme.example/${tenant}/x", "${tenant}", "tenant"),
            ("https://{{ vars.host }}/{tenant}", "{tenant}", "tenant"),
            ("https://acme.example/%7Btenant%7D/x", "%7Btenant%7D", "tenant"),
            ("https://acme.example/<tenant>/x", "<tenant>", "tenant"),
            ("https://acme.example/:tenant/x", ":tenant", "tenant"),
            ("https://your-domain.acme.example/x", "your-domain", "your-domain"),
            ("https://acme.example/YOUR_TENANT/x", "YOUR_TENANT", "YOUR_TENANT"),
        ] {
            let found = in_address(source).expect(source);
            assert_eq!((&source[found.range], &*found.name), (marked, name));
        }
        for source in [
            "https://acme.example/{{ vars.tenant }}/x",
            "https://acme.example:8443/x",
            "https://acme.example/v1/me:read",
            "https://acme.example/your-account",
            "{% if vars.a %}https://a.example{% else %}https://b.example{% endif %}",
        ] {
            assert_eq!(in_address(source), None, "{source}");
        }
    }

    #[test]
    fn a_name_in_a_text_is_one_of_letters_and_dots() {
        let names = |text| in_text(text).into_iter().map(|found| found.name).collect::<Vec<_>>();
        assert_eq!(names("{a.b} ${c} {{ d }}"), ["a.b", "c"]);
        assert_eq!(names("{\"id_token\": {\"email\": null}} {id,name}"), Vec::<String>::new());
    }
}
