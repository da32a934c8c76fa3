//! Warnings that a comment allows: `# authcfg: allow(CODE) REASON`, at the end of their line or above it.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostic, Help, Label, Severity, Source, code, nearest, sureness};
use crate::yaml::{Document, Limits, Node, NodeValue, Span};

const MARK: &str = "authcfg:";
/// More comments that allow nothing are not told.
const MAX_TOLD: usize = 100;

/// A comment that allows warnings.
struct Allow {
    /// The comment.
    span: Span,
    /// The line whose warnings it allows, from 0.
    line: usize,
    /// The codes as they are written, each with its place.
    codes: Vec<(Span, String)>,
    /// Whether it says why.
    reason: bool,
}

/// The findings without the warnings that comments allow, and with a warning for each comment that allows nothing. `online` is
/// whether the network was asked.
pub fn apply(document: &Document, online: bool, findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if !document.text().contains(MARK) {
        return findings;
    }
    let source = Source::of(document);
    let text: &str = document.text();
    let allows = allows(document);
    let mut by_line: HashMap<usize, Vec<&Allow>> = HashMap::new();
    for allow in allows.iter().filter(|allow| allow.reason) {
        by_line.entry(allow.line).or_default().push(allow);
    }
    let errors = findings.iter().any(|finding| finding.severity == Severity::Error);
    let unanswered = [code::UNANSWERED_LOOKUP, code::UNUSABLE_DISCOVERY];
    let compared = online && !findings.iter().any(|finding| unanswered.contains(&finding.code));
    let mut used = HashSet::new();
    let mut kept: Vec<Diagnostic> = findings
        .into_iter()
        .filter(|finding| {
            let label = finding.primary();
            let here = by_line.get(&line_of(text, label.span.start));
            let named = here.into_iter().flatten().flat_map(|allow| &allow.codes);
            let places: Vec<Span> =
                named.filter(|(_, code)| code == finding.code.as_str()).map(|(span, _)| *span).collect();
            let allowed = finding.severity == Severity::Warning
                && label.source.name() == source.name()
                && !places.is_empty();
            if allowed {
                used.extend(places.iter().map(|span| span.start));
            }
            !allowed
        })
        .collect();
    let end = kept.len() + MAX_TOLD;
    for allow in &allows {
        if kept.len() >= end {
            break;
        }
        if allow.codes.is_empty() || !allow.reason {
            let title = match allow.codes.is_empty() {
                true => "a comment that cannot be read",
                false => "an allow without a reason",
            };
            let help = Help::Note("write `# authcfg: allow(CODE) REASON`".into());
            kept.push(warning(&source, allow.span, title.into(), "allows nothing", Some(help)));
            continue;
        }
        let left = allow.codes.iter().filter(|(span, _)| !used.contains(&span.start));
        let known = |code: Code| !errors && (compared || !code.is_online());
        let told = left.filter_map(|(span, name)| unused(&source, *span, name, known));
        kept.extend(told.take(end - kept.len()));
    }
    kept.truncate(end);
    kept
}

/// Adds what files get wrong together to what is wrong in each, without the warnings that a comment at their place allows.
pub fn add_across(findings: &mut Vec<Diagnostic>, across: Vec<Diagnostic>) {
    for finding in across {
        match allowed_at(&finding) {
            None => findings.push(finding),
            // Its file alone could not know what the comment is for.
            Some(place) => findings.retain(|other| {
                let label = other.primary();
                other.code != code::UNUSED_ALLOW
                    || label.span != place
                    || label.source.name() != finding.primary().source.name()
            }),
        }
    }
}

/// The code in a comment that allows a warning.
fn allowed_at(finding: &Diagnostic) -> Option<Span> {
    let Label { source, span, .. } = finding.primary();
    if finding.severity != Severity::Warning || !source.text().contains(MARK) {
        return None;
    }
    let document = Document::parse(source.name(), source.text().as_bytes(), Limits::PROVIDER).ok()?;
    let line = line_of(source.text(), span.start);
    let allows = allows(&document);
    let here = allows.iter().filter(|allow| allow.reason && allow.line == line);
    let place = here.flat_map(|allow| &allow.codes).find(|(_, code)| code == finding.code.as_str());
    place.map(|(span, _)| *span)
}

/// What is wrong with a code that allowed nothing. While there are errors, or the network was not asked, not all warnings are
/// known.
fn unused(source: &Source, span: Span, name: &str, known: impl Fn(Code) -> bool) -> Option<Diagnostic> {
    let names = || Code::all().iter().map(|code| code.as_str());
    match Code::all().iter().find(|code| code.as_str() == name) {
        None => {
            let patch = |near: &str| Help::Patch {
                text: "a code with a similar name exists".into(),
                source: source.clone(),
                span,
                replacement: near.to_owned(),
                applicability: sureness(name, names()),
            };
            let list = || Help::Note("`authcfg explain` lists the codes".into());
            let help = Some(nearest(name, names()).map_or_else(list, patch));
            Some(warning(source, span, format!("there is no code `{name}`"), "allows nothing", help))
        }
        Some(code) if !code.may_warn() => {
            let label = "only warnings can be allowed";
            Some(warning(source, span, format!("`{name}` is an error"), label, None))
        }
        Some(code) if !known(*code) => None,
        Some(_) => {
            let title = format!("there is no `{name}` to allow");
            let help = Help::Note("take the comment away".into());
            Some(warning(source, span, title, "not found on the line it is for", Some(help)))
        }
    }
}

