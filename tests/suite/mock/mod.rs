//! `authcfg mock`, asked as a client would that knows nothing of authcfg.

mod command;
mod oauth;
mod oidc;
mod page;
mod shapes;
mod visitor;
