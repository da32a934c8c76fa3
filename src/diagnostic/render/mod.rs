//! One renderer a format, each a pure function of diagnostics.

mod concise;
mod github;
mod human;
mod json;
mod position;

pub use concise::concise;
pub use github::github;
pub use human::{Style, human};
pub use json::json;
pub use position::Position;
