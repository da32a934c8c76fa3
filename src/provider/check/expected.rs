//! What the tests of a file expect: claims that the profile has, errors that there are, a lifetime for what is refreshed.

use serde_json::Value;

use crate::diagnostic::{code, distance, nearest};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::vector::Vector;

/// Errors of the engine, and of RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 6750 §3.1.
const ERRORS: [&str; 36] = [
    "access_denied",
    "account_selection_required",
    "any",
    "callback_refused",
    "code_missing",
    "configuration_refused",
    "consent_required",
    "id_token_invalid",
    "id_token_missing",
    "insufficient_scope",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_token",
    "issuer_mismatch",
    "login_required",
    "nonce_mismatch",
    "pushed_authorization_request_failed",
    "registration_not_supported",
    "request_not_supported",
    "request_refused",
    "request_uri_not_supported",
    "server_error",
    "state_mismatch",
    "sub_mismatch",
    "sub_missing",
    "temporarily_unavailable",
    "token_response_invalid",
    "unauthorized_client",
    "unsupported_grant_type",
    "userinfo_failed",
    "userinfo_invalid",
];

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    for (index, vector) in provider.tests.iter().enumerate() {
        let at = format!("/tests/{index}");
        claims(vector, provider, &at, compiler);
        error(vector, &at, compiler);
    }
    lifetime(spec, provider, compiler);
}

/// Claims that the profile does not have: such a test fails.
fn claims(vector: &Vector, provider: &Provider, at: &str, compiler: &mut Compiler) {
    let known = || provider.profile.keys().map(String::as_str).chain(["sub", "email_verified"]);
    for (claim, _) in vector.profile.iter().flatten().filter(|(_, value)| !value.is_null()) {
        if known().any(|known| known == claim) {
            continue;
        }
        let known: Vec<&str> = known().collect();
        let near = nearest(claim, known.iter().copied()).map(|near| format!("/profile/{}", segment(near)));
        if compiler.findings.iter().any(|finding| Some(&finding.pointer) == near.as_ref()) {
            // It is the mapped one that is misspelt.
            continue;
        }
        compiler.report(
            Finding::warning(
                code::UNKNOWN_NAME,
                format!("{at}/profile/{}", segment(claim)),
                format!("no profile of this provider has `{claim}`"),
            )
            .on_key()
            .label("`profile` at the top does not map it")
            .propose("a claim with a similar name is mapped", claim, known),
        );
    }
}

/// An error that is nearly one there is, and that no answer of the test has.
fn error(vector: &Vector, at: &str, compiler: &mut Compiler) {
    let Some(error) = vector.error.as_deref().filter(|error| !ERRORS.contains(error)) else { return };
    let answers = [&vector.token_response, &vector.userinfo, &vector.refresh_response];
    let mut answers: Vec<&Value> =
        answers.into_iter().flatten().chain(&vector.then).chain(vector.named.values()).collect();
    answers.extend(vector.callback.values());
    if answers.iter().any(|answer| answer.to_string().contains(error)) {
        return;
    }
    if let Some(near) = nearest(error, ERRORS).filter(|near| distance(error, near) <= 2) {
        compiler.report(
            Finding::warning(
                code::INVALID_VALUE,
                format!("{at}/error"),
                format!("no answer of this test has the error `{error}`"),
            )
            .label("neither an error of ours nor one of the standards")
            .replace("an error with a similar name exists", near)
            .certain(),
        );
    }
}

/// Tokens that can be refreshed, and of which nothing says when.
fn lifetime(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    let map = spec.token.response.as_ref().and_then(|response| response.map.as_ref());
    // Whoever shows a refresh knows how it goes.
    let shown =
        spec.refresh.is_some() || provider.tests.iter().any(|vector| vector.refresh_response.is_some());
    let mapped = map.is_some_and(|map| map.expires_in.is_some() || map.expires_at.is_some());
    if shown || mapped || !spec.token.then.is_empty() {
        return;
    }
    let answers = || {
        provider
            .tests
            .iter()
            .enumerate()
            .filter_map(|(index, vector)| Some((index, vector.token_response.as_ref()?)))
    };
    let has = |answer: &Value, name: &str| answer.get(name).is_some_and(|value| !value.is_null());
    if answers().any(|(_, answer)| has(answer, "expires_in")) {
        return;
    }
    if let Some((index, _)) = answers().find(|(_, answer)| has(answer, "refresh_token")) {
        compiler.report(
            Finding::warning(
                code::MISSING_FIELD,
                format!("/tests/{index}/token_response/refresh_token"),
                "a refresh token, and no expiry of the access token",
            )
            .on_key()
            .label("nobody would know when to refresh")
            .note("RFC 6749 §5.1: `expires_in`, or the provider says elsewhere how long a token lives")
            .help("write what the provider documents: `token: {response: {map: {expires_in: 3600}}}`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(test: &str) -> Vec<String> {
        let profile = "profile: {sub: $.userinfo.id, name: $.userinfo.name}";
        found::titles(&format!("{profile}\ntests: [{test}, {{error: any}}]"))
    }

    #[test]
    fn a_test_expects_what_there_can_be() {
        for wrong in [
            "{userinfo: {id: '7'}, profile: {sub: '7', nmae: Ada}}",
            "{error: state_mismach}",
            "{token_response: {refresh_token: RT, access_token: AT}, userinfo: {id: '7'}, profile: {sub: '7'}}",
        ] {
            assert_eq!(titles(wrong).len(), 1, "{wrong}: {:?}", titles(wrong));
        }
        for right in [
            "{userinfo: {id: '7'}, profile: {sub: '7', name: Ada, email_verified: false, email: null}}",
            "{error: state_mismatch}",
            "{error: E1004}",
            "{token_response: {http: {status: 400, body: {error: invalid_gran}}}, error: invalid_gran}",
            "{token_response: {refresh_token: RT, expires_in: 60, access_token: AT}, userinfo: {id: '7'}, profile: {sub: '7'}}",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }
}
