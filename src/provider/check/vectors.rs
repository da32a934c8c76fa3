//! The tests a file carries.

use crate::diagnostic::{code, nearest};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::vector::Vector;

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    if provider.tests.is_empty() {
        compiler.report(
            Finding::warning(code::MISSING_TEST, "", "the provider has no test")
                .help("write under `tests` what the provider answers, and the profile that comes of it"),
        );
    } else if provider.tests.iter().all(|vector| vector.error.is_none()) {
        compiler.report(
            Finding::warning(code::MISSING_TEST, "/tests", "no test shows an error")
                .on_key()
                .help("add one with `error: CODE`, such as a token response with an error"),
        );
    }
    let calls: Vec<&str> = provider.userinfo.iter().flatten().map(|call| call.name.as_str()).collect();
    for (index, vector) in provider.tests.iter().enumerate() {
        let at = format!("/tests/{index}");
        for name in vector.named.keys().filter(|name| !calls.contains(&name.as_str())) {
            let keys = calls.iter().copied().chain(KEYS);
            let label = "neither a key of a test nor a call's `as`";
            compiler.report(unknown(format!("{at}/{}", segment(name)), name, keys, label));
        }
        for key in vector.expect.keys() {
            let (step, facet) = key.split_once('.').unwrap_or((key, "params"));
            let at = format!("{at}/expect/{}", segment(key));
            let steps = [
                "access_token_revocation",
                "authorization",
                "client_credentials",
                "introspection",
                "jwt_bearer",
                "pushed_authorization_request",
                "refresh",
                "revocation",
                "then",
                "token",
                "token_exchange",
                "userinfo",
            ];
            if !steps.contains(&step) && !calls.contains(&step) {
                let known = steps.into_iter().chain(calls.iter().copied());
                let finding = unknown(at, step, known, "no step has this name");
                compiler.report(finding.range(Some(0..step.len())));
            } else if !FACETS.contains(&facet) {
                let finding = unknown(at, facet, FACETS.into_iter(), "not a part of a request");
                let start = step.len() + 1;
                compiler.report(finding.range(key.contains('.').then(|| start..start + facet.len())));
            }
        }
        absent_steps(spec, vector, &at, compiler);
        if vector.error.is_none() {
            undeclared(spec, provider, vector, &at, compiler);
        }
        if vector.error.is_some() && vector.profile.is_some() {
            compiler.report(
                Finding::error(
                    code::NO_EFFECT,
                    format!("{at}/profile"),
                    "a test ends with an error or with a profile",
                )
                .on_key()
                .other(format!("{at}/error"), "this one wants an error"),
            );
        }
        if vector.error.is_none()
            && vector.profile.is_none()
            && vector.token.is_empty()
            && vector.refreshed.is_empty()
            && vector.expect.is_empty()
        {
            compiler.report(
                Finding::error(code::MISSING_FIELD, at, "the test asks for nothing")
                    .help("say what must come of it: `profile`, `error`, `token` or `expect`"),
            );
        }
    }
}

/// A test of a step that the file does not have.
fn absent_steps(spec: &ProviderSpec, vector: &Vector, at: &str, compiler: &mut Compiler) {
    let discovers = spec.discovery.is_some();
    let absent = [
        ("then", "then", spec.token.then.is_empty(), !vector.then.is_empty(), "`token.then` has no request"),
        (
            "revocation",
            "revocation_response",
            spec.revocation_endpoint.is_none() && !discovers,
            vector.revocation_response.is_some(),
            "there is no `revocation_endpoint`",
        ),
        (
            "access_token_revocation",
            "",
            spec.revocation.as_ref().is_none_or(|revocation| revocation.cascades != Some(false)),
            false,
            "`revocation.cascades` is not `false`: one request ends both tokens",
        ),
        (
            "pushed_authorization_request",
            "pushed_authorization_request_response",
            spec.pushed_authorization_request_endpoint.is_none() && !discovers,
            vector.pushed_authorization_request_response.is_some(),
            "there is no `pushed_authorization_request_endpoint`",
        ),
        (
            "introspection",
            "introspection_response",
            spec.introspection_endpoint.is_none() && !discovers,
            vector.introspection_response.is_some(),
            "there is no `introspection_endpoint`",
        ),
    ];
    for (step, answer, absent, answered, why) in absent {
        let expected = vector.expect.keys().filter(|key| key.split('.').next() == Some(step));
        let expected = expected.map(|key| format!("{at}/expect/{}", segment(key)));
        let answer = answered.then(|| format!("{at}/{answer}"));
        let answer = answer.into_iter().map(|at| (at, false));
        let expected = expected.map(|at| (at, true));
        for (at, is_expected) in answer.chain(expected).filter(|_| absent) {
            compiler.report(
                Finding::error(code::NO_EFFECT, at, format!("the provider has no step `{step}`"))
                    .on_key()
                    .range(Some(0..step.len()).filter(|_| is_expected))
                    .label(why),
            );
        }
    }
}

/// Values for variables and inputs that the file does not declare. A test of a refusal may have them.
fn undeclared(spec: &ProviderSpec, provider: &Provider, vector: &Vector, at: &str, compiler: &mut Compiler) {
    let vars: Vec<&str> = spec.vars.keys().map(String::as_str).collect();
    let client: Vec<&str> = spec.client.keys().map(String::as_str).chain(["id", "secret"]).collect();
    let inputs = provider.authorize.inputs.keys().chain(spec.authorization.inputs.keys());
    let inputs: Vec<&str> = inputs.map(String::as_str).collect();
    let given = [
        ("vars", vector.vars.keys(), vars, "not declared under `vars`"),
        ("client", vector.client.keys(), client, "not declared under `client`"),
        ("request", vector.request.keys(), inputs, "not declared under `authorization.inputs`"),
    ];
    for (section, names, known, label) in given {
        for name in names.filter(|name| !known.contains(&name.as_str())) {
            let finding = Finding::error(
                code::UNKNOWN_NAME,
                format!("{at}/{section}/{}", segment(name)),
                format!("unknown name `{section}.{name}`"),
            );
            let finding = finding.on_key().label(label);
            let finding = finding.propose("a declared name is similar", name, known.iter().copied());
            // That an undeclared input is ignored is worth a test.
            if section != "request" || finding.help.is_some() {
                compiler.report(finding);
            }
        }
    }
}

const FACETS: [&str; 9] = ["auth", "body", "fragment", "headers", "jwt", "method", "params", "raw", "url"];

const KEYS: [&str; 23] = [
    "callback",
    "claims",
    "client",
    "client_credentials_response",
    "discovery",
    "error",
    "expect",
    "introspection_response",
    "jwt_bearer_response",
    "name",
    "profile",
    "pushed_authorization_request_response",
    "refresh_response",
    "refreshed",
    "request",
    "revocation_response",
    "scopes",
    "then",
    "token",
    "token_exchange_response",
    "token_response",
    "userinfo",
    "vars",
];

fn unknown<'a>(at: String, name: &str, known: impl Iterator<Item = &'a str>, label: &str) -> Finding {
    let known: Vec<&str> = known.collect();
    let finding =
        Finding::error(code::UNKNOWN_FIELD, at, format!("unknown name `{name}`")).on_key().label(label);
    match nearest(name, known.iter().copied()) {
        Some(_) => finding.propose("a known name is similar", name, known),
        None => finding.note(format!("known are: {}", known.join(", "))),
    }
}
