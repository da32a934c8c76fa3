//! How a claim came about: every source that was tried, and what each gave.

use serde_json::{Map, Value, json};

use crate::cli::effective::Effective;
use crate::expr::Context;
use crate::provider::finding::segment;
use crate::provider::read::Read;

/// Who says where a claim is that the file does not mention.
const STANDARD: &str = "OpenID Connect Core §5.1";

/// A claim: its value in the profile, and where that was looked for.
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its value; `None` where the profile has none.
    pub value: Option<Value>,
    /// What was tried, in order.
    pub sources: Vec<Source>,
    /// Why the profile has another value than the source, or none.
    pub note: Option<&'static str>,
}

/// One source of a claim.
pub struct Source {
    /// The path, template or literal as it is written.
    pub text: String,
    /// `file:line`, or the section of the standard whose default it is.
    pub place: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The parts that a template reads, with what they were; the value is absent where the part was.
    pub parts: Vec<(String, Option<Value>)>,
}

/// What came of a source.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It had nothing: missing, null or `""`.
    Empty,
    /// It cannot be evaluated, and why.
    Failed(String),
    /// Another one before it was not empty.
    NotTried,
    /// It gave this.
    Value(Value),
}

impl Claim {
    /// Reads one claim in a context, and compares it with what the profile has of it, if there is a profile.
    pub fn read(
        effective: &Effective,
        name: &str,
        read: &Read,
        context: &Context,
        profile: Option<&Map<String, Value>>,
    ) -> Claim {
        let pointer = format!("/profile/{}", segment(name));
        let place =
            |pointer: &str| effective.place(pointer).unwrap_or_else(|| "OpenID Connect Core §5.1".into());
        let mut sources = vec![];
        match read {
            Read::FirstOf(members) => {
                let mut found = false;
                for (index, member) in members.iter().enumerate() {
                    let place = place(&format!("{pointer}/{index}"));
                    let source = Source::of(member, place, context, found);
                    found |= matches!(source.outcome, Outcome::Value(_) | Outcome::Failed(_));
                    sources.push(source);
                }
            }
            read => sources.push(Source::of(read, place(&pointer), context, false)),
        }
        let value = profile.and_then(|profile| profile.get(name).cloned());
        let mut claim = Claim { name: name.to_owned(), value, sources, note: None };
        claim.note = profile.and_then(|_| claim.difference());
        claim
    }

    /// Whether a file says where it is, rather than the standard.
    pub fn is_written(&self) -> bool {
        self.sources.iter().any(|source| source.place != STANDARD)
    }

    /// The source that gave the value.
    pub fn source(&self) -> Option<&Source> {
        self.sources.iter().find(|source| matches!(source.outcome, Outcome::Value(_)))
    }

    fn difference(&self) -> Option<&'static str> {
        let read = self.source().map(|source| &source.outcome);
        match (self.name.as_str(), &self.value, read) {
            ("email_verified", Some(Value::Bool(false)), None) => Some("where nothing says so"),
            ("email", None, Some(_)) => Some("left out: no e-mail address"),
            (_, None, Some(_)) => Some("left out: too large, or of the wrong kind"),
            ("email", Some(value), Some(Outcome::Value(read))) if value != read => Some("in lower case"),
            ("sub", Some(value), Some(Outcome::Value(read))) if value != read => Some("as text"),
            (_, Some(value), Some(Outcome::Value(read))) if value != read => Some("as a boolean"),
            _ => None,
        }
    }
}

impl Source {
    fn of(read: &Read, place: String, context: &Context, late: bool) -> Source {
        let outcome = match read.value(context) {
            _ if late => Outcome::NotTried,
            Ok(Some(value)) => Outcome::Value(value),
            Ok(None) => Outcome::Empty,
            Err(error) => Outcome::Failed(error.message),
        };
        let parts = match read {
            Read::Template(template) if !late => {
                let shown = |name: &String| !name.starts_with("client.");
                let part = |name: String| {
                    let value = member(context.as_value(), &name).cloned();
                    (name, value.filter(|value| !crate::expr::is_empty(value)))
                };
                template.names().into_iter().filter(shown).map(part).collect()
            }
            _ => vec![],
        };
        Source { text: written(read), place, outcome, parts }
    }
}

/// A value of the mapping as a file writes it.
pub fn written(read: &Read) -> String {
    match read {
        Read::Coerced(path, coercion) => {
            let word = serde_json::to_value(coercion).unwrap_or_default();
            format!("{} as {}", path.source(), word.as_str().unwrap_or_default())
        }
        Read::FirstOf(members) => members.iter().map(written).collect::<Vec<_>>().join(", else "),
        Read::Literal(value) => value.to_string(),
        Read::Path(path) => path.source().to_owned(),
        Read::Template(template) => template.source().to_owned(),
    }
}

/// The value of a dotted name.
fn member<'a>(tree: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(tree, |value, part| value.get(part))
}

/// What was tried for each claim.
pub fn json(claims: &[Claim]) -> Value {
    let sources = |claim: &Claim| -> Vec<Value> {
        let source = |source: &Source| {
            let mut members = Map::new();
            members.insert("source".into(), source.text.as_str().into());
            members.insert("place".into(), source.place.as_str().into());
            let (outcome, value) = match &source.outcome {
                Outcome::Empty => ("empty", None),
                Outcome::Failed(why) => ("failed", Some(Value::from(why.as_str()))),
                Outcome::NotTried => ("not tried", None),
                Outcome::Value(value) => ("value", Some(value.clone())),
            };
            members.insert("outcome".into(), outcome.into());
            match (&source.outcome, value) {
                (Outcome::Failed(_), Some(why)) => drop(members.insert("why".into(), why)),
                (_, Some(value)) => drop(members.insert("value".into(), value)),
                _ => {}
            }
            if !source.parts.is_empty() {
                let parts = source.parts.iter().map(|(name, value)| (name.clone(), json!(value)));
                members.insert("parts".into(), Value::Object(parts.collect()));
            }
            Value::Object(members)
        };
        claim.sources.iter().map(source).collect()
    };
    Value::Object(claims.iter().map(|claim| (claim.name.clone(), sources(claim).into())).collect())
}
