//! A JWT as an authorization grant (RFC 7523 §2.1).

use crate::flow::caller::Caller;
use crate::flow::client_auth::minted_jwt;
use crate::flow::error::{Error, Misuse};
use crate::flow::grant::{Params, scope_or_registered};
use crate::oauth::Secret;

/// What a client asks for with an assertion.
#[derive(Clone, Debug, Default)]
pub struct JwtBearerRequest {
    /// The assertion; `None` is one that the client makes as the provider file says.
    pub assertion: Option<Secret>,
    /// The scope; `None` is that of the deployment.
    pub scope: Option<String>,
}

impl JwtBearerRequest {
    /// The parameters (RFC 7523 §2.1).
    ///
    /// # Errors
    /// [`Misuse::Request`] where there is no assertion and nothing says how to make one; a key that cannot sign.
    pub fn params(&self, caller: &Caller<'_>) -> Result<Params, Error> {
        let assertion = match (&self.assertion, &caller.registration.provider.jwt_bearer.assertion) {
            (Some(assertion), _) => assertion.clone(),
            (None, Some(written)) => minted_jwt::mint(written, "jwt_bearer.assertion", caller)?,
            (None, None) => {
                let why = "there is no assertion, and the provider file has no `jwt_bearer.assertion`";
                return Err(Error::Misuse(Misuse::Request(why.into())));
            }
        };
        let scope = scope_or_registered(self.scope.as_deref(), caller);
        let assertion = ("assertion".to_owned(), assertion.expose().to_owned());
        Ok(std::iter::once(assertion).chain(scope).collect())
    }
}
