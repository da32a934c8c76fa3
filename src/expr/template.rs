//! A template of a provider file: text with `{{ … }}` and `{% if %}`, compiled once, rendered for every request.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::{Environment, OutputSpanKind};

use crate::expr::environment;
use crate::expr::scan::{self, Scan};
use crate::expr::tokens::{Piece, Syntax, Token};
use crate::expr::url;
use crate::expr::{Context, ExprError, Kind};

pub use crate::expr::url::UrlPart;

/// Bytes a template may print.
pub(crate) const MAX_OUTPUT: usize = 8 * 1024;

/// A compiled template.
///
/// ```
/// # use authcfg::expr::{Context, Template};
/// let template = Template::compile("{{ vars.issuer }}/users/{{ userinfo.id }}")?;
/// assert_eq!(template.names(), ["userinfo.id", "vars.issuer"]);
/// let mut context = Context::new();
/// context.set("vars", serde_json::json!({"issuer": "https://acme.example"}));
/// context.set("userinfo", serde_json::json!({"id": "a/b"}));
/// assert_eq!(template.render_url(&context)?, "https://acme.example/users/a%2Fb");
/// # Ok::<(), authcfg::expr::ExprError>(())
/// ```
#[derive(Clone)]
pub struct Template(Arc<Compiled>);

struct Compiled {
    source: String,
    // None: the text has no tags and renders as it stands.
    environment: Option<Environment<'static>>,
    scan: Scan,
    names: Vec<String>,
    roots: Vec<Arc<str>>,
}

