//! Where two parsers could read a text differently, so that the second has to be asked. What a file normally holds leaves no
//! doubt; what does is not wrong, it only costs more.
//!
//! That nothing slips through is what `two_parsers_agree_where_there_is_no_doubt` is for.

use granit_parser::ScalarStyle;

use crate::yaml::Span;

/// A key that is longer may be none to the second parser.
const MAX_KEY: usize = 512;

/// Whether the text as a whole leaves doubt: tabs, carriage returns and characters at the end of Unicode, markers and
/// directives, keys behind a question mark, lines of spaces or that begin with a colon, a last line without its end, comments
/// right behind a bracket.
pub fn in_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut line = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !LOOKED_AT[usize::from(byte)] {
            continue;
        }
        let of_only = |byte: u8| bytes[line..at].iter().all(|&other| other == byte);
        let doubtful = match byte {
            b'#' => at > 0 && matches!(bytes[at - 1], b'[' | b']' | b'{' | b'}' | b',' | b'|' | b'>'),
            b'%' => at == line,
            b'-' | b'.' => at == line + 2 && of_only(byte),
            b':' => of_only(b' '),
            b'?' => bytes.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'\n')),
            b'\n' => {
                let of_spaces = at > line && of_only(b' ');
                line = at + 1;
                of_spaces
            }
            _ => true,
        };
        if doubtful {
            return true;
        }
    }
    bytes.last() != Some(&b'\n')
}

/// The bytes that [`in_text`] looks at; those of them that it does not name are doubtful by themselves.
static LOOKED_AT: [bool; 256] = {
    let mut looked_at = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        looked_at[byte] =
            byte < 0x20 || byte >= 0xee || matches!(byte as u8, b'#' | b'%' | b'-' | b'.' | b':' | b'?');
        byte += 1;
    }
    looked_at
};

/// Whether a scalar leaves doubt that stands there in the text. `value` is what the first parser read.
pub fn in_scalar(text: &str, span: Span, value: &str, style: ScalarStyle, in_flow: bool) -> bool {
    let (before, own, behind) = (&text[..span.start], &text[span.start..span.end], &text[span.end..]);
    match style {
        ScalarStyle::Plain if own.is_empty() => in_flow,
        ScalarStyle::Plain => own != value || in_plain(value, in_flow),
        ScalarStyle::SingleQuoted => own.contains('\n') || in_what_follows(behind),
        ScalarStyle::DoubleQuoted => own.contains('\n') || in_escapes(own) || in_what_follows(behind),
        ScalarStyle::Literal => in_block(before, " |\n", value),
        ScalarStyle::Folded => in_block(before, " >\n", value) || value.trim_end().contains('\n'),
    }
}

/// Whether a key leaves doubt.
pub fn in_key(name: &str) -> bool {
    name.len() > MAX_KEY
}

fn in_plain(value: &str, in_flow: bool) -> bool {
    let bytes = value.as_bytes();
    let is_text = match bytes {
        [b'0'] => return false,
        [b'1'..=b'9', rest @ ..] if rest.len() < 15 && rest.iter().all(u8::is_ascii_digit) => return false,
        [b'0'..=b'9', ..] if is_fraction(bytes) => return false,
        [b'0'..=b'9', ..] => is_no_number(bytes),
        [first, ..] => first.is_ascii_alphabetic() || !first.is_ascii() || b"/_$(".contains(first),
        [] => false,
    };
    !is_text || value.contains('\n') || is_word(value) || in_flow && in_flow_text(bytes)
}

/// Whether something in it stands in no number of any YAML: a sign that belongs to no exponent, a letter that is none of
/// `0x`, `0o`, `0b` or an exponent, or another character.
fn is_no_number(value: &[u8]) -> bool {
    let is_sign = |pair: &[u8]| pair[1] == b'-' && !matches!(pair[0], b'e' | b'E');
    let in_decimals = |byte: u8| byte.is_ascii_digit() || b"eE_.:+-".contains(&byte);
    let has_base = matches!(value, [b'0', b'b' | b'o' | b'x' | b'B' | b'O' | b'X', ..]);
    value.windows(2).any(is_sign) || !has_base && !value.iter().copied().all(in_decimals)
}

/// Whether it is a fraction as everybody writes it, `0.25`.
fn is_fraction(value: &[u8]) -> bool {
    let Some(point) = value.iter().position(|&byte| byte == b'.') else { return false };
    let (whole, rest) = (&value[..point], &value[point + 1..]);
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    value.len() <= 15 && digits(whole) && digits(rest) && (whole == b"0" || whole[0] != b'0')
}

/// Words that are something else than text, in the spellings that not everybody knows. `on` and `yes` are text to both.
fn is_word(value: &str) -> bool {
    let exact = matches!(value, "false" | "null" | "true");
    !exact && ["false", "null", "true"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Between brackets a colon and a question mark mean more than elsewhere.
fn in_flow_text(value: &[u8]) -> bool {
    value.contains(&b'?') || value.last() == Some(&b':')
}

/// Only escapes that have one meaning in every YAML.
fn in_escapes(own: &str) -> bool {
    let mut bytes = own.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' && !matches!(bytes.next(), Some(b'"' | b'\\' | b'n')) {
            return true;
        }
    }
    false
}

/// What stands behind the closing quote.
fn in_what_follows(behind: &str) -> bool {
    !behind.starts_with(['\n', ' ', ',', ']', '}', ':'])
}

