//! The first parser: events with places become the tree, within the budget.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, Span as EventSpan, StructureStyle, Tag};

use crate::yaml::{Key, Limits, Node, NodeValue, Problem, ProblemKind, Span, characters, doubt, scalar};

/// Nobody reads more than these about one file.
const MAX_PROBLEMS: usize = 50;

/// Reads a text. Tells as well whether another parser could read it differently.
pub fn load(text: &str, limits: Limits) -> Result<(Node, bool), Vec<Problem>> {
    let mut options = Options::default();
    options.block_scalar_eof_without_line_feed = true;
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    // The parser keeps its own stack; ours is checked node by node, with a better message.
    options.flow_nesting_limit = limits.depth + 2;
    options.block_nesting_limit = limits.depth + 2;
    let doubtful = doubt::in_text(text);
    let mut loader =
        Loader { text, limits, doubtful, nodes: 0, flow: 0, open: vec![], root: None, problems: vec![] };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let span = Span { start: at, end: at };
                match error.kind() {
                    ErrorKind::RecursionLimitExceeded => loader.too_deep(span),
                    _ => loader.report(ProblemKind::Syntax, tidy(&error.info()), span),
                }
                break;
            }
        };
        if loader.take(event, span).is_break() || loader.problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    match (loader.root, loader.problems) {
        (Some(root), problems) if problems.is_empty() && root.value != NodeValue::Null => {
            Ok((root, loader.doubtful))
        }
        (_, problems) if problems.is_empty() => {
            Err(vec![Problem::new(ProblemKind::Empty, "there is nothing in this file", Span::default())])
        }
        (_, problems) => Err(problems),
    }
}

struct Loader<'a> {
    text: &'a str,
    limits: Limits,
    doubtful: bool,
    nodes: usize,
    /// How many brackets are open.
    flow: usize,
    open: Vec<Open>,
    root: Option<Node>,
    problems: Vec<Problem>,
}

/// A collection whose end has not come.
struct Open {
    start: usize,
    in_flow: bool,
    kind: OpenKind,
}

enum OpenKind {
    Mapping { entries: Vec<(Key, Node)>, seen: HashMap<String, Span>, key: Option<Key> },
    Sequence(Vec<Node>),
}

