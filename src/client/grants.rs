//! Tokens that a client gets without a browser.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::client::{Client, Error};
use crate::flow::caller::Caller;
use crate::flow::grant::{
    self, ClientCredentialsRequest, ExchangedToken, Grant, JwtBearerRequest, Params, TokenExchangeRequest,
    token_exchange,
};
use crate::flow::{self, Context, TokenSet};
use crate::oauth::Secret;
use crate::transport::Limit;

impl Client {
    /// Gets a token for the client itself (RFC 6749 §4.4): nobody signs in.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a request that cannot be made; else what went wrong at the token endpoint.
    pub async fn client_credentials(&self, request: &ClientCredentialsRequest) -> Result<TokenSet, Error> {
        let scope = request.scope.as_deref();
        let params = |caller: &Caller<'_>| request.params(caller);
        let granted = self.granted(Grant::ClientCredentials, scope, params).await?;
        self.token_set(Grant::ClientCredentials, granted)
    }

    /// Gets a token for an assertion (RFC 7523 §2.1): one that the request brings, or one that the client makes as the provider
    /// file says.
    ///
    /// # Errors
    /// As [`Client::client_credentials`].
    pub async fn jwt_bearer(&self, request: &JwtBearerRequest) -> Result<TokenSet, Error> {
        let scope = request.scope.as_deref();
        let params = |caller: &Caller<'_>| request.params(caller);
        let granted = self.granted(Grant::JwtBearer, scope, params).await?;
        self.token_set(Grant::JwtBearer, granted)
    }

    /// Exchanges a token for another (RFC 8693): one for another service, with a smaller scope, on behalf of somebody.
    ///
    /// ```no_run
    /// use authcfg::client::{Client, Error, SignIn};
    /// use authcfg::flow::grant::{TokenExchangeRequest, TypedToken};
    ///
    /// async fn for_the_calendar(client: &Client, sign_in: SignIn) -> Result<(), Error> {
    ///     let subject_token = TypedToken::access_token(sign_in.token.access_token);
    ///     let request = TokenExchangeRequest {
    ///         audience: vec!["calendar".into()],
    ///         ..TokenExchangeRequest::new(subject_token)
    ///     };
    ///     let exchanged = client.token_exchange(&request).await?;
    ///     assert_eq!(exchanged.issued_token_type, TypedToken::ACCESS_TOKEN);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Client::client_credentials`].
    pub async fn token_exchange(&self, request: &TokenExchangeRequest) -> Result<ExchangedToken, Error> {
        let scope = request.scope.as_deref();
        let params = |_: &Caller<'_>| request.params();
        let Granted { answer, mut context, dpop_key } =
            self.granted(Grant::TokenExchange, scope, params).await?;
        let (registration, clock) = (self.registration(), &*self.inner.clock);
        let mut exchanged = token_exchange::response(registration, &answer, &mut context, clock)?;
        exchanged.token.dpop_key = dpop_key.filter(|_| exchanged.is_bearer);
        Ok(exchanged)
    }

    /// Asks for a token. Templates see the scope that is asked for as `flow.scope`.
    async fn granted(
        &self,
        grant: Grant,
        scope: Option<&str>,
        params: impl Fn(&Caller<'_>) -> Result<Params, flow::Error>,
    ) -> Result<Granted, Error> {
        let metadata = self.metadata().await?;
        let mut context = self.later_context(None);
        if let Some(scope) = scope {
            let mut flow = context.get("flow").and_then(Value::as_object).cloned().unwrap_or_default();
            flow.insert("scope".into(), scope.into());
            context.set("flow", flow.into());
        }
        let caller = self.caller(&metadata, &context);
        let endpoint = grant::endpoint(&caller)?;
        let request = || grant.request(endpoint.url.clone(), params(&caller)?, &caller);
        let dpop_key = self.new_dpop_key()?;
        let key = dpop_key.as_ref();
        let answer = self.send_proven(grant.as_str(), request, Limit::Token, &endpoint, key).await?;
        Ok(Granted { answer, context, dpop_key })
    }

    fn token_set(&self, grant: Grant, granted: Granted) -> Result<TokenSet, Error> {
        let Granted { answer, mut context, dpop_key } = granted;
        let token = grant.response(self.registration(), &answer, &mut context, &*self.inner.clock)?;
        Ok(TokenSet { dpop_key, ..token })
    }
}

/// What a request for a token led to.
struct Granted {
    answer: Response<Bytes>,
    /// What templates see.
    context: Context,
    /// The key that the access token is bound to, where the provider binds them.
    dpop_key: Option<Secret>,
}
