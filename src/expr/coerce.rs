//! `{from: PATH, as: KIND}`: what a provider sent, as the kind of value the format wants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::oauth::json;

/// The kind of value a path's node becomes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum As {
    /// `true` or `false`, also from `"true"`, `"false"`, 1 and 0.
    Bool,
    /// A whole number, also from its digits.
    Int,
    /// What the text holds, parsed as JSON.
    Json,
    /// All nodes of the path, as a list.
    List,
    /// A date and time such as `2026-11-24T10:00:00Z`, as seconds since 1970.
    Rfc3339,
    /// Text; a number keeps every digit.
    String,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970, as seconds.
    UnixMs,
}

/// The value as `kind`, or `None` where it is not one. A list is made of nodes by its caller; here one node makes a
/// list of one.
pub fn coerce(value: &Value, kind: As) -> Option<Value> {
    match kind {
        As::Bool => match value {
            Value::Bool(_) => Some(value.clone()),
            Value::String(text) => {
                text.to_ascii_lowercase().parse().or_else(|_| flag(text).ok_or(())).ok().map(Value::Bool)
            }
            Value::Number(number) => flag(&number.to_string()).map(Value::Bool),
            _ => None,
        },
        As::Int => integer(value),
        As::Json => {
            value.as_str().map_or_else(|| Some(value.clone()), |text| json::parse(text.as_bytes()).ok())
        }
        As::List => Some(match value {
            Value::Array(_) => value.clone(),
            one => Value::Array(vec![one.clone()]),
        }),
        As::Rfc3339 => value.as_str().and_then(rfc3339).map(Value::from),
        As::String => text(value).map(Value::String),
        As::Unix => seconds(value).map(Value::from),
        As::UnixMs => seconds(value).map(|milliseconds| Value::from(milliseconds.div_euclid(1000))),
    }
}

/// A scalar as text, exactly as it came; `None` for null, a list or a mapping.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn flag(digit: &str) -> Option<bool> {
    match digit {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// A whole number; one too long for 64 bits stays the text of its digits.
fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(value.clone()),
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let number =
                text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
            Some(number.unwrap_or_else(|_| value.clone()))
        }
        _ => None,
    }
}

fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 9e15).map(|n| n.floor() as i64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// How many days a month has in the Gregorian calendar; none where there is no such month.
pub fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

/// Seconds since 1970 of a date and time of [RFC 3339 §5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6).
fn rfc3339(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let byte = |at: usize| text.as_bytes().get(at).copied();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let separated = byte(4) == Some(b'-')
        && byte(7) == Some(b'-')
        && matches!(byte(10), Some(b'T' | b't' | b' '))
        && byte(13) == Some(b':')
        && byte(16) == Some(b':');
    let days = days_of(year, month);
    if !separated || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
        rest = &fraction[end..];
    }
    let offset = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]
            if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()) =>
        {
            let two = |tens: u8, ones: u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let (hours, minutes) = (two(*h1, *h2), two(*m1, *m2));
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    // Days since 1970-01-01 in the Gregorian calendar, counted from March so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn becomes(kind: As, cases: &[(Value, Value)]) {
        for (from, to) in cases {
            assert_eq!(coerce(from, kind).unwrap_or(Value::Null), *to, "{from} as {kind:?}");
        }
    }

    #[test]
    fn booleans() {
        becomes(
            As::Bool,
            &[
                (json!(true), json!(true)),
                (json!("true"), json!(true)),
                (json!("False"), json!(false)),
                (json!(1), json!(true)),
                (json!("0"), json!(false)),
            ],
        );
        becomes(
            As::Bool,
            &[
                (json!("yes"), json!(null)),
                (json!(2), json!(null)),
                (json!({}), json!(null)),
                (json!(""), json!(null)),
                (json!(1.0), json!(null)),
            ],
        );
    }

    #[test]
    fn integers_keep_every_digit() {
        becomes(
            As::Int,
            &[
                (json!("3600"), json!(3600)),
                (json!(-5), json!(-5)),
                (json!("18446744073709551615"), json!(18446744073709551615u64)),
                (json!("99999999999999999999999"), json!("99999999999999999999999")),
            ],
        );
        becomes(
            As::Int,
            &[
                (json!("1.0"), json!(null)),
                (json!(1.5), json!(null)),
                (json!("1e3"), json!(null)),
                (json!("-"), json!(null)),
                (json!(true), json!(null)),
            ],
        );
        becomes(
            As::String,
            &[
                (json!(9007199254740993u64), json!("9007199254740993")),
                (json!(false), json!("false")),
                (json!([1]), json!(null)),
                (json!(null), json!(null)),
            ],
        );
    }

    #[test]
    fn json_in_text_and_lists() {
        becomes(
            As::Json,
            &[
                (json!(r#"{"name":{"firstName":"Ada"}}"#), json!({"name": {"firstName": "Ada"}})),
                (json!("{"), json!(null)),
                (json!(r#"{"a":1,"a":2}"#), json!(null)),
                (json!({"a": 1}), json!({"a": 1})),
            ],
        );
        becomes(As::List, &[(json!("a"), json!(["a"])), (json!(["a"]), json!(["a"]))]);
    }

    #[test]
    fn times() {
        becomes(
            As::Unix,
            &[
                (json!(1700000000), json!(1700000000)),
                (json!("1700000000"), json!(1700000000)),
                (json!("soon"), json!(null)),
            ],
        );
        becomes(
            As::UnixMs,
            &[(json!(1700000000999i64), json!(1700000000)), (json!("1700000000000"), json!(1700000000))],
        );
        becomes(
            As::Rfc3339,
            &[
                (json!("1970-01-01T00:00:00Z"), json!(0)),
                (json!("2026-11-24T10:28:26Z"), json!(1795516106)),
                (json!("2000-02-29t23:59:59.123+01:00"), json!(951865199)),
                (json!("1969-12-31T23:59:59-00:00"), json!(-1)),
            ],
        );
        for text in [
            "2026-11-24",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T10:00:00",
            "2026-11-24T10:00:00.Z",
            "2026-11-24T10:00:00+1:00",
            "x",
            "２026-11-24T10:00:00Z",
        ] {
            becomes(As::Rfc3339, &[(json!(text), json!(null))]);
        }
    }
}
