//! What a POST says: a form or JSON, nothing else. Of a repeated key the last counts, as with Auth.js.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::HttpBody;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::oauth::json;

/// How much of a body that is too long is read on and dropped.
const READ_ON: usize = 256 * 1024;

/// The bytes of a body; `None` where there are more than `limit`.
///
/// What is too long is not cut off at once: whoever is still sending would see a broken connection and no answer.
pub async fn collect(mut body: axum::body::Body, limit: usize) -> Option<Bytes> {
    let mut bytes = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length += data.len();
        match length {
            _ if length <= limit => bytes.extend_from_slice(&data),
            _ if length > limit + READ_ON => return None,
            _ => {}
        }
    }
    (length <= limit).then(|| bytes.freeze())
}

/// The body of a request.
#[derive(Debug, Default)]
pub enum Body {
    /// `application/x-www-form-urlencoded`, as it came.
    Form(String),
    /// `application/json`: an object.
    Json(Map<String, Value>),
    /// Anything else.
    #[default]
    None,
}

impl Body {
    /// Reads a body; what cannot be read counts as none.
    pub fn read(headers: &HeaderMap, bytes: &Bytes) -> Body {
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => match std::str::from_utf8(bytes) {
                Ok(text) => Body::Form(text.to_owned()),
                Err(_) => Body::None,
            },
            "application/json" => match json::parse(bytes) {
                Ok(Value::Object(members)) => Body::Json(members),
                _ => Body::None,
            },
            _ => Body::None,
        }
    }

    /// A field as text.
    pub fn get(&self, name: &str) -> Option<String> {
        match self {
            Body::Form(text) => last(text, name),
            Body::Json(members) => members.get(name).and_then(Value::as_str).map(str::to_owned),
            Body::None => None,
        }
    }

    /// Whether the client of next-auth 4 asks for an address as JSON instead of a redirect.
    pub fn wants_json(&self) -> bool {
        match self {
            Body::Json(members) => {
                matches!(members.get("json"), Some(Value::Bool(true))) || self.is("json", "true")
            }
            _ => self.is("json", "true"),
        }
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).as_deref() == Some(value)
    }
}

/// The last parameter of that name.
pub fn last(encoded: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(encoded.as_bytes())
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// The parameter of that name where there is exactly one.
pub fn only(encoded: &str, name: &str) -> Option<String> {
    let mut found = form_urlencoded::parse(encoded.as_bytes()).filter(|(key, _)| key == name);
    let value = found.next()?.1.into_owned();
    found.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(content_type: &str, text: &'static str) -> Body {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        Body::read(&headers, &Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_body_is_whole_or_none() {
        assert_eq!(collect("a=1".into(), 3).await.as_deref(), Some(&b"a=1"[..]));
        assert_eq!(collect("a=12".into(), 3).await, None);
        assert_eq!(collect(axum::body::Body::empty(), 0).await.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn reads_forms_and_json() {
        assert_eq!(
            body("application/x-www-form-urlencoded; charset=utf-8", "a=1&b=x+y&a=2").get("a").as_deref(),
            Some("2")
        );
        assert_eq!(body("application/json", r#"{"a": "1"}"#).get("a").as_deref(), Some("1"));
        assert!(body("application/x-www-form-urlencoded", "json=true").wants_json());
        assert!(body("application/json", r#"{"json": true}"#).wants_json());
        assert!(!body("application/json", r#"{"json": "no"}"#).wants_json());
    }

    #[test]
    fn a_parameter_that_comes_twice_is_not_the_only_one() {
        assert_eq!(only("a=1&b=2", "a").as_deref(), Some("1"));
        assert_eq!((only("a=1&a=1", "a"), only("b=2", "a")), (None, None));
    }

    #[test]
    fn anything_else_is_no_body() {
        for (content_type, text) in [
            ("text/plain", "a=1"),
            ("multipart/form-data; boundary=x", "a=1"),
            ("application/json", "{"),
            ("application/json", "[1]"),
            ("application/json", r#"{"a": "1", "a": "2"}"#),
        ] {
            assert_eq!(body(content_type, text).get("a"), None, "{content_type} {text}");
        }
    }
}
