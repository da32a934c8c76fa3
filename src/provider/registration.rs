//! Our client at a provider: id, secret and the values of the provider file's variables, checked.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::expr::Context;
use crate::oauth::{CertificateError, ClientCertificate, Secret};
use crate::provider::Provider;
use crate::provider::client_auth::{CERTIFICATE, CERTIFICATE_KEY};

/// A client's registration at a provider, the word of RFC 7591: what a deployment adds to a provider file.
///
/// Only [`Registration::new`] makes one, so every value has passed the provider file's rules.
#[derive(Clone)]
pub struct Registration {
    /// The id under which the deployment runs the provider.
    pub id: String,
    /// The provider.
    pub provider: Arc<Provider>,
    /// The client id.
    pub client_id: String,
    /// The client secret; absent for a public client or where it is minted per request.
    pub client_secret: Option<Secret>,
    /// Whether the deployment itself chose `vars.issuer`.
    pub issuer_is_set: bool,
    /// Whether id and secret are what the provider gave to a client that registered itself (RFC 7591).
    pub registered_itself: bool,
    certificate: Option<ClientCertificate>,
    client: IndexMap<String, Secret>,
    vars: Map<String, Value>,
    scopes: Option<Vec<String>>,
}

/// What a deployment gives for one provider.
#[derive(Clone, Default)]
pub struct RegistrationValues {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Option<Secret>,
    /// The other members of the client.
    pub client: IndexMap<String, Secret>,
    /// Values of variables.
    pub vars: IndexMap<String, String>,
    /// The scopes that a sign-in asks for, where they are not the provider file's.
    pub scopes: Option<Vec<String>>,
}

/// A value that the provider file does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError {
    /// `vars`, `client`, `client_id` or `client_secret`.
    pub section: &'static str,
    /// The name of the member; empty for the id and the secret.
    pub name: String,
    /// What is wrong, without the value.
    pub message: String,
}

impl Registration {
    /// Checks what a deployment gives against the provider file.
    ///
    /// # Errors
    /// Every value that is missing, unknown or wrong.
    pub fn new(
        id: impl Into<String>,
        provider: Arc<Provider>,
        values: RegistrationValues,
    ) -> Result<Registration, Vec<RegistrationError>> {
        let mut errors = vec![];
        let mut fail = |section, name: &str, message: String| {
            errors.push(RegistrationError { section, name: name.to_owned(), message });
        };
        let registers_itself = values.client_id.is_empty() && provider.client_metadata.is_some();
        if values.client_id.is_empty() && !registers_itself {
            fail("client_id", "", "the client id is missing".into());
        }
        if provider.needs_client_secret() && values.client_secret.is_none() && !registers_itself {
            fail("client_secret", "", "the client secret is missing".into());
        }
        let mut vars = Map::new();
        for (name, constraint) in &provider.vars {
            if let Some(learned) = provider.learned.get(name) {
                match values.vars.get(name) {
                    Some(_) if !learned.takes_config() => {
                        fail("vars", name, "it comes from the sign-in, not from the deployment".into());
                    }
                    Some(value) => match constraint.check(value) {
                        Ok(value) => drop(vars.insert(name.clone(), value.into())),
                        Err(why) => fail("vars", name, why),
                    },
                    None => {}
                }
                continue;
            }
            match values.vars.get(name).or(constraint.default.as_ref()) {
                Some(value) if value.is_empty() && constraint.optional => {
                    drop(vars.insert(name.clone(), "".into()))
                }
                Some(value) => match constraint.check(value) {
                    Ok(value) => drop(vars.insert(name.clone(), value.into())),
                    Err(why) => fail("vars", name, why),
                },
                None if constraint.optional => drop(vars.insert(name.clone(), "".into())),
                None => fail("vars", name, "it has no value".into()),
            }
        }
        let mut client = IndexMap::new();
        for (name, constraint) in
            provider.client.iter().filter(|(name, _)| !["id", "secret"].contains(&name.as_str()))
        {
            match values.client.get(name) {
                Some(value) => match constraint.check(value.expose()) {
                    Ok(value) => drop(client.insert(name.clone(), Secret::from(value))),
                    Err(why) => fail("client", name, why),
                },
                None if constraint.default.is_some() || constraint.optional => {
                    let value = constraint.default.clone().unwrap_or_default();
                    client.insert(name.clone(), Secret::from(value));
                }
                None => fail("client", name, "it has no value".into()),
            }
        }
        let certificate = match (client.get(CERTIFICATE), client.get(CERTIFICATE_KEY)) {
            (Some(chain), Some(key)) if provider.client_auth.certificate => {
                let read = ClientCertificate::from_pem(chain, key);
                let wrong = |error| match error {
                    CertificateError::Certificate => fail("client", CERTIFICATE, error.to_string()),
                    _ => fail("client", CERTIFICATE_KEY, error.to_string()),
                };
                read.map_err(wrong).ok()
            }
            _ => None,
        };
        for name in values.vars.keys().filter(|name| !provider.vars.contains_key(*name)) {
            fail("vars", name, "the provider file declares no such variable".into());
        }
        for name in values.client.keys().filter(|name| !provider.client.contains_key(*name)) {
            fail("client", name, "the provider file declares no such member of the client".into());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Registration {
            id: id.into(),
            client_id: values.client_id.trim().to_owned(),
            client_secret: values.client_secret,
            issuer_is_set: values.vars.contains_key("issuer"),
            provider,
            registered_itself: false,
            certificate,
            client,
            vars,
            scopes: values.scopes,
        })
    }

    /// A member of the client, such as `private_key`.
    pub fn client_member(&self, name: &str) -> Option<&Secret> {
        self.client.get(name)
    }

    /// Whether it has a client id; one without registers itself before it asks for anything (RFC 7591).
    pub fn is_registered(&self) -> bool {
        !self.client_id.is_empty()
    }

    /// The same for the id, and the secret, that the provider gave to a client that registered itself.
    pub(crate) fn registered(&self, client_id: &str, client_secret: Option<Secret>) -> Registration {
        let client_id = client_id.to_owned();
        Registration { client_id, client_secret, registered_itself: true, ..self.clone() }
    }

    /// What the client proves itself with in TLS, where the provider file says that it does (RFC 8705).
    pub fn certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_ref()
    }

    /// `scope` as a sign-in asks for it (RFC 6749 §3.3), with the provider's own separator; empty where it asks for nothing.
    pub fn scope(&self) -> String {
        let authorize = &self.provider.authorize;
        self.scopes.as_ref().unwrap_or(&authorize.scope).join(&authorize.separator)
    }

    /// The value of a variable.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).and_then(Value::as_str)
    }

    /// The tree that templates see before a sign-in begins: `client` and `vars`.
    pub fn context(&self) -> Context {
        let mut client = Map::new();
        client.insert("id".into(), self.client_id.clone().into());
        if let Some(secret) = &self.client_secret {
            client.insert("secret".into(), secret.expose().into());
        }
        for (name, value) in &self.client {
            client.insert(name.clone(), value.expose().into());
        }
        let mut context = Context::default();
        context.set("client", Value::Object(client));
        context.set("vars", Value::Object(self.vars.clone()));
        context
    }
}

impl fmt::Debug for Registration {
    /// Which provider and which client: values of variables may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Registration { id, client_id, .. } = self;
        f.debug_struct("Registration").field("id", id).field("client_id", client_id).finish_non_exhaustive()
    }
}
