//! `authcfg mock`, asked as a client would that knows nothing of authcfg.

mod beside;
mod command;
mod dpop;
mod later;
mod oauth;
mod oidc;
mod page;
mod program;
mod pushed;
pub mod shapes;
pub mod visitor;
