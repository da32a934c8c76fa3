//! The one minijinja environment all templates and conditions share: strict about undefined values, fuelled, and
//! with nothing in it but the filters and tests listed in [`filters`].
//!
//! A compiled template needs an owner for its instructions. A copy of the environment is that owner: the copy shares
//! the filters and tests and holds one template, so nothing is leaked when a configuration is replaced.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use crate::expr::filters::{self, FilterError};
use crate::expr::url;
use crate::expr::{ExprError, Kind};

/// Work one rendering may do: instructions, and 64 bytes of data for each unit.
const FUEL: u64 = 2_000;
/// The name of the one template in a copy.
pub(crate) const NAME: &str = "t";

/// A name no template can write; defined where a URL is rendered.
pub(crate) const URL: &str = "\0url";

static BASE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    // An `if` may look at something undefined; printing, comparing or filtering it is an error.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false); // minijinja's debug output repeats the values of the context
    environment.set_formatter(format);
    filters::register(&mut environment);
    environment
});

/// The shared environment.
pub(crate) fn base() -> &'static Environment<'static> {
    &BASE
}

/// A copy that owns one compiled template under [`NAME`].
pub(crate) fn owning(source: &str) -> Result<Environment<'static>, ExprError> {
    let mut environment = BASE.clone();
    environment.add_template_owned(NAME, source.to_owned()).map_err(|err| error(&err, source))?;
    Ok(environment)
}

/// Prints what `{{ … }}` yields. A missing or null part is an error here; a profile turns that into null.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    match value.as_str() {
        Some("") if state.lookup(URL).is_some() => out.write_str(url::EMPTY)?,
        Some(text) => out.write_str(text)?,
        None => match filters::text(value) {
            Some(text) => out.write_str(&text)?,
            None => {
                const WHY: &str = "only text, a number or a boolean can be printed; `tojson` makes text of a list or mapping";
                return Err(FilterError::into_error(WHY));
            }
        },
    }
    Ok(())
}

/// Turns minijinja's error into ours. Its details may quote values of the context, so of an error at run time only
/// the kind and the place are kept.
pub(crate) fn error(error: &Error, source: &str) -> ExprError {
    let range = error.range().filter(|range| range.start < range.end && source.get(range.clone()).is_some());
    let part = range.clone().and_then(|range| source.get(range)).map(str::trim);
    let own = std::error::Error::source(error).and_then(|source| source.downcast_ref::<FilterError>());
    let (kind, message) = match (error.kind(), own) {
        (_, Some(FilterError(text))) => (Kind::Other, (*text).to_owned()),
        (ErrorKind::UndefinedError, _) => (
            Kind::Missing,
            part.map_or("a value is missing".to_owned(), |part| format!("`{part}` is missing or null")),
        ),
        (ErrorKind::OutOfFuel, _) => (Kind::Other, "the template does too much work".to_owned()),
        (ErrorKind::SyntaxError | ErrorKind::BadEscape, _) => {
            (Kind::Other, error.detail().map_or_else(|| "syntax error".to_owned(), str::to_owned))
        }
        (kind, _) => {
            (Kind::Other, part.map_or_else(|| kind.to_string(), |part| format!("{kind} in `{part}`")))
        }
    };
    ExprError { message, range, unknown: None, help: None, kind }
}

/// Names in a stable order.
pub(crate) fn sorted(names: HashSet<String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names
}

/// The first parts of sorted names, each once.
pub(crate) fn roots(names: &[String]) -> Vec<Arc<str>> {
    let mut roots: Vec<Arc<str>> =
        names.iter().map(|name| name.split('.').next().unwrap_or_default().into()).collect();
    roots.sort();
    roots.dedup();
    roots
}
