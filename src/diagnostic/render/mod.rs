//! One renderer a format, each a pure function of diagnostics.

mod concise;
mod excerpt;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod place;
mod position;
mod sarif;
mod xml;

pub use concise::concise;
pub use github::github;
pub use gitlab::gitlab;
pub use human::{Style, human};
pub use json::{json, json_schema};
pub use junit::junit;
pub use position::Position;
pub use sarif::sarif;
pub use xml::escaped;