/// A block that says more in its header than what it is, is not indented, begins with a line of nothing or deeper than it
/// goes on, or ends otherwise than with one line end.
fn in_block(before: &str, header: &str, value: &str) -> bool {
    let indented = before.trim_end_matches(' ');
    let as_usual = before.len() > indented.len() && indented.ends_with(header);
    !as_usual || value.starts_with(['\n', ' ']) || value.ends_with("\n\n") || !value.ends_with('\n')
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Limits, agreement, loader};

    /// Whether a text leaves doubt; `None` where the first parser refuses it.
    fn doubtful(text: &str) -> Option<bool> {
        loader::load(text, Limits::PROVIDER).ok().map(|(_, doubtful)| doubtful)
    }

    #[test]
    fn what_files_normally_hold_leaves_none() {
        for text in [
            "id: acme\nname: Acme Inc.\nprotocol: oidc # comment\n\n# another\nissuer: https://login.acme.example\n",
            "a: {b: c, d: [e, f-g, 'h', \"i\"], k: {}, l: []}\n",
            "a:\n  - b: c\n    d: e\n  - f\n",
            "a:\n- b\n- c: d\n",
            "a: true\nb: 10\nc:\nd: 'it''s'\ne: \"say \\\"hi\\\"\"\n",
            "a: |\n  one\n  two\n\n  three\nb: >\n  one\n  two\nc: x\n",
            "a: {b: https://acme.example/a}\nname: \u{e9}\u{65e5}\n",
            "\"a\": b\n'c d': {\"e\": \"f\"}\n",
        ] {
            assert_eq!(doubtful(text), Some(false), "{text}");
        }
    }

    #[test]
    fn what_is_read_in_two_ways_or_could_be_does() {
        for text in [
            "a: 0x1f\n",
            "a: 012\n",
            "a: 1e3\n",
            "a: .5\n",
            "a: -1\n",
            "a: True\n",
            "a: NULL\n",
            "a: 1234567890123456\n",
            "a: b\r\n",
            "a: b",
            "a: b\tc\n",
            "---\na: b\n",
            "a: b\n...\n",
            "? a\n: b\n",
            "a: b\n  c\n",
            "a: 'b\n  c'\n",
            "a: \"\\x41\"\n",
            "a: |+\n  b\n\n",
            "a: |2\n   b\n",
            "a: >\n  b\n\n  c\n",
            "a: b\n  \n",
            "[a, b]#c\n",
            "a: \u{e000}\n",
            "a: @b\n",
            "a: {b}\n",
            "a: {b:}\n",
            "{a\n : b}\n",
            "{a\n : b}\n",
        ] {
            assert_ne!(doubtful(text), Some(false), "{text:?}");
        }
        assert_eq!(doubtful(&format!("{}: b\n", "k".repeat(513))), Some(true));
        assert_eq!(doubtful(&format!("{}: b\n", "k".repeat(512))), Some(false));
    }

    const FILE: &str = "\
id: acme # comment
name: Acme Inc.
vars:
  host: {pattern: '[a-z]+', title: \"Your \\\"host\\\"\"}
urls:
- https://acme.example/a?b=c
-   x: y
    z: [a, b-c,
        'd: e']
note: >
  folded
  text
text: |
  literal
    deeper

  end
last: {a: {}, b: [], c: 10, d: true}
";

    /// Texts of pieces that parsers stumble over, by themselves and in a file, wherever chance puts them.
    /// `AUTHCFG_YAML_TEXTS` says how many.
    #[test]
    fn two_parsers_agree_where_there_is_no_doubt() {
        const PIECES: [&str; 73] = [
            "a",
            "b",
            "key",
            ": ",
            ":",
            ":\n",
            "\n",
            "\n",
            "\n  ",
            "\n    ",
            "\n ",
            " ",
            "  ",
            "- ",
            "-",
            "- - ",
            "\n- ",
            "\n  - ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            ",",
            "'",
            "'b'",
            "\"",
            "\"b\"",
            "''",
            "\"\"",
            "\\n",
            "\\",
            "#",
            " # c",
            " #",
            "|",
            ">",
            "|\n",
            ">\n",
            ": |\n  ",
            ": >\n  ",
            "|-",
            "|+",
            "?",
            "? ",
            "!",
            "&",
            "*",
            "%",
            "@",
            "`",
            "~",
            "null",
            "true",
            "1",
            "0",
            "12",
            "0x1",
            "0b1",
            "5c6",
            "2026-11-29",
            "1.5",
            ".",
            "-1",
            "no",
            "é",
            "https://x/y#z",
            "$.a",
            "{{ a }}",
            "/",
            "<<",
            "---",
            "\u{a0}",
        ];
        let texts: u64 =
            std::env::var("AUTHCFG_YAML_TEXTS").ok().and_then(|texts| texts.parse().ok()).unwrap_or(20_000);
        let (mut random, mut without) = (0x2545_f491_4f6c_dd1d_u64, 0);
        let mut below = |limit: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 33).unwrap_or_default() % limit
        };
        for _ in 0..texts {
            let mut text = String::new();
            if below(2) > 0 {
                text.push_str(FILE);
                for _ in 0..=below(3) {
                    let at = below(text.len());
                    if text.is_char_boundary(at) {
                        text.insert_str(at, PIECES[below(PIECES.len())]);
                    }
                }
            } else {
                for _ in 0..=below(14) {
                    text.push_str(PIECES[below(PIECES.len())]);
                }
                text.push_str(["", "\n", "\n", "\n"][below(4)]);
            }
            if crate::yaml::characters::check(&text).is_err() {
                continue;
            }
            if let Ok((root, false)) = loader::load(&text, Limits::PROVIDER) {
                without += 1;
                if let Err(problems) = agreement::check(&root, &text) {
                    panic!("{text}\n{text:?}: {problems:?}");
                }
            }
        }
        assert!(without > texts / 50, "{without} of {texts}");
    }
}
