//! The metadata that a sign-in uses: what the file writes, and what was discovered (RFC 8414, OpenID Connect Discovery).

use std::sync::Arc;

use url::Url;

use crate::expr::{Context, Template};
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind, Misuse};
use crate::flow::protected_resource;
use crate::oauth::ServerMetadata;
use crate::provider::Registration;
use crate::provider::authorize::Pkce;
use crate::provider::client_auth::ClientAuth;
use crate::provider::metadata::Discovery;
use crate::provider::variable::is_loopback;

/// The metadata of one provider, resolved for one registration.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// The issuer identifier, where there is one.
    pub issuer: Option<String>,
    /// The discovery document, where the file asks for it.
    pub discovered: Option<Arc<ServerMetadata>>,
    /// Whether the issuer is on another host than the resource that named it: nobody here wrote it.
    pub foreign_issuer: bool,
}

/// Where a request goes, and who said so.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address.
    pub url: Url,
    /// Whether the address comes from a discovery document and its host is not the issuer's: nobody here wrote it.
    pub foreign: bool,
    /// Whether the client shows its certificate there (RFC 8705).
    pub certificate: bool,
}

impl Endpoint {
    /// An address that the file writes.
    ///
    /// # Errors
    /// An address that cannot be rendered, or is neither https nor of this machine.
    pub(super) fn written(
        template: &Template,
        context: &Context,
        certificate: bool,
    ) -> Result<Endpoint, Error> {
        let url = checked(&render_url(template, context)?)?;
        Ok(Endpoint { url, foreign: false, certificate })
    }

    /// The address of a public document.
    pub fn document(url: Url) -> Endpoint {
        Endpoint { url, foreign: false, certificate: false }
    }
}

/// The endpoints of a sign-in by their RFC 8414 names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointName {
    /// `authorization_endpoint`
    Authorization,
    /// `device_authorization_endpoint`
    DeviceAuthorization,
    /// `end_session_endpoint` (OpenID Connect RP-Initiated Logout §2.1)
    EndSession,
    /// `introspection_endpoint`
    Introspection,
    /// `jwks_uri`
    Jwks,
    /// `pushed_authorization_request_endpoint`
    PushedAuthorizationRequest,
    /// `registration_endpoint`
    Registration,
    /// `revocation_endpoint`
    Revocation,
    /// `token_endpoint`
    Token,
    /// `userinfo_endpoint`
    Userinfo,
}

impl EndpointName {
    /// The name in RFC 8414 §2.
    pub fn as_str(self) -> &'static str {
        match self {
            EndpointName::Authorization => "authorization_endpoint",
            EndpointName::DeviceAuthorization => "device_authorization_endpoint",
            EndpointName::EndSession => "end_session_endpoint",
            EndpointName::Introspection => "introspection_endpoint",
            EndpointName::Jwks => "jwks_uri",
            EndpointName::PushedAuthorizationRequest => "pushed_authorization_request_endpoint",
            EndpointName::Registration => "registration_endpoint",
            EndpointName::Revocation => "revocation_endpoint",
            EndpointName::Token => "token_endpoint",
            EndpointName::Userinfo => "userinfo_endpoint",
        }
    }

    /// Whether the client shows its certificate there: where it authenticates, and where it uses a token that is bound to it.
    fn takes_certificate(self, auth: &ClientAuth) -> bool {
        match self {
            EndpointName::DeviceAuthorization
            | EndpointName::Introspection
            | EndpointName::PushedAuthorizationRequest
            | EndpointName::Revocation
            | EndpointName::Token => auth.certificate,
            EndpointName::Userinfo => auth.bound_to_certificate,
            EndpointName::Authorization
            | EndpointName::EndSession
            | EndpointName::Jwks
            | EndpointName::Registration => false,
        }
    }
}

impl Metadata {
    /// What the file alone says.
    ///
    /// # Errors
    /// An issuer that cannot be rendered.
    pub fn written(registration: &Registration) -> Result<Metadata, Error> {
        let context = registration.context();
        let issuer = match &registration.provider.metadata.issuer {
            Some(template) => Some(render_url(template, &context)?.to_owned()),
            None => None,
        };
        Ok(Metadata { issuer, ..Metadata::default() })
    }

