//! What a provider cannot run without.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::client_auth::{CERTIFICATE, CERTIFICATE_KEY};
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::authorize::ResponseMode;
use crate::spec::client_auth::TokenEndpointAuthMethod;
use crate::spec::id_token::IdTokenAlg;
use crate::spec::identity::Status;
use crate::spec::provider::{Discovery, Protocol};
use crate::spec::userinfo::UserinfoSpec;

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    let discovers = !matches!(spec.discovery, None | Some(Discovery::WellKnown(false)));
    let mut need = |present: bool, field: &str, why: &str| {
        if !present {
            compiler.report(
                Finding::error(code::MISSING_FIELD, "", format!("`{field}` is missing"))
                    .label(why.to_owned())
                    .help(if spec.protocol == Protocol::Oidc {
                        format!("write `{field}`, or `discovery: true` to read it from the provider")
                    } else {
                        format!("write `{field}`")
                    }),
            );
        }
    };
    need(
        spec.authorization_endpoint.is_some() || discovers,
        "authorization_endpoint",
        "nowhere to send the browser",
    );
    need(spec.token_endpoint.is_some() || discovers, "token_endpoint", "nowhere to exchange the code");
    let signed = spec.authorization.response_mode.is_some_and(ResponseMode::is_signed);
    let needs_no_key = !signed || spec.callback.authorization_signed_response_alg == Some(IdTokenAlg::HS256);
    if signed && spec.protocol == Protocol::Oauth2 {
        need(spec.issuer.is_some(), "issuer", "a signed response is checked against its issuer");
        let has_keys = spec.jwks_uri.is_some() || discovers || needs_no_key;
        need(has_keys, "jwks_uri", "no keys to check signed responses with");
    }
    if spec.protocol == Protocol::Oidc {
        need(spec.issuer.is_some(), "issuer", "an id_token is checked against its issuer");
        let symmetric =
            spec.id_token.algs.as_ref().is_some_and(|algs| algs.iter().all(|alg| *alg == IdTokenAlg::HS256));
        need(
            spec.jwks_uri.is_some() || discovers || (symmetric && needs_no_key),
            "jwks_uri",
            "no keys to check id_tokens with",
        );
    } else if provider.signs_in {
        let sub = spec.profile.get("sub").is_some_and(Option::is_some);
        if !sub {
            let at = if spec.profile.is_empty() { "" } else { "/profile" };
            compiler.report(
                Finding::error(code::MISSING_FIELD, at, "`profile.sub` is missing")
                    .label("a sign-in without a subject fails")
                    .help("write where the provider's own, lasting id of the person stands: `sub: $.userinfo.id`"),
            );
        }
        let calls = spec.userinfo.as_ref().map(UserinfoSpec::calls);
        let unnamed = calls.is_some_and(|calls| calls.iter().any(|call| call.name.is_none()));
        if unnamed && spec.userinfo_endpoint.is_none() && !discovers {
            compiler.report(
                Finding::error(code::MISSING_FIELD, "/userinfo", "`userinfo_endpoint` is missing")
                    .on_key()
                    .label("this call has nowhere to go"),
            );
        }
    }
    if spec.require_pushed_authorization_requests == Some(true)
        && spec.pushed_authorization_request_endpoint.is_none()
        && !discovers
    {
        let title = "`pushed_authorization_request_endpoint` is missing";
        compiler.report(
            Finding::error(code::MISSING_FIELD, "/require_pushed_authorization_requests", title)
                .on_key()
                .label("the parameters of a sign-in have nowhere to go")
                .note("RFC 9126 §5"),
        );
    }
    if spec.authorization.request_object_signing_alg.is_some() && spec.issuer.is_none() {
        compiler.report(
            Finding::error(
                code::MISSING_FIELD,
                "/authorization/request_object_signing_alg",
                "`issuer` is missing",
            )
            .on_key()
            .label("a request object is written to the issuer")
            .note("RFC 9101 §4"),
        );
    }
    signed_introspection(spec, discovers, compiler);
    if spec.discovery == Some(Discovery::WellKnown(true)) && spec.issuer.is_none() {
        compiler.report(
            Finding::error(code::MISSING_FIELD, "/discovery", "`issuer` is missing")
                .on_key()
                .label("the discovery document stands below the issuer")
                .note("OpenID Connect Discovery §4"),
        );
    }
    let makes_assertion = spec.jwt_bearer.as_ref().is_some_and(|step| step.assertion.is_some());
    let signs_request = spec.authorization.request_object_signing_alg.is_some();
    let signed = [
        ("/client_secret", spec.client_secret.is_some(), "the secret is signed with it"),
        ("/authorization/request_object_signing_alg", signs_request, "the request object is signed with it"),
        ("/jwt_bearer/assertion", makes_assertion, "the assertion is signed with it"),
    ];
    for (at, is_signed, label) in signed {
        if is_signed && !spec.client.contains_key("private_key") {
            compiler.report(
                Finding::error(code::MISSING_FIELD, at, "`client.private_key` is missing")
                    .on_key()
                    .label(label)
                    .help("declare it: `client: {private_key: {secret: true, format: pem}}`"),
            );
        }
    }
    if spec.token_endpoint_auth_method == Some(TokenEndpointAuthMethod::PrivateKeyJwt)
        && !spec.client.contains_key("private_key")
    {
        compiler.report(
            Finding::error(
                code::MISSING_FIELD,
                "/token_endpoint_auth_method",
                "`client.private_key` is missing",
            )
            .label("the assertion is signed with it")
            .help("declare it: `client: {private_key: {secret: true, format: pem}}`"),
        );
    }
    certificate(spec, provider, compiler);
    if spec.status != Status::Active && spec.successor.is_none() {
        let word = if spec.status == Status::Dead { "dead" } else { "deprecated" };
        compiler.report(
            Finding::warning(
                code::MISSING_FIELD,
                "/status",
                format!("a {word} provider names no successor"),
            )
            .on_key()
            .help("write the id of the file to use instead as `successor`; where there is none, say so: `# authcfg: allow(missing-field) …`"),
        );
    }
}

