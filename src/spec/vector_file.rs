//! Tests of a provider in a file of their own, for somebody who does not want to change the provider's file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::vector::Vector;

/// Further tests of a provider.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VectorFile {
    /// The id of the provider, or one of its aliases.
    pub id: String,
    /// Sign-ins, as under `tests` of a provider file.
    #[schemars(length(min = 1))]
    pub tests: Vec<Vector>,
}
