//! Where a JSON Pointer (RFC 6901) leads in a text.

use crate::yaml::{Document, Node, NodeValue, Span};

/// Where a value stands, and the key it stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The key; `None` for the root and for members of a sequence.
    pub key: Option<Span>,
    /// The value.
    pub value: Span,
}

impl Document {
    /// Where the value of a JSON Pointer stands.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        let (place, rest) = self.walk(pointer);
        rest.is_none().then_some(place)
    }

    /// Where the value of a JSON Pointer stands, or the last of its ancestors that is there.
    pub fn nearest(&self, pointer: &str) -> Place {
        self.walk(pointer).0
    }

    /// The node of a JSON Pointer.
    pub fn node(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self.root(), |node, segment| Some(step(node, segment)?.1))
    }

    fn walk<'a>(&self, pointer: &'a str) -> (Place, Option<&'a str>) {
        let mut node = self.root();
        let mut place = Place { key: None, value: node.span };
        for segment in pointer.split('/').skip(1) {
            let Some((found, child)) = step(node, segment) else { return (place, Some(segment)) };
            (place, node) = (found, child);
        }
        (place, None)
    }
}

fn step<'a>(node: &'a Node, segment: &str) -> Option<(Place, &'a Node)> {
    match &node.value {
        NodeValue::Mapping(entries) => {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let (key, value) = entries.iter().find(|(key, _)| key.name == name)?;
            Some((Place { key: Some(key.span), value: value.span }, value))
        }
        NodeValue::Sequence(items) => {
            let item = items.get(segment.parse::<usize>().ok()?)?;
            Some((Place { key: None, value: item.span }, item))
        }
        _ => None,
    }
}
