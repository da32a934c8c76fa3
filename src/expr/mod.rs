//! The two notations of a provider file behind one value type: templates and conditions (minijinja), paths (JSONPath).
//!
//! In: the text of a template, path or condition, and a [`Context`]. Out: a string, a node or a boolean, or an
//! [`ExprError`] that knows its place in the text and never repeats a value of the context.
//! Everything here is bounded: text is measured before a recursive parser sees it, templates run with fuel,
//! paths with a budget of nodes.

pub mod coerce;
mod condition;
mod context;
mod environment;
mod filters;
mod path;
mod plain_path;
mod scan;
mod template;
mod tokens;
mod url;

use std::fmt;
use std::ops::Range;

use serde_json::Value;

pub use coerce::{As, coerce};
pub use condition::Condition;
pub use context::Context;
#[cfg(all(test, feature = "lsp"))]
pub(crate) use filters::FILTERS;
#[cfg(feature = "lsp")]
pub(crate) use filters::TESTS;
pub use path::Path;
pub use template::{Template, UrlPart};

/// Why a template, path or condition cannot be compiled, or could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprError {
    /// What is wrong, lower case, without a value of the context.
    pub message: String,
    /// The bytes of the source that are to blame.
    pub range: Option<Range<usize>>,
    /// A filter, test or function that does not exist, with the names that do.
    pub unknown: Option<(String, Vec<&'static str>)>,
    /// The change to make, in words.
    pub help: Option<&'static str>,
    pub(crate) kind: Kind,
}

/// What the callers inside `expr` tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something read is missing or null.
    Missing,
    Other,
}

impl ExprError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        ExprError { message: message.into(), range: None, unknown: None, help: None, kind: Kind::Other }
    }

    pub(crate) fn at(message: impl Into<String>, range: Range<usize>) -> Self {
        ExprError { range: Some(range), ..ExprError::new(message) }
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExprError {}

/// Whether a value counts as absent: null or `""`. `false` and `0` are values.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_is_null_or_the_empty_string_and_nothing_else() {
        assert!(is_empty(&json!(null)) && is_empty(&json!("")));
        for value in [json!(false), json!(0), json!([]), json!({}), json!(" ")] {
            assert!(!is_empty(&value), "{value}");
        }
    }
}