/// A signed answer to an introspection is held against the issuer, and opened with its keys.
fn signed_introspection(spec: &ProviderSpec, discovers: bool, compiler: &mut Compiler) {
    let Some(alg) = spec.introspection_signed_response_alg else { return };
    let keyless = spec.jwks_uri.is_none() && !discovers && alg != IdTokenAlg::HS256;
    let missing = [("issuer", spec.issuer.is_none()), ("jwks_uri", keyless)];
    for (name, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
        compiler.report(
            Finding::error(
                code::MISSING_FIELD,
                "/introspection_signed_response_alg",
                format!("`{name}` is missing"),
            )
            .on_key()
            .label("the answer to an introspection is checked with it")
            .note("RFC 9701 §5"),
        );
    }
}

/// A certificate that is to be shown, and its key, are members of the client.
fn certificate(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    if !provider.client_auth.certificate {
        return;
    }
    let at = match spec.tls_client_certificate_bound_access_tokens {
        Some(true) => "/tls_client_certificate_bound_access_tokens",
        _ => "/token_endpoint_auth_method",
    };
    for name in [CERTIFICATE, CERTIFICATE_KEY].into_iter().filter(|name| !spec.client.contains_key(*name)) {
        compiler.report(
            Finding::error(code::MISSING_FIELD, at, format!("`client.{name}` is missing"))
                .label("the client proves itself with it")
                .note("RFC 8705 §2, §3")
                .help(format!("declare it: `client: {{{name}: {{secret: true, format: pem}}}}`")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found::titles;

    #[test]
    fn an_assertion_is_signed_with_a_key() {
        let step = "jwt_bearer: {assertion: {alg: RS256, claims: {iss: '{{ client.id }}'}}}";
        assert_eq!(titles(step), ["`client.private_key` is missing"]);
        assert!(
            titles(&format!("{step}\nclient: {{private_key: {{secret: true, format: pem}}}}")).is_empty()
        );
        assert!(titles("jwt_bearer: {params: {scope: null}}").is_empty(), "the caller gives it");
    }

    #[test]
    fn only_an_exchange_tells_what_was_issued() {
        let map = "{response: {map: {issued_token_type: 'urn:x'}}}";
        assert!(titles(&format!("token_exchange: {map}")).is_empty());
        let wanted = "only the answer to a token exchange has an `issued_token_type`";
        for step in ["token", "client_credentials"] {
            assert_eq!(titles(&format!("{step}: {map}")), [wanted], "{step}");
        }
    }
}
