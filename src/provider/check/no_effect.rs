//! Keys that cannot take effect.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::client_auth::{CERTIFICATE, CERTIFICATE_KEY, authenticates_by};
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::provider::step::ResponseFormat;
use crate::spec::ProviderSpec;
use crate::spec::client_auth::TokenEndpointAuthMethod::{ClientSecretJwt, PrivateKeyJwt};
use crate::spec::identity::Status;
use crate::spec::provider::{Discovery, Protocol};

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    let mut useless = |at: &str, title: &str, other: &str, label: &str| {
        compiler.report(Finding::error(code::NO_EFFECT, at, title).on_key().other(other, label));
    };
    if spec.protocol == Protocol::Oauth2 {
        if spec.id_token != Default::default() {
            useless(
                "/id_token",
                "there is no id_token",
                "/protocol",
                "an id_token belongs to `protocol: oidc`",
            );
        }
        let signed = provider.authorize.response_mode.is_signed()
            || provider
                .userinfo
                .iter()
                .flatten()
                .any(|call| call.step.response.format == ResponseFormat::Jwt);
        let signed = signed || spec.introspection_signed_response_alg.is_some();
        if spec.jwks_uri.is_some() && !signed {
            useless(
                "/jwks_uri",
                "there is no id_token to check with these keys",
                "/protocol",
                "an id_token belongs to `protocol: oidc`",
            );
        }
    }
    if spec.callback.authorization_signed_response_alg.is_some()
        && !provider.authorize.response_mode.is_signed()
    {
        compiler.report(
            Finding::error(
                code::NO_EFFECT,
                "/callback/authorization_signed_response_alg",
                "no response is signed",
            )
            .on_key()
            .help("write `response_mode: jwt` under `authorization`, or take it away"),
        );
    }
    let mut useless = |at: &str, title: &str, other: &str, label: &str| {
        compiler.report(Finding::error(code::NO_EFFECT, at, title).on_key().other(other, label));
    };
    if spec.userinfo_endpoint.is_some()
        && provider.userinfo.as_ref().is_some_and(|calls| calls.iter().all(|call| call.name != "userinfo"))
    {
        useless(
            "/userinfo_endpoint",
            "nothing calls this endpoint",
            "/userinfo",
            "no call without `as` here",
        );
    }
    if spec.userinfo_signed_response_alg.is_some()
        && provider.userinfo.as_ref().is_some_and(|calls| calls.iter().all(|call| call.name != "userinfo"))
    {
        useless(
            "/userinfo_signed_response_alg",
            "nothing calls the userinfo endpoint",
            "/userinfo",
            "no call without `as` here",
        );
    }
    assertion(spec, compiler);
    certificate(spec, provider, compiler);
    let written = [
        ("revocation", spec.revocation.is_some(), spec.revocation_endpoint.is_some()),
        ("introspection", spec.introspection.is_some(), spec.introspection_endpoint.is_some()),
    ];
    for (step, is_written, has_endpoint) in written {
        if is_written && !has_endpoint && spec.discovery.is_none() {
            compiler.report(
                Finding::error(
                    code::MISSING_FIELD,
                    format!("/{step}"),
                    format!("`{step}_endpoint` is missing"),
                )
                .on_key()
                .label("this request has nowhere to go"),
            );
        }
    }
    let mut useless = |at: &str, title: &str, other: &str, label: &str| {
        compiler.report(Finding::error(code::NO_EFFECT, at, title).on_key().other(other, label));
    };
    if spec.id_token.issuer.is_some() && spec.id_token.issuers.is_some() {
        useless("/id_token/issuers", "the issuer is given twice", "/id_token/issuer", "this one counts");
    }
    if spec.successor.is_some() && spec.status == Status::Active {
        compiler.report(
            Finding::error(code::NO_EFFECT, "/successor", "an active provider has no successor")
                .on_key()
                .help("write `status: deprecated` or `status: dead`"),
        );
    }
    if spec.discovery == Some(Discovery::WellKnown(false)) {
        compiler.report(
            Finding::error(code::NO_EFFECT, "/discovery", "`discovery: false` is what holds without it")
                .on_key(),
        );
    }
    if spec.scopes.separator.is_some()
        && provider.authorize.scope.len() <= 1
        && spec.scopes.supported.is_empty()
    {
        compiler.report(
            Finding::warning(code::NO_EFFECT, "/scopes/separator", "the separator is never used")
                .on_key()
                .other("/scopes/default", "one scope has nothing to be separated from")
                .help("name further scopes under `supported`, or leave the separator out"),
        );
    }
}

/// A certificate that no request shows.
fn certificate(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    if provider.client_auth.certificate {
        return;
    }
    for name in [CERTIFICATE, CERTIFICATE_KEY].into_iter().filter(|name| spec.client.contains_key(*name)) {
        compiler.report(
            Finding::error(code::NO_EFFECT, format!("/client/{name}"), "no request shows the certificate")
                .on_key()
                .label("a deployment would set it for nothing")
                .note("RFC 8705 §2, §3")
                .help("write `token_endpoint_auth_method: tls_client_auth` or `self_signed_tls_client_auth`, or `tls_client_certificate_bound_access_tokens: true`"),
        );
    }
}

/// An assertion that no request has, or an algorithm that it is not signed with.
fn assertion(spec: &ProviderSpec, compiler: &mut Compiler) {
    let Some(assertion) = &spec.client_assertion else { return };
    // It is that of the request object, too.
    let names_key = spec.authorization.request_object_signing_alg.is_some() && assertion.kid.is_some();
    let (at, title, why) = if !names_key && !authenticates_by(spec, &[PrivateKeyJwt, ClientSecretJwt]) {
        (
            "/client_assertion",
            "no request has an assertion",
            "it belongs to `private_key_jwt` and `client_secret_jwt`",
        )
    } else if assertion.alg.is_some() && !authenticates_by(spec, &[PrivateKeyJwt]) {
        (
            "/client_assertion/alg",
            "`client_secret_jwt` is signed with HS256",
            "an algorithm belongs to `private_key_jwt`",
        )
    } else {
        return;
    };
    let finding = Finding::error(code::NO_EFFECT, at, title).on_key();
    compiler.report(match spec.token_endpoint_auth_method {
        Some(_) => finding.other("/token_endpoint_auth_method", why),
        None => finding
            .label(why)
            .note("`token_endpoint_auth_method` is `client_secret_basic` where it is absent"),
    });
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn warnings(scopes: &str) -> Vec<String> {
        found::titles(&format!("scopes: {scopes}"))
    }

    #[test]
    fn a_separator_has_something_to_separate() {
        let wanted = "the separator is never used";
        let told = |scopes| warnings(scopes).iter().any(|title| title == wanted);
        assert!(told("{default: [read], separator: ','}"));
        assert!(!told("{default: [read, write], separator: ','}"));
        assert!(!told("{default: [read], separator: ',', supported: {write: {title: Write}}}"));
    }
}
