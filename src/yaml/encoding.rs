//! Bytes become text: UTF-8 and nothing else.

use crate::yaml::{Problem, ProblemKind, Span};

/// The text of a file.
///
/// # Errors
/// Where it stops to be UTF-8; of what editors write instead, its name.
pub fn decode(bytes: &[u8]) -> Result<&str, Problem> {
    if let Some(name) = other(bytes) {
        let message = format!("the file is {name}: save it as UTF-8");
        return Err(Problem::new(ProblemKind::Encoding, message, Span::default()));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Problem::new(ProblemKind::Encoding, format!("byte {at} is not UTF-8"), Span { start: at, end: at })
    })
}

/// Another encoding, by its byte order mark or by the zeros that it makes of ASCII (YAML 1.2 §5.2).
fn other(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [1..=255, 0, 0, 0, ..] | [0, 0, 0, 1..=255, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [1..=255, 0, 1..=255, 0, ..] | [0, 1..=255, 0, 1..=255, ..] => Some("UTF-16"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        let problem = decode(bytes).unwrap_err();
        format!("{}-{}: {}", problem.span.start, problem.span.end, problem.message)
    }

    #[test]
    fn names_the_encodings_of_editors() {
        let utf16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| {
            text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>()
        };
        for to_bytes in [u16::to_be_bytes, u16::to_le_bytes] {
            for text in ["id: acme\n", "\u{feff}id: acme\n", "\u{feff}"] {
                assert_eq!(message(&utf16(text, to_bytes)), "0-0: the file is UTF-16: save it as UTF-8");
            }
        }
        for to_bytes in [u32::to_be_bytes, u32::to_le_bytes] {
            for text in ["id: acme\n", "\u{feff}id: acme\n"] {
                let bytes: Vec<u8> = text.chars().flat_map(|c| to_bytes(c.into())).collect();
                assert_eq!(message(&bytes), "0-0: the file is UTF-32: save it as UTF-8");
            }
        }
    }

    #[test]
    fn takes_utf_8_and_says_where_it_ends() {
        assert_eq!(decode("id: ácme".as_bytes()), Ok("id: ácme"));
        assert_eq!(decode(b""), Ok(""));
        // A NUL is a character that is refused elsewhere.
        assert_eq!(decode(b"a\0bc"), Ok("a\0bc"));
        assert_eq!(message(b"id: caf\xe9\n"), "7-7: byte 7 is not UTF-8");
        assert_eq!(message(b"\xed\xa0\x80"), "0-0: byte 0 is not UTF-8");
    }
}
