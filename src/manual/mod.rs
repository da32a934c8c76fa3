//! The manual: the same pages that `src/manual/` holds as Markdown.
//!
//! A page links to another one by a definition at its end, which is for readers of the file. The definitions here come
//! first and so count for readers of this documentation.

/// [format]: mod@crate::manual::format
/// [reference]: mod@crate::manual::reference
#[doc = include_str!("cookbook.md")]
pub mod cookbook {}

/// [forward-auth]: mod@crate::manual::forward_auth
/// [sessions]: mod@crate::manual::sessions
#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("editors.md")]
pub mod editors {}

#[doc = include_str!("forward-auth.md")]
pub mod forward_auth {}

/// [cookbook]: mod@crate::manual::cookbook
/// [reference]: mod@crate::manual::reference
#[doc = include_str!("format.md")]
pub mod format {}

/// [recording]: https://github.com/OWNER/authcfg/blob/main/src/manual/login-device.cast
/// [tokens]: mod@crate::manual::tokens
#[doc = include_str!("login.md")]
pub mod login {}

#[doc = include_str!("mock.md")]
pub mod mock {}

/// [sessions]: mod@crate::manual::sessions
#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("observe.md")]
pub mod observe {}

/// [format]: mod@crate::manual::format
#[doc = include_str!("reference.md")]
pub mod reference {}

/// [deployment]: mod@crate::manual::deployment
#[doc = include_str!("sessions.md")]
pub mod sessions {}

#[doc = include_str!("sign-in.md")]
pub mod sign_in {}

#[doc = include_str!("tokens.md")]
pub mod tokens {}

/// [editors]: mod@crate::manual::editors
#[doc = include_str!("validate.md")]
pub mod validate {}
