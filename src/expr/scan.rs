//! A first look at a template or condition, before minijinja's recursive parser sees it: how long, how deep, and
//! whether everything it names exists. What the parser gets from here it parses within a 2 MiB stack.

use std::ops::Range;

use crate::expr::ExprError;
use crate::expr::filters;
use crate::expr::tokens::{Piece, Syntax, Token, TokenKind, pieces};

/// Bytes of a template or condition.
const MAX_SOURCE: usize = 1024;
/// Open brackets at one point of a tag.
const MAX_NESTING: usize = 12;
/// Words, literals and operators of one tag; each can deepen the syntax tree by one.
const MAX_TOKENS: usize = 96;
/// Statements: each `elif` nests in the one before.
const MAX_STATEMENTS: usize = 24;

const STATEMENTS: [&str; 5] = ["if", "elif", "else", "endif", "set"];
const WORDS: [&str; 13] =
    ["and", "or", "not", "in", "is", "if", "elif", "else", "endif", "set", "true", "false", "none"];

/// The pieces of a source that passed every check.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub pieces: Vec<Piece>,
}

impl Scan {
    pub(crate) fn new(source: &str, syntax: Syntax) -> Result<Scan, ExprError> {
        if source.len() > MAX_SOURCE {
            return Err(ExprError::new(format!(
                "a template may have {MAX_SOURCE} bytes, this one has {}",
                source.len()
            )));
        }
        let pieces = pieces(source, syntax)?;
        let mut statements = 0;
        for piece in &pieces {
            match piece {
                Piece::Literal(_) => {}
                Piece::Print(tokens) => check_tokens(source, tokens)?,
                Piece::Statement(tokens) => {
                    statements += 1;
                    check_statement(source, tokens)?;
                    if statements > MAX_STATEMENTS {
                        return Err(ExprError::at(
                            format!("more than {MAX_STATEMENTS} statements in one template"),
                            place(tokens),
                        ));
                    }
                    check_tokens(source, tokens)?;
                }
            }
        }
        Ok(Scan { pieces })
    }

    /// Where a dotted name first stands.
    pub(crate) fn range_of(&self, source: &str, name: &str) -> Option<Range<usize>> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Print(tokens) | Piece::Statement(tokens) => {
                names(source, tokens).into_iter().find(|(found, _)| found == name).map(|(_, range)| range)
            }
        })
    }
}

/// The dotted names a tag mentions, with their places; every filter, test and keyword is left out.
pub(crate) fn names(source: &str, tokens: &[Token]) -> Vec<(String, Range<usize>)> {
    let text = |token: &Token| &source[token.range.clone()];
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before)).map(text);
        index += 1;
        let role = role(source, tokens, index - 1);
        if token.kind != TokenKind::Word
            || before == Some(".")
            || role != Role::Name
            || WORDS.contains(&text(token))
        {
            continue;
        }
        let (mut name, mut range) = (text(token).to_owned(), token.range.clone());
        while let (Some(dot), Some(member)) = (tokens.get(index), tokens.get(index + 1)) {
            if text(dot) != "." || member.kind != TokenKind::Word {
                break;
            }
            name = format!("{name}.{}", text(member));
            range.end = member.range.end;
            index += 2;
        }
        found.push((name, range));
    }
    found
}

#[derive(PartialEq, Eq)]
enum Role {
    Filter,
    Name,
    Test,
}

fn role(source: &str, tokens: &[Token], index: usize) -> Role {
    let word = |back: usize| {
        index.checked_sub(back).and_then(|at| tokens.get(at)).map(|token| &source[token.range.clone()])
    };
    match word(1) {
        Some("|") => Role::Filter,
        Some("is") if word(2) != Some(".") => Role::Test,
        Some("not") if word(2) == Some("is") && word(3) != Some(".") => Role::Test,
        _ => Role::Name,
    }
}

fn check_statement(source: &str, tokens: &[Token]) -> Result<(), ExprError> {
    let name = tokens.first().map(|token| &source[token.range.clone()]).unwrap_or_default();
    if !STATEMENTS.contains(&name) {
        return Err(ExprError::at(
            format!("templates have no statement `{name}`: only if, elif, else, endif and set"),
            place(tokens),
        ));
    }
    if name == "set" && !tokens.iter().any(|token| &source[token.range.clone()] == "=") {
        return Err(ExprError::at("write `{% set name = value %}`", place(tokens)));
    }
    if name == "set" { check_set(source, tokens) } else { Ok(()) }
}

