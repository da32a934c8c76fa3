//! Bytes of a text, and the lines and columns that the protocol counts in.

use gen_lsp_types::{Position, Range};

use crate::yaml::Span;

/// What columns count; the client says what it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes
    Utf8,
    /// UTF-16 units, which every client can
    #[default]
    Utf16,
    /// Characters
    Utf32,
}

impl Encoding {
    /// The first of a client's encodings that is known here.
    pub fn of(offered: &[&str]) -> Encoding {
        let known = |name: &&str| Encoding::all().into_iter().find(|encoding| encoding.name() == *name);
        offered.iter().find_map(known).unwrap_or_default()
    }

    /// What the protocol calls it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Utf32 => "utf-32",
        }
    }

    fn all() -> [Encoding; 3] {
        [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32]
    }

    fn width(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }
}

/// Where the lines of a text begin.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    starts: Vec<usize>,
    encoding: Encoding,
}

impl Lines {
    /// The lines of a text: they end with LF, CRLF or CR.
    pub fn of(text: &str, encoding: Encoding) -> Lines {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Lines { starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect(), encoding }
    }

    /// The lines of another text, counted the same way.
    pub fn like(&self, text: &str) -> Lines {
        Lines::of(text, self.encoding)
    }

    /// The line of a byte.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The bytes of a line without its end.
    pub fn span(&self, text: &str, line: usize) -> Span {
        let start = self.starts.get(line).copied().unwrap_or(text.len()).min(text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len()).min(text.len());
        let content = text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        Span { start, end: start + content.len() }
    }

    /// Where a byte stands; what is behind the end stands at the end.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line(offset.min(text.len()));
        let span = self.span(text, line);
        let mut end = offset.clamp(span.start, span.end);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[span.start..end];
        let character = match before.is_ascii() {
            true => before.len(),
            false => before.chars().map(|c| self.encoding.width(c)).sum(),
        };
        Position { line: number(line), character: number(character) }
    }

    /// The byte at a place; what is behind the end of a line is the end of the line.
    pub fn offset(&self, text: &str, position: Position) -> usize {
        let span = self.span(text, position.line as usize);
        let mut units = 0;
        for (at, c) in text[span.start..span.end].char_indices() {
            units += self.encoding.width(c);
            // A later part of a character belongs to it.
            if units > position.character as usize {
                return span.start + at;
            }
        }
        span.end
    }

    /// Where some bytes stand.
    pub fn range(&self, text: &str, span: Span) -> Range {
        Range { start: self.position(text, span.start), end: self.position(text, span.end.max(span.start)) }
    }

    /// The bytes of a range.
    pub fn bytes(&self, text: &str, range: Range) -> Span {
        let start = self.offset(text, range.start);
        Span { start, end: self.offset(text, range.end).max(start) }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_utf16_units_on_lines_of_every_ending() {
        let text = "a: 🔑b\r\né: x\rc\n";
        let lines = Lines::of(text, Encoding::Utf16);
        for (needle, line, character) in [("a", 0, 0), ("b", 0, 5), ("é", 1, 0), ("x", 1, 3), ("c", 2, 0)] {
            let offset = text.find(needle).unwrap();
            let position = Position { line, character };
            assert_eq!(lines.position(text, offset), position, "{needle}");
            assert_eq!(lines.offset(text, position), offset, "{needle}");
        }
        assert_eq!(lines.position(text, 99), Position { line: 3, character: 0 });
    }

    #[test]
    fn counts_what_the_client_counts() {
        assert_eq!(Encoding::of(&["utf-7", "utf-8", "utf-16"]), Encoding::Utf8);
        assert_eq!(Encoding::of(&["utf-32", "utf-8"]), Encoding::Utf32);
        assert_eq!(Encoding::of(&[]), Encoding::Utf16);
        let text = "a: é🔑b";
        let at = text.find('b').unwrap();
        for (encoding, character) in [(Encoding::Utf8, 9), (Encoding::Utf16, 6), (Encoding::Utf32, 5)] {
            let lines = Lines::of(text, encoding);
            assert_eq!(lines.position(text, at), Position { line: 0, character }, "{encoding:?}");
            assert_eq!(lines.offset(text, Position { line: 0, character }), at, "{encoding:?}");
            assert!(lines.offset(text, Position { line: 0, character: character - 1 }) < at);
        }
    }

    #[test]
    fn no_place_is_outside_of_the_text_or_inside_a_character() {
        let text = "🔑\r\nb";
        let lines = Lines::of(text, Encoding::Utf16);
        assert_eq!(lines.offset(text, Position { line: 0, character: 1 }), 0);
        assert_eq!(lines.offset(text, Position { line: 0, character: 99 }), 4);
        assert_eq!(lines.offset(text, Position { line: 9, character: 9 }), text.len());
        assert_eq!(lines.position(text, 2), Position { line: 0, character: 0 });
        assert_eq!(lines.position(text, 5), Position { line: 0, character: 2 });
        assert_eq!(Lines::of("", Encoding::Utf16).offset("", Position { line: 3, character: 1 }), 0);
        let backwards = Range { start: Position { line: 1, character: 1 }, end: Position::default() };
        assert_eq!(lines.bytes(text, backwards), Span { start: 7, end: 7 });
    }
}
