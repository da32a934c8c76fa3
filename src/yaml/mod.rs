//! Text becomes a tree in which every node knows its place. No word of OAuth.
//!
//! Two parsers have to read a text as the same: the first, event by event, knows places and keeps to a budget of bytes, depth
//! and nodes; the second is serde_yaml, and is asked wherever there is doubt that they agree. Where their trees differ, the
//! text is refused: nobody should have to wonder which reading counts. What configuration never needs is refused as well: duplicate and merge keys, tags, anchors, aliases, a second
//! document, keys that are no text, characters that cannot be seen.

mod agreement;
mod characters;
mod doubt;
mod encoding;
mod loader;
mod place;
mod scalar;

use std::sync::Arc;

use serde_json::{Map, Number, Value};

pub use characters::{BYTE_ORDER_MARK, is_hidden};
pub use encoding::decode;
pub use place::Place;

/// How much a text may ask of its reader.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Collections within collections.
    pub depth: usize,
    /// Keys, values and collections.
    pub nodes: usize,
}

impl Limits {
    /// The budget of a provider file.
    pub const PROVIDER: Limits = Limits { bytes: 64 * 1024, depth: 16, nodes: 5_000 };
    /// The budget of a deployment file: it may list many routes.
    pub const DEPLOYMENT: Limits = Limits { bytes: 4 * 1024 * 1024, depth: 16, nodes: 200_000 };
}

