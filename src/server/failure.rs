//! A request that led nowhere: the code and page a visitor sees, and the reason that only the log has.

use crate::client;
use crate::flow::error::Misuse;
use crate::session::store::StoreError;

/// A request that led nowhere.
#[derive(Debug)]
pub struct Failure {
    /// The code of Auth.js that stands in the address.
    pub code: &'static str,
    /// Which page tells it.
    pub page: FailurePage,
    /// The provider, where one was meant.
    pub provider: String,
    /// The step at which it happened.
    pub step: String,
    /// The finer kind, such as `state_mismatch`.
    pub kind: String,
    /// Why, fit for a log.
    pub reason: String,
}

/// Which page tells a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePage {
    /// The error page.
    Error,
    /// The sign-in page, to try again.
    SignIn,
}

impl Failure {
    /// `Configuration`: whatever a visitor need not know.
    pub fn configuration(provider: &str, step: &str, kind: &str, reason: impl Into<String>) -> Failure {
        Failure {
            code: "Configuration",
            page: FailurePage::Error,
            provider: provider.to_owned(),
            step: step.to_owned(),
            kind: kind.to_owned(),
            reason: reason.into(),
        }
    }

    /// `MissingCSRF`: a form that is not ours.
    pub fn missing_csrf(reason: &str) -> Failure {
        Failure {
            code: "MissingCSRF",
            page: FailurePage::SignIn,
            ..Failure::configuration("", "csrf", "missing_csrf", reason)
        }
    }

    /// `AccessDenied`: `allow` does not let this person in.
    pub fn access_denied(provider: &str) -> Failure {
        Failure {
            code: "AccessDenied",
            ..Failure::configuration(
                provider,
                "allow",
                "access_denied",
                "no rule of `allow` holds for this person",
            )
        }
    }

    /// `OAuthSignin`: the sign-in could not begin with what was given.
    pub fn sign_in(provider: &str, reason: impl Into<String>) -> Failure {
        Failure {
            code: "OAuthSignin",
            page: FailurePage::SignIn,
            ..Failure::configuration(provider, "authorization", "request_refused", reason)
        }
    }

    /// `Configuration`: the session store does not answer.
    pub fn store(provider: &str, error: &StoreError) -> Failure {
        Failure::configuration(provider, "session", "store_failed", error.to_string())
    }

    /// The failure that a client's error is. Only what the provider itself says is told apart from `Configuration`.
    pub fn of_client(provider: &str, error: &client::Error) -> Failure {
        let failure = Failure::configuration(provider, error.step(), error.code(), error.to_string());
        match error {
            client::Error::Denied(_) => {
                Failure { code: "OAuthCallbackError", page: FailurePage::SignIn, ..failure }
            }
            client::Error::Misuse(Misuse::Request(_)) => {
                Failure { code: "OAuthSignin", page: FailurePage::SignIn, ..failure }
            }
            _ => failure,
        }
    }
}
