//! `src/manual/reference.md`: every key of a provider file, from the doc comments of `src/spec`.

use std::path::Path;

use authcfg::spec::provider_schema;
use serde_json::Value;

use crate::manual::schema::Node;

/// The longest line of the page.
const WIDTH: usize = 120;

const HEAD: &str = "\
# Reference

Every key of a provider file, in the order of a file: what it holds, then what it means. No key is needed that does not
say so. [Provider files][format] shows each of them at work; `authcfg schema provider` prints the same for an editor
or a validator. This page is made from the comments in `src/spec`.
";

/// The words for types that many keys share; each has a section of its own at the end.
const VALUES: [(&str, &str); 2] = [("Incoming", "value that comes in"), ("Scalar", "template")];

/// `AUTHCFG_BLESS=1 cargo test --test suite manual::reference` writes the page.
#[test]
fn the_reference_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/reference.md");
    let page = reference(&provider_schema());
    if std::env::var_os("AUTHCFG_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page, "AUTHCFG_BLESS=1 cargo test --test suite manual::reference writes it anew");
}

/// The page of a schema.
fn reference(schema: &Value) -> String {
    let mut writer = Writer { page: HEAD.to_owned(), sections: vec![] };
    writer.sections.push(("Provider".into(), String::new()));
    writer.page.push_str("\n## The file\n\n");
    writer.keys(Node::root(schema), "");
    for (name, title) in VALUES {
        let node = Node::types(schema).find(|node| node.name == name).expect("the schema has values");
        writer.page.push_str(&format!("\n## A {title}\n\n"));
        writer.paragraph(node.text("description").unwrap_or_default());
        writer.page.push('\n');
        for branch in node.branches() {
            let kind = kind(branch, false);
            writer.item(0, &format!("{kind}: {}", description(branch)));
            if branch.resolved().name != name {
                writer.members(branch.resolved(), 1);
            }
        }
    }
    writer.page + "\n[format]: format.md\n"
}

struct Writer {
    page: String,
    /// The types that have a section, and its title.
    sections: Vec<(String, String)>,
}

impl Writer {
    /// The keys of a type, and after them the sections of the types that they lead to.
    fn keys(&mut self, node: Node<'_>, path: &str) {
        let mut nested = vec![];
        for (key, property) in own(node) {
            let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let mappings = mappings(property, &place);
            let step = mappings
                .iter()
                .any(|(_, mapping)| mapping.is_step())
                .then(|| ("step".to_owned(), node.step()));
            for (place, mapping) in step.into_iter().chain(mappings) {
                if !self.sections.iter().any(|(name, _)| name == mapping.name) {
                    self.sections.push((mapping.name.to_owned(), place.clone()));
                    nested.push((place, mapping));
                }
            }
        }
        self.members(node, 0);
        for (place, mapping) in nested {
            self.section(mapping, &place);
        }
    }

    /// One item a key.
    fn members(&mut self, node: Node<'_>, depth: usize) {
        let required = node.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for (key, property) in own(node) {
            let needed = if required.iter().any(|name| name == key) { ", needed" } else { "" };
            let (kind, more) = (kind(property, true), self.more(property));
            self.item(depth, &format!("`{key}` ({kind}{needed}{more}): {}", description(property)));
            for (constant, meaning) in constants(property) {
                if let Some(meaning) = meaning {
                    self.item(depth + 1, &format!("`{constant}`: {}", meaning.replace('\n', " ")));
                }
            }
        }
        if is_kind_of_step(node) {
            let keys: Vec<String> = node.step().properties().map(|(key, _)| format!("`{key}`")).collect();
            self.item(depth, &format!("the keys of every [step](#step): {}", keys.join(", ")));
        }
    }

    fn section(&mut self, node: Node<'_>, title: &str) {
        self.page.push_str(&format!("\n## {title}\n\n"));
        self.paragraph(node.text("description").unwrap_or_default());
        self.page.push('\n');
        self.keys(node, title);
    }

    /// The section that tells more, the default, the limits.
    fn more(&self, property: Node<'_>) -> String {
        let mut more = String::new();
        for (_, mapping) in mappings(property, "") {
            if let Some((_, title)) = self.sections.iter().find(|(name, _)| name == mapping.name) {
                let anchor: String = title.to_lowercase().chars().filter(|c| *c != '.').collect();
                more.push_str(&format!(", see [{title}](#{anchor})"));
            }
        }
        let limit = |key: &str| property.get(key).and_then(Value::as_i64);
        if let (Some(least), Some(most)) = (limit("minimum"), limit("maximum")) {
            more.push_str(&format!(", {least} to {most}"));
        }
        if let Some(most) = limit("maxLength") {
            more.push_str(&format!(", at most {most} characters"));
        }
        if let Some(pattern) = property.text("pattern").filter(|pattern| pattern.len() < 40) {
            more.push_str(&format!(", matches `{pattern}`"));
        }
        match property.get("default") {
            Some(Value::Bool(default)) => more.push_str(&format!(", default `{default}`")),
            Some(Value::Number(default)) => more.push_str(&format!(", default `{default}`")),
            Some(Value::String(default)) => more.push_str(&format!(", default `{default}`")),
            _ => {}
        }
        more
    }

