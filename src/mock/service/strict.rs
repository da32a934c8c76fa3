//! `strict`: a request must be as the provider file's own client writes it, as `authcfg test` checks it.
//!
//! The scope is left to the application, and so is what a vector lists of its own sign-in.

use indexmap::IndexMap;

use crate::mock::check::{Checker, Failure};
use crate::mock::service::grants::Authorized;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::provider::client_auth::TokenEndpointAuthMethod as Method;

/// Parameters whose values are secrets.
const SECRETS: [&str; 7] =
    ["access_token", "client_assertion", "client_secret", "code", "code_verifier", "refresh_token", "token"];

impl Played {
    /// Holds a request against the file, where the rules are strict. `secret` is what the client sent.
    pub fn strictly(
        &self,
        authorized: &mut Authorized,
        secret: Option<&str>,
        check: impl FnOnce(&mut Checker<'_>) -> Vec<Failure>,
    ) -> Result<(), Refusal> {
        if !self.rules.strict {
            return Ok(());
        }
        let mut credentials = self.scenarios[authorized.scenario].client.credentials.clone();
        credentials.client_id = authorized.client_id.clone();
        // Whose keys and ids the client has nobody here can know.
        credentials.minted = None;
        credentials.certificate = None;
        credentials.made_assertion = None;
        credentials.client_secret = secret.map(str::to_owned);
        let expect = IndexMap::new();
        let mut checker = Checker {
            provider: &self.provider,
            credentials: &credentials,
            scope: self.scenarios[authorized.scenario].client.registration.scope(),
            expect: &expect,
            now: self.clock.now(),
            placeholders: &mut authorized.placeholders,
        };
        let method = self.provider.client_auth.method;
        let signs = matches!(method, Method::ClientSecretJwt | Method::PrivateKeyJwt);
        // A proof was held against the address of this machine, which its client knows.
        let is_free = |what: &str| {
            ["dpop", "scope"].contains(&what) || (signs && ["auth", "client_assertion"].contains(&what))
        };
        match check(&mut checker).into_iter().find(|failure| !is_free(&failure.what)) {
            Some(failure) => Err(Refusal::invalid_request(told(&failure))),
            None => Ok(()),
        }
    }
}

/// What is wrong. What a client keeps to itself is not repeated.
fn told(failure: &Failure) -> String {
    let Failure { what, expected, got, .. } = failure;
    match what.as_str() {
        "auth" => format!("strict: the client should authenticate by {expected}"),
        name if SECRETS.contains(&name) => format!("strict: {name} is not as the provider file has it"),
        name => format!("strict: {name} should be {expected}, is {got}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_repeated() {
        let failure = |what: &str| Failure {
            request: "token".into(),
            what: what.into(),
            expected: "client_secret_basic".into(),
            got: "s3cret".into(),
        };
        for what in ["auth", "client_secret"] {
            assert!(!told(&failure(what)).contains("s3cret"), "{what}");
        }
        assert!(told(&failure("state")).ends_with("should be client_secret_basic, is s3cret"));
    }
}
