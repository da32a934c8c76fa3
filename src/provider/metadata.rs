//! The provider's metadata (RFC 8414), as far as the file writes it: templates over the deployment's values.

use crate::expr::Template;
use crate::provider::compile::Compiler;
use crate::provider::moment::Moment;
use crate::spec::ProviderSpec;
use crate::spec::provider::Discovery as DiscoverySpec;

/// What the file writes of the provider's metadata.
#[derive(Debug)]
pub struct MetadataTemplates {
    /// The issuer identifier.
    pub issuer: Option<Template>,
    /// Where the browser is sent.
    pub authorization_endpoint: Option<Template>,
    /// Where a code becomes a token.
    pub token_endpoint: Option<Template>,
    /// Where an access token becomes facts about a person.
    pub userinfo_endpoint: Option<Template>,
    /// The keys that id_tokens are signed with.
    pub jwks_uri: Option<Template>,
    /// Where a token is revoked (RFC 7009).
    pub revocation_endpoint: Option<Template>,
    /// Where a token is looked into (RFC 7662).
    pub introspection_endpoint: Option<Template>,
    /// Where a device asks for a code (RFC 8628).
    pub device_authorization_endpoint: Option<Template>,
    /// Where a person signs out (OpenID Connect RP-Initiated Logout).
    pub end_session_endpoint: Option<Template>,
    /// Where a client registers itself (RFC 7591).
    pub registration_endpoint: Option<Template>,
    /// Where the parameters of a sign-in are sent before the browser goes (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<Template>,
    /// Whether they are taken in no other way (RFC 9126 §5).
    pub require_pushed_authorization_requests: Option<bool>,
    /// Whether every callback has `iss` (RFC 9207).
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// Where the rest is discovered.
    pub discovery: Option<Discovery>,
}

/// Where metadata is discovered.
#[derive(Debug)]
pub enum Discovery {
    /// At this address.
    Url(Template),
    /// At the issuer's well-known address (OpenID Connect Discovery §4).
    WellKnown,
    /// At the authorization server that this resource names (RFC 9728).
    ProtectedResource(Template),
}

impl Compiler {
    pub(super) fn metadata(&mut self, spec: &ProviderSpec) -> MetadataTemplates {
        let mut endpoint = |name: &str, source: &Option<String>, moment| {
            source.as_deref().and_then(|source| self.endpoint(&format!("/{name}"), source, moment))
        };
        MetadataTemplates {
            issuer: endpoint("issuer", &spec.issuer, Moment::Metadata),
            authorization_endpoint: endpoint(
                "authorization_endpoint",
                &spec.authorization_endpoint,
                Moment::Authorize,
            ),
            token_endpoint: endpoint("token_endpoint", &spec.token_endpoint, Moment::Token),
            userinfo_endpoint: endpoint("userinfo_endpoint", &spec.userinfo_endpoint, Moment::IdToken),
            jwks_uri: endpoint("jwks_uri", &spec.jwks_uri, Moment::Metadata),
            revocation_endpoint: endpoint("revocation_endpoint", &spec.revocation_endpoint, Moment::Later),
            introspection_endpoint: endpoint(
                "introspection_endpoint",
                &spec.introspection_endpoint,
                Moment::Later,
            ),
            device_authorization_endpoint: endpoint(
                "device_authorization_endpoint",
                &spec.device_authorization_endpoint,
                Moment::Metadata,
            ),
            end_session_endpoint: endpoint(
                "end_session_endpoint",
                &spec.end_session_endpoint,
                Moment::Metadata,
            ),
            registration_endpoint: endpoint(
                "registration_endpoint",
                &spec.registration_endpoint,
                Moment::Metadata,
            ),
            pushed_authorization_request_endpoint: endpoint(
                "pushed_authorization_request_endpoint",
                &spec.pushed_authorization_request_endpoint,
                Moment::Authorize,
            ),
            require_pushed_authorization_requests: spec.require_pushed_authorization_requests,
            authorization_response_iss_parameter_supported: spec
                .authorization_response_iss_parameter_supported,
            discovery: match &spec.discovery {
                Some(DiscoverySpec::WellKnown(true)) => Some(Discovery::WellKnown),
                Some(DiscoverySpec::Url(source)) => {
                    endpoint("discovery", &Some(source.clone()), Moment::Metadata).map(Discovery::Url)
                }
                Some(DiscoverySpec::ProtectedResource(resource)) => {
                    let source = Some(resource.protected_resource.clone());
                    endpoint("discovery/protected_resource", &source, Moment::Metadata)
                        .map(Discovery::ProtectedResource)
                }
                Some(DiscoverySpec::WellKnown(false)) | None => None,
            },
        }
    }
}
