//! What a file says about itself: when it was checked, whether the provider still works, how it looks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When somebody last compared this file with its provider, and how.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// The day, as `2026-11-24`.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub on: String,
    /// What it was compared with.
    pub how: VerifiedHow,
}

/// What a provider file was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerifiedHow {
    /// The provider's own documentation.
    Docs,
    /// The provider's discovery document.
    Discovery,
    /// A sign-in at the provider.
    Live,
}

/// Whether the provider still signs people in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It works. The default.
    #[default]
    Active,
    /// It works but takes no new applications, or is about to end.
    Deprecated,
    /// It no longer works.
    Dead,
}

/// How the provider's button looks on the sign-in page.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The address of the logo, https or `data:`.
    pub logo: Option<String>,
    /// The logo on a dark background; `logo` where it is absent.
    pub logo_dark: Option<String>,
    /// Background of the button, as `#24292f`.
    #[schemars(regex(pattern = r"^#[0-9a-fA-F]{6}$"))]
    pub color: Option<String>,
    /// Text on that background, as `#ffffff`. Black or white, whichever is readable, where it is absent.
    #[schemars(regex(pattern = r"^#[0-9a-fA-F]{6}$"))]
    pub on_color: Option<String>,
}
