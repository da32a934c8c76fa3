//! `strict`: a request must be as the provider file's own client writes it, as `authcfg test` checks it.
//!
//! The scope is left to the application, and so is what a vector lists of its own sign-in.

use indexmap::IndexMap;

use crate::mock::check::{Checker, Failure};
use crate::mock::service::grants::Authorized;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;

impl Played {
    /// Holds a request against the file, where the rules are strict. `secret` is what the client sent.
    pub fn strictly(
        &self,
        authorized: &mut Authorized,
        secret: Option<String>,
        check: impl FnOnce(&mut Checker<'_>) -> Vec<Failure>,
    ) -> Result<(), Refusal> {
        if !self.rules.strict {
            return Ok(());
        }
        let mut credentials = self.scenarios[authorized.scenario].client.credentials.clone();
        credentials.client_id = authorized.client_id.clone();
        credentials.client_secret = secret;
        let expect = IndexMap::new();
        let mut checker = Checker {
            provider: &self.provider,
            credentials: &credentials,
            scope: self.scenarios[authorized.scenario].client.registration.scope(),
            expect: &expect,
            placeholders: &mut authorized.placeholders,
        };
        let failure = check(&mut checker).into_iter().find(|failure| failure.what != "scope");
        match failure {
            Some(Failure { what, expected, got, .. }) => {
                Err(Refusal::invalid_request(format!("strict: {what} should be {expected}, is {got}")))
            }
            None => Ok(()),
        }
    }
}
