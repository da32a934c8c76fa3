//! Each request and its answer, as somebody may show it to others: only values that are known to be no secret.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::cli::output;
use crate::transport::{Error, Limit, Request};

/// Parameters and members whose values may be seen.
const SHOWN: [&str; 24] = [
    "acr_values",
    "client_assertion_type",
    "client_id",
    "code_challenge_method",
    "error",
    "expires_in",
    "grant_type",
    "interval",
    "issuer",
    "max_age",
    "prompt",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "token_type",
    "token_type_hint",
    "ui_locales",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "verification_url",
    "audience",
];
/// Part of a path that is longer may be a token.
const MAX_SEGMENT: usize = 32;

/// Prints it on standard error.
pub fn show(request: &Request, answer: Result<&Response<Bytes>, &Error>, time: Duration) {
    output::diagnostic(&of(request, answer, time));
}

fn of(request: &Request, answer: Result<&Response<Bytes>, &Error>, time: Duration) -> String {
    let uri = request.http.uri();
    let path: Vec<&str> = uri.path().split('/').map(segment).collect();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let method = request.http.method();
    let scheme = uri.scheme_str().unwrap_or_default();
    let mut text = format!("{}\n  {method} {scheme}://{host}{}\n", request.step, path.join("/"));
    let query = form(uri.query().unwrap_or_default().as_bytes());
    // What a file sends as JSON is no form, and would be shown as the name of a parameter.
    let body_sent = match serde_json::from_slice(request.http.body()) {
        Ok(Value::Object(sent)) => members(&sent),
        _ => form(request.http.body()),
    };
    for params in [query, body_sent].iter().filter(|params| !params.is_empty()) {
        text += &format!("    {params}\n");
    }
    match answer {
        Err(error) => text += &format!("  no answer after {} ms: {error}\n", time.as_millis()),
        Ok(answer) => {
            text += &format!("  {} in {} ms\n", answer.status().as_u16(), time.as_millis());
            text += &format!("    {}\n", body(request.limit, answer));
        }
    }
    text + "\n"
}

fn form(sent: &[u8]) -> String {
    let params = form_urlencoded::parse(sent);
    params.map(|(name, value)| format!("{name}={}", value_of(&name, &value))).collect::<Vec<_>>().join(" ")
}

fn members(members: &Map<String, Value>) -> String {
    let member = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={}", value_of(name, text)),
        Value::Array(_) | Value::Object(_) => format!("{name}=…"),
        value => format!("{name}={}", value_of(name, &value.to_string())),
    };
    members.iter().map(member).collect::<Vec<_>>().join(" ")
}

/// The members of an answer. Of a document that is public, how many; of what is no JSON object, how long it is.
fn body(limit: Limit, answer: &Response<Bytes>) -> String {
    match serde_json::from_slice(answer.body()) {
        Ok(Value::Object(members)) if matches!(limit, Limit::Discovery | Limit::Jwks) => {
            format!("{} members", members.len())
        }
        Ok(Value::Object(answered)) => members(&answered),
        _ => format!("{} bytes", answer.body().len()),
    }
}

fn value_of(name: &str, value: &str) -> String {
    match SHOWN.contains(&name) {
        true => output::one_line(value),
        false => "…".into(),
    }
}

fn segment(segment: &str) -> &str {
    if segment.len() > MAX_SEGMENT { "…" } else { segment }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Trust;

    #[test]
    fn a_body_of_json_was_shown_as_the_name_of_a_parameter() {
        let sent =
            r#"{"grant_type":"authorization_code","client_secret":"canary1","code":"canary2","n":[1]}"#;
        let http = http::Request::post("https://acme.example/token").body(Bytes::from(sent)).unwrap();
        let (provider, step) = ("acme".to_owned(), "token".to_owned());
        let request = Request { http, limit: Limit::Token, trust: Trust::Operator, provider, step };
        let text = of(&request, Ok(&Response::new(Bytes::from("{}"))), Duration::ZERO);
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("    grant_type=authorization_code client_secret=… code=… n=…\n"), "{text}");
    }

    #[test]
    fn shows_what_is_no_secret_and_nothing_else() {
        let long = "0123456789".repeat(4);
        let body = "grant_type=authorization_code&code=canary1&client_secret=canary2&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&own=canary3";
        let http = http::Request::post(format!("https://acme.example/{long}/token?x=canary4"))
            .header("authorization", "Basic canary5")
            .body(Bytes::from(body))
            .unwrap();
        let request = Request {
            http,
            limit: Limit::Token,
            trust: Trust::Operator,
            provider: "acme".into(),
            step: "token".into(),
        };
        let answer = r#"{"access_token":"canary6","token_type":"Bearer","expires_in":3600,"own":{"x":"canary7"},"id_token":"canary8"}"#;
        let answer = Response::new(Bytes::from(answer));
        let text = of(&request, Ok(&answer), Duration::from_millis(12));
        assert_eq!(
            text,
            "token\n  POST https://acme.example/…/token\n    x=…\n    grant_type=authorization_code code=… client_secret=… \
             redirect_uri=http://127.0.0.1/cb own=…\n  200 in 12 ms\n    access_token=… token_type=Bearer expires_in=3600 own=… id_token=…\n\n"
        );
        let page = Response::new(Bytes::from("<h1>canary9"));
        assert!(of(&request, Ok(&page), Duration::ZERO).ends_with("    11 bytes\n\n"));
    }
}
