//! Filters on bytes: encodings, digests, and the comparison of secrets.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};
use minijinja::Error;
use minijinja::value::{Object, ObjectRepr, Rest, Value};

use crate::expr::filters::{FilterError, is_missing, need_text, text};

/// The bytes of a digest: prints as hexadecimal, and `b64`, `b64url` and `hex` take the bytes.
#[derive(Debug)]
pub(crate) struct Digest(Vec<u8>);

impl Digest {
    pub(super) fn value(bytes: &[u8]) -> Value {
        Value::from_object(Digest(bytes.to_vec()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl Object for Digest {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

pub(super) fn bytes_filter(value: &Value, change: impl FnOnce(&[u8]) -> Value) -> Result<Value, Error> {
    match value.downcast_object_ref::<Digest>() {
        Some(digest) => Ok(change(&digest.0)),
        None if is_missing(value) => Ok(Value::UNDEFINED),
        None => need_text(value).map(|text| change(text.as_bytes())),
    }
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(nibble.into(), 16).expect("a nibble is a digit of base 16"));
        }
        hex
    })
}

/// HMAC with SHA-256; a template's `hmac_sha256(key)` prints as hexadecimal.
pub(super) fn hmac_sha256(value: &Value, key: &Value) -> Result<Value, Error> {
    let key = match key.downcast_object_ref::<Digest>() {
        Some(digest) => digest.0.clone(),
        None => need_text(key)?.into_bytes(),
    };
    if key.is_empty() {
        return Err(FilterError::into_error("`hmac_sha256` needs a key"));
    }
    bytes_filter(value, |bytes| {
        Digest::value(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), bytes).as_ref())
    })
}

/// Base64 text as a `data:` URL ([RFC 2397](https://www.rfc-editor.org/rfc/rfc2397)).
pub(super) fn data_uri(value: &Value, media_type: &str) -> Result<Value, Error> {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
    };
    if !media_type.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub)) {
        return Err(FilterError::into_error("`data_uri` needs a media type such as 'image/png'"));
    }
    if is_missing(value) {
        return Ok(Value::UNDEFINED);
    }
    let text = need_text(value)?;
    let decoded = |engine: &GeneralPurpose| engine.decode(&text).ok();
    let bytes = decoded(&STANDARD)
        .or_else(|| decoded(&URL_SAFE_NO_PAD))
        .ok_or_else(|| FilterError::into_error("`data_uri` takes base64 text"))?;
    Ok(Value::from(format!("data:{media_type};base64,{}", STANDARD.encode(bytes))))
}

/// Whether two secrets are the same, in constant time. Something missing or empty is the same as nothing.
pub(super) fn same_secret(value: &Value, Rest(others): Rest<Value>) -> Result<bool, Error> {
    let [other] = others.as_slice() else {
        return Err(FilterError::into_error("`same_secret` compares with one other value"));
    };
    Ok(match (text(value), text(other)) {
        (Some(one), Some(other)) if !one.is_empty() => {
            constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
        }
        _ => false,
    })
}
