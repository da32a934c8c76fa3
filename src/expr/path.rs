//! A path of a provider file: RFC 9535 JSONPath, parsed once, evaluated with a budget.
//!
//! What can run away is refused when the path is compiled: descendants (`..`), filters inside filters, functions, and
//! filters that look at more than one value of each member. The rest visits at most [`MAX_NODES`].

use std::fmt;
use std::sync::Arc;

use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, JpQuery, Segment, Selector, SingularQuery, Test,
};
use jsonpath_rust::parser::{errors::JsonPathError, parse_json_path};
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use crate::expr::{ExprError, is_empty, plain_path};

const MAX_SOURCE: usize = 256;
const MAX_NESTING: usize = 8;
const MAX_SELECTORS: usize = 8;
/// Nodes one evaluation may visit.
const MAX_NODES: usize = 10_000;

/// A compiled path.
#[derive(Clone)]
pub struct Path(Arc<Compiled>);

struct Compiled {
    source: String,
    root_name: Option<String>,
    // Runs of single-node selectors, and between them each segment that can select many.
    steps: Vec<Step>,
}

struct Step {
    query: JpQuery,
    selectors: usize,
    many: bool,
}

impl Path {
    /// Compiles the text of a path, `$` included.
    ///
    /// # Errors
    /// Text over 256 bytes or nested too deep, a syntax error ([RFC 9535](https://www.rfc-editor.org/rfc/rfc9535)),
    /// a feature that is refused.
    pub fn compile(source: &str) -> Result<Path, ExprError> {
        check_text(source)?;
        let query = match plain_path::segments(source) {
            Some(segments) => JpQuery::new(segments),
            None => parse_json_path(source).map_err(|error| syntax_error(source, &error))?,
        };
        for segment in &query.segments {
            check_segment(segment).map_err(ExprError::new)?;
        }
        let root_name = match query.segments.first() {
            Some(Segment::Selector(Selector::Name(name))) => Some(member_name(name)),
            _ => None,
        };
        let mut steps: Vec<Step> = Vec::new();
        for segment in query.segments {
            let (selectors, many) = reach(&segment);
            match steps.last_mut() {
                Some(step) if !step.many && !many => step.query.segments.push(segment),
                _ => steps.push(Step { query: JpQuery::new(vec![segment]), selectors, many }),
            }
        }
        Ok(Path(Arc::new(Compiled { source: source.to_owned(), root_name, steps })))
    }

    /// The first node that is neither null nor `""`.
    pub fn first<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.all(root).into_iter().find(|value| !is_empty(value))
    }

    /// All nodes, in order; what lies beyond the budget is left out.
    pub fn all<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut nodes = vec![root];
        let mut budget = MAX_NODES;
        for step in &self.0.steps {
            let mut next = Vec::new();
            for node in nodes {
                let cost = if step.many {
                    step.selectors.saturating_mul(children(node))
                } else {
                    step.query.segments.len()
                };
                budget = match budget.checked_sub(cost.max(1)) {
                    Some(left) => left,
                    None => return Vec::new(),
                };
                next.extend(
                    js_path_process(&step.query, node).into_iter().flatten().map(|found| found.val()),
                );
            }
            nodes = next;
        }
        nodes
    }

    /// The member of the tree it begins with: `userinfo` of `$.userinfo.id`.
    pub fn root_name(&self) -> Option<&str> {
        self.0.root_name.as_deref()
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.0.source).finish()
    }
}

