//! How a request proves who sends it: the client (RFC 6749 §2.3), or whoever holds the access token (RFC 6750 §2). One file a
//! method that needs more than a parameter.

mod assertion;
mod basic;
pub(super) mod minted_jwt;

use http::HeaderValue;
use oauth2::basic::BasicTokenType;
use oauth2::{AuthType, EmptyExtraTokenFields, StandardTokenResponse};

use crate::flow::caller::Caller;
use crate::flow::dpop;
use crate::flow::draft::Draft;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::oauth::Secret;
use crate::provider::client_auth::TokenEndpointAuthMethod as Method;
use crate::provider::step::Auth;

pub(super) use basic::unencoded as basic_unencoded_header;

/// The token response in the `oauth2` crate's words.
pub(super) type TokenResponse = StandardTokenResponse<EmptyExtraTokenFields, BasicTokenType>;

/// What the client proves itself with in one request.
pub(super) struct ClientCredentials {
    /// How.
    pub method: Option<Method>,
    /// The secret: the registered one, or one made for this request.
    pub secret: Option<Secret>,
    /// The assertion, made for this request.
    assertion: Option<Secret>,
}

impl ClientCredentials {
    /// The credentials for a step whose file says `auth`.
    pub fn new(caller: &Caller<'_>, auth: Option<&Auth>) -> Result<ClientCredentials, Error> {
        let registration = caller.registration;
        let method = match auth {
            None => Some(registration.provider.client_auth.method),
            Some(Auth::Client(method)) => Some(*method),
            Some(_) => None,
        };
        let assertion = match method {
            Some(method @ (Method::ClientSecretJwt | Method::PrivateKeyJwt)) => {
                Some(assertion::make(method, caller)?)
            }
            _ => None,
        };
        // A client has one proof in a request (RFC 6749 §2.3): a secret that it happens to have besides stays at home.
        let has_other_proof =
            assertion.is_some() || method.is_some_and(|method| Method::MUTUAL_TLS.contains(&method));
        let secret = match &registration.provider.client_auth.minted_secret {
            _ if has_other_proof || matches!(method, None | Some(Method::None)) => None,
            Some(minted) => Some(minted_jwt::mint(minted, "client_secret.jwt", caller)?),
            None => registration.client_secret.clone(),
        };
        Ok(ClientCredentials { method, secret, assertion })
    }

    /// The `oauth2` crate's word for the method.
    pub fn auth_type(&self) -> AuthType {
        match self.method {
            Some(Method::ClientSecretBasic) => AuthType::BasicAuth,
            _ => AuthType::RequestBody,
        }
    }

    /// The parameters of the assertion (RFC 7521 §4.2); none where there is none.
    pub fn assertion_params(&self) -> Vec<(String, String)> {
        let Some(assertion) = &self.assertion else { return vec![] };
        vec![
            ("client_assertion_type".into(), assertion::TYPE.into()),
            ("client_assertion".into(), assertion.expose().into()),
        ]
    }
}

/// Puts the proof into a request.
///
/// # Errors
/// A key that cannot sign, an access token that cannot stand in a header.
pub(super) fn authenticate(
    draft: &mut Draft<'_>,
    auth: &Auth,
    access_token: Option<&Secret>,
    caller: &Caller<'_>,
) -> Result<(), Error> {
    if let Auth::Client(method) = auth {
        return as_client(draft, *method, caller);
    }
    let token = access_token.map(Secret::expose).unwrap_or_default();
    match auth {
        Auth::Bearer => {
            let word =
                if caller.registration.provider.dpop_bound_access_tokens { dpop::SCHEME } else { "Bearer" };
            draft.authorization = Some(sensitive(format!("{word} {token}"))?);
        }
        Auth::Scheme(word) => draft.authorization = Some(sensitive(format!("{word} {token}"))?),
        Auth::Header(name) => draft.header = Some((name.clone(), sensitive(token.to_owned())?)),
        Auth::Query(name) => draft.query.push((name.clone(), token.to_owned())),
        Auth::None | Auth::Client(_) => {}
    }
    Ok(())
}

/// The same for a request in which the client id is a parameter however the client proves itself (RFC 8628 §3.1, RFC 9126 §2.1).
pub(super) fn authenticate_by_name(
    draft: &mut Draft<'_>,
    auth: &Auth,
    caller: &Caller<'_>,
) -> Result<(), Error> {
    authenticate(draft, auth, None, caller)?;
    if !draft.params.iter().any(|(name, _)| name == "client_id") {
        draft.params.push(("client_id".into(), caller.registration.client_id.clone()));
    }
    Ok(())
}

fn as_client(draft: &mut Draft<'_>, method: Method, caller: &Caller<'_>) -> Result<(), Error> {
    let client_id = &caller.registration.client_id;
    let credentials = ClientCredentials::new(caller, Some(&Auth::Client(method)))?;
    match (method, &credentials.secret) {
        (Method::ClientSecretBasic, Some(secret)) => {
            draft.authorization = Some(basic::encoded(client_id, secret));
        }
        (Method::ClientSecretBasicUnencoded, Some(secret)) => {
            draft.authorization = Some(basic::unencoded(client_id, secret));
        }
        (_, secret) => {
            draft.params.push(("client_id".into(), client_id.clone()));
            if let Some(secret) = secret {
                draft.params.push(("client_secret".into(), secret.expose().to_owned()));
            }
            draft.params.extend(credentials.assertion_params());
        }
    }
    Ok(())
}

fn sensitive(text: String) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        Misbehaviour::error(
            "token",
            MisbehaviourKind::TokenResponseInvalid,
            "the access token cannot stand in a header",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}
