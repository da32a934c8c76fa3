//! Characters that a reviewer cannot see, or that make him see something else (Unicode TR 36 §3, "Trojan Source").

use crate::yaml::{Problem, ProblemKind, Span};

/// Refuses a text with control, bidirectional or invisible characters.
pub fn check(text: &str) -> Result<(), Vec<Problem>> {
    if is_plain(text) {
        return Ok(());
    }
    let found: Vec<Problem> =
        text.char_indices().filter(|(_, c)| is_hidden(*c)).take(10).map(|(at, c)| problem(at, c)).collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The first character of a scalar that cannot be seen: an escape can write one that the text itself does not hold.
pub fn first_hidden(text: &str) -> Option<char> {
    if is_plain(text) { None } else { text.chars().find(|c| is_hidden(*c)) }
}

/// ASCII without control characters, which almost every text is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

/// Whether a character cannot be seen, or reorders what can.
///
/// A zero-width joiner is fine: emoji and several scripts are written with it.
pub fn is_hidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => true,
        '\u{2028}'
        | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

/// What some editors of Windows put in front of UTF-8.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

fn problem(at: usize, c: char) -> Problem {
    let message = match c {
        BYTE_ORDER_MARK if at == 0 => "the file begins with a byte order mark".to_owned(),
        _ => format!("a character that cannot be seen: U+{:04X}", u32::from(c)),
    };
    Problem::new(ProblemKind::HiddenCharacter, message, Span { start: at, end: at + c.len_utf8() })
}
