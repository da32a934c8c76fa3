//! The pieces of a template and the tokens of its tags, found without recursion.

use std::ops::Range;

use crate::expr::ExprError;

/// What kind of text is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Text with `{{ … }}` and `{% … %}`.
    Template,
    /// One expression without braces.
    Expression,
}

/// A piece of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text outside tags.
    Literal(Range<usize>),
    /// `{{ … }}`, or a whole condition: its tokens.
    Print(Vec<Token>),
    /// `{% … %}`: its tokens, the first of which is the statement's name.
    Statement(Vec<Token>),
}

/// A word, literal or operator inside a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Number,
    Operator,
    Text,
    Word,
}

/// Cuts a source up.
pub(crate) fn pieces(source: &str, syntax: Syntax) -> Result<Vec<Piece>, ExprError> {
    let mut scanner = Scanner { source, at: 0 };
    match syntax {
        Syntax::Template => scanner.template(),
        Syntax::Expression => Ok(vec![Piece::Print(scanner.tag(None)?)]),
    }
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn template(&mut self) -> Result<Vec<Piece>, ExprError> {
        let mut pieces = Vec::new();
        while self.at < self.source.len() {
            let rest = &self.source[self.at..];
            let next =
                ["{{", "{%", "{#"].iter().filter_map(|open| rest.find(open)).min().unwrap_or(rest.len());
            if next > 0 {
                pieces.push(Piece::Literal(self.at..self.at + next));
                self.at += next;
                continue;
            }
            let start = self.at;
            self.at += 2;
            let closed = |end: Option<usize>| {
                end.ok_or_else(|| ExprError::at("this is never closed", start..start + 2))
            };
            match &rest[..2] {
                "{#" => self.at = closed(self.source[self.at..].find("#}"))? + self.at + 2,
                "{{" => pieces.push(Piece::Print(self.tag(Some("}}"))?)),
                _ => pieces.push(Piece::Statement(self.tag(Some("%}"))?)),
            }
        }
        Ok(pieces)
    }

    /// The tokens up to the end of the tag, or of the source where there is no tag.
    fn tag(&mut self, close: Option<&str>) -> Result<Vec<Token>, ExprError> {
        let opened = self.at;
        let mut tokens: Vec<Token> = Vec::new();
        let mut open = 0usize;
        loop {
            let rest = &self.source[self.at..];
            let Some(first) = rest.chars().next() else {
                return match close {
                    None => Ok(tokens),
                    Some(_) => Err(ExprError::at("this is never closed", opened.saturating_sub(2)..opened)),
                };
            };
            if let Some(close) = close.filter(|_| open == 0) {
                // `-` and `+` before the end, as after the beginning, are about white space.
                let trimmed = rest.strip_prefix(['-', '+']).unwrap_or(rest);
                if trimmed.starts_with(close) {
                    self.at = self.source.len() - trimmed.len() + close.len();
                    return Ok(tokens);
                }
            }
            if first.is_whitespace()
                || (tokens.is_empty() && self.at == opened && close.is_some() && matches!(first, '-' | '+'))
            {
                self.at += first.len_utf8();
                continue;
            }
            let (kind, length) = token(rest, first)
                .ok_or_else(|| ExprError::at("this text is never closed", self.at..self.source.len()))?;
            match (kind, first) {
                (TokenKind::Operator, '(' | '[' | '{') => open += 1,
                (TokenKind::Operator, ')' | ']' | '}') => open = open.saturating_sub(1),
                _ => {}
            }
            tokens.push(Token { kind, range: self.at..self.at + length });
            self.at += length;
        }
    }
}

fn token(rest: &str, first: char) -> Option<(TokenKind, usize)> {
    let run = |accept: fn(char) -> bool| rest.find(|c: char| !accept(c)).unwrap_or(rest.len());
    match first {
        '"' | '\'' => {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find_map(|(at, c)| match (escaped, c) {
                (false, '\\') => {
                    escaped = true;
                    None
                }
                (false, c) if c == first => Some(at + 1),
                _ => {
                    escaped = false;
                    None
                }
            })?;
            Some((TokenKind::Text, end))
        }
        c if c.is_ascii_digit() => Some((TokenKind::Number, run(|c| c.is_ascii_alphanumeric() || c == '_'))),
        c if c.is_alphanumeric() || c == '_' => {
            Some((TokenKind::Word, run(|c| c.is_alphanumeric() || c == '_')))
        }
        c => {
            let two = rest.get(..2).filter(|two| matches!(*two, "**" | "//" | "==" | "!=" | "<=" | ">="));
            Some((TokenKind::Operator, two.map_or(c.len_utf8(), str::len)))
        }
    }
}
