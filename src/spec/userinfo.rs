//! The calls that tell who has signed in.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::step::{Body, Method, Params, ResponseSpec};
use crate::spec::value::Scalar;

/// The userinfo call, several of them, or `[]` for none.
///
/// Where it is absent, the userinfo endpoint is called when one is written or discovered.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum UserinfoSpec {
    /// One call.
    One(Box<UserinfoCallSpec>),
    /// Several calls, in this order; `[]` for none.
    Many(Vec<UserinfoCallSpec>),
}

impl UserinfoSpec {
    /// The calls in order.
    pub fn calls(&self) -> &[UserinfoCallSpec] {
        match self {
            UserinfoSpec::One(call) => std::slice::from_ref(call),
            UserinfoSpec::Many(calls) => calls,
        }
    }
}

/// One call for facts about the person.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserinfoCallSpec {
    /// The name under which paths and templates find the answer. The one call without it is `userinfo`.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// Where to call; needed with `as`. The call without `as` goes to `userinfo_endpoint`.
    pub endpoint: Option<String>,
    /// An expression; the call is made only where it holds.
    pub when: Option<String>,
    /// `true`: the sign-in goes on when this call fails.
    #[serde(default)]
    pub optional: bool,
    /// The HTTP method; GET where it is absent.
    pub method: Option<Method>,
    /// How the request authenticates; `bearer` where it is absent.
    #[schemars(regex(
        pattern = r"^(bearer|none|query:[A-Za-z0-9._~-]+|header:[A-Za-z0-9-]+|scheme:[A-Za-z0-9-]+|client_secret_basic|client_secret_basic_unencoded|client_secret_post)$"
    ))]
    pub auth: Option<String>,
    /// Headers, each a template. `Authorization`, `Cookie` and `Host` cannot be set here.
    #[serde(default)]
    pub headers: IndexMap<String, Option<Scalar>>,
    /// Parameters, each a template: in the query of a GET, else in the body.
    #[serde(default)]
    pub params: Params,
    /// For a request with a body: what goes into its URL besides.
    #[serde(default)]
    pub query: Params,
    /// How the parameters of the body are written; `form` where it is absent.
    pub body: Option<Body>,
    /// How the answer deviates.
    pub response: Option<ResponseSpec>,
}
