//! The authorization response, compiled.

use crate::expr::{Condition, Path};
use crate::provider::compile::Compiler;
use crate::provider::finding::segment;
use crate::provider::id_token::IdTokenAlg;
use crate::provider::moment::Moment;
use crate::provider::read::Read;
use crate::spec::callback::CallbackSpec;

/// How the authorization response deviates.
#[derive(Debug)]
pub struct Callback {
    /// Where the code stands, where that is not `code`.
    pub code: Option<Path>,
    /// Values to keep.
    pub capture: Vec<(String, Read)>,
    /// The algorithm that a signed response has.
    pub authorization_signed_response_alg: IdTokenAlg,
    /// What must hold.
    pub verify: Option<Condition>,
}

impl Compiler {
    pub(super) fn callback(&mut self, spec: &CallbackSpec) -> Callback {
        Callback {
            code: spec.code.as_deref().and_then(|path| self.path("/callback/code", path, Moment::Callback)),
            capture: spec
                .capture
                .iter()
                .filter_map(|(name, value)| {
                    let at = format!("/callback/capture/{}", segment(name));
                    Some((name.clone(), self.read(&at, value, Moment::Callback)?))
                })
                .collect(),
            authorization_signed_response_alg: spec
                .authorization_signed_response_alg
                .unwrap_or(IdTokenAlg::RS256),
            verify: spec
                .verify
                .as_deref()
                .and_then(|source| self.condition("/callback/verify", source, Moment::Callback)),
        }
    }
}
