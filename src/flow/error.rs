//! What can go wrong in a sign-in, sorted by who must act.

use std::fmt;

use http::StatusCode;

/// A sign-in that did not happen.
///
/// No variant's `Display` or `Debug` holds a code, a token, a secret or a query.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The person or the provider said no: RFC 6749 §4.1.2.1.
    #[error("the provider answered {0}")]
    Denied(ErrorResponse),
    /// The callback does not belong to this sign-in: a stale tab or an attack.
    #[error("the callback was refused: {0}")]
    CallbackRejected(Mismatch),
    /// An answer of the provider is not what the protocol and its file say.
    #[error("{0}")]
    ProviderMisbehaved(Misbehaviour),
    /// The inputs of the sign-in, or the deployment, are wrong.
    #[error("{0}")]
    Misuse(Misuse),
}

/// `error` and `error_description` as the provider sent them, cut to what may stand in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorResponse {
    /// The code.
    pub error: String,
    /// The description, for the log only.
    pub description: Option<String>,
}

impl ErrorResponse {
    /// Takes over what a provider sent: printable, and not endless.
    pub fn new(error: &str, description: Option<&str>) -> ErrorResponse {
        ErrorResponse {
            error: printable(error, 128),
            description: description.map(|text| printable(text, 512)),
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{} ({description})", self.error),
            None => f.write_str(&self.error),
        }
    }
}

/// Why a callback was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It has no code (RFC 6749 §4.1.2), or an unreasonable one.
    #[error("there is no code")]
    CodeMissing,
    /// A parameter comes twice, or code and error come together.
    #[error("`{0}` comes twice, or beside what excludes it")]
    Duplicate(String),
    /// `iss` is missing or another's (RFC 9207 §2.4).
    #[error("`iss` {0}")]
    Issuer(&'static str),
    /// It is not the signed response that was asked for (JARM §2.4).
    #[error("the signed response: {0}")]
    Response(String),
    /// `state` is missing or another's (RFC 6749 §10.12).
    #[error("`state` differs")]
    State,
    /// A variable does not take what the callback gives it.
    #[error("`{0}`: {1}")]
    Value(String, String),
    /// What the provider file verifies does not hold.
    #[error("`callback.verify` does not hold")]
    Verify,
}

/// An answer that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// The step: `discovery`, `jwks`, `token`, `id_token`, `userinfo`, the name of a call, `profile`.
    pub step: String,
    /// What kind of defect.
    pub kind: MisbehaviourKind,
    /// What exactly, without the answer itself.
    pub detail: String,
    /// The error that the provider named.
    pub response: Option<ErrorResponse>,
    /// The status of the answer, where it was told by one.
    pub status: Option<StatusCode>,
}

/// The kinds of defects, by the code that vectors use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MisbehaviourKind {
    /// A device got no code, or nobody typed it in (RFC 8628 §3.2, §3.5).
    DeviceAuthorizationFailed,
    /// The discovery document, or the keys, cannot be used.
    DiscoveryFailed,
    /// The id_token fails a check of OpenID Connect Core §3.1.3.7.
    IdTokenInvalid,
    /// There is no id_token (OpenID Connect Core §3.1.3.3).
    IdTokenMissing,
    /// A logout token is not what it should be (OpenID Connect Back-Channel Logout §2.6).
    LogoutTokenInvalid,
    /// The nonce is another's.
    NonceMismatch,
    /// The parameters of the sign-in were not taken (RFC 9126 §2.3).
    PushedAuthorizationRequestFailed,
    /// The provider did not register the client (RFC 7591 §3.2.2).
    RegistrationFailed,
    /// The profile has no subject.
    SubMissing,
    /// Userinfo is about somebody else (OpenID Connect Core §5.3.2).
    SubMismatch,
    /// The token response is an error, or none (RFC 6749 §5.1).
    TokenResponseInvalid,
    /// The userinfo endpoint answered with an error.
    UserinfoFailed,
    /// The answer of the userinfo endpoint cannot be read.
    UserinfoInvalid,
}

impl MisbehaviourKind {
    /// The code that vectors use.
    pub fn code(self) -> &'static str {
        match self {
            MisbehaviourKind::DeviceAuthorizationFailed => "device_authorization_failed",
            MisbehaviourKind::DiscoveryFailed => "discovery_failed",
            MisbehaviourKind::IdTokenInvalid => "id_token_invalid",
            MisbehaviourKind::IdTokenMissing => "id_token_missing",
            MisbehaviourKind::LogoutTokenInvalid => "logout_token_invalid",
            MisbehaviourKind::NonceMismatch => "nonce_mismatch",
            MisbehaviourKind::PushedAuthorizationRequestFailed => "pushed_authorization_request_failed",
            MisbehaviourKind::RegistrationFailed => "registration_failed",
            MisbehaviourKind::SubMissing => "sub_missing",
            MisbehaviourKind::SubMismatch => "sub_mismatch",
            MisbehaviourKind::TokenResponseInvalid => "token_response_invalid",
            MisbehaviourKind::UserinfoFailed => "userinfo_failed",
            MisbehaviourKind::UserinfoInvalid => "userinfo_invalid",
        }
    }
}

impl Misbehaviour {
    /// The code that vectors use: the provider's own, where the client asked with its credentials and it named one.
    pub fn code(&self) -> &str {
        let named = matches!(
            self.kind,
            MisbehaviourKind::DeviceAuthorizationFailed
                | MisbehaviourKind::PushedAuthorizationRequestFailed
                | MisbehaviourKind::RegistrationFailed
                | MisbehaviourKind::TokenResponseInvalid
        );
        match &self.response {
            Some(response) if named => &response.error,
            _ => self.kind.code(),
        }
    }

    /// Whether the server fails, or has too much to do: whatever it says then may be otherwise in a while.
    pub fn is_passing(&self) -> bool {
        self.status.is_some_and(|status| status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS)
    }

    /// A defect without an error of the provider's own.
    pub fn error(step: impl Into<String>, kind: MisbehaviourKind, detail: impl Into<String>) -> Error {
        Error::ProviderMisbehaved(Misbehaviour {
            step: step.into(),
            kind,
            detail: detail.into(),
            response: None,
            status: None,
        })
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.detail)?;
        match &self.response {
            Some(response) => write!(f, ": {response}"),
            None => Ok(()),
        }
    }
}

/// What the calling side did wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// An input of this sign-in breaks the provider file's rule, or none of a needed list was given.
    #[error("the sign-in was refused: {0}")]
    Request(String),
    /// The deployment lacks something that only shows now.
    #[error("{0}")]
    Configuration(String),
}

/// What a stranger sent, fit for a log: control characters gone, not longer than `limit` characters.
fn printable(text: &str, limit: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_text_cannot_forge_a_log_line() {
        let response = ErrorResponse::new("a\nb\u{1b}[31m", Some(&"x".repeat(9000)));
        assert_eq!(response.error, "a b [31m");
        assert_eq!(response.description.unwrap().len(), 512);
    }
}
