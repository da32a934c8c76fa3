//! The second parser: serde_yaml reads the text along the tree of the first, and the first node that it reads differently
//! is a defect. Nothing is built on the way.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::yaml::{Node, NodeValue, Problem, ProblemKind, Span};

/// Holds the tree against what serde_yaml reads.
pub fn check(root: &Node, text: &str) -> Result<(), Vec<Problem>> {
    let difference = Cell::new(None);
    let same = Same { node: root, difference: &difference };
    let Err(error) = same.deserialize(serde_yaml::Deserializer::from_str(text)) else { return Ok(()) };
    let (message, span) = match difference.get() {
        Some(span) => ("two YAML parsers read this differently: put it in quotes", span),
        None => {
            let at = error.location().map_or(0, |location| location.index().min(text.len()));
            ("a second YAML parser does not accept this", Span { start: at, end: at })
        }
    };
    Err(vec![Problem::new(ProblemKind::Ambiguous, message, span)])
}

/// A node that the other parser has to read as it is.
#[derive(Clone, Copy)]
struct Same<'a> {
    node: &'a Node,
    /// Where the two part: the error that ends the reading cannot carry it.
    difference: &'a Cell<Option<Span>>,
}

impl Same<'_> {
    fn unless<E: Error>(self, same: bool) -> Result<(), E> {
        if same { Ok(()) } else { self.differs(self.node.span) }
    }

    fn differs<E: Error>(self, span: Span) -> Result<(), E> {
        self.difference.set(Some(span));
        Err(E::custom("the parsers differ"))
    }

    fn number<E: Error>(self, other: Option<Number>) -> Result<(), E> {
        let NodeValue::Number(number) = &self.node.value else { return self.unless(false) };
        self.unless(other.is_some_and(|other| *number == other || number.as_f64() == other.as_f64()))
    }
}

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the first parser read")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.unless(self.node.value == NodeValue::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(Some(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(Some(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.number(Number::from_f64(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.unless(matches!(&self.node.value, NodeValue::String(text) if text == value))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.unless(self.node.value == NodeValue::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut other: A) -> Result<(), A::Error> {
        let NodeValue::Sequence(items) = &self.node.value else { return self.unless(false) };
        for node in items {
            if other.next_element_seed(Same { node, ..self })?.is_none() {
                return self.unless(false);
            }
        }
        self.unless(other.next_element::<IgnoredAny>()?.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut other: A) -> Result<(), A::Error> {
        let NodeValue::Mapping(entries) = &self.node.value else { return self.unless(false) };
        for (key, node) in entries {
            match other.next_key_seed(SameKey(&key.name))? {
                Some(true) => other.next_value_seed(Same { node, ..self })?,
                Some(false) => return self.differs(key.span),
                None => return self.unless(false),
            }
        }
        self.unless(other.next_key::<IgnoredAny>()?.is_none())
    }
}

/// A key that the other parser has to read as it is.
struct SameKey<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for SameKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for SameKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
