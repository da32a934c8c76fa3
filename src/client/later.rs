//! What a client does with its tokens after the sign-in.

use serde_json::Value;

use crate::client::{Client, Error};
use crate::flow::caller::later_context;
use crate::flow::later::{self, Later};
use crate::flow::metadata::EndpointName;
use crate::flow::{Context, TokenSet, dpop};
use crate::oauth::Secret;
use crate::transport::Limit;

impl Client {
    /// Ends the tokens of a sign-in (RFC 7009): the refresh token where there is one, else the access token. Both, each by a request
    /// of its own, where the provider file says that the first does not end the second (`revocation.cascades`).
    ///
    /// # Errors
    /// [`Error::Misuse`] where the provider has no `revocation_endpoint`; else what went wrong there first.
    pub async fn revoke(&self, token: &TokenSet) -> Result<(), Error> {
        let revoked = self.revoke_one(Later::Revocation, token).await;
        if token.refresh_token.is_none() || self.provider().revocation.cascades {
            return revoked;
        }
        let too = self.revoke_one(Later::AccessTokenRevocation, token).await;
        revoked.and(too)
    }

    async fn revoke_one(&self, which: Later, token: &TokenSet) -> Result<(), Error> {
        let (answer, mut context) = self.later(which, token).await?;
        Ok(later::revoked(which, self.registration(), &answer, &mut context)?)
    }

    /// Asks the provider what it knows of the access token (RFC 7662): an object with `active`. Where the provider file says that it
    /// signs its answer (RFC 9701), that is verified first.
    ///
    /// # Errors
    /// [`Error::Misuse`] where the provider has no `introspection_endpoint`; else what went wrong there.
    pub async fn introspect(&self, token: &TokenSet) -> Result<Value, Error> {
        let (answer, mut context) = self.later(Later::Introspection, token).await?;
        match later::introspected(self.registration(), &answer, &mut context)? {
            Value::String(jwt) => {
                let (jwt, metadata) = (Secret::from(jwt), self.metadata().await?);
                let against = self.against(&metadata);
                self.verified(&metadata, &context, |keys| against.introspection(&jwt, keys)).await
            }
            told => Ok(told),
        }
    }

    /// Whether the provider has an endpoint, in its file or in its discovery document. `token` is that of the sign-in, where its
    /// address may depend on that.
    ///
    /// # Errors
    /// An address that cannot be rendered; [`Error::Transport`] where the discovery document cannot be had.
    pub async fn has_endpoint(&self, name: EndpointName, token: Option<&TokenSet>) -> Result<bool, Error> {
        let metadata = self.metadata().await?;
        let found = metadata.endpoint(name, self.registration(), &self.later_context(token))?;
        Ok(found.is_some())
    }

    async fn later(
        &self,
        step: Later,
        token: &TokenSet,
    ) -> Result<(http::Response<bytes::Bytes>, Context), Error> {
        let metadata = self.metadata().await?;
        let context = self.later_context(Some(token));
        let caller = self.caller(&metadata, &context);
        let endpoint = step.endpoint(&caller)?;
        let request = step.request(token, &caller)?;
        let key = token.dpop_key.as_ref().filter(|_| dpop::carries_bound_token(&request));
        let request = || Ok(request.clone());
        let answer = self.send_proven(step.as_str(), request, Limit::Token, &endpoint, key).await?;
        Ok((answer, context))
    }

    pub(super) fn later_context(&self, token: Option<&TokenSet>) -> Context {
        later_context(self.registration(), token, &*self.inner.clock, &*self.inner.rng)
    }
}
