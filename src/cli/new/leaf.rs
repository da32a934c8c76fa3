//! The scalars of a response, each with the path that leads to it.

use serde_json::Value;

/// Deeper than this no profile stands.
const MAX_DEPTH: usize = 6;
/// A path is no longer than this.
const MAX_PATH: usize = 200;
/// Members that mark one element of a list as the one to take.
const MARKS: [&str; 5] = ["primary", "is_primary", "isPrimary", "default", "is_default"];

/// A scalar of a response.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The call that the response is of.
    pub call: &'static str,
    /// Where it stands.
    pub path: Vec<Step>,
    /// What it is: text, a number, a boolean or null.
    pub value: Value,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first element of a list.
    First,
    /// The element of a list whose member of this name is true.
    Marked(String),
    /// The member of this name.
    Member(String),
}

/// The call whose answer a response is: `userinfo` is always an object, a list needs a call with a name.
pub fn call_of(response: &Value) -> &'static str {
    if response.is_array() { "me" } else { "userinfo" }
}

/// The scalars in the order of the text. Of a list one element is looked at: the marked one, or the first.
pub fn leaves(response: &Value) -> Vec<Leaf> {
    let mut leaves = vec![];
    collect(response, &mut vec![], &mut leaves);
    leaves.iter_mut().for_each(|leaf| leaf.call = call_of(response));
    leaves.retain(|leaf| leaf.source().len() <= MAX_PATH);
    leaves
}

fn collect(value: &Value, path: &mut Vec<Step>, leaves: &mut Vec<Leaf>) {
    if path.len() > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path.push(Step::Member(name.clone()));
                collect(member, path, leaves);
                path.pop();
            }
        }
        Value::Array(items) => {
            let is_true = |item: &Value, mark: &str| item.get(mark) == Some(&Value::Bool(true));
            let marked = MARKS.iter().find_map(|mark| {
                Some((items.iter().find(|item| is_true(item, mark))?, Step::Marked((*mark).to_owned())))
            });
            let Some((item, step)) = marked.or_else(|| Some((items.first()?, Step::First))) else { return };
            path.push(step);
            collect(item, path, leaves);
            path.pop();
        }
        scalar => leaves.push(Leaf { call: "userinfo", path: path.clone(), value: scalar.clone() }),
    }
}

impl Leaf {
    /// The path in a provider file: `$.userinfo.data[0].id`.
    pub fn source(&self) -> String {
        let steps = self.path.iter().map(|step| match step {
            Step::First => "[0]".to_owned(),
            Step::Marked(mark) => format!("[?@.{mark} == true]"),
            Step::Member(name) if is_identifier(name) => format!(".{name}"),
            Step::Member(name) => format!("['{}']", escaped(name)),
        });
        format!("$.{}{}", self.call, steps.collect::<String>())
    }

    /// The same as an expression of a template; none where a list has to be searched.
    pub fn expression(&self) -> Option<String> {
        let steps = self.path.iter().map(|step| match step {
            Step::First => Some("[0]".to_owned()),
            Step::Marked(_) => None,
            Step::Member(name) if is_identifier(name) => Some(format!(".{name}")),
            Step::Member(name) => Some(format!("['{}']", escaped(name))),
        });
        Some(format!("{}{}", self.call, steps.collect::<Option<String>>()?))
    }

    /// The names of the members that lead to it, the last one first, lower-case letters and digits only.
    pub fn names(&self) -> Vec<String> {
        let named = self.path.iter().rev().filter_map(|step| match step {
            Step::Member(name) => Some(plain(name)),
            Step::First | Step::Marked(_) => None,
        });
        named.collect()
    }

    /// The path of the object that it is a member of.
    pub fn parent(&self) -> &[Step] {
        let end = self.path.iter().rposition(|step| matches!(step, Step::Member(_))).unwrap_or(0);
        &self.path[..end]
    }

    /// Whether a list stands on the way.
    pub fn in_list(&self) -> bool {
        self.path.contains(&Step::First)
    }

    /// The text that it is, if it is one and not empty.
    pub fn text(&self) -> Option<&str> {
        self.value.as_str().filter(|text| !text.is_empty())
    }
}

/// A name without case and punctuation: `firstName`, `first_name` and `First-Name` are one.
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('\'', "\\'")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sources(response: Value) -> Vec<String> {
        leaves(&response).iter().map(Leaf::source).collect()
    }

    #[test]
    fn every_scalar_has_a_path() {
        let response = json!({"data": [{"id": 1, "x-y": {"it's": true}}], "emails": [{"v": "a"}, {"v": "b", "primary": true}]});
        assert_eq!(
            sources(response),
            [
                "$.userinfo.data[0].id",
                "$.userinfo.data[0]['x-y']['it\\'s']",
                "$.userinfo.emails[?@.primary == true].v",
                "$.userinfo.emails[?@.primary == true].primary",
            ]
        );
        assert_eq!(sources(json!([{"id": 1}])), ["$.me[0].id"]);
        assert!(sources(json!({"a": [], "b": {}})).is_empty());
    }

    #[test]
    fn a_template_reaches_what_needs_no_search() {
        let all = leaves(&json!({"n": {"first": "A"}, "e": [{"v": "a", "default": true}]}));
        assert_eq!(all[0].expression().as_deref(), Some("userinfo.n.first"));
        assert_eq!(all[1].expression(), None);
    }

    #[test]
    fn paths_compile() {
        let response = json!({"it's": 1, "a\\b": 2, "é": 3, "$x": [{"is_primary": true, "v": 4}]});
        for leaf in leaves(&response) {
            let path = crate::expr::Path::compile(&leaf.source()).unwrap();
            assert_eq!(path.first(&json!({"userinfo": response})), Some(&leaf.value), "{}", leaf.source());
        }
    }

    #[test]
    fn what_is_too_deep_is_left_out() {
        assert!(sources(json!({"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}})).is_empty());
    }
}