fn warning(source: &Source, span: Span, title: String, label: &str, help: Option<Help>) -> Diagnostic {
    Diagnostic {
        code: code::UNUSED_ALLOW,
        severity: Severity::Warning,
        title,
        labels: vec![Label { source: source.clone(), span, text: label.into(), primary: true }],
        notes: vec![],
        help,
    }
}

/// The comments of a document that are for this program.
fn allows(document: &Document) -> Vec<Allow> {
    let mut scalars = vec![];
    collect(document.root(), &mut scalars);
    let is_text = |at: usize| {
        let after = scalars.partition_point(|span: &Span| span.start <= at);
        after.checked_sub(1).is_some_and(|before| at < scalars[before].end)
    };
    let mut start = 0;
    let lines: Vec<(usize, &str)> = document
        .text()
        .split_inclusive('\n')
        .map(|line| {
            let at = start;
            start += line.len();
            (at, line.trim_end_matches(['\n', '\r']))
        })
        .collect();
    let bare = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    let mut allows = vec![];
    let mut next = lines.len();
    for (number, (start, line)) in lines.iter().enumerate().rev() {
        if !bare(line) {
            next = number;
        }
        let comment = line
            .match_indices('#')
            .map(|(at, _)| at)
            .find(|at| (*at == 0 || line[..*at].ends_with([' ', '\t'])) && !is_text(start + at));
        let Some(at) = comment else { continue };
        let Some(rest) = line[at..].trim_start_matches(['#', ' ', '\t']).strip_prefix(MARK) else { continue };
        let span = Span { start: start + at, end: start + line.len() };
        allows.push(read(span, next, rest, span.end - rest.len()));
    }
    allows.reverse();
    allows
}

/// Reads what follows the mark; `at` is where that begins.
fn read(span: Span, line: usize, rest: &str, at: usize) -> Allow {
    let mut allow = Allow { span, line, codes: vec![], reason: false };
    let begin = rest.len() - rest.trim_start().len();
    let Some(inner) = rest[begin..].strip_prefix("allow(") else { return allow };
    let Some((codes, reason)) = inner.split_once(')') else { return allow };
    let mut at = at + begin + "allow(".len();
    for code in codes.split(',') {
        let start = at + code.len() - code.trim_start().len();
        let name = code.trim();
        if !name.is_empty() {
            allow.codes.push((Span { start, end: start + name.len() }, name.to_owned()));
        }
        at += code.len() + 1;
    }
    allow.reason = !reason.trim().is_empty();
    allow
}

/// The places of keys and values that are written out: a `#` in them begins no comment.
fn collect(node: &Node, spans: &mut Vec<Span>) {
    match &node.value {
        NodeValue::Mapping(entries) => {
            for (key, value) in entries {
                spans.push(key.span);
                collect(value, spans);
            }
        }
        NodeValue::Sequence(items) => items.iter().for_each(|item| collect(item, spans)),
        _ => spans.push(node.span),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, Vec<String>, bool)> {
        let document = Document::parse("a", text.as_bytes(), Limits::PROVIDER).unwrap();
        let allows = allows(&document).into_iter();
        let codes = |allow: &Allow| {
            let written = |(span, name): &(Span, String)| {
                assert_eq!(&text[span.start..span.end], name);
                name.clone()
            };
            allow.codes.iter().map(written).collect()
        };
        allows.map(|allow| (allow.line, codes(&allow), allow.reason)).collect()
    }

    #[test]
    fn a_comment_is_for_its_line_or_for_the_one_below() {
        let text = "# authcfg: allow(x) why\r\n\r\n# else\r\na: 1\r\nb: 2 #authcfg:allow( y , z )\r\n";
        let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(text), [(3, words(&["x"]), true), (4, words(&["y", "z"]), false)]);
        assert_eq!(lines("a: 1 # authcfg: alow(x)\n"), [(0, vec![], false)]);
        assert_eq!(lines("a: 1 # authcfg: allow(x why\n"), [(0, vec![], false)]);
    }

    #[test]
    fn text_is_no_comment() {
        for text in [
            "a: 'b # authcfg: allow(x) y'\n",
            "a: |\n  # authcfg: allow(x) y\n  z\n",
            "a: b#authcfg:c\n",
            "'a # authcfg: b': 1\n",
        ] {
            assert!(lines(text).is_empty(), "{text}");
        }
    }
}
