//! A document against the JSON Schema of its kind: every structural mistake at once, each at its key or value.
//!
//! In: a [`Document`]. Out: [`Checked`], the findings and the document as it would be with their help applied, so that
//! what it means can be checked in the same run. The schemas are those of the files in `schema/`: an editor and the
//! command line never disagree.

mod defect;
mod explain;
mod repair;
mod window;

use std::sync::LazyLock;

use jsonschema::{Draft, ErrorIterator, PatternOptions, Validator};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Source};
use crate::spec::schema::defect::{Defect, DefectKind};
use crate::spec::vectors_schema;
use crate::yaml::{Document, NodeValue};

/// So many mistakes of a file are looked for and explained; more than are shown of one, so that `--fix` comes to all of them
/// in turn.
const ENOUGH: usize = 250;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A deployment file: it has `providers` at its top.
    Deployment,
    /// A provider file.
    Provider,
    /// A file of further tests: never guessed, it is read where one is asked for.
    Vectors,
}

impl Kind {
    /// What kind of file a document is.
    pub fn of(document: &Document) -> Kind {
        match &document.root().value {
            NodeValue::Mapping(entries) if entries.iter().any(|(key, _)| key.name == "providers") => {
                Kind::Deployment
            }
            _ => Kind::Provider,
        }
    }
}

/// A document, checked.
#[derive(Debug)]
pub struct Checked {
    /// What is wrong with its structure.
    pub findings: Vec<Diagnostic>,
    /// Its JSON form, mended as the findings propose; what has no proposal is taken out.
    pub mended: Value,
    /// Whether something was taken out, so that what seems to be missing may only be wrong.
    pub incomplete: bool,
    renamed: Vec<(String, String)>,
}

impl Checked {
    /// A document that has the structure it should have.
    fn right(value: Value) -> Checked {
        Checked { findings: vec![], mended: value, incomplete: false, renamed: vec![] }
    }

    /// The pointer in the document of a value in its mended form.
    pub fn written(&self, pointer: &str) -> String {
        let renamed = self.renamed.iter().find_map(|(now, before)| {
            let rest = pointer.strip_prefix(now.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{before}{rest}"))
        });
        renamed.unwrap_or_else(|| pointer.to_owned())
    }
}

/// Checks a document against the schema of its kind.
pub fn check(document: &Document, kind: Kind) -> Checked {
    let value = document.to_json();
    let rules = rules(kind);
    match (rules.is_valid)(&value) {
        true => Checked::right(value),
        false => check_against(document, value, &rules, kind),
    }
}

/// What a document is held against.
struct Rules {
    schema: fn() -> &'static Value,
    is_valid: fn(&Value) -> bool,
    errors: for<'i> fn(&'i Value) -> ErrorIterator<'i>,
}

fn rules(kind: Kind) -> Rules {
    match kind {
        Kind::Deployment => Rules {
            schema: || &deployment().value,
            is_valid: |value| deployment().validator.is_valid(value),
            errors: |value| deployment().validator.iter_errors(value),
        },
        Kind::Provider => {
            Rules { schema: provider, is_valid: ProviderFile::is_valid, errors: ProviderFile::iter_errors }
        }
        Kind::Vectors => Rules {
            schema: || &vectors().value,
            is_valid: |value| vectors().validator.is_valid(value),
            errors: |value| vectors().validator.iter_errors(value),
        },
    }
}

/// The schema of a provider file: read from the text, which takes a fraction of what it takes to make it anew.
fn provider() -> &'static Value {
    static PROVIDER: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../schema/provider.schema.json"))
            .expect("a test holds the file against the types")
    });
    &PROVIDER
}

fn deployment() -> &'static Compiled {
    static DEPLOYMENT: LazyLock<Compiled> = LazyLock::new(|| {
        let text = include_str!("../../../schema/config.schema.json");
        Compiled::of(serde_json::from_str(text).expect("a test holds the file against the types"))
    });
    &DEPLOYMENT
}

fn vectors() -> &'static Compiled {
    static VECTORS: LazyLock<Compiled> = LazyLock::new(|| Compiled::of(vectors_schema()));
    &VECTORS
}