type Flow = std::ops::ControlFlow<()>;

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>, span: EventSpan) -> Flow {
        let span = self.span(&span);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.report(ProblemKind::Unsupported, "a second document: one file holds one", span);
                Flow::Break(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.report(ProblemKind::Unsupported, "aliases are not supported: write the value out", span);
                self.finish(Node { value: NodeValue::Null, span })
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.property(anchor, tag.as_deref(), span);
                self.scalar(text, style, span)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.property(anchor, tag.as_deref(), span);
                self.begin(span, style, OpenKind::Sequence(vec![]))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.property(anchor, tag.as_deref(), span);
                self.begin(
                    span,
                    style,
                    OpenKind::Mapping { entries: vec![], seen: HashMap::new(), key: None },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => Flow::Continue(()),
        }
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, span: Span) -> Flow {
        if let Some(c) = characters::first_hidden(&text) {
            let message = format!("a character that cannot be seen: U+{:04X}", u32::from(c));
            self.report(ProblemKind::HiddenCharacter, message, span);
        }
        self.doubtful = self.doubtful || doubt::in_scalar(self.text, span, &text, style, self.flow > 0);
        let value = match style {
            ScalarStyle::Plain => scalar::plain(text),
            _ => NodeValue::String(text.into_owned()),
        };
        self.finish(Node { value, span })
    }

    fn begin(&mut self, span: Span, style: StructureStyle, kind: OpenKind) -> Flow {
        if self.open.len() >= self.limits.depth {
            self.too_deep(span);
            return Flow::Break(());
        }
        if let Some(Open { kind: OpenKind::Mapping { key: None, .. }, .. }) = self.open.last() {
            self.report(ProblemKind::Unsupported, "a key must be text", span);
            return Flow::Break(());
        }
        let in_flow = style == StructureStyle::Flow;
        self.flow += usize::from(in_flow);
        self.open.push(Open { start: span.start, in_flow, kind });
        Flow::Continue(())
    }

    fn end(&mut self, span: Span) -> Flow {
        let Some(open) = self.open.pop() else { return Flow::Break(()) };
        self.flow -= usize::from(open.in_flow);
        let (value, last) = match open.kind {
            OpenKind::Sequence(items) => {
                let last = items.last().map(|item| item.span.end);
                (NodeValue::Sequence(items), last)
            }
            OpenKind::Mapping { entries, .. } => {
                let last = entries.last().map(|(_, value)| value.span.end);
                (NodeValue::Mapping(entries), last)
            }
        };
        // A block collection ends where the next token begins; people see it end with its last value.
        let closing = self.text[..span.end].ends_with([']', '}']);
        let end = if closing { span.end } else { last.unwrap_or(span.end) };
        self.finish(Node { value, span: Span { start: open.start, end: end.max(open.start) } })
    }

    /// A node is complete: it is a key, a value, a member, or the root.
    fn finish(&mut self, node: Node) -> Flow {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            let message = format!("more than {} keys and values", self.limits.nodes);
            self.report(ProblemKind::TooLarge, message, node.span);
            return Flow::Break(());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::Sequence(items)) => items.push(node),
            Some(OpenKind::Mapping { key: key @ None, .. }) => match node.value {
                NodeValue::String(name)
                    if name != "<<" || self.text[node.span.start..].starts_with(['"', '\'']) =>
                {
                    *key = Some(Key { name, span: node.span })
                }
                NodeValue::String(_) => {
                    *key = Some(Key { name: "<<".into(), span: node.span });
                    self.report(
                        ProblemKind::Unsupported,
                        "merge keys are not supported: write the keys out",
                        node.span,
                    );
                }
                _ => {
                    let name = self.text[node.span.start..node.span.end].to_owned();
                    *key = Some(Key { name, span: node.span });
                    self.report(ProblemKind::Unsupported, "a key must be text: put it in quotes", node.span);
                }
            },
            Some(OpenKind::Mapping { entries, seen, key }) => {
                let Some(key) = key.take() else { return Flow::Break(()) };
                self.doubtful = self.doubtful || doubt::in_key(&key.name);
                match first_of(&key.name, entries, seen) {
                    Some(first) => {
                        let mut problem = Problem::new(
                            ProblemKind::DuplicateKey,
                            format!("duplicate key `{}`", key.name),
                            key.span,
                        );
                        problem.other = Some((first, "first written here".into()));
                        if self.problems.len() < MAX_PROBLEMS {
                            self.problems.push(problem);
                        }
                    }
                    None => {
                        entries.push((key, node));
                    }
                }
            }
        }
        Flow::Continue(())
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("collections stand in each other more than {} deep", self.limits.depth);
        self.report(ProblemKind::TooLarge, message, span);
    }

    fn property(&mut self, anchor: usize, tag: Option<&Tag>, span: Span) {
        if anchor != 0 {
            self.report(ProblemKind::Unsupported, "anchors are not supported", span);
        }
        if tag.is_some() {
            self.report(ProblemKind::Unsupported, "tags are not supported", span);
        }
    }

    fn span(&self, span: &EventSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let end = range.end.min(self.text.len());
        Span { start: range.start.min(end), end }
    }

    fn report(&mut self, kind: ProblemKind, message: impl Into<String>, span: Span) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(kind, message, span));
        }
    }
}

/// Where a mapping has a key already. Few keys are looked through; of many a table is kept, so that a long mapping costs
/// no more a key than a short one.
fn first_of(name: &str, entries: &[(Key, Node)], seen: &mut HashMap<String, Span>) -> Option<Span> {
    if entries.len() < 16 {
        return entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span);
    }
    for (key, _) in &entries[seen.len()..] {
        seen.insert(key.name.clone(), key.span);
    }
    seen.get(name).copied()
}

/// The parser's words without the rule they came from.
fn tidy(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut characters = first.chars();
    characters.next().map_or_else(String::new, |c| c.to_lowercase().collect::<String>() + characters.as_str())
}