/// What must be known before a recursive parser sees the text.
fn check_text(source: &str) -> Result<(), ExprError> {
    if source.len() > MAX_SOURCE {
        return Err(ExprError::new(format!(
            "a path may have {MAX_SOURCE} bytes, this one has {}",
            source.len()
        )));
    }
    let mut quote = None;
    let mut escaped = false;
    let mut depth = 0usize;
    let mut filters: Vec<usize> = Vec::new(); // the depths at which filters opened
    let mut before = ' ';
    for (at, char) in source.char_indices() {
        if let Some(open) = quote {
            match (escaped, char) {
                (true, _) => escaped = false,
                (false, '\\') => escaped = true,
                (false, char) if char == open => quote = None,
                _ => {}
            }
            continue;
        }
        let refuse = |message: &str| Err(ExprError::at(message, at..at + char.len_utf8()));
        match char {
            '\'' | '"' => quote = Some(char),
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                filters.retain(|filter| *filter <= depth);
            }
            '?' if !filters.is_empty() => return refuse("a filter inside a filter is not supported"),
            '?' => filters.push(depth),
            char if char.is_whitespace() && depth == 0 => return refuse("white space in a path"),
            '.' if before == '.' => return refuse("`..` is not supported: write the members out"),
            _ => {}
        }
        if depth > MAX_NESTING {
            return refuse("brackets nest too deep");
        }
        before = char;
    }
    Ok(())
}

fn syntax_error(source: &str, error: &JsonPathError) -> ExprError {
    let JsonPathError::PestError(error) = error else {
        return ExprError::new("this is no JSONPath (RFC 9535)");
    };
    let start = match error.location {
        pest::error::InputLocation::Pos(at) => at,
        pest::error::InputLocation::Span((start, _)) => start,
    };
    let end = source
        .get(start..)
        .and_then(|rest| rest.chars().next())
        .map_or(start, |char| start + char.len_utf8());
    ExprError::at("this is no JSONPath (RFC 9535)", start..end)
}

fn check_segment(segment: &Segment) -> Result<(), &'static str> {
    match segment {
        Segment::Descendant(_) => Err("`..` is not supported: write the members out"),
        Segment::Selector(selector) => check_selector(selector),
        Segment::Selectors(selectors) if selectors.len() > MAX_SELECTORS => {
            Err("more than 8 selectors in one pair of brackets")
        }
        Segment::Selectors(selectors) => selectors.iter().try_for_each(check_selector),
    }
}

fn check_selector(selector: &Selector) -> Result<(), &'static str> {
    match selector {
        Selector::Filter(filter) => check_filter(filter),
        _ => Ok(()),
    }
}

fn check_filter(filter: &Filter) -> Result<(), &'static str> {
    const ONE_VALUE: &str = "a filter may look at one value of each member, such as `@.primary`";
    match filter {
        Filter::Or(filters) | Filter::And(filters) => filters.iter().try_for_each(check_filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => check_filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
            Test::RelQuery(segments) if segments.iter().all(|segment| !reach(segment).1) => Ok(()),
            Test::RelQuery(_) | Test::AbsQuery(_) => Err(ONE_VALUE),
            Test::Function(_) => Err("functions are not supported in a filter"),
        },
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right].into_iter().try_for_each(|side| match side {
                Comparable::Literal(_) => Ok(()),
                Comparable::SingularQuery(SingularQuery::Current(_)) => Ok(()),
                Comparable::SingularQuery(SingularQuery::Root(_)) => Err(ONE_VALUE),
                Comparable::Function(_) => Err("functions are not supported in a filter"),
            })
        }
    }
}

/// How many selectors a segment has, and whether it can select more than one node.
fn reach(segment: &Segment) -> (usize, bool) {
    match segment {
        Segment::Selector(Selector::Index(_) | Selector::Name(_)) => (1, false),
        Segment::Selector(_) | Segment::Descendant(_) => (1, true),
        Segment::Selectors(selectors) => (selectors.len(), true),
    }
}