/// A schema, compiled once in a process.
struct Compiled {
    value: Value,
    validator: Validator,
}

impl Compiled {
    fn of(value: Value) -> Compiled {
        let validator = compile(&value);
        Compiled { value, validator }
    }
}

fn compile(schema: &Value) -> Validator {
    Validator::options()
        .with_draft(Draft::Draft202012)
        // Linear in the text, whatever the pattern.
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .expect("a schema made from our own types is valid")
}

/// The schema of a provider file as code, made when this crate is compiled: nothing is built at start, and a file takes
/// a fraction of the time and memory.
#[jsonschema::validator(
    path = "schema/provider.schema.json",
    draft = Draft202012,
    pattern_options = { engine = regex },
    methods = { is_valid = true, validate = false, iter_errors = true }
)]
struct ProviderFile;

fn check_against(document: &Document, value: Value, rules: &Rules, kind: Kind) -> Checked {
    let schema = (rules.schema)();
    let mut defects = defects(&value, schema, rules);
    let enough = defects.len() >= ENOUGH;
    defect::drop_consequences(&mut defects);
    let source = source(document, &defects);
    let explain = |defect| explain::diagnostic(defect, document, &source, schema, kind);
    let findings = defects.iter().take(ENOUGH).map(explain).collect();
    if enough {
        // What is wrong besides is still in it: nobody can tell what it means.
        return Checked { findings, mended: Value::Null, incomplete: true, renamed: vec![] };
    }
    let repair::Mended { value: mended, incomplete, renamed } = repair::mend(value, &defects);
    Checked { findings, mended, incomplete, renamed }
}

/// What is wrong, as far as anybody reads it.
fn defects(value: &Value, schema: &Value, rules: &Rules) -> Vec<Defect> {
    let of = |part: &Value| {
        let errors = (rules.errors)(part);
        errors.flat_map(|error| defect::of(&error, schema)).take(ENOUGH).collect::<Vec<Defect>>()
    };
    let mut defects: Vec<Defect> = vec![];
    for window in window::all(value) {
        if (rules.is_valid)(&window.value) {
            continue;
        }
        for defect in of(&window.value).into_iter().filter_map(|defect| window.defect_of(value, defect)) {
            // What is short is in every window.
            if !defects.contains(&defect) {
                defects.push(defect);
            }
        }
        if defects.len() >= ENOUGH {
            return defects;
        }
    }
    // Where there is only one part; or each is right, and only the whole is not.
    if defects.is_empty() { of(value) } else { defects }
}

