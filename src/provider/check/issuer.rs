//! The issuer, the discovery document below it, and whose id_tokens are accepted.

use crate::diagnostic::code;
use crate::expr::Template;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::authorize::ResponseMode;
use crate::spec::client_auth::TokenEndpointAuthMethod;
use crate::spec::id_token::IdTokenAlg;
use crate::spec::provider::{Discovery, Protocol};

/// Where the documents stand (OpenID Connect Discovery §4, RFC 8414 §3).
const WELL_KNOWN: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
/// Words that stand for a tenant in the addresses of some providers, and for none in their tokens.
const ANY_TENANT: [&str; 2] = ["common", "organizations"];

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    if let Some(issuer) = &spec.issuer {
        identifier(spec, issuer, compiler);
    }
    if let Some(Discovery::Url(url)) = &spec.discovery {
        document(spec, url, compiler);
    }
    id_token(spec, compiler);
}

fn identifier(spec: &ProviderSpec, issuer: &str, compiler: &mut Compiler) {
    if let Some(known) = WELL_KNOWN.into_iter().find(|known| issuer.trim_end_matches('/').ends_with(known)) {
        let start = issuer.trim_end_matches('/').len() - known.len();
        compiler.report(
            Finding::error(
                code::INVALID_URL,
                "/issuer",
                "the address of the discovery document is not the issuer",
            )
            .range(Some(start..issuer.len()))
            .label("stands below the issuer")
            .note("OpenID Connect Discovery §4, RFC 8414 §3: the issuer, and this behind it")
            .replace("the issuer itself; whether it ends with a slash says the document", ""),
        );
        return;
    }
    if let Some(start) = issuer.find('?').filter(|start| !issuer[..*start].contains("{{")) {
        compiler.report(
            Finding::error(code::INVALID_URL, "/issuer", "an issuer has no query")
                .range(Some(start..issuer.len()))
                .label("an identifier, not an address that is called")
                .note("RFC 8414 §2: an issuer has neither query nor fragment"),
        );
    }
    let endpoints = [
        ("/authorization_endpoint", &spec.authorization_endpoint),
        ("/token_endpoint", &spec.token_endpoint),
        ("/userinfo_endpoint", &spec.userinfo_endpoint),
        ("/jwks_uri", &spec.jwks_uri),
    ];
    if let Some((at, _)) = endpoints.into_iter().find(|(_, endpoint)| endpoint.as_deref() == Some(issuer)) {
        compiler.report(
            Finding::error(code::SAME_ENDPOINT, "/issuer", "the issuer is one of its endpoints")
                .label("an identifier of the provider as a whole")
                .other(at, "the same address")
                .note("RFC 8414 §2: endpoints stand beside the issuer in the metadata"),
        );
    }
    let any = |segment: &&str| ANY_TENANT.contains(segment);
    let judged = spec.id_token.issuer.is_some() || spec.id_token.issuers.is_some();
    if spec.protocol == Protocol::Oidc
        && !judged
        && let Some(word) = issuer.split('/').skip(3).find(any)
    {
        let start = issuer.find(&format!("/{word}")).map_or(0, |slash| slash + 1);
        compiler.report(
            Finding::warning(code::INVALID_VALUE, "/issuer", format!("no id_token is issued by `{word}`"))
                .range(Some(start..start + word.len()))
                .label("stands for every tenant; a token names its own")
                .note("OpenID Connect Core §3.1.3.7: `iss` equals the issuer")
                .help("say what `iss` must be as `id_token: {issuer: …}`, or name one tenant"),
        );
    }
}

fn document(spec: &ProviderSpec, url: &str, compiler: &mut Compiler) {
    let issuer = spec.issuer.as_deref().unwrap_or_default().trim_end_matches('/');
    if !issuer.is_empty() && url.strip_prefix(issuer) == Some(WELL_KNOWN[0]) {
        compiler.report(
            Finding::warning(code::NO_EFFECT, "/discovery", "this is where `discovery: true` looks")
                .label("the issuer, and the well-known path")
                .replace("the same in one word", "true")
                .certain(),
        );
    } else if url.trim_end_matches('/') == issuer && !issuer.is_empty() {
        compiler.report(
            Finding::error(code::INVALID_URL, "/discovery", "the issuer is not the discovery document")
                .label("the document stands below it")
                .other("/issuer", "the same address")
                .note("OpenID Connect Discovery §4")
                .replace("where the standard has it", "true"),
        );
    }
}

