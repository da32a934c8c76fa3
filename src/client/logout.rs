//! The end of a session that is not only ours: asked for at the provider, or told by it.

use url::Url;

use crate::client::{Client, Error};
use crate::flow::end_session::{self, EndSessionRequest};
use crate::flow::error::Misuse;
use crate::flow::logout_token::VerifiedLogoutToken;
use crate::flow::{self, TokenSet};
use crate::oauth::Secret;
use crate::provider::Protocol;

impl Client {
    /// Where a browser signs out at the provider (OpenID Connect RP-Initiated Logout §2); `None` where its file and its discovery
    /// document have no `end_session_endpoint`. `token` is that of the sign-in, where it was kept. The address may hold an
    /// id_token: it is no text for a log.
    ///
    /// # Errors
    /// What is wrong with that address; [`Error::Transport`] where the discovery document cannot be had.
    pub async fn end_session(
        &self,
        token: Option<&TokenSet>,
        request: &EndSessionRequest,
    ) -> Result<Option<Url>, Error> {
        let metadata = self.metadata().await?;
        let context = self.later_context(token);
        Ok(end_session::url(request, &self.caller(&metadata, &context))?)
    }

    /// Verifies a logout token that came from the provider (OpenID Connect Back-Channel Logout §2.6), with newer keys where those
    /// at hand lack the one that it names. Whether its `jti` came before is for the caller to know.
    ///
    /// # Errors
    /// [`Error::ProviderMisbehaved`]: what is wrong with it. [`Error::Misuse`] where the provider is none of OpenID Connect; what
    /// went wrong where the discovery document or the keys cannot be had.
    pub async fn logout_token(&self, raw: &Secret) -> Result<VerifiedLogoutToken, Error> {
        let registration = self.registration();
        if registration.provider.protocol != Protocol::Oidc {
            let why = "the provider has no id_tokens, so it has no logout tokens".into();
            return Err(flow::Error::Misuse(Misuse::Configuration(why)).into());
        }
        let metadata = self.metadata().await?;
        let context = self.later_context(None);
        let against = self.against(&metadata);
        self.verified(&metadata, &context, |keys| against.logout_token(raw, keys, &context)).await
    }
}
