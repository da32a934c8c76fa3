//! The filters and tests of templates: minijinja's useful ones and the format's own.
//!
//! A filter that takes text lets a missing or null input through as missing, so that printing it is the error (or,
//! in a profile, the null) that the template's author expects, and never the word `null`.

mod bytes;

use std::{fmt, io};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, filters, tests};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::expr::filters::bytes::{Digest, bytes_filter, data_uri, hmac_sha256, same_secret, to_hex};

/// Every filter a template may name.
pub(crate) const FILTERS: [&str; 43] = [
    "abs",
    "b64",
    "b64url",
    "bool",
    "canonical_query",
    "capitalize",
    "count",
    "d",
    "data_uri",
    "default",
    "first",
    "float",
    "hex",
    "hmac_sha256",
    "host",
    "int",
    "join",
    "join_nonempty",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "md5",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sha256",
    "sort",
    "split",
    "string",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
];

/// Every test a template may name after `is`.
pub(crate) const TESTS: [&str; 21] = [
    "boolean",
    "defined",
    "endingwith",
    "eq",
    "equalto",
    "false",
    "float",
    "in",
    "integer",
    "iterable",
    "mapping",
    "ne",
    "none",
    "number",
    "same_secret",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "sameas",
];

/// Unreserved characters of [RFC 3986 §2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3); the rest is encoded.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn register(environment: &mut Environment<'static>) {
    macro_rules! filter {
        ($($name:literal => $function:expr),* $(,)?) => { $(environment.add_filter($name, $function);)* };
    }
    macro_rules! test {
        ($($name:literal => $function:expr),* $(,)?) => { $(environment.add_test($name, $function);)* };
    }
    filter! {
        "abs" => filters::abs, "bool" => filters::bool, "first" => filters::first, "float" => filters::float,
        "join" => filters::join, "last" => filters::last, "length" => filters::length, "count" => filters::length,
        "list" => filters::list, "map" => filters::map, "max" => filters::max, "min" => filters::min,
        "reject" => filters::reject, "rejectattr" => filters::rejectattr, "reverse" => filters::reverse,
        "round" => filters::round, "select" => filters::select, "selectattr" => filters::selectattr,
        "sort" => filters::sort, "tojson" => tojson, "unique" => filters::unique, "int" => int,
        "default" => default, "d" => default, "string" => string, "split" => split, "replace" => replace, "trim" => trim,
        "lower" => |value: &Value| text_filter(value, |text| text.to_lowercase()),
        "upper" => |value: &Value| text_filter(value, |text| text.to_uppercase()),
        "title" => |value: &Value| text_filter(value, |text| filters::title(text.into())),
        "capitalize" => |value: &Value| text_filter(value, capitalize),
        "b64" => |value: &Value| bytes_filter(value, |bytes| Value::from(STANDARD.encode(bytes))),
        "b64url" => |value: &Value| bytes_filter(value, |bytes| Value::from(URL_SAFE_NO_PAD.encode(bytes))),
        "hex" => |value: &Value| bytes_filter(value, |bytes| Value::from(to_hex(bytes))),
        "sha256" => |value: &Value| bytes_filter(value, |bytes| Digest::value(digest::digest(&digest::SHA256, bytes).as_ref())),
        "md5" => |value: &Value| bytes_filter(value, |bytes| Digest::value(&md5::compute(bytes).0)),
        "urlencode" => |value: &Value| text_filter(value, |text| utf8_percent_encode(text, RESERVED).to_string()),
        "hmac_sha256" => hmac_sha256, "host" => host, "canonical_query" => canonical_query,
        "join_nonempty" => join_nonempty, "data_uri" => data_uri,
    }
    test! {
        "boolean" => tests::is_boolean, "defined" => tests::is_defined, "endingwith" => ending_with, "eq" => tests::is_eq,
        "equalto" => tests::is_eq, "false" => tests::is_false, "float" => tests::is_float, "in" => tests::is_in,
        "integer" => tests::is_integer, "iterable" => tests::is_iterable, "mapping" => tests::is_mapping, "ne" => tests::is_ne,
        "none" => tests::is_none, "number" => tests::is_number, "sameas" => tests::is_sameas, "sequence" => tests::is_sequence,
        "startingwith" => starting_with, "string" => tests::is_string, "true" => tests::is_true, "undefined" => tests::is_undefined,
        "same_secret" => same_secret,
    }
}

/// The reason a filter gives, without a value of the context.
#[derive(Debug)]
pub(crate) struct FilterError(pub &'static str);

impl FilterError {
    pub(crate) fn into_error(text: &'static str) -> Error {
        Error::from(ErrorKind::InvalidOperation).with_source(FilterError(text))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for FilterError {}

fn is_missing(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

/// A scalar as text; `None` for a list or mapping.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::Bool => Some(value.is_true().to_string()), // minijinja prints Python's `True`
        ValueKind::Number | ValueKind::String => Some(value.to_string()),
        _ => value.downcast_object_ref::<Digest>().map(ToString::to_string),
    }
}

fn need_text(value: &Value) -> Result<String, Error> {
    if is_missing(value) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    text(value).ok_or_else(|| FilterError::into_error("this filter takes text, not a list or mapping"))
}

fn text_filter(value: &Value, change: impl FnOnce(&str) -> String) -> Result<Value, Error> {
    if is_missing(value) {
        Ok(Value::UNDEFINED)
    } else {
        need_text(value).map(|text| Value::from(change(&text)))
    }
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect()
    })
}

