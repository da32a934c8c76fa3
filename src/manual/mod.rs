//! The manual: the same pages that `src/manual/` holds as Markdown.

#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("format.md")]
pub mod format {}

#[doc = include_str!("sign-in.md")]
pub mod sign_in {}
