//! What an id_token must look like, compiled.

use regex::Regex;

use crate::expr::Template;
use crate::oauth::jose::Alg;
use crate::provider::compile::Compiler;
use crate::provider::finding::segment;
use crate::provider::moment::Moment;
use crate::spec::id_token::IdTokenSpec;

pub use crate::spec::id_token::IdTokenAlg;

/// What an id_token must look like.
#[derive(Debug)]
pub struct IdTokenPolicy {
    /// The `iss` it must have, where that depends on other claims.
    pub issuer: Option<Template>,
    /// Several values of `iss` that are all right.
    pub issuers: Option<Vec<Template>>,
    /// Values of `aud` that are all right besides the client id.
    pub audiences: Vec<Template>,
    /// The algorithms it may be signed with.
    pub algs: Vec<IdTokenAlg>,
    /// Whether the nonce must come back.
    pub nonce: bool,
    /// Claims that must match.
    pub require: Vec<(String, Regex)>,
}

impl Compiler {
    pub(super) fn id_token(&mut self, spec: &IdTokenSpec) -> IdTokenPolicy {
        IdTokenPolicy {
            issuer: spec
                .issuer
                .as_deref()
                .and_then(|source| self.template("/id_token/issuer", source, Moment::IdToken)),
            issuers: spec.issuers.as_ref().map(|issuers| {
                let compile = |(index, source): (usize, &String)| {
                    self.template(&format!("/id_token/issuers/{index}"), source, Moment::Metadata)
                };
                issuers.iter().enumerate().filter_map(compile).collect()
            }),
            audiences: spec
                .audiences
                .iter()
                .enumerate()
                .filter_map(|(index, source)| {
                    self.template(&format!("/id_token/audiences/{index}"), source, Moment::Metadata)
                })
                .collect(),
            algs: spec.algs.clone().unwrap_or_else(|| vec![IdTokenAlg::RS256]),
            nonce: spec.nonce.unwrap_or(true),
            require: spec
                .require
                .iter()
                .filter_map(|(claim, pattern)| {
                    let at = format!("/id_token/require/{}", segment(claim));
                    Some((claim.clone(), self.pattern(&at, pattern)?))
                })
                .collect(),
        }
    }
}

impl From<IdTokenAlg> for Alg {
    fn from(alg: IdTokenAlg) -> Alg {
        match alg {
            IdTokenAlg::RS256 => Alg::RS256,
            IdTokenAlg::RS384 => Alg::RS384,
            IdTokenAlg::RS512 => Alg::RS512,
            IdTokenAlg::PS256 => Alg::PS256,
            IdTokenAlg::PS384 => Alg::PS384,
            IdTokenAlg::PS512 => Alg::PS512,
            IdTokenAlg::ES256 => Alg::ES256,
            IdTokenAlg::ES384 => Alg::ES384,
            IdTokenAlg::EdDSA => Alg::EdDSA,
            IdTokenAlg::HS256 => Alg::HS256,
        }
    }
}
