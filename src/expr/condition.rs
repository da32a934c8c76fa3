//! A condition of a provider file: `ok`, `verify`, `when`. A minijinja expression without braces.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::Expression;

use crate::expr::environment;
use crate::expr::scan::Scan;
use crate::expr::tokens::Syntax;
use crate::expr::{Context, ExprError, Kind};

/// A compiled condition.
///
/// Something undefined makes it false, also inside a comparison: two values that are both missing are not equal,
/// so a signature that was never sent verifies nothing.
pub struct Condition {
    source: Arc<str>,
    compiled: Expression<'static, 'static>,
    scan: Scan,
    names: Vec<String>,
    roots: Vec<Arc<str>>,
}

impl Condition {
    /// Compiles the text of a condition.
    ///
    /// # Errors
    /// Text that is too long or nests too deep, does not parse, or names a filter, test or function that does not exist.
    pub fn compile(source: &str) -> Result<Condition, ExprError> {
        let scan = Scan::new(source, Syntax::Expression)?;
        let compiled = environment::base()
            .compile_expression_owned(source.to_owned())
            .map_err(|error| environment::error(&error, source))?;
        let names = environment::sorted(compiled.undeclared_variables(true));
        let roots = environment::roots(&names);
        Ok(Condition { source: source.into(), compiled, scan, names, roots })
    }

    /// Whether the condition holds; where something it needs is undefined, it does not.
    ///
    /// # Errors
    /// An operation that cannot be done on the values at hand, or too much work.
    pub fn holds(&self, context: &Context) -> Result<bool, ExprError> {
        let result = self
            .compiled
            .eval(context.roots(&self.roots))
            .map_err(|error| environment::error(&error, &self.source));
        match result {
            Ok(value) => Ok(value.is_true()),
            Err(error) if error.kind == Kind::Missing => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The names it reads, dotted as far as the text shows them.
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Where a name of [`Condition::names`] first stands.
    pub fn range_of(&self, name: &str) -> Option<Range<usize>> {
        self.scan.range_of(&self.source, name)
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(source: &str) -> bool {
        let mut context = Context::new();
        context.set("body", json!({"ok": true, "errcode": 0, "list": ["a"], "text": "x"}));
        context.set("callback", json!({"hmac": "a1b2", "shop": "acme.myshopify.com"}));
        context.set("client", json!({"secret": "k"}));
        Condition::compile(source).expect(source).holds(&context).expect(source)
    }

    #[test]
    fn reads_the_tree() {
        for source in [
            "body.ok",
            "not body.errcode",
            "body.error is undefined",
            "not body.error",
            "'a' in body.list",
            "body.text == 'x' and body.ok",
            "callback.shop == 'acme' ~ '.myshopify.com'",
            "callback.hmac is same_secret('a1b2')",
        ] {
            assert!(holds(source), "{source}");
        }
    }

    #[test]
    fn undefined_is_false_also_when_both_sides_are() {
        for source in [
            "body.error",
            "body.error == body.other",
            "body.a.b.c",
            "missing.x",
            "callback.sig is same_secret(body.sig)",
            "body.a != body.b",
        ] {
            assert!(!holds(source), "{source}");
        }
    }

    #[test]
    fn names_are_listed_with_their_places() {
        let condition =
            Condition::compile("callback.hmac is same_secret(client.secret) and body.ok").expect("compiles");
        assert_eq!(condition.names(), ["body.ok", "callback.hmac", "client.secret"]);
        assert_eq!(condition.range_of("client.secret"), Some(29..42));
    }

    #[test]
    fn an_unknown_test_is_named_with_its_place() {
        let error = Condition::compile("callback.hmac is same_secre(x)").expect_err("unknown");
        assert_eq!(error.range, Some(17..27));
        let (name, known) = error.unknown.expect("unknown");
        assert_eq!(name, "same_secre");
        assert!(known.contains(&"same_secret"));
    }
}