/// `default(other)`: in place of something missing or null; `default(other, true)` also of `""`, `false` and 0.
fn default(value: &Value, other: Option<Value>, lax: Option<bool>) -> Value {
    if is_missing(value) || (lax == Some(true) && !value.is_true()) {
        other.unwrap_or_else(|| Value::from(""))
    } else {
        value.clone()
    }
}

fn string(value: &Value) -> Result<Value, Error> {
    text_filter(value, str::to_owned)
}

/// JSON without white space; of a mapping, the members sorted by name.
fn tojson(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Ok(Value::UNDEFINED);
    }
    // A list can hold another many times over: what is written is bounded, not what is there.
    let mut json = Bounded(Vec::new());
    serde_json::to_writer(&mut json, value)
        .map_err(|_| FilterError::into_error("`tojson` cannot write this value, or not within 8 KB"))?;
    Ok(Value::from(String::from_utf8_lossy(&json.0).into_owned()))
}

/// Takes as many bytes as a template may print.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > super::template::MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn int(
    state: &State,
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    if is_missing(value) {
        return Ok(default.or(kwargs.get("default")?).unwrap_or(Value::UNDEFINED));
    }
    filters::int(state, value, default, base, kwargs)
}

fn trim(value: &Value, chars: Option<&str>) -> Result<Value, Error> {
    text_filter(value, |text| match chars {
        Some(chars) => text.trim_matches(|c| chars.contains(c)).to_owned(),
        None => text.trim().to_owned(),
    })
}

fn replace(value: &Value, from: &str, to: &str) -> Result<Value, Error> {
    if from.is_empty() {
        return Err(FilterError::into_error("`replace` needs some text to replace"));
    }
    let Ok(size) =
        text(value).map_or(Ok(0), |text| text.matches(from).count().checked_mul(to.len()).ok_or(()))
    else {
        return Err(Error::from(ErrorKind::OutOfFuel));
    };
    if size > super::template::MAX_OUTPUT {
        return Err(Error::from(ErrorKind::OutOfFuel));
    }
    text_filter(value, |text| text.replace(from, to))
}

fn split(value: &Value, separator: Option<&str>) -> Result<Value, Error> {
    if is_missing(value) {
        return Ok(Value::UNDEFINED);
    }
    let text = need_text(value)?;
    Ok(match separator {
        Some("") => return Err(FilterError::into_error("`split` needs a separator")),
        Some(separator) => text.split(separator).map(Value::from).collect(),
        None => text.split_whitespace().map(Value::from).collect(),
    })
}

/// The host of a URL, without port.
fn host(value: &Value) -> Result<Value, Error> {
    if is_missing(value) {
        return Ok(Value::UNDEFINED);
    }
    let url = ::url::Url::parse(&need_text(value)?).ok();
    let host = url
        .as_ref()
        .and_then(|url| url.host_str())
        .ok_or_else(|| FilterError::into_error("`host` takes a URL"))?;
    Ok(Value::from(host))
}

/// The members of a mapping as `name=value&…`, sorted by name, decoded; `%`, `&` (and `=` in a name) stay encoded, so
/// that no two mappings give the same text. With `encode=true` all of it is encoded as a form is.
fn canonical_query(value: &Value, kwargs: Kwargs) -> Result<Value, Error> {
    let exclude: Option<Vec<String>> = kwargs.get("exclude")?;
    let encode = kwargs.get::<Option<bool>>("encode")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let exclude = exclude.unwrap_or_default();
    if value.kind() != ValueKind::Map {
        return Err(FilterError::into_error("`canonical_query` takes a mapping"));
    }
    let mut pairs = Vec::new();
    for name in value.try_iter()? {
        let (Some(key), Ok(member)) = (name.as_str(), value.get_item(&name)) else { continue };
        if exclude.iter().any(|excluded| excluded == key) || is_missing(&member) {
            continue;
        }
        pairs.push((key.to_owned(), need_text(&member)?));
    }
    if encode {
        pairs.sort();
        return Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into());
    }
    for (name, value) in &mut pairs {
        let escape = |text: &str| text.replace('%', "%25").replace('&', "%26");
        (*name, *value) = (escape(name).replace('=', "%3D"), escape(value));
    }
    pairs.sort();
    Ok(Value::from(pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")))
}

/// The items that are there, joined; nothing where none is.
fn join_nonempty(value: &Value, separator: Option<&str>) -> Result<Value, Error> {
    if is_missing(value) {
        return Ok(Value::UNDEFINED);
    }
    if value.kind() != ValueKind::Seq {
        return Err(FilterError::into_error("`join_nonempty` takes a list"));
    }
    let mut parts = Vec::new();
    for item in value.try_iter()?.filter(|item| !is_missing(item)) {
        parts.push(need_text(&item)?);
    }
    parts.retain(|part| !part.is_empty());
    Ok(Value::from(parts.join(separator.unwrap_or(" "))))
}

fn starting_with(value: &Value, other: &str) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(other))
}

fn ending_with(value: &Value, other: &str) -> bool {
    value.as_str().is_some_and(|text| text.ends_with(other))
}

#[cfg(test)]
mod unit_tests;
