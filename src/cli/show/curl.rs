//! The requests as commands to paste into a shell.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::cli::effective::Effective;
use crate::cli::show::plan::Plan;
use crate::cli::show::play::Played;
use crate::cli::show::sent::Sent;
use crate::cli::show::text::title_of;
use crate::cli::show::why::{Why, title};

/// A command for each request.
pub fn of(effective: &Effective, plan: &Plan, played: &Played) -> String {
    let mut commands = vec![];
    for (index, sent) in played.requests.iter().enumerate() {
        let encoded = Why::new(effective, plan, sent).auth() == "client_secret_basic";
        let note = if encoded { "# id and secret are form-encoded first (RFC 6749 §2.3.1)\n" } else { "" };
        commands.push(command(index + 1, sent, note));
    }
    commands.join("\n")
}

fn command(number: usize, sent: &Sent, note: &str) -> String {
    let (name, what) = title_of(&sent.step);
    let mut text = format!("# {number} {name}: {what}\n{note}");
    let mut arguments = vec![];
    let in_query = sent.format.is_none();
    let get = sent.method == "GET";
    if get && !sent.query.is_empty() {
        arguments.push("-G".to_owned());
    } else if !get && (in_query || sent.method != "POST") {
        arguments.push(format!("-X {}", sent.method));
    }
    for (name, value) in &sent.headers {
        let basic = value.strip_prefix("Basic base64(").and_then(|pair| pair.strip_suffix(')'));
        match (name.as_str(), basic) {
            ("authorization", Some(pair)) => arguments.push(format!("-u {}", quoted(pair))),
            ("user-agent", _) => arguments.push(format!("-A {}", quoted(value))),
            // curl says so itself of what --data-urlencode makes.
            ("content-type", _) if sent.format == Some("form") && !sent.body.is_empty() => {}
            _ => arguments.push(format!("-H {}", quoted(&format!("{}: {value}", title(name))))),
        }
    }
    let data = |(name, value): &(String, String)| match sent.raw.iter().find(|(raw, _)| raw == name) {
        Some((_, wire)) => format!("-d {}", quoted(&format!("{}={wire}", encoded(name)))),
        None => format!("--data-urlencode {}", quoted(&format!("{}={value}", encoded(name)))),
    };
    let mut url = sent.url.clone();
    match sent.format {
        None if get => arguments.extend(sent.query.iter().map(data)),
        format => {
            if !sent.query.is_empty() {
                let query =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(&sent.query).finish();
                url = format!("{url}?{query}");
            }
            match format {
                Some("json") => arguments.push(format!("--data-raw {}", quoted(&sent.json.to_string()))),
                _ => arguments.extend(sent.body.iter().map(data)),
            }
        }
    }
    if let Some(fragment) = &sent.fragment {
        text += &format!("# the browser's address ends with #{fragment}\n");
    }
    text += &format!("curl {}", quoted(&url));
    for argument in arguments {
        text += &format!(" \\\n  {argument}");
    }
    text + "\n"
}

/// A name as `--data-urlencode` wants it: encoded already, so that no `=` or `@` in it ends it.
fn encoded(name: &str) -> String {
    const PLAIN: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(name, PLAIN).to_string()
}

/// A word of a POSIX shell that stands for exactly this text.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(method: &str) -> Sent {
        Sent {
            step: "token".into(),
            method: method.into(),
            url: "https://acme.example/token".into(),
            query: vec![],
            body: vec![],
            format: None,
            headers: vec![],
            fragment: None,
            json: serde_json::Value::Null,
            raw: vec![],
        }
    }

    #[test]
    fn a_quote_cannot_end_the_word() {
        assert_eq!(quoted("a'b$(c)`d`\\"), r"'a'\''b$(c)`d`\'");
    }

    #[test]
    fn each_shape_of_a_request_has_its_options() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let get = Sent { query: vec![pair("a@b", "c d")], ..sent("GET") };
        assert!(
            command(1, &get, "")
                .ends_with("curl 'https://acme.example/token' \\\n  -G \\\n  --data-urlencode 'a%40b=c d'\n")
        );
        let form = Sent {
            format: Some("form"),
            body: vec![pair("a", "b")],
            query: vec![pair("q", "1 2")],
            headers: vec![
                pair("authorization", "Basic base64(CLIENT_ID:CLIENT_SECRET)"),
                pair("content-type", "application/x-www-form-urlencoded"),
            ],
            ..sent("POST")
        };
        assert!(command(2, &form, "").ends_with("curl 'https://acme.example/token?q=1+2' \\\n  -u 'CLIENT_ID:CLIENT_SECRET' \\\n  --data-urlencode 'a=b'\n"));
        let json = Sent {
            format: Some("json"),
            json: serde_json::json!({"a": "it's"}),
            headers: vec![pair("content-type", "application/json")],
            ..sent("POST")
        };
        assert!(
            command(3, &json, "")
                .ends_with("-H 'Content-Type: application/json' \\\n  --data-raw '{\"a\":\"it'\\''s\"}'\n")
        );
        assert!(command(4, &sent("POST"), "").ends_with("curl 'https://acme.example/token' \\\n  -X POST\n"));
    }
}