    /// The address of the discovery document, where the file asks for one.
    ///
    /// # Errors
    /// An address that cannot be rendered.
    pub fn discovery_url(&self, registration: &Registration) -> Result<Option<Url>, Error> {
        let text = match &registration.provider.metadata.discovery {
            None => return Ok(None),
            Some(Discovery::ProtectedResource(_)) => {
                let resource = self.protected_resource(registration)?;
                return Ok(
                    resource.and_then(|resource| protected_resource::addresses(&resource).into_iter().next())
                );
            }
            Some(Discovery::Url(template)) => render_url(template, &registration.context())?,
            Some(Discovery::WellKnown) => {
                let issuer = self.issuer.as_deref().unwrap_or_default();
                format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
            }
        };
        checked(&text).map(Some)
    }

    /// The resource whose metadata names the authorization server, where the file asks for that (RFC 9728).
    ///
    /// # Errors
    /// An address that cannot be rendered.
    pub fn protected_resource(&self, registration: &Registration) -> Result<Option<Url>, Error> {
        match &registration.provider.metadata.discovery {
            Some(Discovery::ProtectedResource(template)) => {
                checked(&render_url(template, &registration.context())?).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Takes the issuer that a resource names (RFC 9728 §2).
    ///
    /// # Errors
    /// [`MisbehaviourKind::DiscoveryFailed`] for an issuer that is no https address.
    pub fn of_resource(&self, resource: &Url, issuer: &str) -> Result<Metadata, Error> {
        let refused = |_| {
            let detail = "the authorization server that the resource names is no https address";
            Misbehaviour::error(protected_resource::STEP, MisbehaviourKind::DiscoveryFailed, detail)
        };
        let foreign_issuer = checked(issuer).map_err(refused)?.host() != resource.host();
        Ok(Metadata { issuer: Some(issuer.to_owned()), foreign_issuer, ..self.clone() })
    }

    /// Where the metadata of the issuer may be: as RFC 8414 §3.1 says, or OpenID Connect Discovery §4, before the path of the issuer
    /// or behind it (RFC 8414 §5).
    pub fn well_known(&self) -> Vec<Url> {
        let Some(issuer) = self.issuer.as_deref().and_then(|issuer| Url::parse(issuer).ok()) else {
            return vec![];
        };
        let path = issuer.path().trim_end_matches('/');
        let below = |path: String| {
            let mut url = issuer.clone();
            url.set_path(&path);
            url
        };
        let mut addresses = vec![
            below(format!("/.well-known/oauth-authorization-server{path}")),
            below(format!("/.well-known/openid-configuration{path}")),
            below(format!("{path}/.well-known/openid-configuration")),
        ];
        addresses.dedup();
        addresses
    }

    /// Takes in a discovery document.
    ///
    /// # Errors
    /// Another issuer than the one it was asked from (OpenID Connect Discovery §4.3), unless the file says that the
    /// issuer of an id_token depends on its claims.
    pub fn with_discovered(
        &self,
        registration: &Registration,
        document: ServerMetadata,
    ) -> Result<Metadata, Error> {
        let varies = registration.provider.id_token.issuer.is_some();
        let mut issuer = self.issuer.clone();
        match (&self.issuer, &document.issuer) {
            (Some(expected), Some(found)) if expected != found && !varies => {
                return Err(Misbehaviour::error(
                    "discovery",
                    MisbehaviourKind::DiscoveryFailed,
                    format!("the document is of issuer {found:?}, asked was {expected:?}"),
                ));
            }
            (Some(_), None) => {
                return Err(Misbehaviour::error(
                    "discovery",
                    MisbehaviourKind::DiscoveryFailed,
                    "the document has no issuer",
                ));
            }
            (None, found) => issuer = found.clone(),
            _ => {}
        }
        let methods = &document.code_challenge_methods_supported;
        if registration.provider.authorize.pkce == Pkce::S256
            && !methods.is_empty()
            && !methods.iter().any(|method| method == "S256")
        {
            return Err(Misbehaviour::error(
                "discovery",
                MisbehaviourKind::DiscoveryFailed,
                "the provider does not know PKCE with S256; the provider file can say `pkce: plain` or `pkce: none`",
            ));
        }
        Ok(Metadata { issuer, discovered: Some(Arc::new(document)), foreign_issuer: self.foreign_issuer })
    }

    /// Where a request of this sign-in goes: what the file writes, else what was discovered. `None` where neither knows.
    ///
    /// Where the client shows a certificate, the document's alias for that comes before the endpoint itself (RFC 8705 §5).
    /// Where the deployment chose the issuer, an address that does not depend on it gives way to the discovered one.
    ///
    /// # Errors
    /// An address that cannot be rendered, or is neither https nor of this machine.
    pub fn endpoint(
        &self,
        name: EndpointName,
        registration: &Registration,
        context: &Context,
    ) -> Result<Option<Endpoint>, Error> {
        let metadata = &registration.provider.metadata;
        let written = match name {
            EndpointName::Authorization => &metadata.authorization_endpoint,
            EndpointName::DeviceAuthorization => &metadata.device_authorization_endpoint,
            EndpointName::EndSession => &metadata.end_session_endpoint,
            EndpointName::Introspection => &metadata.introspection_endpoint,
            EndpointName::Jwks => &metadata.jwks_uri,
            EndpointName::PushedAuthorizationRequest => &metadata.pushed_authorization_request_endpoint,
            EndpointName::Registration => &metadata.registration_endpoint,
            EndpointName::Revocation => &metadata.revocation_endpoint,
            EndpointName::Token => &metadata.token_endpoint,
            EndpointName::Userinfo => &metadata.userinfo_endpoint,
        };
        let certificate = name.takes_certificate(&registration.provider.client_auth);
        let discovered = self.discovered.as_ref().and_then(|document| match certificate {
            true => document.mtls_endpoint(name.as_str()),
            false => document.endpoint(name.as_str()),
        });
        let stale = registration.issuer_is_set && discovered.is_some();
        let written = written.as_ref().filter(|template| !stale || follows_issuer(template));
        if let Some(template) = written {
            return Endpoint::written(template, context, certificate).map(Some);
        }
        let Some(found) = discovered else { return Ok(None) };
        let url = checked(found).map_err(|_| {
            Misbehaviour::error(
                "discovery",
                MisbehaviourKind::DiscoveryFailed,
                format!("its {} is no https address", name.as_str()),
            )
        })?;
        let issuer = self.issuer.as_deref().and_then(|issuer| Url::parse(issuer).ok());
        let foreign = self.foreign_issuer || issuer.is_none_or(|issuer| issuer.host() != url.host());
        Ok(Some(Endpoint { url, foreign, certificate }))
    }

    /// Where a request goes that cannot do without an address.
    ///
    /// # Errors
    /// As [`Metadata::endpoint`], and an address that neither the file nor the document knows.
    pub fn needed(
        &self,
        name: EndpointName,
        registration: &Registration,
        context: &Context,
    ) -> Result<Endpoint, Error> {
        self.endpoint(name, registration, context)?.ok_or_else(|| {
            Error::Misuse(Misuse::Configuration(format!("the provider has no {}", name.as_str())))
        })
    }

    /// Whether the parameters of a sign-in go ahead of the browser (RFC 9126): as the file says, else where it writes an
    /// endpoint for them, and where the provider takes them in no other way.
    pub fn pushes(&self, registration: &Registration) -> bool {
        let written = &registration.provider.metadata;
        let required = |document: &Arc<ServerMetadata>| document.require_pushed_authorization_requests;
        written.require_pushed_authorization_requests.unwrap_or_else(|| {
            written.pushed_authorization_request_endpoint.is_some()
                || self.discovered.as_ref().and_then(required).unwrap_or(false)
        })
    }

    /// Whether every callback has `iss` (RFC 9207 §3).
    pub fn sends_iss(&self, registration: &Registration) -> bool {
        registration
            .provider
            .metadata
            .authorization_response_iss_parameter_supported
            .or(self
                .discovered
                .as_ref()
                .and_then(|document| document.authorization_response_iss_parameter_supported))
            .unwrap_or(false)
    }
}

fn follows_issuer(template: &Template) -> bool {
    template.names().iter().any(|name| name == "vars.issuer")
}

/// Renders the template of a URL.
pub(super) fn render_url(template: &Template, context: &Context) -> Result<String, Error> {
    template.render_url(context).map_err(|error| {
        Error::Misuse(Misuse::Configuration(format!(
            "the address `{}`: {}",
            template.source(),
            error.message
        )))
    })
}

/// A URL that requests may go to.
pub(super) fn checked(text: &str) -> Result<Url, Error> {
    let refuse = |why: &str| Error::Misuse(Misuse::Configuration(format!("an endpoint {why}")));
    let url = Url::parse(text).map_err(|_| refuse("is no address"))?;
    if !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
        return Err(refuse("has credentials, or no host"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(refuse("is not https")),
    }
}
