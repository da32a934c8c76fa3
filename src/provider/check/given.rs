//! What the tests of a file give a sign-in that is to succeed, and what they want of it: the variables and inputs that it
//! takes, an access token, a subject.

use serde_json::Value;

use crate::diagnostic::{Severity, code};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::vector::Vector;

pub fn check(_: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    // What seems to be missing may only be wrong elsewhere; what is corrected without a person does not stand in the way.
    let is_open = |finding: &Finding| finding.severity == Severity::Error && !finding.is_certain();
    if compiler.findings.iter().any(is_open) {
        return;
    }
    for (index, vector) in provider.tests.iter().enumerate().filter(|(_, vector)| vector.error.is_none()) {
        let at = format!("/tests/{index}");
        variables(vector, provider, &at, compiler);
        inputs(vector, provider, &at, compiler);
        token(vector, provider, &at, compiler);
        subject(vector, &at, compiler);
    }
}

fn variables(vector: &Vector, provider: &Provider, at: &str, compiler: &mut Compiler) {
    for (name, constraint) in provider.vars.iter().filter(|(name, _)| !provider.learned.contains_key(*name)) {
        match vector.vars.get(name) {
            Some(value) if value.is_empty() && constraint.optional => {}
            Some(value) => {
                refused(&format!("{at}/vars/{}", segment(name)), name, constraint.check(value), compiler);
            }
            None if constraint.optional || constraint.default.is_some() => {}
            None => compiler.report(
                Finding::warning(code::MISSING_FIELD, at, format!("`vars.{name}` has no value in this test"))
                    .label("the sign-in cannot begin")
                    .other(format!("/vars/{}", segment(name)), "neither optional nor with a default")
                    .help(format!("give it one: `vars: {{{name}: …}}`")),
            ),
        }
    }
}

fn inputs(vector: &Vector, provider: &Provider, at: &str, compiler: &mut Compiler) {
    let authorize = &provider.authorize;
    let given = |name: &String| vector.request.get(name).filter(|value| !value.trim().is_empty());
    for (name, input) in &authorize.inputs {
        if let Some(value) = given(name) {
            let place = format!("{at}/request/{}", segment(name));
            refused(&place, name, input.constraint.check(value), compiler);
        }
    }
    for (index, group) in authorize.one_of.iter().enumerate().filter(|(_, group)| !group.is_empty()) {
        let names: Vec<&String> = group.iter().filter(|name| given(name).is_some()).collect();
        let (place, title) = match names.as_slice() {
            [_] => continue,
            [] => (at.to_owned(), format!("this test gives none of {}", group.join(", "))),
            [_, second, ..] => (
                format!("{at}/request/{}", segment(second)),
                format!("this test gives more than one of {}", group.join(", ")),
            ),
        };
        let finding = Finding::warning(code::INVALID_VALUE, place, title)
            .label("the sign-in would be refused")
            .other(format!("/authorization/one_of/{index}"), "exactly one of these")
            .help("give one of them, or expect `error: request_refused`");
        compiler.report(if names.is_empty() { finding } else { finding.on_key() });
    }
}

fn refused(place: &str, name: &str, checked: Result<String, String>, compiler: &mut Compiler) {
    if let Err(why) = checked {
        compiler.report(
            Finding::warning(code::INVALID_VALUE, place, format!("`{name}` does not take this value"))
                .label(why)
                .help("correct the value, or the rule where it is declared"),
        );
    }
}

/// A token response without an access token, where nothing says that it has another name.
fn token(vector: &Vector, provider: &Provider, at: &str, compiler: &mut Compiler) {
    let renamed = provider.token.response.map.contains_key("access_token") || !provider.then.is_empty();
    let Some(Value::Object(answer)) = vector.token_response.as_ref().filter(|_| !renamed) else { return };
    if answer.contains_key("access_token") || answer.contains_key("http") {
        return;
    }
    compiler.report(
        Finding::warning(
            code::MISSING_FIELD,
            format!("{at}/token_response"),
            "this token response has no `access_token`",
        )
        .on_key()
        .label("the sign-in would fail")
        .note("RFC 6749 §5.1: a successful response has one")
        .help("write it as the provider sends it; its own name for it is `token.response.map.access_token`"),
    );
}

/// A profile always has a subject, and that is a text.
fn subject(vector: &Vector, at: &str, compiler: &mut Compiler) {
    let Some(profile) = &vector.profile else { return };
    match profile.get("sub") {
        Some(Value::String(_)) => {}
        Some(Value::Number(number)) => compiler.report(
            Finding::warning(code::WRONG_TYPE, format!("{at}/profile/sub"), "a subject is always a text")
                .label("this is a number")
                .replace("put it in quotes", format!("\"{number}\""))
                .certain(),
        ),
        _ => compiler.report(
            Finding::warning(
                code::MISSING_FIELD,
                format!("{at}/profile"),
                "this test wants a profile without `sub`",
            )
            .on_key()
            .label("a sign-in without a subject fails")
            .help("write the subject, or expect `error: sub_missing`"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(test: &str) -> Vec<String> {
        found::titles(&format!(
            "vars: {{region: {{enum: [eu, us]}}, team: {{optional: true}}}}\n\
             token: {{params: {{r: '{{{{ vars.region }}}}', t: '{{{{ vars.team }}}}'}}}}\n\
             authorization: {{inputs: {{org: {{pattern: '^org_[a-z]+$'}}, user: {{}}}}, one_of: [[org, user]]}}\n\
             tests: [{{userinfo: {{id: '7'}}, {test}}}, {{error: any}}]"
        ))
    }

    #[test]
    fn a_test_gives_what_a_sign_in_takes_and_wants_what_it_has() {
        let good = "vars: {region: eu}, request: {org: org_a}, profile: {sub: '7'}";
        assert_eq!(titles(good), Vec::<String>::new());
        for (wrong, title) in [
            ("request: {org: org_a}, profile: {sub: '7'}", "`vars.region` has no value in this test"),
            (
                "vars: {region: de}, request: {org: org_a}, profile: {sub: '7'}",
                "`region` does not take this value",
            ),
            (
                "vars: {region: eu}, request: {org: nope}, profile: {sub: '7'}",
                "`org` does not take this value",
            ),
            ("vars: {region: eu}, profile: {sub: '7'}", "this test gives none of org, user"),
            (
                "vars: {region: eu}, request: {org: org_a, user: b}, profile: {sub: '7'}",
                "this test gives more than one of org, user",
            ),
            ("vars: {region: eu}, request: {user: b}, profile: {sub: 7}", "a subject is always a text"),
            (
                "vars: {region: eu}, request: {user: b}, profile: {}",
                "this test wants a profile without `sub`",
            ),
            (
                "vars: {region: eu}, request: {user: b}, token_response: {token: AT}, profile: {sub: '7'}",
                "this token response has no `access_token`",
            ),
        ] {
            assert_eq!(titles(wrong), [title], "{wrong}");
        }
        for right in [
            "vars: {region: de}, error: configuration_refused",
            "request: {org: nope}, vars: {region: eu}, error: request_refused",
            "vars: {region: eu, team: ''}, request: {user: b}, profile: {sub: '7'}",
            "vars: {region: eu}, request: {user: b}, token_response: {http: {body: {a: b}}}, profile: {sub: '7'}",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }
}
