//! A provider file: the metadata document (RFC 8414) the provider should have published, plus its deviations.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::authorize::{AuthorizationSpec, Pkce};
use crate::spec::callback::CallbackSpec;
use crate::spec::client_auth::{ClientAssertionSpec, ClientSecretSpec, TokenEndpointAuthMethod};
use crate::spec::id_token::{IdTokenAlg, IdTokenSpec};
use crate::spec::identity::{Brand, Status, Verified};
use crate::spec::scopes::Scopes;
use crate::spec::step::Step;
use crate::spec::token::{JwtBearerSpec, RefreshSpec, RevocationSpec, TokenSpec};
use crate::spec::userinfo::UserinfoSpec;
use crate::spec::value::{Incoming, or_default, without_null};
use crate::spec::variable::Variable;
use crate::spec::vector::Vector;

/// A sign-in provider: its RFC 8414 metadata, plus how it deviates from the standards.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderSpec {
    /// The id: the name of the file, in kebab-case. Part of the callback path and of environment variables.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"), length(max = 64))]
    pub id: String,
    /// The name as the provider writes it: `Acme`.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// The page of the provider's documentation that this file follows.
    #[schemars(regex(pattern = r"^https://"))]
    pub docs: Option<String>,
    /// Further pages that a fact of this file comes from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// When somebody last checked the facts, and how.
    pub verified: Option<Verified>,
    /// Whether the provider still signs people in; `active` where it is absent.
    #[serde(default)]
    pub status: Status,
    /// The id of the provider to use instead, where `status` is not `active`.
    pub successor: Option<String>,
    /// Other ids under which this file is served, each with its own callback path and environment variables.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The id of a provider file that this one is laid over: mappings merge key by key, lists and scalars replace, null
    /// removes. Not inherited: `id`, `name`, `aliases`, `docs`, `sources`, `verified`, `status`, `successor`, `tests`.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub extends: Option<String>,
    /// How the button on the sign-in page looks.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<Brand>")]
    pub brand: Brand,
    /// Words to find it by: `enterprise`, `social`, `developer`.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<Vec<String>>")]
    pub categories: Vec<String>,
    /// `oidc` where the provider returns an id_token (OpenID Connect Core), else `oauth2` (RFC 6749). The default is `oauth2`.
    #[serde(default)]
    pub protocol: Protocol,
    /// `false`: the provider tells nobody who comes, it hands out tokens alone. Nobody signs in with it; `authcfg login` and
    /// `authcfg token` get tokens of it.
    pub sign_in: Option<bool>,
    /// What the deployment fills in: `vars.NAME` in templates. `vars.issuer` is the deployment's `issuer`.
    #[serde(default, deserialize_with = "without_null")]
    #[schemars(with = "Option<IndexMap<String, Option<Variable>>>")]
    pub vars: IndexMap<String, Variable>,
    /// The credentials this provider issues besides `id` and `secret`: `client.NAME` in templates.
    #[serde(default, deserialize_with = "without_null")]
    #[schemars(with = "Option<IndexMap<String, Option<Variable>>>")]
    pub client: IndexMap<String, Variable>,
    /// Where the metadata is read that this file leaves out: `true` for `ISSUER/.well-known/openid-configuration`, an
    /// address, or the protected resource that names its authorization server. What the file writes wins.
    pub discovery: Option<Discovery>,
    /// The issuer identifier (RFC 8414 §2). A callback's `iss` and an id_token's must equal it.
    pub issuer: Option<String>,
    /// Where the browser is sent (RFC 6749 §3.1). A template, as every address.
    pub authorization_endpoint: Option<String>,
    /// Where a code becomes a token (RFC 6749 §3.2).
    pub token_endpoint: Option<String>,
    /// Where an access token becomes facts about a person (OpenID Connect Core §5.3).
    pub userinfo_endpoint: Option<String>,
    /// The keys that id_tokens are signed with (RFC 8414 §2).
    pub jwks_uri: Option<String>,
    /// Where a token is revoked (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where a token is looked into (RFC 7662).
    pub introspection_endpoint: Option<String>,
    /// Where a device asks for a code (RFC 8628).
    pub device_authorization_endpoint: Option<String>,
    /// Where a person signs out (OpenID Connect RP-Initiated Logout).
    pub end_session_endpoint: Option<String>,
    /// Where a client registers itself (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// Where the parameters of a sign-in are sent, ahead of the browser, which then carries a reference to them (RFC 9126).
    /// Where the file writes it, every sign-in does so.
    pub pushed_authorization_request_endpoint: Option<String>,
    /// Whether the parameters of a sign-in go ahead of the browser (RFC 9126 §5). Where it is absent: where the file writes the
    /// endpoint, or the discovery document says so.
    pub require_pushed_authorization_requests: Option<bool>,
    /// `true`: every callback has `iss`, so that one without it is refused (RFC 9207 §2.3).
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// How the client authenticates at the token endpoint; `client_secret_basic` where it is absent.
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// `true`: access tokens are bound to the client's certificate, which goes with every request for one and with one, however
    /// the client authenticates (RFC 8705 §3).
    pub tls_client_certificate_bound_access_tokens: Option<bool>,
    /// A client that has no id registers itself with this (RFC 7591 §2), by the names of that registry: `client_name`, `client_uri`.
    /// What the sign-in gives is added: `redirect_uris`, `grant_types`, `response_types`, `token_endpoint_auth_method`.
    pub client_metadata: Option<ClientMetadata>,
    /// A client secret that is made anew for every request.
    pub client_secret: Option<ClientSecretSpec>,
    /// The assertion of `private_key_jwt` and `client_secret_jwt` (RFC 7523 §2.2).
    pub client_assertion: Option<ClientAssertionSpec>,
    /// `true`: every sign-in makes a key, its access token is bound to it, and each request that gets the token or carries it has a
    /// proof of that key (RFC 9449 §5.2): whoever copies the token cannot use it.
    pub dpop_bound_access_tokens: Option<bool>,
    /// The answer of the userinfo endpoint is a JWT, signed with this algorithm (OpenID Connect Registration §2).
    pub userinfo_signed_response_alg: Option<IdTokenAlg>,
    /// The answer to an introspection is a JWT, signed with this algorithm (RFC 9701 §6).
    pub introspection_signed_response_alg: Option<IdTokenAlg>,
    /// Proof Key for Code Exchange; `S256` where it is absent.
    #[serde(default)]
    pub pkce: Pkce,
    /// Names that this provider uses for standard parameters, in every step: `{client_id: client_key}`.
    #[serde(default, deserialize_with = "without_null")]
    #[schemars(with = "Option<IndexMap<String, Option<String>>>")]
    pub rename: IndexMap<String, String>,
    /// What a sign-in asks for, and what there is to ask for.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<Scopes>")]
    pub scopes: Scopes,
    /// How the authorization request deviates.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<AuthorizationSpec>")]
    pub authorization: AuthorizationSpec,
    /// How the authorization response deviates.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<CallbackSpec>")]
    pub callback: CallbackSpec,
    /// How the token request and its answer deviate.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<TokenSpec>")]
    pub token: TokenSpec,
    /// How a token is refreshed, where that is not as RFC 6749 §6 says.
    pub refresh: Option<RefreshSpec>,
    /// How a token is revoked, where that is not as RFC 7009 §2.1 says.
    pub revocation: Option<RevocationSpec>,
    /// How a token is looked into, where that is not as RFC 7662 §2.1 says.
    pub introspection: Option<Step>,
    /// How the client gets a token for itself, where that is not as RFC 6749 §4.4.2 says.
    pub client_credentials: Option<Step>,
    /// How an assertion becomes a token, where that is not as RFC 7523 §2.1 says, and how the assertion is made.
    pub jwt_bearer: Option<JwtBearerSpec>,
    /// How a token is exchanged for another, where that is not as RFC 8693 §2 says.
    pub token_exchange: Option<Step>,
    /// The calls that tell who has signed in: one, a list in their order, or `[]` for none. The userinfo endpoint is called
    /// where this is absent and there is one.
    pub userinfo: Option<UserinfoSpec>,
    /// What the id_token must look like.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<IdTokenSpec>")]
    pub id_token: IdTokenSpec,
    /// How the person's claims come about, by their OpenID Connect names (Core §5.1); any other name is an extra claim.
    /// Null: the provider does not give this claim.
    #[serde(default)]
    pub profile: IndexMap<String, Option<Incoming>>,
    /// Why a claim can be trusted, in prose with its source.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Option<Assurance>")]
    pub assurance: Assurance,
    /// Sign-ins that prove this file.
    #[serde(default)]
    pub tests: Vec<Vector>,
}

