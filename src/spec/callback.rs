//! The authorization response.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::id_token::IdTokenAlg;
use crate::spec::value::Incoming;

/// How the authorization response deviates from RFC 6749 §4.1.2.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbackSpec {
    /// The path of the code; `$.callback.code` where it is absent.
    pub code: Option<String>,
    /// Values of the callback to keep: `$.captured.NAME` in the profile.
    #[serde(default)]
    pub capture: IndexMap<String, Incoming>,
    /// Where `authorization.response_mode` has the response signed: the algorithm; `RS256` where it is absent (JARM §3).
    pub authorization_signed_response_alg: Option<IdTokenAlg>,
    /// An expression that must hold, such as the check of a signature:
    /// `callback | canonical_query(exclude=['hmac']) | hmac_sha256(client.secret) | hex is same_secret(callback.hmac)`.
    pub verify: Option<String>,
}
