//! Each parameter has one place: credentials, `state`, `nonce` and PKCE are the engine's.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::authorize::RESERVED;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::authorize::Pkce;
use crate::spec::client_auth::TokenEndpointAuthMethod;
use crate::spec::step::Params;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    authorization(&spec.authorization.params, compiler);
    client_credentials("/token/params", &spec.token.params, compiler);
    client_credentials("/token/query", &spec.token.query, compiler);
    let later = [
        ("refresh", spec.refresh.as_ref().map(|step| step.keys())),
        ("revocation", spec.revocation.as_ref().map(|step| step.keys())),
        ("introspection", spec.introspection.as_ref().map(|step| step.keys())),
        ("client_credentials", spec.client_credentials.as_ref().map(|step| step.keys())),
        ("jwt_bearer", spec.jwt_bearer.as_ref().map(|step| step.keys())),
        ("token_exchange", spec.token_exchange.as_ref().map(|step| step.keys())),
    ];
    for (step, keys) in later {
        // A step that does not authenticate by itself may write what its provider wants.
        let Some(keys) = keys.filter(|keys| keys.auth != Some("none")) else { continue };
        client_credentials(&format!("/{step}/params"), keys.params, compiler);
        client_credentials(&format!("/{step}/query"), keys.query, compiler);
    }
    if spec.token_endpoint_auth_method == Some(TokenEndpointAuthMethod::None) && spec.pkce == Pkce::None {
        compiler.report(
            Finding::error(code::PUBLIC_CLIENT_WITHOUT_PKCE, "/pkce", "a public client without PKCE")
                .other("/token_endpoint_auth_method", "the client has no secret")
                .label("whoever sees the code can use it")
                .note("RFC 9700 §2.1.1: public clients must use PKCE")
                .replace("use PKCE", "S256"),
        );
    }
    if spec.pkce == Pkce::Plain {
        compiler.report(
            Finding::warning(code::WEAK_PKCE, "/pkce", "the code challenge is the verifier itself")
                .label("whoever sees the authorization request can use the code")
                .note("RFC 7636 §4.2: a client that can send S256 must, unless the provider is known to lack it")
                .replace("the challenge is a hash of the verifier", "S256"),
        );
    }
    if spec.client_secret.is_some() && spec.token_endpoint_auth_method == Some(TokenEndpointAuthMethod::None)
    {
        compiler.report(
            Finding::error(code::NO_EFFECT, "/client_secret", "the minted secret is never sent")
                .on_key()
                .other("/token_endpoint_auth_method", "the client does not authenticate"),
        );
    }
}

fn authorization(params: &Params, compiler: &mut Compiler) {
    for (name, value) in params {
        if !RESERVED.contains(&name.as_str()) {
            continue;
        }
        let at = format!("/authorization/params/{}", segment(name));
        let droppable = ["client_id", "redirect_uri", "response_type", "scope"].contains(&name.as_str());
        if value.is_none() && droppable {
            continue;
        }
        let help = match name.as_str() {
            "scope" => "scopes stand under `scopes.default`",
            "response_mode" => "write `authorization.response_mode`",
            "code_challenge" | "code_challenge_method" => "how PKCE is used is `pkce`",
            "nonce" => "a provider that does not send it back has `id_token: {nonce: false}`",
            _ => "remove it",
        };
        compiler.report(
            Finding::error(code::RESERVED_PARAMETER, at, format!("`{name}` cannot be set here"))
                .on_key()
                .label(match name.as_str() {
                    "code_challenge" | "nonce" | "state" => "the engine sends a fresh one with every sign-in",
                    _ => "the engine sends it",
                })
                .note(match name.as_str() {
                    "code_challenge" | "code_challenge_method" => {
                        "RFC 7636 §4.3: the code is bound to a secret of this sign-in"
                    }
                    "nonce" => "OpenID Connect Core §3.1.2.1: it binds the id_token to this sign-in",
                    "response_mode" => "OAuth 2.0 Multiple Response Type Encoding Practices §2.1",
                    "state" => "RFC 6749 §10.12: it binds the answer to the browser that asked",
                    _ => "RFC 6749 §4.1.1",
                })
                .help(help),
        );
    }
}

fn client_credentials(at: &str, params: &Params, compiler: &mut Compiler) {
    for (name, value) in params {
        if value.is_some() && ["client_id", "client_secret"].contains(&name.as_str()) {
            compiler.report(
                Finding::error(code::CREDENTIALS_TWICE, format!("{at}/{}", segment(name)), format!("`{name}` is written as a parameter"))
                    .on_key()
                    .label("credentials would travel twice")
                    .note("RFC 6749 §2.3: a client uses one way to authenticate in a request")
                    .help("how the client authenticates is `token_endpoint_auth_method`; another name for the parameter is `rename`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::code;
    use crate::provider::check::found::codes;

    #[test]
    fn a_challenge_hides_its_verifier() {
        assert_eq!(codes("pkce: plain"), [code::WEAK_PKCE.as_str()]);
        for right in ["pkce: S256", "pkce: none", ""] {
            assert_eq!(codes(right), Vec::<&str>::new(), "{right}");
        }
    }
}
