//! Who somebody is, as headers for an application behind a proxy.
//!
//! Each configured header is always there, empty where there is nothing to say, so that a proxy that copies it overwrites whatever
//! a visitor sent. A value is visible ASCII: other characters, and `%`, are percent-encoded as UTF-8 (RFC 3986 §2.1), which
//! `decodeURIComponent` undoes. The members of a list are separated by commas; a comma within one is percent-encoded.

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// A longer value is left out: a proxy would refuse the whole answer.
const MAX_LENGTH: usize = 4096;

/// The headers of a person, in the order of the deployment; of nobody, where there are no claims.
pub(super) fn headers<'a>(
    headers: &'a [(HeaderName, String)],
    claims: Option<&'a Map<String, Value>>,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + 'a {
    headers.iter().map(move |(name, claim)| {
        let value = claims.and_then(|claims| header_value(claims, claim));
        (name.clone(), value.unwrap_or(HeaderValue::from_static("")))
    })
}

fn header_value(claims: &Map<String, Value>, claim: &str) -> Option<HeaderValue> {
    let verified = || claims.get("email_verified") == Some(&Value::Bool(true));
    let value = claims.get(claim).filter(|_| claim != "email" || verified())?;
    let mut text = String::new();
    match value {
        Value::Array(members) => {
            for member in members.iter().filter_map(scalar) {
                if !text.is_empty() {
                    text.push(',');
                }
                encode(&member, ",%", &mut text);
            }
        }
        value => encode(&scalar(value)?, "%", &mut text),
    }
    if text.len() > MAX_LENGTH {
        tracing::warn!(claim, "a claim is too large for a header and was left out");
        return None;
    }
    HeaderValue::try_from(text).ok()
}

fn scalar(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(flag.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Spaces stay, but not where a header's value begins or ends: there they would be lost.
fn encode(text: &str, reserved: &str, out: &mut String) {
    let last = text.len().saturating_sub(1);
    for (at, byte) in text.bytes().enumerate() {
        let space = byte == b' ' && at != 0 && at != last;
        if (byte.is_ascii_graphic() || space) && !reserved.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(claims: Value, claim: &str) -> String {
        let configured = [(HeaderName::from_static("remote-x"), claim.to_owned())];
        let all: Vec<_> = headers(&configured, claims.as_object()).collect();
        assert_eq!(all.len(), 1, "each header is always there");
        all[0].1.to_str().unwrap().to_owned()
    }

    #[test]
    fn values_are_visible_ascii_and_can_be_read_back() {
        for (name, expected) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Zoë", "Zo%C3%AB"),
            ("王", "%E7%8E%8B"),
            ("100%", "100%25"),
            ("a\r\nRemote-User: root", "a%0D%0ARemote-User: root"),
            (" \0a\u{7f} ", "%20%00a%7F%20"),
            ("a,b", "a,b"),
            ("", ""),
        ] {
            assert_eq!(value(json!({"name": name}), "name"), expected);
        }
    }

    #[test]
    fn a_list_is_separated_by_commas_that_no_member_has() {
        assert_eq!(
            value(json!({"groups": ["a b", "c,d", 7, true, null, {"e": 1}]}), "groups"),
            "a b,c%2Cd,7,true"
        );
        assert_eq!(value(json!({"groups": []}), "groups"), "");
    }

    #[test]
    fn an_address_counts_where_it_is_verified() {
        let ada = "ada@acme.example";
        assert_eq!(value(json!({"email": ada, "email_verified": true}), "email"), ada);
        for claims in [
            json!({"email": ada}),
            json!({"email": ada, "email_verified": false}),
            json!({"email": ada, "email_verified": "true"}),
            json!({"email_verified": true}),
        ] {
            assert_eq!(value(claims, "email"), "");
        }
    }

    #[test]
    fn nothing_is_said_of_nobody_and_of_what_no_header_can_hold() {
        assert_eq!(value(Value::Null, "sub"), "");
        for claims in
            [json!({}), json!({"x": null}), json!({"x": {"y": 1}}), json!({"x": "a".repeat(MAX_LENGTH + 1)})]
        {
            assert_eq!(value(claims, "x"), "");
        }
        assert_eq!(value(json!({"x": "a".repeat(MAX_LENGTH)}), "x").len(), MAX_LENGTH);
    }
}
