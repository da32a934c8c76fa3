//! The value of a parameter, compiled: a text, several, or JSON with texts in it.

use serde_json::{Map, Value};

use crate::expr::{Context, Template};
use crate::provider::compile::Compiler;
use crate::provider::finding::segment;
use crate::provider::moment::Moment;
use crate::spec::value::ParamValue;

/// The value of a parameter.
#[derive(Clone, Debug)]
pub enum Param {
    /// JSON.
    Json(JsonTemplate),
    /// Sent once for each of them.
    Many(Vec<Template>),
    /// Sent once.
    Text(Template),
}

/// JSON whose texts are templates.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    /// `[…]`
    List(Vec<JsonTemplate>),
    /// `{…}`
    Object(Vec<(String, JsonTemplate)>),
    /// A number, a boolean or null.
    Plain(Value),
    /// A text.
    Text(Template),
}

/// A template that cannot be rendered.
#[derive(Debug)]
pub struct Unrendered {
    /// The template.
    pub source: String,
    /// Why.
    pub message: String,
}

impl Param {
    /// What is sent; nothing for a value that is empty.
    ///
    /// # Errors
    /// A template that cannot be rendered.
    pub fn values(&self, context: &Context) -> Result<Vec<String>, Unrendered> {
        let text = |template: &Template| render(template, context);
        let values = match self {
            Param::Text(template) => vec![text(template)?],
            Param::Many(templates) => templates.iter().map(text).collect::<Result<_, _>>()?,
            Param::Json(json) => vec![json.render(context)?.to_string()],
        };
        Ok(values.into_iter().filter(|value| !value.is_empty()).collect())
    }

    /// What it always is, where it is one text without a template.
    pub fn constant(&self) -> Option<&str> {
        match self {
            Param::Text(template) => Some(template.source()).filter(|_| template.is_literal()),
            Param::Json(_) | Param::Many(_) => None,
        }
    }
}

impl JsonTemplate {
    /// The JSON with its texts rendered. A member whose template prints nothing is left out.
    ///
    /// # Errors
    /// A template that cannot be rendered.
    pub fn render(&self, context: &Context) -> Result<Value, Unrendered> {
        Ok(match self {
            JsonTemplate::Plain(value) => value.clone(),
            JsonTemplate::Text(template) => render(template, context)?.into(),
            JsonTemplate::List(items) => {
                let rendered = items.iter().map(|item| item.render(context));
                let kept = rendered.zip(items).filter(|(value, item)| !is_nothing(value, item));
                kept.map(|(value, _)| value).collect::<Result<Vec<_>, _>>()?.into()
            }
            JsonTemplate::Object(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    let value = member.render(context);
                    if !is_nothing(&value, member) {
                        object.insert(name.clone(), value?);
                    }
                }
                object.into()
            }
        })
    }
}

/// Whether a template has printed nothing.
fn is_nothing<E>(value: &Result<Value, E>, template: &JsonTemplate) -> bool {
    let is_template = matches!(template, JsonTemplate::Text(template) if !template.is_literal());
    is_template && value.as_ref().is_ok_and(|value| value.as_str() == Some(""))
}

fn render(template: &Template, context: &Context) -> Result<String, Unrendered> {
    template
        .render(context)
        .map_err(|error| Unrendered { source: template.source().to_owned(), message: error.message })
}

impl Compiler {
    pub(super) fn param(&mut self, at: &str, value: &ParamValue, moment: Moment) -> Option<Param> {
        match value {
            ParamValue::Json(members) => {
                let members = members.iter().map(|(name, member)| {
                    let at = format!("{at}/{}", segment(name));
                    Some((name.clone(), self.json_template(&at, member, moment)?))
                });
                members.collect::<Option<_>>().map(|members| Param::Json(JsonTemplate::Object(members)))
            }
            ParamValue::Many(values) => {
                let templates = values.iter().enumerate();
                let templates =
                    templates.map(|(index, value)| self.scalar(&format!("{at}/{index}"), value, moment));
                templates.collect::<Option<_>>().map(Param::Many)
            }
            one => self.scalar(at, one.scalars().first()?, moment).map(Param::Text),
        }
    }

    fn json_template(&mut self, at: &str, value: &Value, moment: Moment) -> Option<JsonTemplate> {
        Some(match value {
            Value::String(text) => JsonTemplate::Text(self.template(at, text, moment)?),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(index, item)| self.json_template(&format!("{at}/{index}"), item, moment));
                JsonTemplate::List(items.collect::<Option<_>>()?)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, member)| {
                    let at = format!("{at}/{}", segment(name));
                    Some((name.clone(), self.json_template(&at, member, moment)?))
                });
                JsonTemplate::Object(members.collect::<Option<_>>()?)
            }
            plain => JsonTemplate::Plain(plain.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(source: &str) -> JsonTemplate {
        JsonTemplate::Text(Template::compile(source).unwrap())
    }

    #[test]
    fn json_keeps_what_is_no_text_and_quotes_what_is_printed() {
        let mut context = Context::new();
        context.set("vars", json!({"acr": "a\"b", "none": ""}));
        let json = JsonTemplate::Object(vec![
            ("value".into(), text("{{ vars.acr }}")),
            ("left_out".into(), text("{{ vars.none }}")),
            ("empty".into(), text("")),
            ("essential".into(), JsonTemplate::Plain(json!(true))),
            ("any".into(), JsonTemplate::Plain(Value::Null)),
            ("values".into(), JsonTemplate::List(vec![text("{{ vars.none }}"), text("x")])),
        ]);
        let sent = Param::Json(json).values(&context).unwrap();
        assert_eq!(sent, [r#"{"value":"a\"b","empty":"","essential":true,"any":null,"values":["x"]}"#]);
    }

    #[test]
    fn a_list_is_sent_once_for_each_that_is_not_empty() {
        let mut context = Context::new();
        context.set("vars", json!({"a": "https://a.example", "none": ""}));
        let template = |source| Template::compile(source).unwrap();
        let many = Param::Many(vec![template("{{ vars.a }}"), template("{{ vars.none }}"), template("b")]);
        assert_eq!(many.values(&context).unwrap(), ["https://a.example", "b"]);
        assert!(Param::Text(template("{{ vars.none }}")).values(&context).unwrap().is_empty());
        let Unrendered { source, .. } =
            Param::Text(template("{{ vars.missing }}")).values(&context).unwrap_err();
        assert_eq!(source, "{{ vars.missing }}");
    }
}
