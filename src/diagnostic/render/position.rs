//! Bytes of a text as line and column.

use crate::yaml::Span;

/// A place as people count it: from 1, a column counts Unicode scalar values, a tab is one; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line of the first byte.
    pub line: usize,
    /// The column of the first byte.
    pub column: usize,
    /// The line of the byte after the last.
    pub end_line: usize,
    /// The column of the byte after the last.
    pub end_column: usize,
}

impl Position {
    /// The place of a range of bytes.
    pub fn of(text: &str, span: Span) -> Position {
        Position::counted(text, span, |_| 1)
    }

    /// The place of a range of bytes, where a column counts code units of UTF-16.
    pub fn of_utf16(text: &str, span: Span) -> Position {
        Position::counted(text, span, char::len_utf16)
    }

    fn counted(text: &str, span: Span, width: fn(char) -> usize) -> Position {
        let (line, column) = line_and_column(text, span.start, width);
        let (end_line, end_column) = line_and_column(text, span.end.max(span.start), width);
        Position { line, column, end_line, end_column }
    }
}

fn line_and_column(text: &str, byte: usize, width: fn(char) -> usize) -> (usize, usize) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().map(width).sum::<usize>() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_people_do() {
        let text = "a: 1\n\té: 小明\r\nb: 2";
        let start = text.find('小').unwrap();
        let position = Position::of(text, Span { start, end: start + 6 });
        assert_eq!(position, Position { line: 2, column: 5, end_line: 2, end_column: 7 });
        let text = "a: \u{1f600} b";
        let span = Span { start: 8, end: 9 };
        let columns = |position: Position| (position.column, position.end_column);
        assert_eq!(columns(Position::of(text, span)), (6, 7));
        assert_eq!(columns(Position::of_utf16(text, span)), (7, 8));
        assert_eq!(
            Position::of("", Span { start: 9, end: 9 }),
            Position { line: 1, column: 1, end_line: 1, end_column: 1 }
        );
    }
}