/// A half-open range of bytes of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A node of the tree, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: NodeValue,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// How many nodes it is, as [`Limits::nodes`] counts: itself, keys, values and members.
    pub fn count(&self) -> usize {
        match &self.value {
            NodeValue::Mapping(entries) => {
                entries.iter().map(|(_, value)| 1 + value.count()).sum::<usize>() + 1
            }
            NodeValue::Sequence(items) => items.iter().map(Node::count).sum::<usize>() + 1,
            _ => 1,
        }
    }

    /// The node as JSON, keys in the order of the text.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(number) => Value::Number(number.clone()),
            NodeValue::String(text) => Value::String(text.clone()),
            NodeValue::Sequence(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            NodeValue::Mapping(entries) => Value::Object(
                entries.iter().map(|(key, value)| (key.name.clone(), value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// `true`, `false`
    Bool(bool),
    /// Keys and values in the order of the text.
    Mapping(Vec<(Key, Node)>),
    /// Nothing, `null`, `~`
    Null,
    /// An integer or a fraction.
    Number(Number),
    /// Values in order.
    Sequence(Vec<Node>),
    /// Text.
    String(String),
}

/// A key, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A text, read.
#[derive(Clone, Debug)]
pub struct Document {
    name: String,
    text: Arc<str>,
    root: Node,
}

impl Document {
    /// Reads a text. `name` is what a person calls it: the path of the file.
    ///
    /// ```
    /// use authcfg::yaml::{Document, Limits};
    ///
    /// let document = Document::parse("acme.yaml", b"id: acme\nname: Acme\n", Limits::PROVIDER).unwrap();
    /// assert_eq!(document.to_json()["name"], "Acme");
    /// assert_eq!(document.place("/name").unwrap().value.start, 15);
    /// ```
    ///
    /// # Errors
    /// What is wrong with the text, with its place. Work and memory stay within `limits` whatever the text is.
    pub fn parse(name: impl Into<String>, bytes: &[u8], limits: Limits) -> Result<Document, Vec<Problem>> {
        let name = name.into();
        if bytes.len() > limits.bytes {
            let message = format!("the file has {} bytes, {} at most are read", bytes.len(), limits.bytes);
            return Err(vec![Problem::new(ProblemKind::TooLarge, message, Span::default())]);
        }
        let text = decode(bytes).map_err(|problem| vec![problem])?;
        characters::check(text)?;
        let (root, doubtful) = loader::load(text, limits)?;
        if doubtful {
            agreement::check(&root, text)?;
        }
        Ok(Document { name, text: text.into(), root })
    }

    /// What a person calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The root of the tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The tree as JSON, keys in the order of the text.
    pub fn to_json(&self) -> Value {
        self.root.to_json()
    }
}

/// A defect of the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Another place that has to do with it, and what stands there.
    pub other: Option<(Span, String)>,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>, span: Span) -> Problem {
        Problem { kind, message: message.into(), span, other: None }
    }
}

/// The kinds of defects of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Two parsers read it differently.
    Ambiguous,
    /// A key comes twice.
    DuplicateKey,
    /// There is nothing in it.
    Empty,
    /// It is not UTF-8.
    Encoding,
    /// A character that cannot be seen, or reorders what can.
    HiddenCharacter,
    /// It is no YAML.
    Syntax,
    /// More bytes, depth or nodes than are read.
    TooLarge,
    /// YAML that configuration does not need: anchors, aliases, tags, merge keys, several documents, keys that are no text.
    Unsupported,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<Document, Vec<Problem>> {
        Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER)
    }

    fn kind(text: &str) -> ProblemKind {
        parse(text).expect_err(text)[0].kind
    }

    #[test]
    fn reads_what_looks_like_text_as_text() {
        let document = parse("a: no\nb: yes\nc: 012\nd: 1_000\ne: on\nf: 2026-11-24\ng: 1:30\n").unwrap();
        let texts = json!({"a": "no", "b": "yes", "c": "012", "d": "1_000", "e": "on", "f": "2026-11-24", "g": "1:30"});
        assert_eq!(document.to_json(), texts);
    }

    #[test]
    fn reads_numbers_booleans_and_nothing() {
        let document =
            parse("a: 1\nb: -2\nc: 1.5\nd: true\ne: false\nf: ~\ng: null\nh:\ni: [1, {j: k}]\n").unwrap();
        let value = json!({"a": 1, "b": -2, "c": 1.5, "d": true, "e": false, "f": null, "g": null, "h": null, "i": [1, {"j": "k"}]});
        assert_eq!(document.to_json(), value);
    }

    #[test]
    fn knows_the_place_of_keys_and_values() {
        let document = parse("a:\n  - b: \"c d\" # e\n").unwrap();
        let place = document.place("/a/0/b").unwrap();
        assert_eq!(&document.text()[place.key.unwrap().start..place.key.unwrap().end], "b");
        assert_eq!(&document.text()[place.value.start..place.value.end], "\"c d\"");
        assert!(document.place("/a/1").is_none());
        assert_eq!(document.nearest("/a/0/x/y").value, document.place("/a/0").unwrap().value);
    }

    #[test]
    fn shows_both_places_of_a_duplicate_key() {
        let problems = parse("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(problems[0].kind, ProblemKind::DuplicateKey);
        assert_eq!(problems[0].span, Span { start: 10, end: 11 });
        assert_eq!(problems[0].other.as_ref().unwrap().0, Span { start: 0, end: 1 });
        assert_eq!(kind("a: {b: 1, b: 2}"), ProblemKind::DuplicateKey);
    }

    #[test]
    fn refuses_what_configuration_does_not_need() {
        for text in [
            "a: &x 1\nb: *x\n",
            "a: !!str 1\n",
            "a: !x 1\n",
            "<<: {a: 1}\n",
            "a: 1\n---\nb: 2\n",
            "? [a]\n: 1\n",
            "1: a\n",
            "true: a\n",
            "~: a\n",
        ] {
            assert_eq!(kind(text), ProblemKind::Unsupported, "{text}");
        }
    }

    #[test]
    fn a_merge_key_in_quotes_is_a_name_like_any_other() {
        let document = parse("a: {\"<<\": {b: 1}, '<<b': 2}\n").unwrap();
        assert_eq!(document.to_json(), serde_json::json!({"a": {"<<": {"b": 1}, "<<b": 2}}));
    }

    #[test]
    fn refuses_what_is_no_yaml() {
        for text in ["a: [1\n", "a: b: c\n", "a:\n\t- b\n", "{a: 1\n", "a: \"b\n", "- a\nb: c\n"] {
            assert_eq!(kind(text), ProblemKind::Syntax, "{text}");
        }
        for text in ["", "\n", "# nothing\n", "---\n"] {
            assert_eq!(kind(text), ProblemKind::Empty, "{text:?}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_seen() {
        for text in ["\u{feff}a: 1", "a: \u{202e}b", "a: b\u{200b}c", "a: \u{7f}", "a: \u{2066}b"] {
            assert_eq!(kind(text), ProblemKind::HiddenCharacter, "{text:?}");
        }
        assert_eq!(kind("a: \"\\u202e\""), ProblemKind::HiddenCharacter);
        assert!(parse("a: 日本語 é 👩‍💻").is_ok());
        assert_eq!(
            Document::parse("a", b"a: \xff", Limits::PROVIDER).unwrap_err()[0].kind,
            ProblemKind::Encoding
        );
    }

    #[test]
    fn keeps_to_its_budget() {
        let deep = "[".repeat(100_000);
        let blocks: String = (0..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        let many: String = (0..6_000).map(|index| format!("k{index}: 1\n")).collect();
        let large = "a".repeat(70_000);
        for text in [&deep, &"- ".repeat(50_000), &blocks, &many, &large, &"{a: ".repeat(10_000)] {
            let limits =
                Limits { bytes: if text == &large { 64 * 1024 } else { 64 << 20 }, ..Limits::PROVIDER };
            let text = text.clone();
            let kind = std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn(move || Document::parse("a", text.as_bytes(), limits).unwrap_err()[0].kind)
                .unwrap()
                .join()
                .unwrap();
            assert!(matches!(kind, ProblemKind::TooLarge | ProblemKind::Syntax));
        }
    }

    #[test]
    fn line_ends_of_windows_are_line_ends() {
        let document = parse("a: 1\r\nb: |\r\n  c\r\n  d\r\n").unwrap();
        assert_eq!(document.to_json(), json!({"a": 1, "b": "c\nd\n"}));
    }
}