    fn paragraph(&mut self, text: &str) {
        for (number, paragraph) in text.split("\n\n").enumerate() {
            if number > 0 {
                self.page.push('\n');
            }
            self.wrapped(&paragraph.replace('\n', " "), "", "");
        }
    }

    fn item(&mut self, depth: usize, text: &str) {
        let indent = "  ".repeat(depth);
        self.wrapped(text, &format!("{indent}- "), &format!("{indent}  "));
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let mut line = first.trim_end().to_owned();
        for word in text.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.page.push_str(&line);
                self.page.push('\n');
                line = rest.trim_end_matches(' ').to_owned() + &" ".repeat(rest.len().saturating_sub(1));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.page.push_str(&line);
        self.page.push('\n');
    }
}

/// The keys that only this type has.
fn own(node: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    let shared =
        move |key: &str| is_kind_of_step(node) && node.step().properties().any(|(other, _)| other == key);
    node.properties().filter(move |(key, _)| !shared(key))
}

fn is_kind_of_step(node: Node<'_>) -> bool {
    node.is_step() && node.name != node.step().name
}

fn description(node: Node<'_>) -> String {
    let own = node.text("description").or_else(|| node.resolved().text("description"));
    own.unwrap_or_default().replace('\n', " ")
}

/// The types with keys that a property leads to, each with the place of its keys.
fn mappings<'a>(property: Node<'a>, place: &str) -> Vec<(String, Node<'a>)> {
    let node = property.resolved();
    if VALUES.iter().any(|(name, _)| *name == node.name) && node.name != property.name {
        return vec![];
    }
    if node.properties().next().is_some() {
        return vec![(place.to_owned(), node)];
    }
    let mut found: Vec<(String, Node<'a>)> =
        node.branches().into_iter().flat_map(|branch| mappings(branch, place)).collect();
    if let Some(named) = node.at("additionalProperties") {
        found.extend(mappings(named, &format!("{place}.NAME")));
    }
    if let Some(items) = node.at("items") {
        found.extend(mappings(items, place));
    }
    found.dedup_by_key(|(_, node)| node.name);
    found
}

/// The values that a property names, also as the members of a list.
fn constants(property: Node<'_>) -> Vec<(&str, Option<&str>)> {
    let node = property.resolved();
    let mut constants = node.constants();
    for branch in node.branches().into_iter().chain(node.at("items")) {
        let resolved = branch.resolved();
        if resolved.name != node.name && resolved.properties().next().is_none() {
            constants.extend(resolved.constants());
        }
    }
    constants
}

/// What kind of value a node takes, in words.
fn kind(node: Node<'_>, optional: bool) -> String {
    if let Some((_, title)) =
        VALUES.iter().find(|(name, _)| *name == node.resolved().name && node.get("$ref").is_some())
    {
        return format!("[{title}](#a-{})", title.replace(' ', "-"));
    }
    let node = node.resolved();
    let constants = node.constants();
    if !constants.is_empty() {
        return listed(constants.iter().map(|(constant, _)| format!("`{constant}`")).collect());
    }
    if node.properties().next().is_some() {
        return "mapping".into();
    }
    let mut kinds: Vec<String> = node.branches().into_iter().map(|branch| kind(branch, optional)).collect();
    if let Some(items) = node.at("items") {
        kinds.push(format!("list of {}", plural(&kind(items, false))));
    }
    if let Some(named) = node.at("additionalProperties") {
        kinds.push(format!("mapping of names to {}", plural(&kind(named, false))));
    } else if node.takes("object") {
        kinds.push("mapping".into());
    }
    let words = [
        ("boolean", "`true` or `false`"),
        ("integer", "integer"),
        ("number", "number"),
        ("string", "text"),
        ("null", "null"),
    ];
    kinds.extend(words.iter().filter(|(name, _)| node.takes(name)).map(|(_, word)| (*word).to_owned()));
    if node.get("type").is_none() && kinds.is_empty() {
        kinds.push("anything".into());
    }
    kinds.retain(|kind| !(kind.is_empty() || optional && kind == "null"));
    listed(kinds)
}

fn plural(kind: &str) -> String {
    match kind {
        "text" => "texts".into(),
        "mapping" => "mappings".into(),
        other => other.to_owned(),
    }
}

fn listed(mut words: Vec<String>) -> String {
    words.dedup();
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}
