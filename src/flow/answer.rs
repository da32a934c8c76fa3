//! The answer of a step, read back: its body, and whether it tells success.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::expr::Context;
use crate::flow::error::{Error, ErrorResponse, Misuse};
use crate::oauth::json;
use crate::provider::step::{ResponseFormat, Step};

/// An answer, read but not yet judged.
pub(super) struct Answer {
    /// The body; null where it cannot be read.
    pub body: Value,
    /// Whether status and `ok` tell success.
    pub success: bool,
    /// The error that the provider names.
    pub error: Option<ErrorResponse>,
    /// Why the body cannot be read.
    pub unreadable: Option<String>,
    /// The HTTP status.
    pub status: http::StatusCode,
}

impl Answer {
    /// Reads the answer of a step.
    ///
    /// # Errors
    /// Only an `ok` expression that cannot be evaluated.
    pub fn read(
        step: &Step,
        response: &Response<Bytes>,
        context: &mut Context,
        name: &str,
    ) -> Result<Answer, Error> {
        let (body, unreadable) = match parse(step.response.format, response) {
            Ok(body) => (body, None),
            Err(why) => (Value::Null, Some(why)),
        };
        context.set("body", body.clone());
        let ok = match &step.response.ok {
            Some(condition) => condition.holds(context).map_err(|error| {
                Error::Misuse(Misuse::Configuration(format!("{name}.response.ok: {}", error.message)))
            })?,
            None => true,
        };
        let success = response.status().is_success() && ok;
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let at = |path: &Option<crate::expr::Path>, default: &str| match path {
            Some(path) => text(path.first(context.as_value())),
            None => text(body.get(default)),
        };
        let error = at(&step.response.error, "error").map(|error| {
            let description = at(&step.response.error_description, "error_description");
            ErrorResponse::new(&error, description.map(|text| without_secrets(text, context)).as_deref())
        });
        Ok(Answer { body, success, error, unreadable, status: response.status() })
    }
}

/// `text` without what a provider repeats of this sign-in. WorkOS does: "The code '01E…' has expired or is invalid."
fn without_secrets(mut text: String, context: &Context) -> String {
    let mut secrets = vec![];
    ["callback", "client", "token"].iter().filter_map(|name| context.get(name)).for_each(|value| {
        strings(value, &mut secrets);
    });
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets {
        text = text.replace(secret, "[redacted]");
    }
    text
}

/// The strings in `value` that are long enough to be secrets; the client's own id is none.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.len() >= 8 => found.push(text),
        Value::Object(members) => {
            members.iter().filter(|(name, _)| *name != "id").for_each(|(_, member)| strings(member, found));
        }
        _ => {}
    }
}

fn parse(format: ResponseFormat, response: &Response<Bytes>) -> Result<Value, String> {
    let content_type =
        response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.trim_start().to_ascii_lowercase().starts_with("text/html") {
        return Err("the answer is a web page".into());
    }
    match format {
        // An error comes as JSON, whatever a success is.
        ResponseFormat::Jwt | ResponseFormat::Bytes if !response.status().is_success() => {
            json::parse(response.body()).map_err(|error| format!("the answer is not JSON: {error}"))
        }
        ResponseFormat::Jwt => match std::str::from_utf8(response.body()) {
            Ok(text) if text.split('.').count() == 3 => Ok(text.trim().into()),
            _ => Err("the answer is no JWT".into()),
        },
        ResponseFormat::Bytes => {
            Ok(json!({"base64": STANDARD.encode(response.body()), "content_type": content_type}))
        }
        ResponseFormat::Json => {
            json::parse(response.body()).map_err(|error| format!("the answer is not JSON: {error}"))
        }
        ResponseFormat::Form => {
            let mut members = Map::new();
            for (name, value) in form_urlencoded::parse(response.body()) {
                if members.insert(name.into_owned(), value.into_owned().into()).is_some() {
                    return Err("a member of the answer comes twice".into());
                }
            }
            Ok(Value::Object(members))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_keeps_no_secret_of_the_sign_in() {
        let mut context = Context::default();
        context.set("callback", json!({"code": "01E2RJ4C05B52KKZ8FSRDAP23J", "state": "xyz"}));
        context.set("client", json!({"id": "client_01E2", "secret": "sk_example_123456789"}));
        context.set("token", json!({"access_token": "at-123456", "raw": {"refresh_token": "at-123456789"}}));
        let told = |text: &str| without_secrets(text.to_owned(), &context);
        assert_eq!(
            told("The code '01E2RJ4C05B52KKZ8FSRDAP23J' has expired or is invalid."),
            "The code '[redacted]' has expired or is invalid."
        );
        assert_eq!(told("sk_example_123456789 at-123456789 at-123456"), "[redacted] [redacted] [redacted]");
        assert_eq!(told("client_01E2 is unknown, xyz"), "client_01E2 is unknown, xyz");
    }
}