impl Template {
    /// Compiles the text of a template.
    ///
    /// # Errors
    /// Text over 1 KB or nested too deep, a syntax error, a filter, test, function or statement that does not exist.
    pub fn compile(source: &str) -> Result<Template, ExprError> {
        let scan = Scan::new(source, Syntax::Template)?;
        let literal =
            scan.pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) && !source.contains("{#");
        let mut compiled = Compiled {
            source: source.to_owned(),
            environment: None,
            scan,
            names: Vec::new(),
            roots: Vec::new(),
        };
        if !literal {
            let environment = environment::owning(source)?;
            let template = environment
                .get_template(environment::NAME)
                .map_err(|error| environment::error(&error, source))?;
            compiled.names = environment::sorted(template.undeclared_variables(true));
            compiled.roots = environment::roots(&compiled.names);
            compiled.environment = Some(environment);
        }
        Ok(Template(Arc::new(compiled)))
    }

    /// Renders what goes out: every printed part must be there.
    ///
    /// # Errors
    /// A printed part that is missing or null, output over 8 KB, a line break or NUL in it, too much work.
    pub fn render(&self, context: &Context) -> Result<String, ExprError> {
        let text = self.print(context)?;
        if text.contains(['\r', '\n', '\0']) {
            return Err(ExprError::new("a line break or NUL in what a template printed"));
        }
        Ok(text)
    }

    /// Renders a claim: where a printed part is missing or null, the claim is.
    ///
    /// # Errors
    /// Output over 8 KB, too much work, an operation that the values do not have.
    pub fn render_profile(&self, context: &Context) -> Result<Option<String>, ExprError> {
        match self.print(context) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind == Kind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Renders a URL: each printed value is encoded for the place it stands in, and can leave that place nowhere.
    ///
    /// A value in the host must be a label or a hostname; one in the path stays one segment. Only a value at the very
    /// start may bring scheme and host of its own. Text of the template is left as it is.
    ///
    /// # Errors
    /// As [`Template::render`], and a value that does not fit its place.
    pub fn render_url(&self, context: &Context) -> Result<String, ExprError> {
        let Some(environment) = &self.0.environment else {
            return url::assemble([url::Part {
                text: &self.0.source,
                printed: false,
                source: 0..self.0.source.len(),
            }]);
        };
        let template = environment.get_template(environment::NAME).map_err(|error| self.error(&error))?;
        let (text, spans) = template
            .render_with_spans(context.url_roots(&self.0.roots))
            .map_err(|error| self.error(&error))?;
        check_size(&text)?;
        url::assemble(spans.iter().map(|span| url::Part {
            text: &text[span.output_range()],
            printed: span.kind() == OutputSpanKind::Expression,
            source: span.source_range(),
        }))
    }

    /// The names it reads, dotted as far as the text shows them: `vars.issuer`.
    pub fn names(&self) -> Vec<String> {
        self.0.names.clone()
    }

    /// Where a name of [`Template::names`] first stands.
    pub fn range_of(&self, name: &str) -> Option<Range<usize>> {
        self.0.scan.range_of(&self.0.source, name)
    }

    /// The names that can end up in the URL this template renders, and in which part.
    ///
    /// Whatever decides what is printed counts as printed. Where branches differ, the part nearest to the front is told.
    pub fn url_names(&self) -> Vec<(String, UrlPart)> {
        let source = &self.0.source;
        let names = |tokens: &[Token]| scan::names(source, tokens).into_iter().map(|(name, _)| name);
        let mut found = BTreeSet::new();
        let mut place = url::Place::default();
        let mut open: Vec<(url::Place, Vec<url::Place>)> = Vec::new(); // of each `if`: where it began, where its branches ended
        for piece in &self.0.scan.pieces {
            match piece {
                Piece::Literal(range) => place.advance(&source[range.clone()]),
                Piece::Print(tokens) => {
                    found.extend(names(tokens).map(|name| (name, place.part())));
                    place.print();
                }
                Piece::Statement(tokens) => {
                    found.extend(names(tokens).map(|name| (name, place.part())));
                    match tokens.first().map(|token| &source[token.range.clone()]) {
                        Some("if") => open.push((place, Vec::new())),
                        Some("elif" | "else") => {
                            if let Some((start, ends)) = open.last_mut() {
                                ends.push(std::mem::replace(&mut place, *start));
                            }
                        }
                        Some("endif") => {
                            if let Some((_, ends)) = open.pop() {
                                place = ends.into_iter().fold(place, url::Place::nearer);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether it prints its own text and nothing else.
    pub fn is_literal(&self) -> bool {
        self.0.environment.is_none()
    }

    fn print(&self, context: &Context) -> Result<String, ExprError> {
        let Some(environment) = &self.0.environment else {
            return Ok(self.0.source.clone());
        };
        let template = environment.get_template(environment::NAME).map_err(|error| self.error(&error))?;
        let text = template.render(context.roots(&self.0.roots)).map_err(|error| self.error(&error))?;
        check_size(&text)?;
        Ok(text)
    }

    fn error(&self, error: &minijinja::Error) -> ExprError {
        environment::error(error, &self.0.source)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.0.source).finish()
    }
}

fn check_size(text: &str) -> Result<(), ExprError> {
    if text.len() > MAX_OUTPUT {
        return Err(ExprError::new(format!("the template prints more than {} KB", MAX_OUTPUT / 1024)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn context() -> Context {
        let mut context = Context::new();
        context.set("userinfo", json!({"first": "Ada", "last": null, "locale": {"language": "en", "country": "GB"}, "lines": "a\nb", "big": "x".repeat(9000)}));
        context.set("client", json!({"secret": "canary"}));
        context.set("flow", json!({"scope": "openid users.email"}));
        context
    }

    fn template(source: &str) -> Template {
        Template::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"))
    }

    #[test]
    fn renders_text_and_values() {
        let render = |source: &str| {
            template(source).render(&context()).unwrap_or_else(|error| panic!("{source}: {error}"))
        };
        assert_eq!(render("plain $text }}"), "plain $text }}");
        assert_eq!(render("Hello {{ userinfo.first }}!"), "Hello Ada!");
        assert_eq!(render("a{% if 'users.email' in flow.scope %},b{% endif %}{# note #}"), "a,b");
        assert_eq!(render("{% if userinfo.nope %}x{% endif %}{{ userinfo.nope | default('d') }}"), "d");
        assert_eq!(render("{% set x = userinfo.first %}{{ x ~ '!' }}"), "Ada!");
    }

    #[test]
    fn an_undefined_or_null_part_is_an_error_with_its_place() {
        for (source, part) in [
            ("a{{ userinfo.nope }}", "userinfo.nope"),
            ("{{ userinfo.last }}", "userinfo.last"),
            ("{{ userinfo.nope | upper }}", "userinfo.nope | upper"),
        ] {
            let error = template(source).render(&context()).expect_err(source);
            assert!(error.message.contains("missing"), "{error}");
            let range = error.range.expect("a place");
            assert_eq!(source[range].trim(), part);
        }
        assert!(template("{{ nope.x }}").render(&context()).is_err());
    }

    #[test]
    fn a_profile_has_null_for_a_missing_part() {
        let render = |source: &str| {
            template(source).render_profile(&context()).unwrap_or_else(|error| panic!("{source}: {error}"))
        };
        assert_eq!(render("{{ userinfo.first }} {{ userinfo.last }}"), None);
        assert_eq!(render("{{ userinfo.first }} {{ userinfo.nope.deeper }}"), None);
        assert_eq!(render("{{ claims.sub }}"), None);
        assert_eq!(
            render("{{ userinfo.first }}{% if userinfo.last %} {{ userinfo.last }}{% endif %}"),
            Some("Ada".into())
        );
        assert_eq!(
            render("{{ userinfo.nope is defined }} {{ userinfo.last is string }}"),
            Some("false false".into())
        );
        assert_eq!(
            render(
                "{% if userinfo.locale is mapping %}{{ userinfo.locale.language }}-{{ userinfo.locale.country }}{% else %}{{ userinfo.locale }}{% endif %}"
            ),
            Some("en-GB".into())
        );
        assert_eq!(render("{{ [userinfo.first, userinfo.last] | join_nonempty(' ') }}"), Some("Ada".into()));
        assert_eq!(render("{{ userinfo.lines }}"), Some("a\nb".into()));
    }

    #[test]
    fn output_is_short_and_on_one_line() {
        for source in ["{{ userinfo.lines }}", "{{ userinfo.big }}", "{{ 'a\\nb' }}", "{{ 'a\\u0000b' }}"] {
            template(source).render(&context()).expect_err(source);
        }
        template("{{ userinfo.big }}").render_profile(&context()).expect_err("too long");
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        for source in [
            "{{ client.secret | int }}",
            "{{ client.secret + 1 }}",
            "{{ client.secret | float }}",
            "{{ client.secret.x }}",
            "{{ client | upper }}",
            "{{ client.secret | host }}",
            "{{ client.secret | round }}",
            "{{ client }}",
            "{{ -client.secret }}",
            "{{ client.secret < 1 and client.secret // 2 }}",
        ] {
            if let Err(error) = template(source).render(&context()) {
                assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
            }
        }
    }

    #[test]
    fn syntax_errors_have_a_place() {
        for source in ["{{ }}", "a {{ vars. }}", "{% if x %}", "{{ 'a' 1 }}", "{% else %}", "{{ x | }}"] {
            Template::compile(source).expect_err(source);
        }
        let error = Template::compile("abc {{ vars.x y }}").expect_err("no operator");
        assert!(error.range.as_ref().is_some_and(|range| range.start >= 4), "{error:?}");
    }

    #[test]
    fn names_skip_what_the_template_sets_itself() {
        let template = template(
            "{% set t = vars.issuer | split('/') %}{{ t[0] }}{{ userinfo[vars.subject] }}{{ claims['a b'] }}",
        );
        assert_eq!(template.names(), ["claims", "userinfo", "vars.issuer", "vars.subject"]);
        assert_eq!(template.range_of("vars.subject"), Some(60..72));
    }

    #[test]
    fn tells_which_names_reach_which_part_of_a_url() {
        let parts = |source: &str| {
            template(source)
                .url_names()
                .into_iter()
                .map(|(name, part)| format!("{name} {part:?}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            parts("{{ vars.issuer }}/x/{{ vars.t }}?a={{ vars.q }}#{{ vars.f }}"),
            ["vars.f Fragment", "vars.issuer Origin", "vars.q Query", "vars.t Path"]
        );
        let two_hosts = "https://{% if vars.host == 'acme.example' %}api.{{ vars.host }}{% else %}{{ vars.host }}/api/v3{% endif %}/user{{ vars.p }}";
        assert_eq!(parts(two_hosts), ["vars.host Host", "vars.p Path"]);
        assert_eq!(parts("https://{% if a %}x/{% else %}y{% endif %}{{ b }}"), ["a Host", "b Host"]);
    }
}
