//! How the client authenticates, compiled.

use crate::expr::Template;
use crate::oauth::jose::Alg;
use crate::provider::compile::Compiler;
use crate::provider::finding::segment;
use crate::provider::moment::Moment;
use crate::spec::ProviderSpec;

pub use crate::spec::client_auth::{JwtAlg, TokenEndpointAuthMethod};

/// How the client authenticates at the token endpoint.
#[derive(Debug)]
pub struct ClientAuth {
    /// The method.
    pub method: TokenEndpointAuthMethod,
    /// The secret, where it is made anew for every request.
    pub minted_secret: Option<MintedSecret>,
    /// The assertion of `private_key_jwt` and `client_secret_jwt`.
    pub assertion: Assertion,
}

/// The assertion that a client proves itself with (RFC 7523 §3).
#[derive(Debug)]
pub struct Assertion {
    /// The algorithm of `private_key_jwt`.
    pub alg: JwtAlg,
    /// The `kid` of the header.
    pub kid: Option<Template>,
    /// The audience; `None` is the issuer, else the token endpoint.
    pub aud: Option<Template>,
    /// Seconds that it is valid.
    pub ttl: u64,
}

/// Seconds that an assertion is valid where the file says nothing else.
const ASSERTION_TTL: u64 = 60;

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
        ClientAuth {
            method: spec.token_endpoint_auth_method.unwrap_or_default(),
            minted_secret,
            assertion: self.assertion(spec),
        }
    }

    fn assertion(&mut self, spec: &ProviderSpec) -> Assertion {
        let written = spec.client_assertion.clone().unwrap_or_default();
        let mut template = |name: &str, source: Option<&str>| {
            source.and_then(|source| {
                self.template(&format!("/client_assertion/{name}"), source, Moment::Metadata)
            })
        };
        Assertion {
            kid: template("kid", written.kid.as_deref()),
            aud: template("aud", written.aud.as_deref()),
            alg: written.alg.unwrap_or(JwtAlg::RS256),
            ttl: written.ttl.unwrap_or(ASSERTION_TTL),
        }
    }
}

impl From<JwtAlg> for Alg {
    fn from(alg: JwtAlg) -> Alg {
        match alg {
            JwtAlg::RS256 => Alg::RS256,
            JwtAlg::PS256 => Alg::PS256,
            JwtAlg::ES256 => Alg::ES256,
            JwtAlg::EdDSA => Alg::EdDSA,
        }
    }
}
