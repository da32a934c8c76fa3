//! One renderer a format, each a pure function of diagnostics.

mod human;
mod json;
mod position;

pub use human::{Style, human};
pub use json::json;
