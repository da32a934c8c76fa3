//! The client that a vector signs in with: made-up credentials, and the vector's values for the rest.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::json;

use crate::expr::Context;
use crate::flow::metadata::{EndpointName, Metadata};
use crate::mock::check::Failure;
use crate::mock::credentials::{Assertion, Credentials, Minted};
use crate::mock::id_token;
use crate::mock::request_object::RequestObject;
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JwkSet, SigningKey};
use crate::provider::client_auth::{CERTIFICATE, CERTIFICATE_KEY, MintedJwt, TokenEndpointAuthMethod};
use crate::provider::id_token::IdTokenAlg;
use crate::provider::variable::Format;
use crate::provider::{Provider, Registration, RegistrationValues, Vector};

/// A client at a mock.
#[derive(Clone)]
pub struct MockClient {
    /// Its registration.
    pub registration: Registration,
    pub(super) credentials: Credentials,
}

impl MockClient {
    /// The client of a vector: `CLIENT_ID` and `CLIENT_SECRET` are what these placeholders say.
    ///
    /// # Errors
    /// Values of the vector that the provider file does not accept.
    pub fn of_vector(provider: &Arc<Provider>, vector: &Vector) -> Result<MockClient, Vec<Failure>> {
        // The key of HS256 has 32 bytes at least (RFC 7518 §3.2).
        let long = provider.id_token.algs.contains(&IdTokenAlg::HS256)
            || provider.client_auth.method == TokenEndpointAuthMethod::ClientSecretJwt
            || provider.userinfo_signed_response_alg == Some(IdTokenAlg::HS256)
            || provider.introspection_signed_response_alg == Some(IdTokenAlg::HS256);
        MockClient::new(provider, vector, "CLIENT_ID", &"CLIENT_SECRET".repeat(if long { 3 } else { 1 }))
    }

    /// A client with an id and a secret of its own.
    ///
    /// # Errors
    /// Values of the vector that the provider file does not accept.
    pub fn new(
        provider: &Arc<Provider>,
        vector: &Vector,
        id: &str,
        secret: &str,
    ) -> Result<MockClient, Vec<Failure>> {
        let client_secret = provider.needs_client_secret().then(|| secret.to_owned());
        let mut client: IndexMap<String, Secret> =
            vector.client.iter().map(|(name, value)| (name.clone(), Secret::from(value.as_str()))).collect();
        for (name, constraint) in &provider.client {
            if constraint.format == Some(Format::Pem) && !client.contains_key(name) {
                client.insert(name.clone(), Secret::from(pem(provider, name)));
            }
        }
        let values = RegistrationValues {
            client_id: id.to_owned(),
            client_secret: client_secret.as_deref().map(Secret::from),
            client,
            vars: vector.vars.clone(),
            scopes: vector.scopes.clone(),
        };
        let registration =
            Registration::new(provider.id.clone(), provider.clone(), values).map_err(|errors| {
                let failure = |error: crate::provider::RegistrationError| {
                    Failure::new(
                        "registration",
                        &format!("{}.{}", error.section, error.name),
                        error.message,
                        "the vector's value",
                    )
                };
                errors.into_iter().map(failure).collect::<Vec<_>>()
            })?;
        let mut context = registration.context();
        context.set("flow", json!({"scope": registration.scope()}));
        let jwt = |jwt: &Option<MintedJwt>| jwt.as_ref().map(|jwt| made(jwt, &context));
        let minted = jwt(&provider.client_auth.minted_secret);
        let made_assertion = jwt(&provider.jwt_bearer.assertion);
        let assertion = assertion(&registration);
        let request_object = request_object(&registration);
        Ok(MockClient {
            credentials: Credentials {
                client_id: id.to_owned(),
                client_secret,
                minted,
                made_assertion,
                assertion,
                request_object,
                certificate: registration.certificate().map(|own| own.thumbprint().to_owned()),
            },
            registration,
        })
    }
}

/// A member of the client in PEM: its certificate, the key of that, or another private key.
fn pem(provider: &Provider, name: &str) -> String {
    match name {
        CERTIFICATE => include_str!("client_certificate.pem").to_owned(),
        CERTIFICATE_KEY => include_str!("client_certificate_key.pem").to_owned(),
        _ => {
            let auth = &provider.client_auth;
            let minted = auth.minted_secret.as_ref().map(|minted| minted.alg);
            let asserted =
                (auth.method == TokenEndpointAuthMethod::PrivateKeyJwt).then_some(auth.assertion.alg);
            let granted = provider.jwt_bearer.assertion.as_ref().map(|jwt| jwt.alg);
            let requested = provider.authorize.request_object_signing_alg;
            id_token::private_key_pem(minted.or(asserted).or(granted).or(requested))
        }
    }
}

/// What an assertion must look like: the key that belongs to the client's own, and the audience.
fn assertion(registration: &Registration) -> Assertion {
    let asserted = &registration.provider.client_auth.assertion;
    let alg = asserted.alg.into();
    let context = registration.context();
    let metadata = Metadata::written(registration).unwrap_or_default();
    let token_endpoint = || {
        let endpoint = metadata.endpoint(EndpointName::Token, registration, &context).ok().flatten();
        endpoint.map(|endpoint| endpoint.url.to_string()).unwrap_or_default()
    };
    let written = asserted.aud.as_ref().and_then(|aud| aud.render(&context).ok());
    Assertion {
        keys: public_keys(registration, alg),
        alg: Some(alg),
        aud: written.or(metadata.issuer.clone()).unwrap_or_else(token_endpoint),
        ttl: asserted.ttl,
    }
}

/// What a request object must look like, where the file has one.
fn request_object(registration: &Registration) -> Option<RequestObject> {
    let alg = registration.provider.authorize.request_object_signing_alg?.into();
    let aud = Metadata::written(registration).ok()?.issuer.unwrap_or_default();
    Some(RequestObject { alg, keys: public_keys(registration, alg), aud })
}

/// The public key that belongs to the client's own, under the `kid` of its assertions.
fn public_keys(registration: &Registration, alg: Alg) -> JwkSet {
    let pem = registration.client_member("private_key");
    let key = pem.and_then(|pem| SigningKey::from_text(alg, pem.expose()).ok());
    let kid = registration.provider.client_auth.assertion.kid.as_ref();
    let kid = kid.and_then(|kid| kid.render(&registration.context()).ok());
    let jwk = key.map(|key| key.public_jwk(kid.as_deref().unwrap_or("client")));
    jwk.and_then(|jwk| JwkSet::parse(&json!({"keys": [jwk]})).ok()).unwrap_or_default()
}

/// What a JWT that is made per request must look like. Claims that differ from one to the next are not looked at.
fn made(jwt: &MintedJwt, context: &Context) -> Minted {
    let claims = jwt
        .claims
        .iter()
        .filter_map(|(name, template)| Some((name.clone(), template.render(context).ok()?.into())));
    Minted {
        alg: format!("{:?}", jwt.alg),
        kid: jwt.kid.as_ref().map(|kid| kid.render(context).unwrap_or_default()),
        claims: claims.collect(),
        ttl: jwt.ttl,
    }
}
