//! `authcfg mock`, asked as a client would that knows nothing of authcfg.

mod command;
mod later;
mod oauth;
mod oidc;
mod page;
mod shapes;
mod visitor;
