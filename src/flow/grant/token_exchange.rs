//! Token exchange (RFC 8693).

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::error::Error;
use crate::flow::grant::{Grant, Params, resources};
use crate::flow::token_set::{NOT_APPLICABLE, Reads, TokenSet};
use crate::oauth::Secret;
use crate::provider::Registration;

/// A token, and the URI that says what kind it is (RFC 8693 §3): neither travels without the other.
#[derive(Clone, Debug)]
pub struct TypedToken {
    /// The token.
    pub token: Secret,
    /// What it is, such as [`TypedToken::ACCESS_TOKEN`].
    pub token_type: String,
}

impl TypedToken {
    /// An access token (RFC 8693 §3).
    pub const ACCESS_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:access_token";
    /// A refresh token.
    pub const REFRESH_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:refresh_token";
    /// An id_token.
    pub const ID_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:id_token";
    /// A JWT.
    pub const JWT: &'static str = "urn:ietf:params:oauth:token-type:jwt";
    /// A SAML 1.1 assertion, base64url-encoded.
    pub const SAML1: &'static str = "urn:ietf:params:oauth:token-type:saml1";
    /// A SAML 2.0 assertion, base64url-encoded.
    pub const SAML2: &'static str = "urn:ietf:params:oauth:token-type:saml2";

    /// An access token.
    pub fn access_token(token: Secret) -> TypedToken {
        TypedToken { token, token_type: TypedToken::ACCESS_TOKEN.into() }
    }
}

/// What a token is exchanged for (RFC 8693 §2.1).
#[derive(Clone, Debug)]
pub struct TokenExchangeRequest {
    /// On whose behalf the new token is to be.
    pub subject_token: TypedToken,
    /// Who acts for them, where that is somebody else.
    pub actor_token: Option<TypedToken>,
    /// What kind of token is wanted.
    pub requested_token_type: Option<String>,
    /// Where the new token is to be used, by the names of the services.
    pub audience: Vec<String>,
    /// Where the new token is to be used, each an absolute URI.
    pub resource: Vec<String>,
    /// What the new token is to be good for; `None` leaves it to the provider.
    pub scope: Option<String>,
}

impl TokenExchangeRequest {
    /// A request that asks for whatever the provider gives for this token.
    pub fn new(subject_token: TypedToken) -> TokenExchangeRequest {
        TokenExchangeRequest {
            subject_token,
            actor_token: None,
            requested_token_type: None,
            audience: vec![],
            resource: vec![],
            scope: None,
        }
    }

    /// The parameters (RFC 8693 §2.1).
    ///
    /// # Errors
    /// A `resource` that is no absolute URI.
    pub fn params(&self) -> Result<Params, Error> {
        let typed = |name: &str, typed: &TypedToken| {
            let token = (name.to_owned(), typed.token.expose().to_owned());
            [token, (format!("{name}_type"), typed.token_type.clone())]
        };
        let mut params: Params = typed("subject_token", &self.subject_token).into();
        params.extend(self.actor_token.iter().flat_map(|actor| typed("actor_token", actor)));
        params.extend(resources(&self.resource)?);
        params.extend(self.audience.iter().map(|audience| ("audience".into(), audience.clone())));
        let optional = [("scope", &self.scope), ("requested_token_type", &self.requested_token_type)];
        params.extend(optional.into_iter().filter_map(|(name, value)| Some((name.into(), value.clone()?))));
        Ok(params)
    }
}

/// What came of it (RFC 8693 §2.2.1).
#[derive(Clone, Debug)]
pub struct ExchangedToken {
    /// The new token. It is in `access_token`, as the RFC has it, whatever kind it is.
    pub token: TokenSet,
    /// What kind it is.
    pub issued_token_type: String,
    /// Whether it is used as a bearer (RFC 6750). Where the provider said `N_A` it is no access token.
    pub is_bearer: bool,
}

/// Reads the answer.
///
/// # Errors
/// [`TokenResponseInvalid`](crate::flow::error::MisbehaviourKind::TokenResponseInvalid), with the provider's own error where
/// it named one; also for an answer without `issued_token_type`, unless the file maps one.
pub fn response(
    registration: &Registration,
    response: &Response<Bytes>,
    context: &mut Context,
    clock: &dyn Clock,
) -> Result<ExchangedToken, Error> {
    let read = Grant::TokenExchange.read(registration, response, context, clock, Reads::Exchanged)?;
    let text = |name: &str| read.members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (issued_token_type, token_type) = (text("issued_token_type"), text("token_type"));
    let is_bearer = token_type != NOT_APPLICABLE;
    Ok(ExchangedToken { token: read.into_token_set(context), issued_token_type, is_bearer })
}
