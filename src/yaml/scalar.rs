//! What a plain scalar is: the core schema of YAML 1.2 §10.3.2, less what people do not expect to be a number.

use std::borrow::Cow;

use serde_json::Number;

use crate::yaml::NodeValue;

/// Reads a scalar without quotes.
pub fn plain(text: Cow<'_, str>) -> NodeValue {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "true" | "True" | "TRUE" => NodeValue::Bool(true),
        "false" | "False" | "FALSE" => NodeValue::Bool(false),
        written => match number(written) {
            Some(number) => NodeValue::Number(number),
            None => NodeValue::String(text.into_owned()),
        },
    }
}

/// Decimal integers without leading zeros, and fractions.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits.split(['.', 'e', 'E']).next().unwrap_or_default();
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    let written = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !leading_zero;
    if !written || !digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte)) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        // More digits than a number keeps: text here, so that the second parser's rounded number is found to differ.
        let unsigned_number = unsigned.parse::<u64>().map(Number::from);
        return unsigned_number.or_else(|_| unsigned.parse::<i64>().map(Number::from)).ok();
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).and_then(Number::from_f64)
}
