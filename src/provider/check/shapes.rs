//! The paths of the profile held against the answers of the file's own tests: a list of texts that is read as a list of
//! objects, an object that is read as a list.

use serde_json::Value;

use crate::diagnostic::code;
use crate::expr::Path;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;

/// A step of a path, with where it stands.
#[derive(Debug, PartialEq)]
struct Step<'a> {
    /// The name of a member; `None` for an item of a list.
    member: Option<&'a str>,
    /// Bytes of the path.
    start: usize,
    end: usize,
}

/// The first step of a path, none of whose nodes is there, that the answers have nothing to go on with; whether there is one.
pub(super) fn check(at: &str, text: &str, answers: &[Value], compiler: &mut Compiler) -> bool {
    let misread = steps(text).and_then(|steps| misread(at, text, &steps, answers));
    let found = misread.is_some();
    misread.into_iter().for_each(|finding| compiler.report(finding));
    found
}

fn misread(at: &str, text: &str, steps: &[Step<'_>], trees: &[Value]) -> Option<Finding> {
    for step in steps.iter().skip(1) {
        let parent = Path::compile(&text[..step.start]).ok()?;
        let found: Vec<&Value> =
            trees.iter().filter_map(|tree| parent.first(tree)).filter(|value| !value.is_null()).collect();
        let first = found.first()?;
        // An answer that is a form or a JWT is a text in the file, and an object when it is read.
        if steps[0].end == step.start && first.is_string() {
            return None;
        }
        let fits = |value: &Value| match step.member {
            Some(_) => value.is_object(),
            None => value.is_array(),
        };
        if found.iter().any(|value| fits(value)) {
            continue;
        }
        let is = match first {
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
            Value::String(_) => "a text",
            Value::Bool(_) => "true or false",
            _ => "a number",
        };
        let parent = &text[..step.start];
        let title = format!("in the answers of the tests `{parent}` is {is}");
        let finding = Finding::warning(code::WRONG_TYPE, at, title).range(Some(step.start..text.len()));
        return Some(match (step.member, first) {
            (Some(_), Value::Array(_)) => finding
                .label("a list has items, not members")
                .help(format!("read its first item: `{parent}[0]{}`", &text[step.start..])),
            (Some(_), _) => finding.label("it has no members").replace("read it as it is", ""),
            (None, Value::Object(_)) => finding
                .label("an object has members, not items")
                .help("name a member, or give the tests an answer as the provider sends it"),
            (None, _) => finding.label("it has no items").replace("read it as it is", ""),
        });
    }
    None
}

/// The steps of a path of names and items; `None` where it has anything else.
fn steps(text: &str) -> Option<Vec<Step<'_>>> {
    let mut at = 1;
    let mut steps = vec![];
    text.strip_prefix('$')?;
    while at < text.len() {
        let rest = &text[at..];
        let (member, end) = if let Some(name) = rest.strip_prefix('.') {
            let length = name.find(['.', '[']).unwrap_or(name.len());
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            (
                Some(&name[..length]).filter(|name| !name.is_empty() && name.chars().all(plain)),
                at + 1 + length,
            )
        } else {
            let inner = rest.strip_prefix('[')?;
            let length = inner.find(']')?;
            let index = &inner[..length];
            let quoted = index.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
            match quoted {
                Some(name) if !name.contains(['\'', '\\']) => (Some(name), at + 2 + length),
                _ if index == "*" || index.parse::<u32>().is_ok() => {
                    steps.push(Step { member: None, start: at, end: at + 2 + length });
                    at += 2 + length;
                    continue;
                }
                _ => return None,
            }
        };
        steps.push(Step { member: Some(member?), start: at, end });
        at = end;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::check::found;

    #[test]
    fn takes_a_path_apart() {
        let names = |text| steps(text).map(|steps| steps.iter().map(|step| step.member).collect::<Vec<_>>());
        assert_eq!(names("$.a['b c'][0].d"), Some(vec![Some("a"), Some("b c"), None, Some("d")]));
        for other in ["$..a", "$.a[?@.b]", "$.a['b','c']", "a", "$.a["] {
            assert_eq!(names(other), None, "{other}");
        }
    }

    #[test]
    fn an_answer_is_read_as_what_it_is() {
        let titles = |email: &str, mails: &str| -> Vec<String> {
            let answer = format!("{{id: '7', mails: {mails}}}");
            found::titles(&format!(
                "profile: {{sub: $.userinfo.id, x: {email}}}\ntests: [{{userinfo: {answer}, profile: {{sub: '7'}}}}, {{error: any}}]"
            ))
        };
        for (path, mails, parent, is) in [
            ("'$.userinfo.mails[0].value'", "[a@b.example]", "$.userinfo.mails[0]", "a text"),
            ("$.userinfo.mails.value", "[{value: a@b.example}]", "$.userinfo.mails", "a list"),
            ("$.userinfo.mails.value", "a@b.example", "$.userinfo.mails", "a text"),
            ("'$.userinfo.mails[0]'", "a@b.example", "$.userinfo.mails", "a text"),
            ("'$.userinfo.mails[0].value'", "{value: a@b.example}", "$.userinfo.mails", "an object"),
        ] {
            let expected = [format!("in the answers of the tests `{parent}` is {is}")];
            assert_eq!(titles(path, mails), expected, "{path} {mails}");
        }
        for (path, mails) in [
            ("'$.userinfo.mails[0].value'", "[{value: a@b.example}]"),
            ("'$.userinfo.mails[0]'", "[a@b.example]"),
            ("'$.userinfo.mails[0].value'", "[]"),
            ("'$.userinfo.mails[1].value'", "[{value: a@b.example}]"),
            ("'$.userinfo.mails[0].value'", "null"),
            ("['$.userinfo.mails[0].value', '$.userinfo.mails[0]']", "[a@b.example]"),
        ] {
            assert_eq!(titles(path, mails), Vec::<String>::new(), "{path} {mails}");
        }
    }
}
