//! A request that led nowhere: the code and page a visitor sees, and the reason that only the log has.

use crate::client::{self, SignIn};
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
    pub step: Box<str>,
    /// The finer kind, such as `state_mismatch`.
    pub kind: String,
    /// Why, fit for a log.
    pub reason: String,
    /// Whom it befell, where that is known: for the audit log alone.
    pub who: Option<Box<Who>>,
}

/// A person at a provider.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// The issuer.
    pub issuer: Option<String>,
    /// The subject there.
    pub sub: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

impl Who {
    /// Who it is that has come back from a provider.
    pub fn of(sign_in: &SignIn) -> Who {
        let profile = &sign_in.profile;
        Who {
            issuer: Some(sign_in.issuer.clone()),
            sub: Some(profile.sub().to_owned()),
            email: profile.email().map(str::to_owned),
        }
    }
}

/// Which page tells a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePage {
    /// The error page.
    Error,
    /// The answer itself: the provider has enough to do and was not asked, and in a few seconds that may be otherwise.
    Later,
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
            step: step.into(),
            kind: kind.to_owned(),
            reason: reason.into(),
            who: None,
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
            client::Error::Transport { error, .. } if error.is_overload() => {
                Failure { page: FailurePage::Later, ..failure }
            }
            client::Error::Misuse(Misuse::Request(_)) => {
                Failure { code: "OAuthSignin", page: FailurePage::SignIn, ..failure }
            }
            _ => failure,
        }
    }
}