/// The text as findings show it: with asterisks for a secret, since findings end up in the logs of a build.
fn source(document: &Document, defects: &[Defect]) -> Source {
    let mut secrets = defects.iter().filter(|defect| defect.kind == DefectKind::PlainSecret).peekable();
    if secrets.peek().is_none() {
        return Source::of(document);
    }
    let mut text = document.text().to_string();
    for secret in secrets {
        let span = document.nearest(&secret.pointer).value;
        let hidden = text[span.start..span.end].chars().map(|c| match c {
            '\n' => "\n".to_owned(),
            c => "*".repeat(c.len_utf8()),
        });
        let hidden: String = hidden.collect();
        text.replace_range(span.start..span.end, &hidden);
    }
    Source::new(document.name(), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Help, code};
    use crate::yaml::Limits;

    fn provider(text: &str) -> Checked {
        let document = Document::parse("a.yaml", text.as_bytes(), Limits::PROVIDER).expect("it is YAML");
        check(&document, Kind::Provider)
    }

    fn deployment(text: &str) -> Checked {
        let document =
            Document::parse("authcfg.yaml", text.as_bytes(), Limits::DEPLOYMENT).expect("it is YAML");
        check(&document, Kind::Deployment)
    }

    fn titles(checked: &Checked) -> Vec<String> {
        checked
            .findings
            .iter()
            .map(|finding| format!("{}: {}", finding.code.as_str(), finding.title))
            .collect()
    }

    fn replacement(checked: &Checked) -> Option<&str> {
        match checked.findings.first()?.help.as_ref()? {
            Help::Patch { replacement, .. } => Some(replacement),
            Help::Note(_) => None,
        }
    }

    #[test]
    fn accepts_what_the_types_accept() {
        assert!(
            titles(&provider("id: a\nname: A\nuserinfo: []\nprofile: {sub: $.userinfo.id, email: null}\n"))
                .is_empty()
        );
        assert!(
            titles(&deployment("providers: {a: {client_secret: {env: X}, token: null}, b: }\n")).is_empty()
        );
    }

    #[test]
    fn finds_every_mistake_at_once() {
        let checked =
            provider("id: A_b\nnmae: A\npkce: s256\nscopes: [a]\ntoken: {params: {a: [[1]]}, methd: GET}\n");
        let expected = [
            "invalid-value: `id` cannot be `A_b`",
            "unknown-field: unknown field `nmae`",
            "invalid-value: `pkce` cannot be `s256`",
            "wrong-type: `scopes` must be a mapping",
            "wrong-type: member 1 of `a` must be text, an integer, or `true` or `false`",
            "unknown-field: unknown field `methd`",
        ];
        let mut titles = titles(&checked);
        titles.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(titles, expected);
    }

    #[test]
    fn proposes_the_nearest_key_and_goes_on_with_it() {
        let checked = provider("id: a\nname: A\ntoken_enpoint: https://a.example/t\n");
        assert_eq!(replacement(&checked), Some("token_endpoint"));
        assert_eq!(checked.mended["token_endpoint"], "https://a.example/t");
        assert!(!checked.incomplete);
        assert_eq!(checked.written("/token_endpoint"), "/token_enpoint");
        assert_eq!(checked.written("/token_endpoints"), "/token_endpoints");
        let checked = provider("id: a\nname: A\ncolour: red\n");
        assert_eq!((replacement(&checked), checked.incomplete), (None, true));
    }

    #[test]
    fn keeps_to_the_alternative_that_fits_best() {
        let checked = provider("id: a\nname: A\nprofile: {sub: {from: $.userinfo.id, as: strng}}\n");
        assert_eq!(titles(&checked), ["invalid-value: `as` cannot be `strng`"]);
        assert_eq!(replacement(&checked), Some("string"));
        let checked = provider("id: a\nname: A\nuserinfo: [{as: emails, endpont: 'https://a.example'}]\n");
        assert_eq!(titles(&checked), ["unknown-field: unknown field `endpont`"]);
        let checked = deployment("providers: {a: {client_secret: {evn: X}}}\n");
        assert_eq!(titles(&checked), ["unknown-field: unknown field `evn`"]);
        assert_eq!(replacement(&checked), Some("env"));
    }

    #[test]
    fn says_which_field_is_missing_and_where() {
        let checked = provider("id: a\nname: A\nverified:\n  how: docs\n");
        assert_eq!(titles(&checked), ["missing-field: `verified` needs `on`"]);
        assert_eq!(titles(&provider("id: a\n")), ["missing-field: a provider file needs `name`"]);
    }

    #[test]
    fn proposes_quotes_where_text_looks_like_something_else() {
        let checked = provider("id: a\nname: 1\n");
        assert_eq!(titles(&checked), ["wrong-type: `name` must be text"]);
        assert_eq!(replacement(&checked), Some("\"1\""));
        assert_eq!(checked.mended["name"], "1");
    }

    #[test]
    fn a_secret_in_the_file_is_named_but_not_shown() {
        for text in [
            "secret: hunter2-hunter2\nproviders: {}\n",
            "providers: {a: {client_secret: hunter2-hunter2}}\n",
            "secret: [hunter2-hunter2]\nproviders: {}\n",
        ] {
            let checked = deployment(text);
            assert_eq!(checked.findings[0].code, code::PLAIN_SECRET, "{:?}", titles(&checked));
            assert!(!format!("{:?}", checked.findings).contains("hunter2"));
        }
        assert!(titles(&deployment("secret: {env: AUTH_SECRET}\nproviders: {}\n")).is_empty());
    }
}
