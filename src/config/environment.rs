//! The environment, as far as a deployment reads it: `AUTH_…` as Auth.js names it, `NEXTAUTH_…` where that is absent.

use std::collections::HashMap;

/// Variables of the environment. An empty one counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: HashMap<String, Hidden>,
}

/// A value that is not printed: it may be a secret.
#[derive(Clone)]
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Environment {
    /// Takes variables over.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        let values = variables.into_iter().filter(|(_, value)| !value.trim().is_empty());
        Environment { values: values.map(|(name, value)| (name, Hidden(value))).collect() }
    }

    /// A variable; a line end at its end is dropped.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.0.trim_end_matches(['\r', '\n']))
    }

    /// The first of several variables that is set, with its name.
    pub fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| self.get(name).map(|value| (*name, value)))
    }

    /// A variable of a provider: `AUTH_<ID>_<NAME>`.
    pub fn of_provider(&self, id: &str, name: &str) -> Option<&str> {
        self.get(&variable(id, name))
    }
}

/// The name of a provider's variable: the id in capitals, `_` for `-`.
///
/// ```
/// assert_eq!(authcfg::config::variable("42-school", "team_id"), "AUTH_42_SCHOOL_TEAM_ID");
/// ```
pub fn variable(id: &str, name: &str) -> String {
    let capitals = |text: &str| text.to_ascii_uppercase().replace(['-', '.'], "_");
    format!("AUTH_{}_{}", capitals(id), capitals(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_absent() {
        let environment = Environment::new([("A".into(), "  ".into()), ("B".into(), "b\n".into())]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.first(&["A", "B"]), Some(("B", "b")));
        assert!(!format!("{environment:?}").contains("\"b"));
    }
}
