//! A variable that may be left out, where an address cannot do without it.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::check::addresses;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::userinfo::UserinfoSpec;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    for (at, source) in addresses::all(spec) {
        // What a condition guards is known to be there.
        if source.contains("{%") || is_guarded(spec, &at) {
            continue;
        }
        for (name, start) in labels(source) {
            if !spec.vars.get(name).is_some_and(|variable| variable.optional) {
                continue;
            }
            compiler.report(
                Finding::error(
                    code::INVALID_URL,
                    &at,
                    format!("without `vars.{name}` the address has no host"),
                )
                .range(Some(start..start + "vars.".len() + name.len()))
                .label("nothing stands here where it is left out")
                .other(format!("/vars/{}/optional", segment(name)), "it may be left out")
                .help(
                    "give the variable a `default` instead of `optional`, or choose the host with `{% if %}`",
                ),
            );
        }
    }
}

/// Whether the call that goes to an address is made under a condition.
fn is_guarded(spec: &ProviderSpec, at: &str) -> bool {
    let calls = spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls);
    let index = at.strip_prefix("/userinfo/").and_then(|rest| rest.strip_suffix("/endpoint")?.parse().ok());
    index.and_then(|index: usize| calls.get(index)).is_some_and(|call| call.when.is_some())
}

/// The variables that are a whole label of the host, or the origin, each with its place.
fn labels(source: &str) -> Vec<(&str, usize)> {
    let mut found = vec![];
    let mut from = 0;
    while let Some(open) = source[from..].find("{{").map(|open| from + open) {
        let Some(close) = source[open..].find("}}").map(|close| open + close) else { break };
        let before = &source[..open];
        let after = &source[close + 2..];
        let is_origin = before.trim().is_empty();
        let in_host = before.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?', '#']));
        let is_label = in_host
            && before.ends_with(['/', '.', '@'])
            && (after.is_empty() || after.starts_with(['.', '/', ':', '?', '#']));
        let inner = source[open + 2..close].trim_start_matches('-');
        let name = inner.trim().trim_end_matches('-').trim().strip_prefix("vars.");
        if let Some(name) = name.filter(|_| is_origin || is_label) {
            let start = open + source[open..].find("vars.").unwrap_or_default();
            found.push((name, start));
        }
        from = close + 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::check::found;

    #[test]
    fn finds_the_labels_of_a_host() {
        let source = "https://{{ vars.a }}.x{{ vars.b }}.{{- vars.c -}}.example/{{ vars.d }}";
        let names: Vec<&str> = labels(source).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(labels("{{ vars.a }}/x"), [("a", 3)]);
    }

    #[test]
    fn a_host_is_there_whatever_is_left_out() {
        let titles = |address: &str, variable: &str| -> Vec<String> {
            found::titles(&format!("vars: {{region: {variable}}}\nauthorization_endpoint: \"{address}\""))
        };
        let optional = "{enum: [eu, us], optional: true}";
        let wrong = ["without `vars.region` the address has no host"];
        assert_eq!(titles("https://{{ vars.region }}.acme.example/a", optional), wrong);
        assert_eq!(titles("https://login.{{ vars.region }}.acme.example/a", optional), wrong);
        assert_eq!(titles("{{ vars.region }}/a", "{format: https-origin, optional: true}"), wrong);
        for (address, variable) in [
            ("https://{{ vars.region }}.acme.example/a", "{enum: [eu, us], default: eu}"),
            ("https://{{ vars.region }}.acme.example/a", "{enum: [eu, us]}"),
            ("https://login{{ vars.region }}.acme.example/a", optional),
            ("https://acme.example/{{ vars.region }}", optional),
            (
                "{% if vars.region %}https://{{ vars.region }}.acme.example{% else %}https://acme.example{% endif %}/a",
                optional,
            ),
        ] {
            assert_eq!(titles(address, variable), Vec::<String>::new(), "{address} {variable}");
        }
    }
}