fn children(node: &Value) -> usize {
    match node {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

/// The name in a selector, without the quotes of `['name']`.
fn member_name(name: &str) -> String {
    let quoted = |quote: char| name.strip_prefix(quote).and_then(|name| name.strip_suffix(quote));
    quoted('\'').or_else(|| quoted('"')).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree() -> Value {
        json!({
            "userinfo": {"id": 9007199254740993u64, "null": null, "empty": "", "name": "Ada", "https://x/team_id": "T1", "photos": [{"value": ""}, {"value": "p"}]},
            "emails": [
                {"email": "a@x", "primary": false, "verified": true},
                {"email": "b@x", "primary": true, "verified": true},
                {"email": "c@x", "primary": true, "verified": false},
            ],
        })
    }

    fn first(source: &str) -> Option<Value> {
        Path::compile(source).unwrap_or_else(|error| panic!("{source}: {error}")).first(&tree()).cloned()
    }

    #[test]
    fn reads_members_items_and_filters() {
        assert_eq!(first("$.userinfo.id"), Some(json!(9007199254740993u64)));
        assert_eq!(first("$.userinfo['https://x/team_id']"), Some(json!("T1")));
        assert_eq!(first("$['userinfo'][\"name\"]"), Some(json!("Ada")));
        assert_eq!(first("$.emails[?@.primary == true && @.verified == true].email"), Some(json!("b@x")));
        assert_eq!(first("$.emails[?@.primary].email"), Some(json!("a@x")));
        assert_eq!(first("$.emails[?!(@.primary == false)].email"), Some(json!("b@x")));
        assert_eq!(first("$.emails[-1].email"), Some(json!("c@x")));
        assert_eq!(first("$.emails[1:].email"), Some(json!("b@x")));
        assert_eq!(first("$.userinfo.photos[*].value"), Some(json!("p")));
    }

    #[test]
    fn a_missing_null_or_empty_node_is_none() {
        for source in [
            "$.userinfo.nope",
            "$.userinfo.null",
            "$.userinfo.empty",
            "$.nope.a.b",
            "$.userinfo.name.x",
            "$.emails[9].email",
            "$.emails.email",
        ] {
            assert_eq!(first(source), None, "{source}");
        }
    }

    #[test]
    fn all_keeps_every_node() {
        let path = Path::compile("$.emails[*].email").expect("fine");
        assert_eq!(path.all(&tree()), [&json!("a@x"), &json!("b@x"), &json!("c@x")]);
        assert_eq!(path.root_name(), Some("emails"));
        assert_eq!(Path::compile("$['a b'].c").expect("fine").root_name(), Some("a b"));
        assert_eq!(Path::compile("$").expect("fine").root_name(), None);
        assert_eq!(Path::compile("$[*]").expect("fine").root_name(), None);
    }

    #[test]
    fn refuses_what_can_run_away() {
        for source in [
            "$..a",
            "$..*..*..*..*",
            "$.a[..b]",
            "$[?@[?@>1]]",
            "$[?@.a[?@.b]]",
            "$[?@[*]]",
            "$[?@['a','b']]",
            "$[?$.a]",
            "$[?@.a == $.b]",
            "$[?length(@.a) > 1]",
            "$[?match(@.a, 'x')]",
            "$[?count(@.*) > 1]",
            "$[0,1,2,3,4,5,6,7,8]",
        ] {
            Path::compile(source).expect_err(source);
        }
        Path::compile(&format!("$.{}", "a".repeat(255))).expect_err("long");
        Path::compile(&format!("$[?{}@.a{}]", "(".repeat(100), ")".repeat(100))).expect_err("deep");
        assert!(Path::compile("$['a..b'][?@.c == '?[((((((((((((']").is_ok());
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        for (source, at) in
            [("$.a[", 4), ("$.", 1), ("userinfo.id", 0), ("$.a b", 3), ("", 0), ("$.\u{fc}[x", 4)]
        {
            let error = Path::compile(source).expect_err(source);
            let range = error.range.expect(source);
            assert!(
                source.get(range.clone()).is_some() && range.start.abs_diff(at) <= 2,
                "{source}: {range:?}"
            );
        }
    }

    #[test]
    fn a_wide_document_ends_at_the_budget() {
        let wide = json!({"a": vec![json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]); 2_000]});
        assert_eq!(Path::compile("$.a[*]").expect("fine").all(&wide).len(), 2_000);
        assert!(Path::compile("$.a[*][*]").expect("fine").all(&wide).is_empty());
        let bomb = format!("$.a{}", "[*,*,*,*,*,*,*,*]".repeat(14));
        assert!(Path::compile(&bomb).expect("fine").first(&wide).is_none());
    }
}
