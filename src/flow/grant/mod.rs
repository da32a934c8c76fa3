//! Tokens that a client asks for without a browser, at the token endpoint: one file a grant type.

pub mod client_credentials;
pub mod jwt_bearer;
pub mod token_exchange;

use bytes::Bytes;
use http::{Request, Response};
use url::Url;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::caller::Caller;
use crate::flow::client_auth::authenticate;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misuse};
use crate::flow::metadata::{Endpoint, EndpointName};
use crate::flow::token_set::{self, Granted, Reads, TokenSet};
use crate::provider::step::{Auth, Step};
use crate::provider::{Provider, Registration};

pub use client_credentials::ClientCredentialsRequest;
pub use jwt_bearer::JwtBearerRequest;
pub use token_exchange::{ExchangedToken, TokenExchangeRequest, TypedToken};

/// The parameters of a request, in their order. One of them may come several times.
pub type Params = Vec<(String, String)>;

/// A grant that needs no browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A token for the client itself (RFC 6749 §4.4).
    ClientCredentials,
    /// A token for an assertion (RFC 7523 §2.1).
    JwtBearer,
    /// A token for another token (RFC 8693).
    TokenExchange,
}

impl Grant {
    /// All of them.
    pub const ALL: [Grant; 3] = [Grant::ClientCredentials, Grant::JwtBearer, Grant::TokenExchange];

    /// The name of its step in a provider file.
    pub fn as_str(self) -> &'static str {
        match self {
            Grant::ClientCredentials => "client_credentials",
            Grant::JwtBearer => "jwt_bearer",
            Grant::TokenExchange => "token_exchange",
        }
    }

    /// Its `grant_type`.
    pub fn grant_type(self) -> &'static str {
        match self {
            Grant::ClientCredentials => "client_credentials",
            Grant::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Grant::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// How its request deviates.
    pub fn step(self, provider: &Provider) -> &Step {
        match self {
            Grant::ClientCredentials => &provider.client_credentials,
            Grant::JwtBearer => &provider.jwt_bearer.step,
            Grant::TokenExchange => &provider.token_exchange,
        }
    }

    /// Builds the request, with the parameters of its RFC besides the `grant_type`.
    ///
    /// # Errors
    /// A template that cannot be rendered, a key that cannot sign.
    pub fn request(
        self,
        endpoint: Url,
        params: Params,
        caller: &Caller<'_>,
    ) -> Result<Request<Bytes>, Error> {
        let provider = &caller.registration.provider;
        let step = self.step(provider);
        let mut draft = Draft::new(self.as_str(), endpoint);
        draft.params.push(("grant_type".into(), self.grant_type().into()));
        draft.params.extend(params);
        let default = Auth::Client(provider.client_auth.method);
        authenticate(&mut draft, step.auth.as_ref().unwrap_or(&default), None, caller)?;
        draft.build(step, &provider.rename, caller.context)
    }

    /// Reads an answer with an access token (RFC 6749 §5.1).
    ///
    /// # Errors
    /// [`TokenResponseInvalid`](crate::flow::error::MisbehaviourKind::TokenResponseInvalid), with the provider's own error
    /// where it named one.
    pub fn response(
        self,
        registration: &Registration,
        response: &Response<Bytes>,
        context: &mut Context,
        clock: &dyn Clock,
    ) -> Result<TokenSet, Error> {
        Ok(self.read(registration, response, context, clock, Reads::Whole)?.into_token_set(context))
    }

    fn read(
        self,
        registration: &Registration,
        response: &Response<Bytes>,
        context: &mut Context,
        clock: &dyn Clock,
        reads: Reads,
    ) -> Result<Granted, Error> {
        token_set::read(self.as_str(), self.step(&registration.provider), response, context, clock, reads)
    }
}

/// Where the requests go: to the token endpoint.
///
/// # Errors
/// An address that is unknown or cannot be rendered.
pub fn endpoint(caller: &Caller<'_>) -> Result<Endpoint, Error> {
    caller.metadata.needed(EndpointName::Token, caller.registration, caller.context)
}

/// `scope`: what is asked for, else what the deployment asks for; nothing where that is empty.
fn scope_or_registered(scope: Option<&str>, caller: &Caller<'_>) -> Option<(String, String)> {
    let scope = scope.map_or_else(|| caller.registration.scope(), str::to_owned);
    (!scope.is_empty()).then(|| ("scope".into(), scope))
}

/// `resource` (RFC 8707 §2), as often as there is one.
///
/// # Errors
/// [`Misuse::Request`](crate::flow::error::Misuse::Request) for one that is no absolute URI, or has a fragment.
fn resources(resources: &[String]) -> Result<Params, Error> {
    let is_uri = |text: &str| Url::parse(text).is_ok_and(|url| url.fragment().is_none());
    match resources.iter().find(|resource| !is_uri(resource)) {
        Some(wrong) => Err(Error::Misuse(Misuse::Request(format!(
            "the resource `{}` is no absolute URI without a fragment (RFC 8707 §2)",
            wrong.escape_debug()
        )))),
        None => Ok(resources.iter().map(|resource| ("resource".into(), resource.clone())).collect()),
    }
}
