//! Quick fixes: the patches of findings, all of those that are certain in one go, and a comment that allows a warning.
//!
//! A patch is preferred where `validate --fix` would apply it and the text with it has no other findings.

use std::collections::{BTreeMap, HashMap};

use gen_lsp_types::{CodeAction, CodeActionKind, CodeActionParams, Range, TextEdit, Uri, WorkspaceEdit};

use crate::cli::lsp::findings::Page;
use crate::cli::lsp::open::Open;
use crate::cli::validate;
use crate::diagnostic::{Applicability, Code, Diagnostic, Help, Severity};
use crate::yaml::{Limits, Span};

/// More patches are not tried out while somebody waits.
const MAX_TRIED: usize = 32;

/// The changes that can be made to a range of a text.
pub fn actions(open: &Open, params: &CodeActionParams) -> Vec<CodeAction> {
    let page = open.page(&params.text_document.uri);
    let findings = open.findings();
    let asked = |kind: &CodeActionKind| is_asked(params.context.only.as_deref(), kind);
    let patches: Vec<Patch> = findings.iter().filter_map(|finding| Patch::of(&page, finding)).collect();
    let mut actions = vec![];
    if asked(&CodeActionKind::QuickFix) {
        let here = |patch: &&Patch| touches(page.show(patch.finding).range, params.range);
        let here = patches.iter().filter(here).take(MAX_TRIED);
        actions.extend(here.map(|patch| patch.action(&page, is_certain(open, &findings, patch))));
        let here = findings.iter().filter(|finding| finding.severity == Severity::Warning);
        let here = here.filter(|finding| touches(page.show(finding).range, params.range)).take(MAX_TRIED);
        actions.extend(here.filter_map(|finding| allow(open, &page, &findings, finding)));
    }
    if asked(&CodeActionKind::SourceFixAll)
        && let Some(all) = fix_all(open, &page)
    {
        actions.push(CodeAction {
            title: "Fix everything that has a certain fix".into(),
            kind: Some(CodeActionKind::SourceFixAll),
            edit: Some(edit(page.uri, vec![all])),
            ..CodeAction::default()
        });
    }
    actions
}

/// What a finding proposes to write where.
struct Patch<'a> {
    finding: &'a Diagnostic,
    why: &'a str,
    span: Span,
    replacement: &'a str,
    sure: bool,
}

impl<'a> Patch<'a> {
    fn of(page: &Page<'_>, finding: &'a Diagnostic) -> Option<Patch<'a>> {
        match &finding.help {
            Some(Help::Patch { text, source, span, replacement, applicability })
                if page.is(source) && page.text.get(span.start..span.end).is_some() =>
            {
                let sure = *applicability == Applicability::Certain;
                Some(Patch { finding, why: text, span: *span, replacement, sure })
            }
            _ => None,
        }
    }

    fn edit(&self, page: &Page<'_>) -> TextEdit {
        TextEdit { range: page.lines.range(page.text, self.span), new_text: self.replacement.to_owned() }
    }

    fn action(&self, page: &Page<'_>, certain: bool) -> CodeAction {
        let written = page.text.get(self.span.start..self.span.end).unwrap_or_default();
        let title = match (written, self.replacement.trim()) {
            (written, "") => format!("Remove `{}`", one_line(written)),
            ("", new) => format!("Insert `{}`", one_line(new)),
            (_, new) => format!("Replace by `{}`", one_line(new)),
        };
        CodeAction {
            title: format!("{title}: {}", self.why),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: Some(vec![page.show(self.finding)]),
            is_preferred: certain.then_some(true),
            edit: Some(edit(page.uri, vec![self.edit(page)])),
            ..CodeAction::default()
        }
    }
}

fn edit(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(HashMap::from([(uri.clone(), edits)])), ..WorkspaceEdit::default() }
}

/// A comment above the line of a warning, where it takes that warning away and nothing else changes.
fn allow(open: &Open, page: &Page<'_>, findings: &[Diagnostic], finding: &Diagnostic) -> Option<CodeAction> {
    let label = finding.primary();
    if !page.is(&label.source) {
        return None;
    }
    let line = page.lines.span(page.text, page.lines.line(label.span.start));
    let written = page.text.get(line.start..line.end)?;
    let indent = &written[..written.len() - written.trim_start().len()];
    let end = if page.text.contains("\r\n") { "\r\n" } else { "\n" };
    let comment = format!("{indent}# authcfg: allow({}) TODO: say why{end}", finding.code.as_str());
    let span = Span { start: line.start, end: line.start };
    improves(open, findings, span, &comment).then(|| CodeAction {
        title: format!("Allow `{}` here, with a comment", finding.code.as_str()),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![page.show(finding)]),
        edit: Some(edit(
            page.uri,
            vec![TextEdit { range: page.lines.range(page.text, span), new_text: comment }],
        )),
        ..CodeAction::default()
    })
}

/// Whether a patch is sure, and makes the text better.
fn is_certain(open: &Open, before: &[Diagnostic], patch: &Patch<'_>) -> bool {
    patch.sure && improves(open, before, patch.span, patch.replacement)
}

/// Whether the text with a change has fewer findings, and none that it did not have.
fn improves(open: &Open, before: &[Diagnostic], span: Span, replacement: &str) -> bool {
    if open.text.len() > Limits::PROVIDER.bytes {
        return false;
    }
    let mut text = open.text.to_string();
    text.replace_range(span.start..span.end, replacement);
    let after = open.examine(&text).findings;
    let mut counts: BTreeMap<(Code, &str), isize> = BTreeMap::new();
    before.iter().for_each(|finding| *counts.entry((finding.code, &finding.title)).or_default() += 1);
    after.iter().for_each(|finding| *counts.entry((finding.code, &finding.title)).or_default() -= 1);
    after.len() < before.len() && counts.values().all(|left| *left >= 0)
}

/// What `validate --fix` would make of the text, as one edit of the part that differs.
fn fix_all(open: &Open, page: &Page<'_>) -> Option<TextEdit> {
    if page.text.len() > Limits::PROVIDER.bytes {
        return None;
    }
    let (fixed, _) = validate::fix_text(&open.path, page.text, &[]);
    let same = |(a, b): &(char, char)| a == b;
    let length = |(c, _): (char, char)| c.len_utf8();
    let start: usize = page.text.chars().zip(fixed.chars()).take_while(same).map(length).sum();
    let (old, new) = (&page.text[start..], &fixed[start..]);
    if old.is_empty() && new.is_empty() {
        return None;
    }
    let end: usize = old.chars().rev().zip(new.chars().rev()).take_while(same).map(length).sum();
    let span = Span { start, end: page.text.len() - end };
    Some(TextEdit { range: page.lines.range(page.text, span), new_text: new[..new.len() - end].to_owned() })
}

/// Whether the editor asked for a kind: by its name, the beginning of it, or by asking for everything.
fn is_asked(only: Option<&[CodeActionKind]>, kind: &CodeActionKind) -> bool {
    let name = |kind: &CodeActionKind| serde_json::to_value(kind).ok()?.as_str().map(str::to_owned);
    let Some(wanted) = name(kind) else { return false };
    only.is_none_or(|only| {
        only.iter().filter_map(name).any(|asked| {
            let rest = wanted.strip_prefix(asked.as_str());
            rest.is_some_and(|rest| asked.is_empty() || rest.is_empty() || rest.starts_with('.'))
        })
    })
}

fn touches(a: Range, b: Range) -> bool {
    a.start <= b.end && b.start <= a.end
}

fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}