fn check_tokens(source: &str, tokens: &[Token]) -> Result<(), ExprError> {
    if tokens.len() > MAX_TOKENS {
        return Err(ExprError::at(
            format!("more than {MAX_TOKENS} words and operators in one expression"),
            place(tokens),
        ));
    }
    let text = |token: &Token| &source[token.range.clone()];
    let mut brackets: Vec<bool> = Vec::new(); // of each open one: is it a list
    let mut closed_list = false;
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let after = tokens.get(index + 1).map(text);
        let follows_value = follows_value(source, tokens, index);
        let was_list = std::mem::take(&mut closed_list);
        match (token.kind, text(token)) {
            (TokenKind::Operator, open @ ("(" | "[" | "{")) => {
                brackets.push(open == "[" && !follows_value);
                if brackets.len() > MAX_NESTING {
                    return Err(ExprError::at(
                        format!("brackets nest deeper than {MAX_NESTING}"),
                        token.range.clone(),
                    ));
                }
                let callee = before.filter(|_| open == "(" && follows_value);
                if let Some(callee) = callee.filter(|_| role(source, tokens, index - 1) == Role::Name) {
                    return Err(call(text(callee), callee.range.clone()));
                }
            }
            (TokenKind::Operator, ")" | "]" | "}") => closed_list = brackets.pop().unwrap_or(false),
            (TokenKind::Operator, "*" | "**") => {
                let repeats = |token: &Token| token.kind == TokenKind::Text;
                if was_list
                    || before.is_some_and(repeats)
                    || tokens.get(index + 1).is_some_and(repeats)
                    || after == Some("[")
                {
                    return Err(ExprError::at(
                        "`*` multiplies numbers; it does not repeat text or lists",
                        token.range.clone(),
                    ));
                }
            }
            (TokenKind::Word, name) => match role(source, tokens, index) {
                Role::Filter if !filters::FILTERS.contains(&name) => {
                    return Err(unknown(name, "filter", filters::FILTERS.to_vec(), token.range.clone()));
                }
                Role::Test if name != "not" && !filters::TESTS.contains(&name) => {
                    return Err(unknown(name, "test", filters::TESTS.to_vec(), token.range.clone()));
                }
                _ => {}
            },
            _ => {}
        }
    }
    member_of_text(source, tokens).map_or(Ok(()), Err)
}

/// What `set` keeps must not hold one value many times over: three such in a row would be a value of any size, that
/// no fuel counts. So it has no list, mapping or tuple of its own.
fn check_set(source: &str, tokens: &[Token]) -> Result<(), ExprError> {
    let mut calls = Vec::new(); // of each open bracket: does a `,` in it separate arguments
    for (index, token) in tokens.iter().enumerate() {
        let text = &source[token.range.clone()];
        let follows_value = follows_value(source, tokens, index);
        let collects = match (token.kind, text) {
            (TokenKind::Operator, "(" | "[" | "{") => {
                calls.push(text == "(" && follows_value);
                text == "{" || (text == "[" && !follows_value)
            }
            (TokenKind::Operator, ")" | "]" | "}") => calls.pop().is_none(),
            (TokenKind::Operator, ",") => calls.last() != Some(&true),
            _ => false,
        };
        if collects {
            return Err(ExprError::at("`set` keeps one value: no list or mapping", token.range.clone()));
        }
    }
    Ok(())
}

/// Whether what stands before `index` is a value, so that a bracket opening there belongs to it.
fn follows_value(source: &str, tokens: &[Token], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|before| match (before.kind, &source[before.range.clone()]) {
        (TokenKind::Word, word) => !WORDS.contains(&word) || before_is_member(source, tokens, index),
        (TokenKind::Text | TokenKind::Number, _) => true,
        (TokenKind::Operator, text) => matches!(text, ")" | "]" | "}"),
    })
}

/// Whether the word before `index` is a member (`x.not`), where a keyword is none.
fn before_is_member(source: &str, tokens: &[Token], index: usize) -> bool {
    index
        .checked_sub(2)
        .and_then(|at| tokens.get(at))
        .is_some_and(|token| &source[token.range.clone()] == ".")
}

fn unknown(name: &str, what: &str, known: Vec<&'static str>, range: Range<usize>) -> ExprError {
    let message = format!("unknown {what} `{name}`");
    ExprError { unknown: Some((name.to_owned(), known)), ..ExprError::at(message, range) }
}

fn call(name: &str, range: Range<usize>) -> ExprError {
    let message = format!("templates have no functions: `{name}` cannot be called");
    let help = "a filter does what a function does elsewhere: `userinfo.name | lower`";
    ExprError { help: Some(help), ..ExprError::at(message, range) }
}

/// The member of a text that is written out, where there is one: `''.x`, `''['x']`. It is never there, and in other
/// languages of templates it is the way to what the template should not see.
fn member_of_text(source: &str, tokens: &[Token]) -> Option<ExprError> {
    let text = |token: &Token| &source[token.range.clone()];
    let member =
        tokens.windows(3).find_map(|tokens| match (tokens[0].kind, text(&tokens[1]), tokens[2].kind) {
            (TokenKind::Text, ".", TokenKind::Word) | (TokenKind::Text, "[", TokenKind::Text) => {
                Some(&tokens[2])
            }
            _ => None,
        })?;
    let message = format!("a text has no members: `{}` is never there", text(member));
    let help = "read what a sign-in knows, such as `userinfo.name`";
    Some(ExprError { help: Some(help), ..ExprError::at(message, member.range.clone()) })
}

