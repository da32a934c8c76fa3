//! Scopes: each once, and those that the protocol needs.

use crate::diagnostic::{Applicability, code, distance, nearest};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::provider::Protocol;

/// So many scopes are compared with those that are supported.
const MAX_COMPARED: usize = 100;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    let scopes = spec.scopes.default.as_deref().unwrap_or_default();
    for (index, scope) in scopes.iter().enumerate() {
        let at = format!("/scopes/default/{index}");
        if let Some(first) = scopes[..index].iter().position(|earlier| earlier == scope) {
            compiler.report(
                Finding::warning(code::DUPLICATE_NAME, at, format!("the scope `{scope}` comes twice"))
                    .label("asks for nothing more")
                    .other(format!("/scopes/default/{first}"), "it is here already"),
            );
        } else if index < MAX_COMPARED && !spec.scopes.supported.contains_key(scope) {
            similar(scope, at, spec, compiler);
        }
    }
    let asks = |wanted: &str| scopes.iter().position(|scope| scope == wanted);
    match spec.protocol {
        Protocol::Oauth2 => {
            if let Some(index) = asks("openid") {
                compiler.report(
                    Finding::warning(
                        code::NO_EFFECT,
                        format!("/scopes/default/{index}"),
                        "nothing reads the id_token that `openid` asks for",
                    )
                    .label("asks for OpenID Connect, and the protocol is `oauth2`")
                    .note("OpenID Connect Core §3.1.2.1: a request with `openid` is one of OpenID Connect")
                    .help("write `protocol: oidc`, or leave the scope out"),
                );
            }
        }
        Protocol::Oidc => {
            let misspelt =
                |scope: &String| scope.eq_ignore_ascii_case("openid") || distance(scope, "openid") == 1;
            let missing = asks("openid").is_none() && !scopes.iter().any(misspelt);
            if let Some(index) = asks("profile").filter(|_| missing) {
                compiler.report(
                    Finding::warning(
                        code::MISSING_FIELD,
                        format!("/scopes/default/{index}"),
                        "the scope `openid` is missing",
                    )
                    .label("a scope of OpenID Connect")
                    .note(
                        "OpenID Connect Core §3.1.2.1: without `openid` a provider need not send an id_token",
                    )
                    .items(
                        "ask for it as well",
                        vec!["openid".to_owned(), "profile".to_owned()],
                        Applicability::Likely,
                    ),
                );
            }
        }
    }
}

/// A default scope that is nearly one of those under `supported`.
fn similar(scope: &str, at: String, spec: &ProviderSpec, compiler: &mut Compiler) {
    let close = nearest(scope, spec.scopes.supported.keys().map(String::as_str))
        .filter(|known| distance(scope, known) <= scope.chars().count().div_ceil(6));
    if let Some(known) = close {
        compiler.report(
            Finding::warning(code::UNKNOWN_NAME, at, format!("`{scope}` is not under `scopes.supported`"))
                .label("a scope with a similar name is")
                .replace("the supported scope", known),
        );
    }
}
