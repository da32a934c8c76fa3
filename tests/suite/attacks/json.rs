//! T-55: what a provider sends as JSON, on its way to a claim.

use authcfg::expr::{As, Context, Path, Template, coerce};
use authcfg::oauth::json;
use serde_json::Value;

use super::on_a_small_stack;

#[test]
fn depth_is_bounded_on_a_small_stack() {
    on_a_small_stack(|| {
        let nested = |open: &str, close: &str, n: usize| open.repeat(n) + "1" + &close.repeat(n);
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert!(json::parse(nested(open, close, 127).as_bytes()).is_ok());
            for n in [129, 200, 200_000] {
                assert!(json::parse(nested(open, close, n).as_bytes()).is_err(), "{open} × {n}");
            }
            assert!(json::parse(open.repeat(200_000).as_bytes()).is_err());
        }
    });
}

#[test]
fn what_another_parser_would_read_differently_is_refused() {
    for text in [
        r#"{"sub": "a", "sub": "b"}"#,
        r#"{"a": {"sub": "a", "s\u0075b": "b"}}"#,
        r#"{"sub": "\ud800"}"#,
        r#"{"sub": "\udc00\ud800"}"#,
        "{\"sub\": \"a\nb\"}",
        "\u{feff}{}",
        "{} {}",
        "{\"sub\": 'a'}",
        "{\"sub\": 01}",
        "{\"sub\": 1e999}",
        "{\"sub\": NaN}",
        "{\"sub\": 1,}",
        "/* */ {}",
    ] {
        assert!(json::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(json::parse(b"{\"sub\": \"\xff\"}").is_err());
    assert!(json::parse("\u{0}{".as_bytes()).is_err());
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(json::parse(&utf16).is_err());
}

#[test]
fn a_number_reaches_a_claim_with_every_digit() {
    for digits in [
        "0",
        "-1",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
    ] {
        let userinfo = json::parse(format!("{{\"id\": {digits}}}").as_bytes()).expect(digits);
        let mut context = Context::new();
        context.set("userinfo", userinfo);
        let node = Path::compile("$.userinfo.id").expect("a path");
        let node = node.first(context.as_value()).expect("there");
        assert_eq!(coerce(node, As::String), Some(Value::String(digits.into())));
        let template = Template::compile("{{ userinfo.id }}").expect("a template");
        assert_eq!(template.render(&context).expect("printed"), digits);
        assert_eq!(template.render_profile(&context).expect("printed"), Some(digits.into()));
    }
}

#[test]
fn numbers_that_are_written_differently_are_different_or_no_integer() {
    let string = |digits: &str| coerce(&json::parse(digits.as_bytes()).expect(digits), As::String);
    assert_ne!(string("1"), string("1.0"));
    assert_ne!(string("1"), string("1e0"));
    for digits in ["1.0", "1e0", "10e-1", "1.5"] {
        assert_eq!(coerce(&json::parse(digits.as_bytes()).expect(digits), As::Int), None, "{digits}");
    }
}
