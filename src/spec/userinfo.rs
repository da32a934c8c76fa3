//! The calls that tell who has signed in.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::step::{Body, Method, Params, ResponseSpec, StepKeys, step};
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

step! {
    /// One call for facts about the person.
    UserinfoCallSpec {
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
    }
}
