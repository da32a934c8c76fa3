//! The JSON Schema of the provider file as the manual's tests read it: nodes with their type's name, references followed.

use serde_json::{Map, Value};

/// A node of the schema.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
    /// The name of the type that the node belongs to.
    pub name: &'a str,
}

impl<'a> Node<'a> {
    /// The schema of the whole file.
    pub fn root(root: &'a Value) -> Node<'a> {
        Node { root, value: root, name: "Provider" }
    }

    /// Every type, the file itself first.
    pub fn types(root: &'a Value) -> impl Iterator<Item = Node<'a>> {
        let types = root["$defs"].as_object().into_iter().flatten();
        [Node::root(root)].into_iter().chain(types.map(move |(name, value)| Node { root, value, name }))
    }

    /// The node itself, or the one it refers to.
    pub fn resolved(self) -> Node<'a> {
        match self.value["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
            Some(name) => {
                let (name, value) = self.root["$defs"].as_object().unwrap().get_key_value(name).unwrap();
                Node { root: self.root, value, name }
            }
            None => self,
        }
    }

    pub fn at(self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key)?;
        value.is_object().then_some(Node { value, ..self })
    }

    pub fn text(self, key: &str) -> Option<&'a str> {
        self.value[key].as_str()
    }

    pub fn get(self, key: &str) -> Option<&'a Value> {
        self.value.get(key)
    }

    /// The properties of a mapping, in the order of the type.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let properties = self.value["properties"].as_object().into_iter().flatten();
        properties.map(move |(name, value)| (name.as_str(), Node { value, ..self }))
    }

    /// The values that are allowed, where they are listed: each with its description.
    pub fn constants(self) -> Vec<(&'a str, Option<&'a str>)> {
        let listed = self.value["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let single = self.value["const"].as_str().map(|value| (value, self.text("description")));
        let mut constants: Vec<_> = listed.map(|value| (value, None)).chain(single).collect();
        constants.extend(self.branches().into_iter().flat_map(Node::constants));
        constants
    }

    /// The alternatives of the node.
    pub fn branches(self) -> Vec<Node<'a>> {
        let branches = ["anyOf", "oneOf"].into_iter().filter_map(|key| self.value[key].as_array()).flatten();
        branches.map(|value| Node { value, ..self }).collect()
    }

    /// Whether the node takes values of a JSON type.
    pub fn takes(self, name: &str) -> bool {
        match &self.value["type"] {
            Value::String(only) => only == name,
            Value::Array(names) => names.iter().any(|other| other == name),
            _ => false,
        }
    }

    /// The type with the keys that every step has.
    pub fn step(self) -> Node<'a> {
        Node::types(self.root).find(|node| node.name == "Step").expect("there are steps")
    }

    /// Whether the node has the keys that every step has, and perhaps further ones.
    pub fn is_step(self) -> bool {
        self.step().properties().all(|(key, _)| self.properties().any(|(own, _)| own == key))
    }

    /// A key of the node with the type that declares it. The keys of a step are those of every step: `spec::step` declares
    /// them once, and one function of `provider::step` reads them.
    pub fn declared(self, key: &str) -> String {
        let is_shared = self.is_step() && self.step().properties().any(|(shared, _)| shared == key);
        format!("{}.{key}", if is_shared { "Step" } else { self.name })
    }

    /// Whether a value could be meant by this node. Good enough to tell alternatives apart.
    pub fn fits(self, value: &Value) -> bool {
        let node = self.resolved();
        if !node.branches().is_empty() {
            return node.branches().into_iter().any(|branch| branch.fits(value));
        }
        if let Some(constant) = node.get("const") {
            return constant == value;
        }
        match value {
            Value::Array(_) => node.takes("array"),
            Value::Bool(_) => node.takes("boolean"),
            Value::Null => node.takes("null"),
            Value::Number(_) => node.takes("integer") || node.takes("number"),
            Value::Object(members) => node.takes("object") && node.knows(members),
            Value::String(_) => node.takes("string"),
        }
    }

    fn knows(self, members: &Map<String, Value>) -> bool {
        let required = self.value["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let closed = self.get("additionalProperties") == Some(&Value::Bool(false));
        required.into_iter().all(|name| members.contains_key(name))
            && (!closed || members.keys().all(|name| self.properties().any(|(known, _)| known == name)))
    }
}
