//! Other names for standard parameters: each of its own.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;

/// The parameters of RFC 6749, 7009, 7521, 7523, 7636, 7662, 8693 and OpenID Connect Core that a request may have.
const STANDARD: [&str; 35] = [
    "access_token",
    "acr_values",
    "actor_token",
    "actor_token_type",
    "assertion",
    "audience",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "display",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "requested_token_type",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "subject_token",
    "subject_token_type",
    "token",
    "token_type_hint",
];

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    sent(spec, provider, compiler);
    for (index, (name, theirs)) in spec.rename.iter().enumerate() {
        let at = format!("/rename/{}", segment(name));
        if name == theirs {
            compiler.report(
                Finding::error(code::NO_EFFECT, at, format!("`{name}` is renamed to itself"))
                    .label("the name that it has anyway"),
            );
        } else if let Some((first, _)) = spec.rename.iter().take(index).find(|(_, other)| *other == theirs) {
            compiler.report(
                Finding::error(code::DUPLICATE_NAME, at, format!("two parameters are renamed to `{theirs}`"))
                    .label("the provider could not tell them apart")
                    .other(format!("/rename/{}", segment(first)), "has that name already")
                    .note("RFC 6749 §3.1 and §3.2: a parameter is sent once"),
            );
        }
    }
}

/// A name that is no parameter of any request.
fn sent(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    if spec.rename.keys().all(|name| STANDARD.contains(&name.as_str())) {
        return;
    }
    let then = provider.then.iter().map(|then| &then.step);
    let calls = provider.userinfo.iter().flatten().map(|call| &call.step);
    let grants = [&provider.client_credentials, &provider.jwt_bearer.step, &provider.token_exchange];
    let later = [&provider.revocation.step, &provider.introspection].into_iter().chain(grants);
    let steps = [&provider.token, &provider.refresh.step].into_iter().chain(then).chain(calls);
    let steps = steps.chain(later);
    let own = steps.flat_map(|step| step.params.iter().chain(&step.query)).map(|(name, _)| name.as_str());
    let authorize = provider.authorize.params.iter().map(|(name, _)| name.as_str());
    let inputs = provider.authorize.inputs.keys().map(String::as_str);
    let known: Vec<&str> = STANDARD.into_iter().chain(own).chain(authorize).chain(inputs).collect();
    for name in spec.rename.keys().filter(|name| !known.contains(&name.as_str())) {
        compiler.report(
            Finding::error(
                code::UNKNOWN_NAME,
                format!("/rename/{}", segment(name)),
                format!("no request has a parameter `{name}`"),
            )
            .on_key()
            .label("in front stands the standard's name, behind it the provider's")
            .propose("a parameter with a similar name is sent", name, known.iter().copied()),
        );
    }
}
