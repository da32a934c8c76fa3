//! `authcfg lsp`, driven over its standard streams as an editor does.

mod actions;
mod completion;
mod diagnostics;
mod editor;
mod hover;
mod lifecycle;
mod names;
mod project;

pub use crate::fixtures::ACME;
pub use editor::Editor;
