//! The two pages of the mock: the one that posts the callback by itself, and the one that asks.

use std::fmt::Write;

use bytes::Bytes;
use http::Response;
use url::{Url, form_urlencoded};

/// A page that posts the parameters of the callback to the redirect URI (OAuth 2.0 Form Post Response Mode §2).
pub(super) fn form_post(redirect_uri: &str, params: &[(String, String)]) -> String {
    let mut inputs = String::new();
    for (name, value) in params {
        let _ =
            write!(inputs, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value));
    }
    format!(
        "<!doctype html><meta charset=utf-8><title>One moment</title>\
         <form method=\"post\" action=\"{}\">{inputs}<noscript><button>Continue</button></noscript></form>\
         <script>document.forms[0].submit()</script>",
        escape(redirect_uri)
    )
}

/// A page that asks whether to allow the sign-in. `ticket` finds the request again; it has the two answers as buttons.
pub(super) fn consent(provider: &str, redirect_uri: &str, ticket: &str) -> String {
    let template = include_str!("consent.html");
    template
        .replace("{provider}", &escape(provider))
        .replace("{redirect_uri}", &escape(redirect_uri))
        .replace("{ticket}", &escape(ticket))
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The parameters of a callback that a mock sent, from the query of a redirect or from the page that posts them.
pub fn callback_of(response: &Response<Bytes>) -> Option<String> {
    if let Some(location) = response.headers().get(http::header::LOCATION) {
        return Some(Url::parse(location.to_str().ok()?).ok()?.query().unwrap_or_default().to_owned());
    }
    let page = std::str::from_utf8(response.body()).ok()?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for input in page.split("<input type=\"hidden\" ").skip(1) {
        let attribute = |name: &str| {
            let value = input.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
            Some(unescape(value))
        };
        form.append_pair(&attribute("name")?, &attribute("value")?);
    }
    Some(form.finish())
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_attribute() {
        let page = form_post("http://localhost/cb", &[("state".into(), "\"><script>".into())]);
        assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{page}");
    }

    #[test]
    fn the_consent_page_has_both_answers() {
        let page = consent("A & B", "http://localhost/cb", "t1");
        for part in ["A &amp; B", "value=\"t1\"", ">Allow<", ">Deny<"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
