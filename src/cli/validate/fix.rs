//! The certain patches of a file, applied: what is outside of them stays byte for byte.

use std::path::{Path, PathBuf};

use crate::cli::validate::examine::examine_text;
use crate::cli::validate::{Examined, Input, replace};
use crate::diagnostic::{Applicability, Diagnostic, Help, Severity, Source, code};
use crate::provider::catalog::files;
use crate::yaml::{Limits, Span};

/// A fix may show the next mistake, but not for ever.
const ROUNDS: usize = 8;

/// A file, fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Which one.
    pub input: Input,
    /// What it says.
    pub before: String,
    /// What it would say.
    pub after: String,
    /// How many findings are gone for it.
    pub count: usize,
}

/// A replacement of bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edit {
    span: Span,
    replacement: String,
}

/// The files that certain patches change, in order. Nothing is written.
pub fn fix_all(inputs: &[Input], catalogs: &[PathBuf]) -> Vec<Fixed> {
    inputs.iter().filter_map(|input| fix(input, catalogs)).collect()
}

fn fix(input: &Input, catalogs: &[PathBuf]) -> Option<Fixed> {
    let contents = files::examine(&input.path, input.beneath.as_deref(), Limits::DEPLOYMENT.bytes).ok()?;
    let before = String::from_utf8(contents.bytes).ok()?;
    let (after, count) = fix_text(&input.path, &before, catalogs);
    (after != before).then(|| Fixed { input: input.clone(), before, after, count })
}

/// A text with the certain patches applied until there are none, and how many findings are gone for it.
pub(in crate::cli) fn fix_text(path: &Path, text: &str, catalogs: &[PathBuf]) -> (String, usize) {
    let mut text = text.to_owned();
    let mut count = 0;
    for _ in 0..ROUNDS {
        let found = Found::of(path, &text, catalogs);
        let Some((better, gone)) = round(path, &text, &found, catalogs) else { break };
        text = better;
        count += gone;
    }
    (text, count)
}

/// All patches at once where each of them helps, else one by one those that do.
fn round(path: &Path, text: &str, found: &Found, catalogs: &[PathBuf]) -> Option<(String, usize)> {
    let all = apply(text, &found.edits)?;
    if found.edits.is_empty() {
        return None;
    }
    let now = Found::of(path, &all, catalogs);
    // Nothing could be said about the rest of a text that is no YAML: what is found now is no new mistake.
    if now.readable && !found.readable {
        return Some((all, found.edits.len()));
    }
    if now.errors + found.sure_errors <= found.errors && now.total + found.edits.len() <= found.total {
        return Some((all, found.total - now.total));
    }
    found.edits.iter().find_map(|edit| {
        let one = apply(text, std::slice::from_ref(edit))?;
        let now = Found::of(path, &one, catalogs);
        (now.errors <= found.errors && now.total < found.total).then(|| (one, found.total - now.total))
    })
}

/// What a text has findings of.
struct Found {
    /// Whether it is YAML.
    readable: bool,
    errors: usize,
    total: usize,
    /// The certain patches that do not touch each other, in order.
    edits: Vec<Edit>,
    /// How many of them are for errors.
    sure_errors: usize,
}

impl Found {
    fn of(path: &Path, text: &str, catalogs: &[PathBuf]) -> Found {
        let Examined { mut findings, readable, .. } = examine_text(path, text.as_bytes(), catalogs);
        // Comments are not told to be of no use while there are errors: that one is gone shall not count for nothing.
        findings.retain(|finding| finding.code != code::UNUSED_ALLOW);
        let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        let name = Source::new(path.display().to_string(), "");
        let mut sure: Vec<(Edit, bool)> = findings
            .iter()
            .filter_map(|finding| Some((edit(finding, name.name())?, is_error(&finding))))
            .collect();
        sure.sort();
        let mut end = 0;
        sure.retain(|(edit, _)| {
            let apart = edit.span.start >= end && edit.span.start < edit.span.end;
            if apart {
                end = edit.span.end;
            }
            apart
        });
        Found {
            readable,
            errors: findings.iter().filter(is_error).count(),
            total: findings.len(),
            sure_errors: sure.iter().filter(|(_, error)| *error).count(),
            edits: sure.into_iter().map(|(edit, _)| edit).collect(),
        }
    }
}

/// The patch of a finding, where it is certain and of this file.
fn edit(finding: &Diagnostic, name: &str) -> Option<Edit> {
    match finding.help.as_ref()? {
        Help::Patch { source, span, replacement, applicability: Applicability::Certain, .. }
            if source.name() == name =>
        {
            Some(Edit { span: *span, replacement: replacement.clone() })
        }
        _ => None,
    }
}

fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for Edit { span, replacement } in edits {
        out.push_str(text.get(at..span.start)?);
        out.push_str(replacement);
        at = span.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Writes fixed files, each in the place of what was read; what cannot be written is told by path and reason.
pub fn write_all(fixed: Vec<Fixed>) -> (Vec<Fixed>, Vec<String>) {
    let mut problems = vec![];
    let mut written = vec![];
    for fixed in fixed {
        match replace::file(&fixed.input, fixed.before.as_bytes(), fixed.after.as_bytes()) {
            Ok(()) => written.push(fixed),
            Err(why) => {
                let name = Source::new(fixed.input.path.display().to_string(), "");
                problems.push(format!("{}: not fixed: {why}", name.name()));
            }
        }
    }
    (written, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = "id: acme\r\nname: Acme # \u{e9}\r\nauthorization_endpoint:   'http://acme.example/authorize'\r\n\
        token_enpoint: https://acme.example/token # here\r\nuserinfo_endpoint: https://acme.example/me\r\n\
        pkce: s256\r\n\r\nprofile: {sub: $.userinfo.id}\r\n";

    fn fixed(text: &str) -> (String, usize) {
        fix_text(Path::new("acme.yaml"), text, &[])
    }

    #[test]
    fn keeps_every_byte_outside_of_the_patches() {
        let expected = ACME
            .replace("http://", "https://")
            .replace("token_enpoint", "token_endpoint")
            .replace("s256", "S256");
        assert_eq!(fixed(ACME), (expected.clone(), 3));
        assert_eq!(fixed(&expected), (expected, 0));
    }

    #[test]
    fn leaves_alone_what_is_only_likely() {
        let good = fixed(ACME).0;
        for (right, wrong) in [
            // What answers at a port of its own may not speak TLS there.
            ("https://acme.example/me", "http://acme.example:8080/me"),
            // The name of the file may be what is wrong.
            ("id: acme", "id: acme-login"),
            // A doubled slash may be the provider's.
            ("https://acme.example/me", "https://acme.example//me"),
            // The other name is taken.
            ("pkce: S256", "pkce: S256\r\ntoken_enpoint: https://acme.example/t"),
            // Half an anchor may be meant.
            ("pkce: S256", "authorization: {inputs: {org: {pattern: \"^org\"}}}"),
        ] {
            let text = good.replace(right, wrong);
            assert_ne!(text, good, "{wrong}");
            assert_eq!(fixed(&text), (text, 0), "{wrong}");
        }
    }

    #[test]
    fn anchors_quotes_and_moves() {
        let good = fixed(ACME).0;
        for (right, wrong) in [
            (
                "authorization: {inputs: {org: {pattern: '^(?:org_[a-z]+)$'}}}",
                "authorization: {inputs: {org: {pattern: \"org_[a-z]+\"}}}",
            ),
            ("name: \"1\"", "name: 1"),
            ("userinfo: {params: {a: b}}", "userinfo: {query: {a: b}}"),
            (
                "vars: {realm: {pattern: '^a$'}}\r\ndocs: 'https://acme.example'",
                "vars: {realm: {pattren: '^a$'}}\r\ndocs: 'https://acme.example'",
            ),
        ] {
            let one = |line: &str| match line.starts_with("name") {
                true => good.replace("name: Acme", line),
                false => good.replace("pkce: S256", line),
            };
            assert_ne!(one(wrong), one(right));
            assert_eq!(fixed(&one(wrong)), (one(right), 1), "{wrong}");
        }
    }

    #[test]
    fn what_makes_a_file_worse_is_not_done() {
        // Anchored, the pattern is no regular expression any more.
        let text = fixed(ACME).0 + "authorization: {inputs: {org: {pattern: 'org\\$'}}}\r\n";
        assert_eq!(fixed(&text), (text, 0));
        for text in ["", "[", "a: [\u{feff}", "\u{feff}[", "id: acme\nid: acme\nnmae: x\n"] {
            assert_eq!(fixed(text), (text.to_owned(), 0), "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_taken_away_and_the_rest_fixed_then() {
        let good = fixed(ACME).0;
        assert_eq!(fixed(&format!("\u{feff}{good}")), (good.clone(), 1));
        assert_eq!(fixed(&format!("\u{feff}{ACME}")), (good, 4));
        // Mistakes that nobody is sure about are seen only without it.
        assert_eq!(fixed("\u{feff}nmae: Acme\n"), ("name: Acme\n".into(), 2));
    }
}