fn place(tokens: &[Token]) -> Range<usize> {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.range.start..last.range.end,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> ExprError {
        Scan::new(source, Syntax::Template).expect_err(source)
    }

    #[test]
    fn accepts_what_provider_files_write() {
        for source in [
            "{{ vars.issuer }}/sso/authorize",
            "https://{% if vars.host == 'acme.example' or vars.host is endingwith '.cloud.example' %}api.{{ vars.host }}{% else %}{{ vars.host }}/api/v3{% endif %}/user",
            "{% set tenant = (vars.issuer | split('/') | list)[3] %}https://{{ vars.issuer | host }}/{{ tenant if '-' in tenant and '.' not in tenant else claims.tid }}/v2.0",
            "{{ [userinfo.first_name, userinfo.last_name] | join_nonempty(' ') }}",
            "{{- (userinfo.id | int) // 4194304 % 6 -}}",
            "{{ body.minutes * 60 }}",
            "{{ {'a': {'b': 1}} | tojson }}",
            "{% set a = x | replace('a', 'b') %}{% set b = (a | split('/'))[1] %}{{ b }}",
            "{{ userinfo['{{ %} x'] }}{# a comment with {{ in it #}",
        ] {
            Scan::new(source, Syntax::Template).unwrap_or_else(|error| panic!("{source}: {error}"));
        }
    }

    #[test]
    fn names_of_a_tag_have_places() {
        let source = "{{ userinfo.avatar | default(vars.none_given) if client.id is defined else 'a.b' }}";
        let scan = Scan::new(source, Syntax::Template).expect("fine");
        assert_eq!(scan.range_of(source, "userinfo.avatar"), Some(3..18));
        assert_eq!(scan.range_of(source, "client.id"), Some(49..58));
        assert_eq!(scan.range_of(source, "a.b"), None);
        assert_eq!(scan.range_of(source, "default"), None);
    }

    #[test]
    fn refuses_what_does_not_exist_and_says_what_does() {
        let error = refused("{{ x | uper }}");
        assert_eq!((error.range, error.unknown.expect("unknown").0), (Some(7..11), "uper".to_owned()));
        for source in ["{{ x is nope }}", "{{ x is not nope }}", "{{ x | safe }}"] {
            assert!(refused(source).unknown.is_some(), "{source}");
        }
        for source in
            ["{{ debug() }}", "{{ range(3) }}", "{{ x.items() }}", "{{ ''.__class__() }}", "{{ (x)(1) }}"]
        {
            let error = refused(source);
            assert!(
                error.message.starts_with("templates have no functions") && error.help.is_some(),
                "{source}"
            );
        }
    }

    #[test]
    fn a_text_that_is_written_out_has_no_members() {
        for (source, at) in [
            ("{{ ''.__class__ }}", 6..15),
            ("{{ x ~ \"a\" . b }}", 13..14),
            ("{% if ''['__class__'] %}{% endif %}", 9..20),
        ] {
            let error = refused(source);
            assert_eq!((error.range, error.help.is_some()), (Some(at), true), "{source}");
        }
        for source in ["{{ x['a'].b }}", "{{ {'a': 'b'}[x] }}", "{{ 'a.b' in ['a'] }}", "{{ x['a']['b'] }}"] {
            Scan::new(source, Syntax::Template).unwrap_or_else(|error| panic!("{source}: {error}"));
        }
    }

    #[test]
    fn refuses_other_statements() {
        for name in [
            "for x in y",
            "include 'a'",
            "import 'a' as b",
            "extends 'a'",
            "macro m()",
            "block b",
            "call m()",
            "filter upper",
            "raw",
            "with a = 1",
            "do x",
            "autoescape true",
            "endfor",
            "",
        ] {
            let error = refused(&format!("{{% {name} %}}"));
            assert!(error.message.contains("no statement"), "{name}: {error}");
        }
        assert!(refused("{% set x %}a{% endset %}").message.contains("set name"));
    }

    #[test]
    fn refuses_length_depth_and_repetition() {
        for source in [
            "a".repeat(1025),
            format!("{{{{ {}1{} }}}}", "(".repeat(13), ")".repeat(13)),
            format!("{{{{ {}1 }}}}", "-".repeat(500)),
            format!("{{{{ 1{} }}}}", "+1".repeat(300)),
            format!("{{{{ {}x }}}}", "not ".repeat(200)),
            format!("{{{{ x{} }}}}", ".a".repeat(300)),
            format!("{{{{ x{} }}}}", "|d".repeat(300)),
            format!("{}a{}", "{% if x %}".repeat(40), "{% endif %}".repeat(40)),
            "{{ [1]*100000000 }}".to_owned(),
            "{{ 'a' * 100000000 }}".to_owned(),
            "{{ 9 * 'a' }}".to_owned(),
            "{{ 9 * [1] }}".to_owned(),
            "{% set x = [x, x] %}".to_owned(),
            "{% set x = {'a': x} %}".to_owned(),
            "{% set x = (x, x) %}".to_owned(),
            "{% set x = x, x %}".to_owned(),
            "{% set x, y = z %}".to_owned(),
            "{% set x = y | default([x, x]) %}".to_owned(),
            "{{ x".to_owned(),
            "{{ 'x }}".to_owned(),
        ] {
            refused(&source);
        }
    }
}
