//! How the client authenticates (RFC 6749 §2.3): one file a method that needs more than a parameter.

mod basic_unencoded;
mod minted_secret;

use oauth2::basic::BasicTokenType;
use oauth2::{AuthType, EmptyExtraTokenFields, StandardTokenResponse};

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::error::Error;
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::client_auth::TokenEndpointAuthMethod as Method;
use crate::provider::step::Auth;
use crate::rng::Rng;

pub(super) use basic_unencoded::header as basic_unencoded_header;

/// The token response in the `oauth2` crate's words.
pub(super) type TokenResponse = StandardTokenResponse<EmptyExtraTokenFields, BasicTokenType>;

/// What the client proves itself with in one request.
pub(super) struct ClientCredentials {
    /// How.
    pub method: Option<Method>,
    /// The secret: the registered one, or one made for this request.
    pub secret: Option<Secret>,
}

impl ClientCredentials {
    /// The credentials for a step whose file says `auth`.
    pub fn new(
        registration: &Registration,
        auth: Option<&Auth>,
        context: &Context,
        clock: &dyn Clock,
        rng: &dyn Rng,
    ) -> Result<ClientCredentials, Error> {
        let method = match auth {
            None => Some(registration.provider.client_auth.method),
            Some(Auth::Client(method)) => Some(*method),
            Some(_) => None,
        };
        let secret = match &registration.provider.client_auth.minted_secret {
            _ if matches!(method, None | Some(Method::None)) => None,
            Some(minted) => Some(minted_secret::mint(minted, registration, context, clock, rng)?),
            None => registration.client_secret.clone(),
        };
        Ok(ClientCredentials { method, secret })
    }

    /// The `oauth2` crate's word for the method.
    pub fn auth_type(&self) -> AuthType {
        match self.method {
            Some(Method::ClientSecretBasic) => AuthType::BasicAuth,
            _ => AuthType::RequestBody,
        }
    }
}
