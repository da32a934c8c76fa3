//! What the demo shows: each step with its request and its answer, secrets cut to their first characters.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use serde_json::Value;

use crate::cli::output::{BOLD, DIM, GREEN, PLAIN, RED, painted};
use crate::mock::Recorded;

/// Values that are shown by their first characters only.
const SECRETS: [&str; 12] = [
    "access_token",
    "authorization",
    "client_assertion",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "csrfToken",
    "id_token",
    "nonce",
    "refresh_token",
    "state",
];

/// The screen: numbered steps, one after the other.
#[derive(Default)]
pub struct Screen {
    steps: Mutex<usize>,
}

impl Screen {
    /// A paragraph.
    pub fn text(&self, text: &str) {
        painted(&format!("{text}\n"));
    }

    /// The last line, of a sign-in that worked.
    pub fn success(&self, text: &str) {
        painted(&format!("{GREEN}{BOLD}{text}{PLAIN}\n"));
    }

    /// The last line, of one that did not.
    pub fn failure(&self, text: &str) {
        painted(&format!("{RED}{BOLD}{text}{PLAIN}\n"));
    }

    /// A step: its title, what happens, and its lines.
    pub fn step(&self, title: &str, what: &str, lines: &[String]) {
        let mut number = self.steps.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *number += 1;
        painted(&format!("{BOLD}{:>2}  {title}{PLAIN}  {DIM}{what}{PLAIN}\n", *number));
        for line in lines {
            painted(&format!("    {line}\n"));
        }
        painted("\n");
    }

    /// A request that came to the provider, and its answer.
    pub fn request(&self, recorded: &Recorded) {
        let (title, what) = match recorded.step.as_str() {
            "authorization" => ("Authorization request", "the browser goes to the provider"),
            "discovery" => ("Discovery", "the provider says where its endpoints are"),
            "jwks" => ("Keys", "what the provider signs its id_tokens with"),
            "token" => ("Token request", "the server turns the code into a token"),
            "userinfo" => ("Userinfo", "the server asks who has signed in"),
            name => (name, "the server asks for more"),
        };
        let mut lines = vec![request_line(recorded.method.as_str(), recorded.url.as_str())];
        if let Some(value) = recorded.header(AUTHORIZATION.as_str()) {
            let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
            lines.push(row("Authorization", &format!("{scheme} {}", shortened(rest))));
        }
        lines.extend(rows(recorded.params()));
        if recorded.step != "authorization" {
            lines.push(status_line(recorded.status));
            lines.extend(answer(recorded));
        }
        self.step(title, what, &lines);
    }
}

/// `GET https://…`.
pub fn request_line(method: &str, url: &str) -> String {
    format!("{BOLD}{method}{PLAIN} {url}")
}

/// `200 OK`.
pub fn status_line(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let color = if status < 400 { GREEN } else { RED };
    format!("{color}{status} {reason}{PLAIN}")
}

/// Parameters, one a line.
pub fn rows<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    params.map(|(name, value)| row(name, &shown(name, value))).collect()
}

/// The members of a JSON object, one a line; null ones are left out.
pub fn members(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value {
                Value::String(text) => row(name, &shown(name, text)),
                value => row(name, &clipped(&value.to_string())),
            })
            .collect(),
        value => vec![format!("  {}", clipped(&value.to_string()))],
    }
}

/// The first characters of a secret.
pub fn shortened(secret: &str) -> String {
    let kept: String = secret.chars().take(if secret.chars().count() > 8 { 6 } else { 2 }).collect();
    format!("{kept}…")
}

fn answer(recorded: &Recorded) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Value>(&recorded.answer) else {
        return vec![format!("  {}", clipped(&String::from_utf8_lossy(&recorded.answer)))];
    };
    match recorded.step.as_str() {
        "discovery" => {
            let endpoints = body.as_object().into_iter().flatten().filter(|(_, value)| value.is_string());
            endpoints.map(|(name, value)| row(name, value.as_str().unwrap_or_default())).collect()
        }
        "jwks" => {
            let keys = body.get("keys").and_then(Value::as_array).into_iter().flatten();
            keys.map(|key| row("key", &text_members(key, &["kid", "kty", "alg"]))).collect()
        }
        _ => {
            let mut lines = members(&body);
            if let Some(claims) = body.get("id_token").and_then(Value::as_str).and_then(claims) {
                lines.push(format!("  {DIM}and in the id_token, signed by the provider:{PLAIN}"));
                lines.extend(members(&claims));
            }
            lines
        }
    }
}

/// The claims of an id_token, to be shown and for nothing else: nothing of it is verified here.
fn claims(id_token: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?).ok()?).ok()
}

fn text_members(value: &Value, names: &[&str]) -> String {
    let texts: Vec<&str> = names.iter().filter_map(|name| value.get(name)?.as_str()).collect();
    texts.join(" ")
}

fn row(name: &str, value: &str) -> String {
    format!("  {DIM}{name:<22}{PLAIN} {value}")
}

fn shown(name: &str, value: &str) -> String {
    if SECRETS.contains(&name) { shortened(value) } else { clipped(value) }
}

fn clipped(text: &str) -> String {
    let text = text.replace(|c: char| c.is_control(), " ");
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_cut_and_the_rest_is_not() {
        let lines = rows([("client_secret", "sk_demo_0123456789"), ("client_id", "client_demo")].into_iter())
            .join("\n");
        assert!(lines.contains("sk_dem…") && lines.contains("client_demo"), "{lines}");
        assert!(!lines.contains("0123456789"), "{lines}");
        assert_eq!(shortened("AT"), "AT…");
    }

    #[test]
    fn secrets_in_json_are_cut_too() {
        let lines =
            members(&json!({"access_token": "eyJhbGciOiJSUzI1NiI", "expires_in": 600, "x": null})).join("\n");
        assert!(lines.contains("eyJhbG…") && lines.contains("600") && !lines.contains("RSUzI1"), "{lines}");
    }
}