fn id_token(spec: &ProviderSpec, compiler: &mut Compiler) {
    let mut report = |at: &str, title: &str, label: &str, note: &str| {
        compiler.report(Finding::error(code::UNFOUNDED_TRUST, at, title).label(label).note(note));
    };
    let issuer = spec.id_token.issuer.as_deref().and_then(|source| Template::compile(source).ok());
    if issuer.is_some_and(|template| template.names() == ["claims.iss"]) {
        let note = "OpenID Connect Core §3.1.3.7: `iss` must be the issuer that was asked";
        report("/id_token/issuer", "the token says who its issuer must be", "true of every token", note);
    }
    let useless = |at: &str, title: &str, label: &str, compiler: &mut Compiler| {
        compiler.report(Finding::error(code::NO_EFFECT, at, title).on_key().label(label));
    };
    if spec.id_token.issuers.as_ref().is_some_and(Vec::is_empty) {
        useless("/id_token/issuers", "no issuer is accepted", "every sign-in would fail", compiler);
    }
    let Some(algs) = &spec.id_token.algs else { return };
    let symmetric = !algs.is_empty() && algs.iter().all(|alg| *alg == IdTokenAlg::HS256);
    if algs.is_empty() {
        useless("/id_token/algs", "no algorithm is accepted", "every sign-in would fail", compiler);
    }
    let signed = spec.userinfo_signed_response_alg.is_some()
        || spec.introspection_signed_response_alg.is_some()
        || spec.authorization.response_mode.is_some_and(ResponseMode::is_signed);
    if symmetric && spec.jwks_uri.is_some() && !signed {
        // It does no harm, and a deployment that moves every address may well write it.
        let finding = Finding::warning(code::NO_EFFECT, "/jwks_uri", "no token is checked with these keys");
        compiler.report(finding.on_key().label("with HS256 the client secret is the key"));
    }
    if symmetric && spec.token_endpoint_auth_method == Some(TokenEndpointAuthMethod::None) {
        compiler.report(
            Finding::error(code::INVALID_VALUE, "/id_token/algs", "HS256 without a client secret")
                .label("the secret is the key")
                .other("/token_endpoint_auth_method", "the client has no secret")
                .note("OpenID Connect Core §10.1"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(rest: &str) -> Vec<String> {
        found::titles_of(&format!(
            "id: acme\nname: Acme\ndocs: https://acme.example\nprotocol: oidc\n{rest}\ntests: [{{error: any}}]\n"
        ))
    }

    #[test]
    fn an_issuer_is_no_document_and_no_endpoint() {
        for wrong in [
            "issuer: https://acme.example/.well-known/openid-configuration\ndiscovery: true",
            "issuer: 'https://acme.example?x=1'\ndiscovery: true",
            "issuer: https://acme.example/token\ntoken_endpoint: https://acme.example/token\ndiscovery: true",
            "issuer: https://acme.example/common/v2.0\ndiscovery: true",
            "issuer: https://acme.example\ndiscovery: https://acme.example/",
            "issuer: https://acme.example\ndiscovery: https://acme.example/.well-known/openid-configuration",
            "issuer: https://acme.example\ndiscovery: true\nid_token: {issuer: '{{ claims.iss }}'}",
            "issuer: https://acme.example\ndiscovery: true\nid_token: {issuers: []}",
            "issuer: https://acme.example\ndiscovery: true\nid_token: {algs: []}",
            "issuer: https://acme.example\ndiscovery: true\nid_token: {algs: [HS256]}\njwks_uri: https://acme.example/j",
            "issuer: https://acme.example\ndiscovery: true\nid_token: {algs: [HS256]}\ntoken_endpoint_auth_method: none",
        ] {
            assert_eq!(titles(wrong).len(), 1, "{wrong}: {:?}", titles(wrong));
        }
        for right in [
            "issuer: https://acme.example/\ndiscovery: true",
            "issuer: https://acme.example/common\ndiscovery: true\nid_token: {issuer: 'https://acme.example/{{ claims.tid }}'}",
            "issuer: https://acme.example\ndiscovery: https://other.example/.well-known/openid-configuration",
            "issuer: https://acme.example\ndiscovery: true\nid_token: {algs: [HS256]}",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }
}
