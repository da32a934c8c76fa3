//! Families of providers: a file that `extends` another one is laid over it.

use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{code, nearest};
use crate::provider::catalog::Catalog;
use crate::provider::finding::{Finding, segment};
use crate::provider::merge;
use crate::spec::NOT_INHERITED;
use crate::yaml::Document;

/// The id of the file that this one is laid over.
pub fn base_id(file: &Value) -> Option<&str> {
    file.get("extends").and_then(Value::as_str)
}

/// A file laid over its base: mappings merge key by key, lists and scalars replace, null removes. What is about the base file
/// itself is not inherited.
///
/// # Errors
/// A base that extends another file itself: there is one level.
pub fn lay_over(file: &Value, base: &Document) -> Result<Value, Box<Finding>> {
    let Value::Object(mut merged) = base.to_json() else { return Ok(file.clone()) };
    let id = base_id(file).unwrap_or_default();
    if merged.contains_key("extends") {
        let finding =
            Finding::error(code::INVALID_VALUE, "/extends", format!("`{id}` extends another file itself"))
                .label("families have one level")
                .help("extend the file that it extends, or write out what differs");
        return Err(Box::new(finding));
    }
    merged.retain(|key, _| !NOT_INHERITED.contains(&key.as_str()));
    if let Value::Object(over) = file {
        merge(&mut merged, over);
    }
    Ok(Value::Object(merged))
}

/// What a file without a base takes away from it: there is nothing to take away.
pub fn nulls_without_base(file: &Value) -> Vec<Finding> {
    const SECTIONS: [&str; 4] = ["client", "rename", "vars", "scopes"];
    let section = |name: &'static str| file.get(name)?.as_object().map(|members| (name, members));
    let sections = SECTIONS.into_iter().filter_map(section);
    let nulls = sections.flat_map(|(section, members)| {
        let nulls = members.iter().filter(|(_, value)| value.is_null());
        nulls.map(move |(name, _)| format!("/{section}/{}", segment(name)))
    });
    nulls
        .map(|at| {
            Finding::warning(code::NO_EFFECT, at, "there is nothing to take away here")
                .on_key()
                .label("null removes what a base file says, and this file extends none")
                .help("take the key out, or write a value")
        })
        .collect()
}

/// A base that is not there.
pub fn unknown(id: &str, own: bool) -> Finding {
    if own {
        return Finding::error(code::INVALID_VALUE, "/extends", "a file cannot extend itself");
    }
    let finding =
        Finding::error(code::UNKNOWN_PROVIDER, "/extends", format!("there is no provider `{id}` to extend"))
            .label("neither a file beside this one nor a built-in provider");
    match nearest(id, Catalog::builtin().ids()) {
        Some(suggestion) => finding.replace("a built-in provider with a similar id exists", suggestion),
        None => finding,
    }
}

/// What is found in the whole, where it belongs: in the file itself at its key, or at `extends` where the base says it.
/// Warnings about what the base says are the base's own.
pub fn attribute(findings: Vec<Finding>, document: &Document, base: Option<&Arc<Document>>) -> Vec<Finding> {
    let Some(base) = base else { return findings };
    let is_own = |finding: &Finding| {
        finding.pointer.is_empty()
            || document.place(&finding.pointer).is_some()
            || base.place(&finding.pointer).is_none()
    };
    findings
        .into_iter()
        .filter(|finding| is_own(finding) || finding.severity == crate::diagnostic::Severity::Error)
        .map(|finding| match is_own(&finding) {
            true => finding,
            false => {
                let note = format!("{} of {} says it", finding.pointer, base.name());
                Finding { pointer: "/extends".into(), on_key: false, range: None, other: None, ..finding }
                    .note(note)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml::Limits;

    fn document(text: &str) -> Document {
        Document::parse("base.yaml", text.as_bytes(), Limits::PROVIDER).expect("YAML")
    }

    #[test]
    fn a_file_is_laid_over_its_base() {
        let base = document(
            "id: a\nname: A\ndocs: https://a.example\ntests: []\nscopes: {default: [x, y], separator: ','}\ntoken: {params: {a: '1', b: '2'}}\n",
        );
        let file = json!({"id": "b", "name": "B", "extends": "a", "scopes": {"default": ["z"]}, "token": {"params": {"a": null}}});
        assert_eq!(
            lay_over(&file, &base).unwrap(),
            json!({"scopes": {"default": ["z"], "separator": ","}, "token": {"params": {"a": null, "b": "2"}},
                   "id": "b", "name": "B", "extends": "a"})
        );
    }

    #[test]
    fn null_takes_nothing_away_without_a_base() {
        let nulls =
            nulls_without_base(&json!({"vars": {"a": null, "b": {}}, "token": {"params": {"c": null}}}));
        assert_eq!(nulls.iter().map(|finding| &*finding.pointer).collect::<Vec<_>>(), ["/vars/a"]);
    }

    #[test]
    fn a_family_has_one_level() {
        let base = document("id: a\nname: A\nextends: c\n");
        let finding = lay_over(&json!({"id": "b", "extends": "a"}), &base).unwrap_err();
        assert_eq!((finding.code, &*finding.pointer), (code::INVALID_VALUE, "/extends"));
    }
}
