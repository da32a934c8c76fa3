//! How the client authenticates, compiled.

use crate::expr::Template;
use crate::oauth::jose::Alg;
use crate::provider::compile::Compiler;
use crate::provider::finding::segment;
use crate::provider::moment::Moment;
use crate::spec::ProviderSpec;
use crate::spec::client_auth::JwtSpec;

pub use crate::spec::client_auth::{JwtAlg, TokenEndpointAuthMethod};

/// The member of the client that is its certificate, and those that lead from it to its authority, in PEM.
pub const CERTIFICATE: &str = "certificate";
/// The member of the client that is the private key of its certificate, in PEM.
pub const CERTIFICATE_KEY: &str = "certificate_key";

/// How the client authenticates at the token endpoint.
#[derive(Debug)]
pub struct ClientAuth {
    /// The method.
    pub method: TokenEndpointAuthMethod,
    /// The secret, where it is made anew for every request.
    pub minted_secret: Option<MintedJwt>,
    /// The assertion of `private_key_jwt` and `client_secret_jwt`.
    pub assertion: Assertion,
    /// Whether the client shows its certificate where it authenticates (RFC 8705 §2, §3).
    pub certificate: bool,
    /// Whether it shows its certificate with an access token too, which is bound to it (RFC 8705 §3).
    pub bound_to_certificate: bool,
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

/// A JWT that is made for one request and signed with `client.private_key`.
#[derive(Debug)]
pub struct MintedJwt {
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
        let secret = spec.client_secret.as_ref();
        let minted_secret =
            secret.map(|secret| self.minted_jwt("/client_secret/jwt", &secret.jwt, Moment::Metadata));
        let bound_to_certificate = spec.tls_client_certificate_bound_access_tokens.unwrap_or(false);
        ClientAuth {
            method: spec.token_endpoint_auth_method.unwrap_or_default(),
            minted_secret,
            assertion: self.assertion(spec),
            certificate: bound_to_certificate || authenticates_by(spec, &TokenEndpointAuthMethod::MUTUAL_TLS),
            bound_to_certificate,
        }
    }

    /// A JWT that the client makes for one request, with what is known at `moment`.
    pub(super) fn minted_jwt(&mut self, at: &str, spec: &JwtSpec, moment: Moment) -> MintedJwt {
        let kid = spec.kid.as_deref();
        let claims = spec.claims.iter().filter_map(|(name, value)| {
            let at = format!("{at}/claims/{}", segment(name));
            Some((name.clone(), self.scalar(&at, value, moment)?))
        });
        MintedJwt {
            alg: spec.alg,
            claims: claims.collect(),
            kid: kid.and_then(|kid| self.template(&format!("{at}/kid"), kid, moment)),
            ttl: spec.ttl,
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

/// Whether some request authenticates by one of `methods`.
pub(super) fn authenticates_by(spec: &ProviderSpec, methods: &[TokenEndpointAuthMethod]) -> bool {
    let top = spec.token_endpoint_auth_method.unwrap_or_default();
    let words: Vec<String> = methods
        .iter()
        .filter_map(|method| Some(serde_json::to_value(method).ok()?.as_str()?.to_owned()))
        .collect();
    let steps = [
        Some(spec.token.keys()),
        spec.refresh.as_ref().map(|refresh| refresh.keys()),
        spec.revocation.as_ref().map(|step| step.keys()),
        spec.introspection.as_ref().map(|step| step.keys()),
        spec.client_credentials.as_ref().map(|step| step.keys()),
        spec.jwt_bearer.as_ref().map(|step| step.keys()),
        spec.token_exchange.as_ref().map(|step| step.keys()),
    ];
    methods.contains(&top)
        || steps
            .iter()
            .flatten()
            .any(|keys| keys.auth.is_some_and(|auth| words.iter().any(|word| word == auth)))
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
