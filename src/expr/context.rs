//! What templates and paths see: the tree of the format's "Values", as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, Value as Jinja};
use serde_json::{Map, Value};

use crate::expr::environment;

/// The tree a provider file reads: `client`, `vars`, `request`, `flow`, `callback`, `token`, `claims`, `userinfo`,
/// every named call, `captured`, and `body` inside `response`.
///
/// It holds secrets in the clear, so it is never printed: `Debug` shows the names alone.
#[derive(Clone)]
pub struct Context {
    tree: Value,
    // minijinja's form of each member, made when a template first reads it.
    jinja: BTreeMap<String, OnceLock<Jinja>>,
}

impl Context {
    /// An empty tree.
    pub fn new() -> Self {
        Context { tree: Value::Object(Map::new()), jinja: BTreeMap::new() }
    }

    /// Puts a member into the tree, in the place of one that has this name.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        self.jinja.insert(name.clone(), OnceLock::new());
        if let Value::Object(tree) = &mut self.tree {
            tree.insert(name, value);
        }
    }

    /// A member of the tree.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.tree.get(name)
    }

    /// The whole tree, as a path sees it.
    pub fn as_value(&self) -> &Value {
        &self.tree
    }

    /// The members that a template reads, for one rendering.
    pub(crate) fn roots(&self, names: &[Arc<str>]) -> Jinja {
        Jinja::from_object(Roots { members: self.members(names), url: false })
    }

    /// The same for a URL, where the formatter must know that it prints into one.
    pub(crate) fn url_roots(&self, names: &[Arc<str>]) -> Jinja {
        Jinja::from_object(Roots { members: self.members(names), url: true })
    }

    fn members(&self, names: &[Arc<str>]) -> Vec<(Arc<str>, Jinja)> {
        let members = names.iter().filter_map(|name| {
            let value = self
                .jinja
                .get(&**name)?
                .get_or_init(|| self.tree.get(&**name).map_or(Jinja::UNDEFINED, to_jinja));
            Some((name.clone(), value.clone()))
        });
        members.collect()
    }
}

impl Default for Context {
    fn default() -> Self {
        Context::new()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.jinja.keys()).finish()
    }
}

impl From<Map<String, Value>> for Context {
    fn from(tree: Map<String, Value>) -> Self {
        let jinja = tree.keys().map(|name| (name.clone(), OnceLock::new())).collect();
        Context { tree: Value::Object(tree), jinja }
    }
}

/// The few members one template reads; a search through them is quicker than a map.
struct Roots {
    members: Vec<(Arc<str>, Jinja)>,
    url: bool,
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Roots")
    }
}

impl Object for Roots {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let key = key.as_str()?;
        let found = self.members.iter().find(|(name, _)| &**name == key).map(|(_, value)| value.clone());
        found.or_else(|| (self.url && key == environment::URL).then(|| Jinja::from(true)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(value) => Jinja::from(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(n), _) => Jinja::from(n),
            (None, Some(n)) => Jinja::from(n),
            (None, None) => Jinja::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Jinja::from(text.as_str()),
        Value::Array(items) => items.iter().map(to_jinja).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (Jinja::from(name.as_str()), to_jinja(value)));
            Jinja::from_object(members.collect::<BTreeMap<Jinja, Jinja>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_replaced_in_both_forms() {
        let mut context = Context::new();
        context.set("token", json!({"access_token": "one"}));
        let names = [Arc::from("token")];
        let read = |context: &Context| {
            context
                .roots(&names)
                .get_attr("token")
                .and_then(|token| token.get_attr("access_token"))
                .expect("set")
                .to_string()
        };
        assert_eq!(read(&context), "one");
        context.set("token", json!({"access_token": "two"}));
        assert_eq!(read(&context), "two");
        assert_eq!(context.get("token"), Some(&json!({"access_token": "two"})));
    }

    #[test]
    fn debug_shows_names_and_no_value() {
        let mut context = Context::new();
        context.set("client", json!({"secret": "canary"}));
        let shown = format!("{context:?}");
        assert!(shown.contains("client") && !shown.contains("canary"), "{shown}");
    }
}