/// The protocol a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// OpenID Connect: there is an id_token.
    Oidc,
    /// OAuth 2.0: there is an access token, and a call that tells who it belongs to.
    #[default]
    Oauth2,
}

impl Protocol {
    /// The word in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Oidc => "oidc",
            Protocol::Oauth2 => "oauth2",
        }
    }
}

/// Where metadata is discovered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Discovery {
    /// `true`: at `ISSUER/.well-known/openid-configuration` (OpenID Connect Discovery §4).
    WellKnown(bool),
    /// At this address, a template.
    Url(String),
    /// At the authorization server that a protected resource names in its own metadata (RFC 9728).
    ProtectedResource(ProtectedResource),
}

/// What tokens are for, and who hands them out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectedResource {
    /// The resource identifier (RFC 9728 §1.2), a template: `"{{ vars.resource }}"`. The first of its `authorization_servers` is the
    /// issuer, whose metadata is read as RFC 8414 §3 says, else as OpenID Connect Discovery §4 does.
    pub protected_resource: String,
}

/// What a client says about itself (RFC 7591 §2), by the names of that registry.
pub type ClientMetadata = IndexMap<String, serde_json::Value>;

/// Why a claim can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assurance {
    /// How the provider verifies e-mail addresses, with the page that says so. Needed where `email_verified` is the constant `true`.
    pub email_verified: Option<String>,
}
