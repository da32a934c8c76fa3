//! Why somebody is not signed in, sorted by who must act.

use crate::flow;
use crate::flow::error::{ErrorResponse, Misbehaviour, MisbehaviourKind, Mismatch, Misuse};
use crate::transport;

/// A sign-in that did not happen. What it displays is fit for a log: no code, no token, no secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person or the provider said no: RFC 6749 §4.1.2.1.
    #[error("the provider answered {0}")]
    Denied(ErrorResponse),
    /// `state`, `iss` or the code are not of this sign-in: a stale tab or an attack.
    #[error("the callback was refused: {0}")]
    CallbackRejected(Mismatch),
    /// An answer of the provider is not what the protocol and its file say.
    #[error("{0}")]
    ProviderMisbehaved(Misbehaviour),
    /// Nothing arrived, or not in time.
    #[error("{step}: {error}")]
    Transport {
        /// The step whose request failed.
        step: String,
        /// Why.
        error: transport::Error,
    },
    /// The inputs of the sign-in, or the deployment, are wrong.
    #[error("{0}")]
    Misuse(Misuse),
}

impl Error {
    pub(super) fn transport(step: &str, error: transport::Error) -> Error {
        Error::Transport { step: step.to_owned(), error }
    }

    pub(super) fn deadline(step: &str) -> Error {
        Error::transport(step, transport::Error::deadline())
    }

    /// The code of the error, as the vectors of a provider file name it; `unreachable` where nothing arrived.
    pub fn code(&self) -> &str {
        match self {
            Error::Transport { .. } => "unreachable",
            Error::Denied(response) => &response.error,
            Error::CallbackRejected(Mismatch::CodeMissing) => "code_missing",
            Error::CallbackRejected(
                Mismatch::Duplicate(_) | Mismatch::Response(_) | Mismatch::Value(..) | Mismatch::Verify,
            ) => "callback_refused",
            Error::CallbackRejected(Mismatch::Issuer(_)) => "issuer_mismatch",
            Error::CallbackRejected(Mismatch::State) => "state_mismatch",
            Error::ProviderMisbehaved(misbehaviour) => misbehaviour.code(),
            Error::Misuse(Misuse::Request(_)) => "request_refused",
            Error::Misuse(Misuse::Configuration(_)) => "misconfigured",
        }
    }

    /// The error that the provider named, if any.
    pub fn provider_error(&self) -> Option<&str> {
        match self {
            Error::Denied(response) => Some(&response.error),
            Error::ProviderMisbehaved(misbehaviour) => {
                misbehaviour.response.as_ref().map(|response| response.error.as_str())
            }
            _ => None,
        }
    }

    /// Whether a refresh has told for certain that its sign-in is over: the grant is void (`invalid_grant`, RFC 6749 §5.2), or what
    /// came is of another sign-in. Anything else may pass.
    pub fn ends_sign_in(&self) -> bool {
        match self {
            Error::ProviderMisbehaved(misbehaviour) => match misbehaviour.kind {
                MisbehaviourKind::IdTokenInvalid
                | MisbehaviourKind::NonceMismatch
                | MisbehaviourKind::SubMismatch => true,
                MisbehaviourKind::TokenResponseInvalid => {
                    self.provider_error() == Some("invalid_grant") && !misbehaviour.is_passing()
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it may be otherwise in a while: nothing arrived, or the server fails or has too much to do.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Error::Transport { .. } => true,
            Error::ProviderMisbehaved(misbehaviour) => misbehaviour.is_passing(),
            _ => false,
        }
    }

    /// The step at which it happened: `authorization`, `discovery`, `callback`, `token`, `jwks`, `id_token`, `userinfo`, the
    /// name of a call, `profile`.
    pub fn step(&self) -> &str {
        match self {
            Error::Denied(_) | Error::CallbackRejected(_) => "callback",
            Error::ProviderMisbehaved(misbehaviour) => &misbehaviour.step,
            Error::Transport { step, .. } => step,
            Error::Misuse(_) => "authorization",
        }
    }
}

impl From<flow::Error> for Error {
    fn from(error: flow::Error) -> Error {
        match error {
            flow::Error::Denied(response) => Error::Denied(response),
            flow::Error::CallbackRejected(mismatch) => Error::CallbackRejected(mismatch),
            flow::Error::ProviderMisbehaved(misbehaviour) => Error::ProviderMisbehaved(misbehaviour),
            flow::Error::Misuse(misuse) => Error::Misuse(misuse),
        }
    }
}
