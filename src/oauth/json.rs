//! JSON from a stranger: strict, bounded, and no digit lost.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// A text that is no JSON, or more than is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    message: String,
}

/// Reads a JSON text (RFC 8259): UTF-8 without a byte order mark, at most 128 levels deep, no member twice.
///
/// An integer that no 64 bits hold becomes its digits, as text; so does no other number.
///
/// ```
/// use authcfg::oauth::json;
///
/// let value = json::parse(br#"{"id": 12345678901234567890123}"#).unwrap();
/// assert_eq!(value["id"], "12345678901234567890123");
/// assert!(json::parse(br#"{"id": 1, "id": 2}"#).is_err());
/// ```
///
/// # Errors
/// The reason and its place; never a part of the text.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let depth = depth(bytes);
    if depth > MAX_DEPTH {
        return Err(JsonError { message: format!("it is nested {depth} levels deep") });
    }
    // The library's own limit is one level less.
    let result = if depth == MAX_DEPTH || has_long_number(bytes) {
        serde_json::from_slice::<Exact>(bytes).map(|exact| exact.0)
    } else {
        serde_json::from_slice::<Plain>(bytes).map(|plain| plain.0)
    };
    result.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "it ends too early".to_owned(),
            serde_json::error::Category::Data => own_reason(&error.to_string()),
            _ => "a character that does not belong there, or nesting that is too deep".to_owned(),
        };
        JsonError { message: format!("{reason} (line {line}, column {column})") }
    })
}

/// Messages of ours carry no text of the document; others may.
fn own_reason(message: &str) -> String {
    [TWICE, NO_NUMBER]
        .into_iter()
        .find(|own| message.starts_with(own))
        .unwrap_or("it cannot be read")
        .to_owned()
}

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 128;

const TWICE: &str = "a member comes twice";
const NO_NUMBER: &str = "a number that cannot be represented";

/// Whether a run of digits is too long for every 64-bit integer to hold it for sure.
fn has_long_number(bytes: &[u8]) -> bool {
    let mut run = 0;
    for byte in bytes {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        if run > 18 {
            return true;
        }
    }
    false
}

/// How deep arrays and objects are nested; for what is no JSON, at least as deep as a parser gets before it notices.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A value whose numbers all fit.
struct Plain(Value);

/// A value some of whose numbers may not fit: each is read from its own text.
struct Exact(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Plain, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Plain)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exact, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        exact(raw.get(), 0).map(Exact).map_err(de::Error::custom)
    }
}

/// Reads a value from its own text, so that a long integer can be taken digit by digit.
fn exact(text: &str, depth: usize) -> Result<Value, String> {
    let fail = |error: serde_json::Error| own_reason(&error.to_string());
    if depth > MAX_DEPTH {
        return Err("too deep".into());
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: RawMembers = serde_json::from_str(text).map_err(fail)?;
            let mut object = Map::new();
            for (name, raw) in members.0 {
                object.insert(name, exact(raw.get(), depth + 1)?);
            }
            Ok(Value::Object(object))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(fail)?;
            items
                .into_iter()
                .map(|raw| exact(raw.get(), depth + 1))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Some(b'-' | b'0'..=b'9') => match serde_json::from_str::<Number>(text) {
            Ok(number) if !number.is_f64() => Ok(Value::Number(number)),
            _ if !text.contains(['.', 'e', 'E']) => Ok(Value::String(text.to_owned())),
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err(NO_NUMBER.into()),
        },
        _ => serde_json::from_str::<Plain>(text).map(|plain| plain.0).map_err(fail),
    }
}

/// The members of an object, each once, values unread.
struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawMembers<'de>, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMembers<'de>, A::Error> {
                let mut members = vec![];
                let mut names = HashSet::new();
                while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom(TWICE));
                    }
                    members.push((name, raw));
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Builds a [`Value`], refusing a member that comes twice.
#[derive(Clone, Copy)]
struct ValueVisitor;

impl<'de> DeserializeSeed<'de> for ValueVisitor {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(NO_NUMBER))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = vec![];
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self)?;
            if members.insert(name, value).is_some() {
                return Err(de::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_every_digit() {
        let text = br#"{"a": 9007199254740993, "b": 18446744073709551615, "c": 18446744073709551616, "d": [-123456789012345678901]}"#;
        let value = parse(text).unwrap();
        assert_eq!(value["a"], json!(9007199254740993u64));
        assert_eq!(value["b"], json!(u64::MAX));
        assert_eq!(value["c"], "18446744073709551616");
        assert_eq!(value["d"][0], "-123456789012345678901");
    }

    #[test]
    fn refuses_a_member_that_comes_twice() {
        assert!(parse(br#"{"a": 1, "a": 1}"#).is_err());
        assert!(parse(br#"[{"x": {"a": 1, "a": 1}}]"#).is_err());
        assert!(parse(br#"{"long": 12345678901234567890123, "x": {"a": 1, "a": 1}}"#).is_err());
        assert!(parse(br#"{"a": {"a": 1}}"#).is_ok());
    }

    #[test]
    fn refuses_what_is_no_json() {
        let bad: [&[u8]; 9] =
            [b"", b"\xef\xbb\xbf{}", b"{}x", b"{'a': 1}", b"\xff", b"\"\\ud800\"", b"[1,]", b"1e400", b"NaN"];
        for text in bad {
            assert!(parse(text).is_err(), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn takes_128_levels() {
        for inner in ["", "1", "12345678901234567890123", r#""]]][[[{{{\\\"""#] {
            let arrays = |depth| "[".repeat(depth) + inner + &"]".repeat(depth);
            let objects = |depth| r#"{"a":"#.repeat(depth) + "0" + &"}".repeat(depth);
            for (depth, is_ok) in [(1, true), (127, true), (128, true), (129, false), (10_000, false)] {
                assert_eq!(parse(arrays(depth).as_bytes()).is_ok(), is_ok, "{depth}: {inner}");
                assert_eq!(parse(objects(depth).as_bytes()).is_ok(), is_ok, "{depth}");
            }
        }
        let wide = format!("[{}1]", "[[{}]],".repeat(1_000));
        assert!(parse(wide.as_bytes()).is_ok());
    }

    #[test]
    fn endless_nesting_is_refused_on_a_small_stack() {
        let text = "[".repeat(200_000) + "12345678901234567890123";
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || parse(text.as_bytes()).unwrap_err())
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn an_error_holds_nothing_of_the_text() {
        let error =
            parse(br#"{"access_token": "hunter2", "access_token": "hunter2"}"#).unwrap_err().to_string();
        assert!(
            error.contains("twice") && !error.contains("hunter2") && !error.contains("access_token"),
            "{error}"
        );
    }
}
