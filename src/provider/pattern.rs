//! Patterns that accept more than they seem to: an anchor that holds for one alternative only, a dot that is any character.

use crate::diagnostic::code;
use crate::provider::finding::Finding;

/// What is loose about an anchored pattern, and what it was meant to say.
pub(super) fn loose(at: &str, pattern: &str) -> Option<(Finding, String)> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let characters = characters(inner);
    let alternatives: Vec<&str> = {
        let mut start = 0;
        let mut parts = vec![];
        for (index, _) in
            characters.iter().filter(|(index, depth)| *depth == 0 && inner[*index..].starts_with('|'))
        {
            parts.push(&inner[start..*index]);
            start = index + 1;
        }
        parts.push(&inner[start..]);
        parts
    };
    let last = alternatives.len() - 1;
    let anchored = |(index, part): (usize, &&str)| {
        (index == 0 || part.starts_with('^')) && (index == last || part.ends_with('$'))
    };
    if !alternatives.iter().enumerate().all(anchored) {
        let finding =
            Finding::error(code::UNANCHORED_PATTERN, at, "an anchor holds for one alternative only")
                .label(
                    "`^` belongs to the first one, `$` to the last: each accepts anything on its other side",
                )
                .note("an alternative binds less than anything else in a regular expression");
        return Some((finding, format!("^(?:{inner})$")));
    }
    let dots: Vec<usize> =
        characters.iter().map(|(index, _)| *index).filter(|index| is_of_a_host(inner, *index)).collect();
    let first = *dots.first()?;
    let mut meant = inner.to_owned();
    dots.iter().rev().for_each(|dot| meant.insert(*dot, '\\'));
    let finding = Finding::warning(code::UNESCAPED_DOT, at, "a dot that stands for any character")
        .label(format!("`{}` accepts a letter in its place", &inner[first..]))
        .note("whoever owns a host name with another letter there passes");
    Some((finding, format!("^{meant}$")))
}

/// The characters outside of classes and escapes, each with the depth of the groups around it.
fn characters(pattern: &str) -> Vec<(usize, usize)> {
    let mut found = vec![];
    let (mut depth, mut class, mut escaped) = (0usize, false, false);
    for (index, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => found.push((index, depth)),
        }
    }
    found
}

/// Whether a dot is one between the labels of a host name: two letters or more behind it, up to the next dot or the end.
fn is_of_a_host(pattern: &str, at: usize) -> bool {
    let Some(rest) = pattern[at..].strip_prefix('.') else { return false };
    let label = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    let after = &rest[label..];
    label >= 2 && (after.is_empty() || after.starts_with(['.', ')', '|', '/']) || after.starts_with("\\."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(pattern: &str) -> Option<String> {
        loose("", pattern).map(|(_, meant)| meant)
    }

    #[test]
    fn an_anchor_holds_for_all_alternatives() {
        assert_eq!(meant("^a|b$").as_deref(), Some("^(?:a|b)$"));
        for right in ["^(a|b)$", "^(?:a|b)$", "^[a|b]$", "^a\\|b$", "^a$|^b$", "^a$"] {
            assert_eq!(meant(right), None, "{right}");
        }
    }

    #[test]
    fn a_dot_of_a_host_is_a_dot() {
        assert_eq!(meant("^[a-z]+.acme.example$").as_deref(), Some("^[a-z]+\\.acme\\.example$"));
        assert_eq!(meant("^acme.(com|org)$"), None, "not known to be a host");
        for right in ["^[a-z]+\\.acme\\.example$", "^.+$", "^.*@x$", "^[a-z.]+$", "^a.{2}$"] {
            assert_eq!(meant(right), None, "{right}");
        }
    }
}
