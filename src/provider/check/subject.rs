//! The subject: one source, an id that the provider never gives to somebody else.

use crate::diagnostic::{code, distance, nearest};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::profile::STANDARD_CLAIMS;
use crate::spec::ProviderSpec;
use crate::spec::value::Incoming;

/// Last members of a path that name a person without identifying them.
const CHANGING: [&str; 11] = [
    "email",
    "email_address",
    "emailAddress",
    "handle",
    "login",
    "mail",
    "name",
    "nickname",
    "preferred_username",
    "username",
    "user_name",
];

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    match spec.profile.get("sub") {
        Some(None) => compiler.report(
            Finding::error(code::MISSING_FIELD, "/profile/sub", "`sub` cannot be dropped")
                .label("a sign-in without a subject fails"),
        ),
        Some(Some(Incoming::FirstOf(_))) => compiler.report(
            Finding::error(code::UNSTABLE_SUBJECT, "/profile/sub", "`sub` has several sources")
                .label("the same person could come back as another subject")
                .help("name the one id that is always there"),
        ),
        Some(Some(Incoming::Bool(_) | Incoming::Number(_) | Incoming::Literal(_))) => constant(compiler),
        Some(Some(Incoming::Text(text))) if !text.starts_with('$') && !text.contains("{{") => {
            constant(compiler)
        }
        Some(Some(Incoming::Text(text))) => source(text, compiler),
        Some(Some(Incoming::Coerced(coerced))) => source(&coerced.from, compiler),
        None => {}
    }
    for claim in spec.profile.keys().filter(|claim| !STANDARD_CLAIMS.contains(&claim.as_str())) {
        let close = nearest(claim, STANDARD_CLAIMS).filter(|standard| distance(claim, standard) == 1);
        if let Some(standard) = close {
            compiler.report(
                Finding::warning(
                    code::SIMILAR_CLAIM,
                    format!("/profile/{}", segment(claim)),
                    format!("`{claim}` is one letter from `{standard}`"),
                )
                .on_key()
                .label("becomes an extra claim")
                .replace("the standard claim", standard),
            );
        }
    }
}

fn constant(compiler: &mut Compiler) {
    compiler.report(
        Finding::error(code::UNSTABLE_SUBJECT, "/profile/sub", "`sub` is the same for everybody")
            .label("all people would share one account"),
    );
}

fn source(text: &str, compiler: &mut Compiler) {
    let last = text.trim_end_matches(['}', ' ']).rsplit(['.', ' ', '\'', '[']).next().unwrap_or_default();
    if CHANGING.contains(&last) {
        let range = text.rfind(last).map(|start| start..start + last.len());
        compiler.report(
            Finding::error(code::UNSTABLE_SUBJECT, "/profile/sub", format!("`{last}` is no subject"))
                .range(range)
                .label("people change it, and others can take it over")
                .note("OpenID Connect Core §5.7: only `iss` and `sub` together identify a person")
                .help("use the provider's own id of the person"),
        );
    }
}
