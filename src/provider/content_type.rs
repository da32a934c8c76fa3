//! `Content-Type` beside `body`: the body is written as `body` says, and the header must say the same.

use crate::diagnostic::code;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::step::{Body, Method, StepKeys};

impl Compiler {
    /// A header that contradicts or repeats what the body is sent as; parameters and vendor types of JSON are deviations.
    pub(super) fn content_type(&mut self, at: &str, keys: &StepKeys<'_>, method: Method) {
        let body = keys.body.unwrap_or_default();
        let written = keys.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let Some((name, Some(value))) = written else { return };
        let value = value.source();
        if value.contains("{{") || value.contains("{%") || method == Method::Get || body == Body::Query {
            return;
        }
        let place = format!("{at}/headers/{}", segment(name));
        let beside = |finding: Finding| match keys.body {
            Some(_) => finding.other(format!("{at}/body"), "this decides how it is written"),
            None => finding,
        };
        let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let said = match &*media {
            "application/x-www-form-urlencoded" => Body::Form,
            media if media == "application/json" || media.ends_with("+json") => Body::Json,
            _ => {
                let finding =
                    Finding::error(code::INVALID_VALUE, place, format!("no body is written as `{media}`"))
                        .label("a body is a form or JSON")
                        .note("RFC 9110 §8.3: the header says how the body is written");
                return self.report(beside(finding));
            }
        };
        if said != body {
            let (word, is) = match said {
                Body::Json => ("json", "a form"),
                _ => ("form", "JSON"),
            };
            self.report(beside(
                Finding::error(code::INVALID_VALUE, place, "the header contradicts the body")
                    .label(format!("the body is {is}"))
                    .note("RFC 9110 §8.3: the header says how the body is written; `body` decides it, and is `form` where it is absent")
                    .help(format!("write `body: {word}` instead of the header")),
            ));
        } else if media.len() == value.trim().len() && !media.ends_with("+json") {
            self.report(beside(
                Finding::warning(code::NO_EFFECT, place, "this header is sent anyway")
                    .on_key()
                    .label("it follows from the body")
                    .help("take it out"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(token: &str) -> Vec<String> {
        found::titles(&format!("token: {token}"))
    }

    #[test]
    fn the_header_says_what_the_body_is() {
        let contradicts = "the header contradicts the body";
        assert_eq!(titles("{headers: {Content-Type: application/json}}"), [contradicts]);
        assert_eq!(
            titles("{body: json, headers: {content-type: application/x-www-form-urlencoded}}"),
            [contradicts]
        );
        assert_eq!(titles("{headers: {Content-Type: text/xml}}"), ["no body is written as `text/xml`"]);
        let repeated = "this header is sent anyway";
        assert_eq!(titles("{body: json, headers: {Content-Type: application/json}}"), [repeated]);
        assert_eq!(titles("{headers: {Content-Type: application/x-www-form-urlencoded}}"), [repeated]);
        for right in [
            "{body: json}",
            "{body: json, headers: {Content-Type: application/vnd.acme+json}}",
            "{headers: {Content-Type: 'application/x-www-form-urlencoded; charset=utf-8'}}",
            "{method: GET, headers: {Content-Type: application/json}}",
            "{body: query, headers: {Content-Type: application/json}}",
            "{headers: {Content-Type: null}}",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }
}
