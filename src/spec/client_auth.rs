//! How the client authenticates at the token endpoint.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::value::Scalar;

/// How the client authenticates: a value of the OAuth Token Endpoint Authentication Methods registry (RFC 7591 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// HTTP Basic, id and secret form-encoded first as RFC 6749 §2.3.1 asks. The default.
    #[default]
    ClientSecretBasic,
    /// HTTP Basic with id and secret as they are, for a provider that does not decode them.
    ClientSecretBasicUnencoded,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// A JWT signed with the client secret (OpenID Connect Core §9).
    ClientSecretJwt,
    /// A JWT signed with `client.private_key` (OpenID Connect Core §9, RFC 7523 §2.2).
    PrivateKeyJwt,
    /// The certificate `client.certificate`, issued by an authority that the provider trusts (RFC 8705 §2.1). Its private key is
    /// `client.certificate_key`.
    TlsClientAuth,
    /// The same, where the client issued the certificate itself and the provider knows it (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    /// A public client: `client_id` alone.
    None,
}

impl TokenEndpointAuthMethod {
    /// The methods whose proof is a certificate (RFC 8705 §2).
    pub const MUTUAL_TLS: [TokenEndpointAuthMethod; 2] =
        [TokenEndpointAuthMethod::TlsClientAuth, TokenEndpointAuthMethod::SelfSignedTlsClientAuth];
}

/// The assertion that a client proves itself with (RFC 7523 §3). `iss` and `sub` are the client id, `jti` is random.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientAssertionSpec {
    /// The signature algorithm of `private_key_jwt`; `RS256` where it is absent. `client_secret_jwt` signs with HS256.
    pub alg: Option<JwtAlg>,
    /// The `kid` of the header, a template: `"{{ client.key_id }}"`.
    pub kid: Option<String>,
    /// The audience, a template; the issuer where it is absent, else the token endpoint.
    pub aud: Option<String>,
    /// How long it is valid, in seconds; 60 where it is absent.
    #[schemars(range(min = 10, max = 3600))]
    pub ttl: Option<u64>,
}

/// A client secret that is made anew for every request, instead of being stored.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSecretSpec {
    /// The secret is a JWT, signed with the client's `private_key`.
    pub jwt: JwtSpec,
}

/// A JWT that the client signs with `client.private_key`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtSpec {
    /// The signature algorithm.
    pub alg: JwtAlg,
    /// The `kid` of the header, a template: `"{{ client.key_id }}"`.
    pub kid: Option<String>,
    /// The claims, each a template. `iat`, `exp` and `jti` are added.
    pub claims: IndexMap<String, Scalar>,
    /// How long it is valid, in seconds; 300 where it is absent.
    #[serde(default = "default_ttl")]
    #[schemars(range(min = 10, max = 15777000))]
    pub ttl: u64,
}

fn default_ttl() -> u64 {
    300
}

/// The algorithms a client signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum JwtAlg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}
