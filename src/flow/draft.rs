//! The request of a step: the RFC's parameters, and the file's deviations laid over them.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request};
use indexmap::IndexMap;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded;

use crate::expr::{Context, Template};
use crate::flow::error::{Error, Misuse};
use crate::flow::later::Later;
use crate::provider::param::Param;
use crate::provider::step::{Body, Method as MethodSpec, ParamTemplates, ResponseFormat, Step};

/// A request of a step before the file's deviations.
pub(super) struct Draft<'a> {
    /// The step's name.
    pub name: &'a str,
    /// Where it goes.
    pub url: Url,
    /// What the RFC sends.
    pub params: Vec<(String, String)>,
    /// Credentials in the header.
    pub authorization: Option<HeaderValue>,
    /// Credentials in a header of their own.
    pub header: Option<(http::HeaderName, HeaderValue)>,
    /// Credentials in the query.
    pub query: Vec<(String, String)>,
}

impl<'a> Draft<'a> {
    /// A request that sends nothing yet.
    pub fn new(name: &'a str, url: Url) -> Draft<'a> {
        Draft { name, url, params: vec![], authorization: None, header: None, query: vec![] }
    }

    /// Applies what the file says about this step.
    pub fn build(
        mut self,
        step: &Step,
        rename: &IndexMap<String, String>,
        context: &Context,
    ) -> Result<Request<Bytes>, Error> {
        overlay(&mut self.params, &step.params, context, self.name)?;
        overlay(&mut self.query, &step.query, context, self.name)?;
        for (name, _) in self.params.iter_mut().chain(&mut self.query) {
            if let Some(theirs) = rename.get(name) {
                name.clone_from(theirs);
            }
        }
        let raw: Vec<&str> =
            step.raw.iter().map(|name| rename.get(name).map_or(name.as_str(), String::as_str)).collect();
        let mut url = self.url;
        let accept = match step.response.format {
            ResponseFormat::Jwt if self.name == Later::Introspection.as_str() => {
                "application/token-introspection+jwt"
            }
            ResponseFormat::Jwt => "application/jwt",
            ResponseFormat::Bytes => "*/*",
            ResponseFormat::Json | ResponseFormat::Form => "application/json",
        };
        let mut builder = Request::builder().header(ACCEPT, accept).header(USER_AGENT, "authcfg");
        let method = match step.method {
            MethodSpec::Get => Method::GET,
            MethodSpec::Post => Method::POST,
            MethodSpec::Delete => Method::DELETE,
        };
        let body = match (step.method, step.body) {
            (MethodSpec::Get, _) => {
                self.query.append(&mut self.params);
                builder = builder.method(method);
                Bytes::new()
            }
            (_, Body::Query) => {
                self.query.append(&mut self.params);
                builder = builder.method(method);
                Bytes::new()
            }
            (MethodSpec::Delete, _) if self.params.is_empty() => {
                builder = builder.method(method);
                Bytes::new()
            }
            (_, Body::Form) => {
                builder = builder.method(method).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                encode(&self.params, &raw).into()
            }
            (_, Body::Json) => {
                builder = builder.method(method).header(CONTENT_TYPE, "application/json");
                let member = |(name, value): (String, String)| {
                    let value = typed(step, rename, &name, &value).unwrap_or_else(|| value.into());
                    (name, value)
                };
                Value::Object(once_each(self.params.into_iter().map(member))).to_string().into()
            }
        };
        append_query(&mut url, &self.query, &raw);
        let mut request = builder.uri(url.as_str()).body(body).map_err(|_| unsendable(self.name))?;
        let headers = request.headers_mut();
        for (name, template) in &step.headers {
            let value = render(template, context, self.name)?;
            if value.is_empty() {
                headers.remove(name);
            } else {
                headers.insert(name, HeaderValue::from_str(&value).map_err(|_| unsendable(self.name))?);
            }
        }
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        if let Some(value) = self.authorization {
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }
}

/// Parameters as members of JSON: of one that comes several times, the list.
pub fn once_each(params: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in params {
        match members.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => drop(members.insert(name, value)),
        }
    }
    members
}

/// The number, boolean or JSON that the file writes for a parameter of a JSON body, where that is what `text` says.
fn typed(step: &Step, rename: &IndexMap<String, String>, name: &str, text: &str) -> Option<Value> {
    let is = |written: &str| written == name || rename.get(written).is_some_and(|theirs| theirs == name);
    if step.params.iter().any(|(written, param)| is(written) && matches!(param, Some(Param::Json(_)))) {
        return serde_json::from_str(text).ok();
    }
    let (_, value) = step.typed.iter().find(|(written, _)| is(written))?;
    let word = value.to_string();
    (word == text).then(|| value.clone())
}

/// Puts parameters behind those that a URL has already.
pub(super) fn append_query(url: &mut Url, params: &[(String, String)], raw: &[&str]) {
    if params.is_empty() {
        return;
    }
    let own = url.query().filter(|own| !own.is_empty()).map(|own| format!("{own}&")).unwrap_or_default();
    url.set_query(Some(&(own + &encode(params, raw))));
}

/// `name=value&…`, percent-encoded as a form is; the values of `raw` only where they would end the parameter.
fn encode(params: &[(String, String)], raw: &[&str]) -> String {
    const ENDS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'&').add(b'<').add(b'>');
    let mut text = String::new();
    for (name, value) in params {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        text.push('=');
        if raw.contains(&name.as_str()) {
            text.extend(utf8_percent_encode(value, ENDS));
        } else {
            text.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
    }
    text
}

/// Lays a file's parameters over those of the RFC: null drops one, an empty one is left out.
pub(super) fn overlay(
    params: &mut Vec<(String, String)>,
    templates: &ParamTemplates,
    context: &Context,
    step: &str,
) -> Result<(), Error> {
    for (name, param) in templates {
        let values = match param {
            Some(param) => {
                param.values(context).map_err(|error| unrendered(step, &error.source, &error.message))?
            }
            None => vec![],
        };
        let place = params.iter().position(|(existing, _)| existing == name).unwrap_or(params.len());
        params.retain(|(existing, _)| existing != name);
        params.splice(place..place, values.into_iter().map(|value| (name.clone(), value)));
    }
    Ok(())
}

pub(super) fn render(template: &Template, context: &Context, step: &str) -> Result<String, Error> {
    template.render(context).map_err(|error| unrendered(step, template.source(), &error.message))
}

pub(super) fn unrendered(step: &str, source: &str, why: &str) -> Error {
    Error::Misuse(Misuse::Configuration(format!("{step}: the template `{source}`: {why}")))
}

fn unsendable(step: &str) -> Error {
    Error::Misuse(Misuse::Configuration(format!("{step}: the request cannot be written as HTTP")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_several_times_is_a_list_in_json() {
        let params = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")];
        let members = once_each(params.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        assert_eq!(Value::Object(members), serde_json::json!({"a": ["1", "3", "4"], "b": "2"}));
    }

    #[test]
    fn what_the_file_writes_takes_the_place_of_all_of_the_name() {
        let template = |text: &str| Some(Param::Text(Template::compile(text).unwrap()));
        let many = |texts: &[&str]| {
            Some(Param::Many(texts.iter().map(|text| Template::compile(text).unwrap()).collect()))
        };
        let of = |written: ParamTemplates| {
            let mut params: Vec<(String, String)> =
                ["a", "b", "a"].map(|name| (name.to_owned(), "x".to_owned())).into();
            overlay(&mut params, &written, &Context::default(), "token_exchange").unwrap();
            params.into_iter().map(|(name, value)| name + "=" + &value).collect::<Vec<_>>().join("&")
        };
        assert_eq!(of(vec![("a".into(), template("y")), ("c".into(), template("z"))]), "a=y&b=x&c=z");
        assert_eq!(of(vec![("a".into(), None)]), "b=x");
        assert_eq!(
            of(vec![("a".into(), many(&["1", "", "2"])), ("c".into(), many(&["3"]))]),
            "a=1&a=2&b=x&c=3"
        );
    }

    #[test]
    fn a_raw_value_stays_as_it_is_and_in_its_place() {
        let params =
            [("scope".to_owned(), "a:b,c d&e=f#g".to_owned()), ("x".to_owned(), "a:b,c d&".to_owned())];
        assert_eq!(encode(&params, &["scope"]), "scope=a:b,c%20d%26e=f%23g&x=a%3Ab%2Cc+d%26");
        let mut url = Url::parse("https://a.example/x?y=1").unwrap();
        append_query(&mut url, &params[..1], &["scope"]);
        assert_eq!(url.as_str(), "https://a.example/x?y=1&scope=a:b,c%20d%26e=f%23g");
    }
}
