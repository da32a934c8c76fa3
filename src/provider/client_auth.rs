//! How the client authenticates, compiled.

use crate::expr::Template;
use crate::provider::compile::{Compiler, Moment};
use crate::provider::finding::segment;
use crate::spec::ProviderSpec;

pub use crate::spec::client_auth::{JwtAlg, TokenEndpointAuthMethod};

/// How the client authenticates at the token endpoint.
#[derive(Debug)]
pub struct ClientAuth {
    /// The method.
    pub method: TokenEndpointAuthMethod,
    /// The secret, where it is made anew for every request.
    pub minted_secret: Option<MintedSecret>,
}

/// A client secret that is a JWT, signed with `client.private_key`.
#[derive(Debug)]
pub struct MintedSecret {
    /// The algorithm.
    pub alg: JwtAlg,
    /// The `kid` of the header.
    pub kid: Option<Template>,
    /// The claims besides `iat`, `exp` and `jti`.
    pub claims: Vec<(String, Template)>,
    /// Seconds that it is valid.
    pub ttl: u64,
}

impl Compiler {
    pub(super) fn client_auth(&mut self, spec: &ProviderSpec) -> ClientAuth {
        let at = "/client_secret/jwt";
        let minted_secret = spec.client_secret.as_ref().map(|secret| MintedSecret {
            alg: secret.jwt.alg,
            kid: secret
                .jwt
                .kid
                .as_deref()
                .and_then(|kid| self.template(&format!("{at}/kid"), kid, Moment::Metadata)),
            claims: secret
                .jwt
                .claims
                .iter()
                .filter_map(|(name, value)| {
                    let at = format!("{at}/claims/{}", segment(name));
                    Some((name.clone(), self.scalar(&at, value, Moment::Metadata)?))
                })
                .collect(),
            ttl: secret.jwt.ttl,
        });
        ClientAuth { method: spec.token_endpoint_auth_method.unwrap_or_default(), minted_secret }
    }
}
