//! The client credentials grant (RFC 6749 §4.4).

use crate::flow::caller::Caller;
use crate::flow::error::Error;
use crate::flow::grant::{Params, resources, scope_or_registered};

/// What a client asks for when it asks for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCredentialsRequest {
    /// The scope; `None` is that of the deployment.
    pub scope: Option<String>,
    /// Where the token is to be used, each an absolute URI (RFC 8707 §2).
    pub resource: Vec<String>,
}

impl ClientCredentialsRequest {
    /// The parameters (RFC 6749 §4.4.2).
    ///
    /// # Errors
    /// A `resource` that is none.
    pub fn params(&self, caller: &Caller<'_>) -> Result<Params, Error> {
        let scope = scope_or_registered(self.scope.as_deref(), caller);
        Ok(scope.into_iter().chain(resources(&self.resource)?).collect())
    }
}
