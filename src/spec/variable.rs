//! What a deployment fills in: variables, and members of the client's registration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::value::Incoming;

/// A value that the deployment gives, or with `from` the sign-in: a tenant, a host, a region, a key.
///
/// A variable that can choose the host of an endpoint needs `enum`, an anchored `pattern`, `format: hostname`,
/// `format: https-origin` or a fixed suffix in the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What to call it in front of a person: `Tenant`, `API origin`.
    pub title: Option<String>,
    /// The value where the deployment gives none.
    pub default: Option<String>,
    /// A regular expression that the value must match; anchored with `^` and `$`.
    pub pattern: Option<String>,
    /// The values it may take.
    #[serde(rename = "enum")]
    pub one_of: Option<Vec<String>>,
    /// The form of the value.
    pub format: Option<Format>,
    /// What a person may type in front of the value; taken off before anything looks at it.
    pub prefix: Option<String>,
    /// What a person may type after the value (`.example.com`); taken off before anything looks at it.
    pub suffix: Option<String>,
    /// `true` keeps the value out of every log, error and page.
    #[serde(default)]
    pub secret: bool,
    /// `true` where it may be left out; it is then empty.
    #[serde(default)]
    pub optional: bool,
    /// Where the value comes from, where that is not the deployment: a path or template over `request`, `callback` or `token`,
    /// or a list of these of which the first that is not empty counts. `config` in the list is the deployment's value.
    pub from: Option<Incoming>,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An e-mail address.
    Email,
    /// A host name, such as `acme.example.com`.
    Hostname,
    /// A scheme, host and optional port: `https://acme.example.com`. One slash at the end is dropped.
    HttpsOrigin,
    /// An https address with its path, taken as it is written.
    HttpsUrl,
    /// A key or certificate in PEM form; a private key also as a JWK (RFC 7517).
    Pem,
    /// Any address with a scheme.
    Uri,
    /// A UUID.
    Uuid,
}
