//! A value that comes in, compiled: where it is read from, and what it becomes.

use serde_json::Value;

use crate::expr::{As, Context, ExprError, Path, Template, coerce, is_empty};
use crate::spec::value::Coercion;

/// Where a value is read from.
#[derive(Debug)]
pub enum Read {
    /// A path with a coercion.
    Coerced(Path, Coercion),
    /// The first that is not empty.
    FirstOf(Vec<Read>),
    /// As it stands.
    Literal(Value),
    /// The first non-empty node of a path.
    Path(Path),
    /// A text; nothing where a printed part is missing.
    Template(Template),
}

impl Read {
    /// The value in `context`; `None` where it is empty (missing, null or `""`) or is not what it should become.
    ///
    /// # Errors
    /// A template that cannot be rendered; it does not say what the values were.
    pub fn value(&self, context: &Context) -> Result<Option<Value>, ExprError> {
        let value = match self {
            Read::Literal(value) => Some(value.clone()),
            Read::Path(path) => path.first(context.as_value()).cloned(),
            Read::Template(template) => template.render_profile(context)?.map(Value::String),
            Read::FirstOf(members) => {
                for member in members {
                    if let Some(value) = member.value(context)? {
                        return Ok(Some(value));
                    }
                }
                None
            }
            Read::Coerced(path, Coercion::List) => {
                Some(Value::Array(path.all(context.as_value()).into_iter().cloned().collect()))
            }
            Read::Coerced(path, coercion) => {
                path.first(context.as_value()).and_then(|value| coerce(value, (*coercion).into()))
            }
        };
        Ok(value.filter(|value| !is_empty(value)))
    }

    /// The members of the context tree that are read.
    pub fn roots(&self) -> Vec<String> {
        let root = |name: &str| name.split(['.', '[']).next().unwrap_or_default().to_owned();
        match self {
            Read::Coerced(path, _) | Read::Path(path) => {
                vec![root(path.source().trim_start_matches('$').trim_start_matches('.'))]
            }
            Read::FirstOf(members) => members.iter().flat_map(Read::roots).collect(),
            Read::Literal(_) => vec![],
            Read::Template(template) => template.names().iter().map(|name| root(name)).collect(),
        }
    }

    /// The sources in the order they are tried.
    pub fn sources(&self) -> Vec<&str> {
        match self {
            Read::Coerced(path, _) | Read::Path(path) => vec![path.source()],
            Read::FirstOf(members) => members.iter().flat_map(Read::sources).collect(),
            Read::Literal(_) => vec![],
            Read::Template(template) => vec![template.source()],
        }
    }
}

impl From<Coercion> for As {
    fn from(coercion: Coercion) -> As {
        match coercion {
            Coercion::Bool => As::Bool,
            Coercion::Int => As::Int,
            Coercion::Json => As::Json,
            Coercion::List => As::List,
            Coercion::Rfc3339 => As::Rfc3339,
            Coercion::String => As::String,
            Coercion::Unix => As::Unix,
            Coercion::UnixMs => As::UnixMs,
        }
    }
}
