//! What the mock answers: the bodies of the vector, or the `{http: {…}}` form for anything that is not a 200 with JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::expr::{Context, Template};
use crate::mock::placeholders::Placeholders;
use crate::mock::record::text;
use crate::provider::HttpAnswer;

/// The answer that a vector gives.
pub(super) fn scripted(value: &Value, placeholders: &Placeholders) -> Response<Bytes> {
    let value = placeholders.fill(value);
    let http = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("http"));
    let Some(http) = http else { return json(StatusCode::OK, &value) };
    let answer = match serde_json::from_value::<HttpAnswer>(http.clone()) {
        Ok(answer) => answer,
        Err(error) => {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, format!("the vector's http answer: {error}"));
        }
    };
    let body = match (&answer.body, &answer.body_base64) {
        (_, Some(encoded)) => STANDARD.decode(encoded).unwrap_or_default().into(),
        (Some(Value::String(text)), _) => Bytes::from(text.clone()),
        (Some(body), _) => body.to_string().into(),
        (None, None) => Bytes::new(),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        answer.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default();
    let content_type = answer.content_type.as_deref().unwrap_or("application/json");
    set(&mut response, CONTENT_TYPE, content_type);
    for (name, value) in &answer.headers {
        if let Ok(name) = name.parse() {
            set(&mut response, name, value);
        }
    }
    response
}

/// The members that an answer of a vector holds: of a JSON object, or of a form that is written as text.
pub(super) fn members(value: &Value) -> Option<Map<String, Value>> {
    let members = value.as_object()?;
    let Some(http) = members.get("http").filter(|_| members.len() == 1) else { return Some(members.clone()) };
    match http.get("body")? {
        Value::Object(members) => Some(members.clone()),
        Value::String(text) => {
            let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
            Some(pairs.map(|(name, value)| (name, value.into())).collect())
        }
        _ => None,
    }
}

pub(super) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = plain(status, body.to_string());
    set(&mut response, CONTENT_TYPE, "application/json");
    response
}

pub(super) fn html(page: String) -> Response<Bytes> {
    let mut response = plain(StatusCode::OK, page);
    set(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    response
}

pub(super) fn plain(status: StatusCode, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// Sends the browser back with the parameters of the callback (RFC 6749 §4.1.2).
pub(super) fn redirect(redirect_uri: &Url, params: &[(String, String)]) -> Response<Bytes> {
    let mut location = redirect_uri.clone();
    location.query_pairs_mut().extend_pairs(params);
    let mut response = plain(StatusCode::FOUND, String::new());
    set(&mut response, LOCATION, location.as_str());
    response
}

/// The parameters of the callback: `code` and `state`, what the vector lays over them, `iss` where it is promised.
pub(super) fn callback(
    over: &Map<String, Value>,
    iss: Option<&str>,
    placeholders: &Placeholders,
    context: &Context,
) -> Vec<(String, String)> {
    let mut members = Map::new();
    for (name, placeholder) in [("code", "CODE"), ("state", "STATE")] {
        if let Some(value) = placeholders.get(placeholder) {
            members.insert(name.into(), value.into());
        }
    }
    if let Some(iss) = iss {
        members.insert("iss".into(), iss.into());
    }
    lay(&mut members, over, placeholders);
    sign(&mut members, context);
    members.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Renders the members that are templates over those that are not: a signature over the rest of the callback. What does
/// not render stays as it is written.
fn sign(members: &mut Map<String, Value>, context: &Context) {
    let is_template = |value: &Value| value.as_str().is_some_and(|text| text.contains("{{"));
    let plain = members.iter().filter(|(_, value)| !is_template(value));
    let mut context = context.clone();
    context
        .set("callback", Value::Object(plain.map(|(name, value)| (name.clone(), value.clone())).collect()));
    for value in members.values_mut().filter(|value| is_template(value)) {
        let template = value.as_str().and_then(|source| Template::compile(source).ok());
        if let Some(rendered) = template.and_then(|template| template.render(&context).ok()) {
            *value = rendered.into();
        }
    }
}

/// Lays members over others; null takes one away.
pub(super) fn lay(members: &mut Map<String, Value>, over: &Map<String, Value>, placeholders: &Placeholders) {
    for (name, value) in over {
        match value {
            Value::Null => drop(members.shift_remove(name)),
            value => drop(members.insert(name.clone(), placeholders.fill(value))),
        }
    }
}

/// An error as the RFCs write it (RFC 6749 §5.2).
pub(super) fn error(status: StatusCode, error: &str, description: &str) -> Response<Bytes> {
    json(status, &json!({"error": error, "error_description": description}))
}

fn set(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_200_with_json() {
        let answer = scripted(&json!({"a": 1}), &Placeholders::default());
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.body(), r#"{"a":1}"#);
    }

    #[test]
    fn anything_else_is_spelled_out() {
        let value = json!({"http": {"status": 401, "content_type": "text/html", "headers": {"X-A": "b"}, "body": "<p>"}});
        let answer = scripted(&value, &Placeholders::default());
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["content-type"], "text/html");
        assert_eq!(answer.headers()["x-a"], "b");
        assert_eq!(answer.body(), "<p>");
        let bytes = scripted(&json!({"http": {"body_base64": "/wA="}}), &Placeholders::default());
        assert_eq!(&bytes.body()[..], [0xff, 0]);
    }

    #[test]
    fn null_takes_a_parameter_of_the_callback_away() {
        let mut placeholders = Placeholders::default();
        placeholders.set("CODE", "c");
        placeholders.set("STATE", "s");
        let over = json!({"code": null, "error": "access_denied"});
        let params = callback(over.as_object().unwrap(), None, &placeholders, &Context::new());
        assert_eq!(params, [("state".into(), "s".into()), ("error".to_owned(), "access_denied".to_owned())]);
    }

    #[test]
    fn a_callback_is_signed_over_its_other_members() {
        let mut context = Context::new();
        context.set("client", json!({"secret": "hush"}));
        let mut placeholders = Placeholders::default();
        placeholders.set("CODE", "c");
        placeholders.set("STATE", "s");
        let over = json!({
            "shop": "some-shop.example",
            "mac": "{{ callback | canonical_query | hmac_sha256(client.secret) }}",
            "broken": "{{ callback.",
        });
        let signed = callback(over.as_object().unwrap(), None, &placeholders, &context);
        let of = |wanted: &str| &signed.iter().find(|(name, _)| name == wanted).unwrap().1;
        // printf 'code=c&shop=some-shop.example&state=s' | openssl dgst -sha256 -hmac hush
        assert_eq!(of("mac"), "8ac3858ffe73a24719a888b09bc2bcb3ab2433595ed3c0356ee08b04000e7014");
        assert_eq!(of("broken"), "{{ callback.");
    }
}
