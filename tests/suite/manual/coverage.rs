//! Every key of the format, and every value that the format names, is in an example that is played.

use std::collections::BTreeSet;

use authcfg::spec::provider_schema;
use serde_json::Value;

use crate::manual::example::value;
use crate::manual::page::{Kind, blocks};
use crate::manual::schema::Node;

/// What no example can show, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_key_and_every_named_value_is_in_an_example() {
    let schema = provider_schema();
    let mut wanted = BTreeSet::new();
    for node in Node::types(&schema) {
        wanted.extend(node.properties().map(|(key, _)| node.declared(key)));
        wanted
            .extend(node.constants().into_iter().map(|(constant, _)| format!("{} = {constant}", node.name)));
    }
    assert!(wanted.contains("Step.method") && wanted.contains("Pkce = plain"), "{wanted:?}");
    let mut shown = BTreeSet::new();
    for block in blocks() {
        if matches!(block.kind, Kind::Part { .. } | Kind::Provider(_)) {
            look(Node::root(&schema), &Value::Object(value(&block)), &mut shown);
        }
    }
    let (excepted, superfluous): (Vec<_>, Vec<_>) =
        EXCEPTIONS.iter().map(|(key, _)| *key).partition(|key| !shown.contains(*key));
    let missing: Vec<_> = wanted.difference(&shown).filter(|key| !excepted.contains(&key.as_str())).collect();
    assert!(missing.is_empty(), "no example shows {missing:#?}");
    assert!(superfluous.is_empty(), "{superfluous:?} are shown after all");
}

/// Notes which keys of the schema a value has.
fn look(node: Node<'_>, value: &Value, shown: &mut BTreeSet<String>) {
    let node = node.resolved();
    for branch in node.branches().into_iter().filter(|branch| branch.fits(value)) {
        look(branch, value, shown);
    }
    if let Some(text) = value.as_str()
        && node.constants().iter().any(|(constant, _)| *constant == text)
    {
        shown.insert(format!("{} = {text}", node.name));
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        if let Some((_, property)) = node.properties().find(|(known, _)| known == key) {
            shown.insert(node.declared(key));
            look(property, member, shown);
        } else if let Some(property) = node.at("additionalProperties") {
            look(property, member, shown);
        }
    }
    if let Some(items) = node.at("items") {
        value.as_array().into_iter().flatten().for_each(|item| look(items, item, shown));
    }
}
