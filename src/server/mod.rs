//! The sign-in server: the REST protocol of Auth.js, so that its clients work unchanged, over providers from files.
//!
//! In: a [`Config`] and a [`Transport`]. Out: an [`axum::Router`], and an
//! extractor for the session. One file per action in `routes/`; what is true of every request is in `dispatch`.

mod admin;
mod answer;
pub mod audit;
mod body;
mod call;
mod clients;
mod cookies;
mod dispatch;
mod extract;
mod failure;
mod forwarded;
mod health;
mod identity;
mod limits;
pub mod listen;
mod origin;
mod pages;
mod realm;
mod redirect;
mod reload;
mod routes;
mod sessions;
mod sign_outs;
mod state;
mod transactions;
mod turned_away;
mod visitor;

use std::sync::Arc;

use axum::Router;

use crate::clock::Clock;
use crate::config::Config;
use crate::rng::Rng;
use crate::transport::{Options, Transport};

pub use extract::NoSession;
pub use reload::{ReloadCounts, ReloadError, Reloaded};
pub use state::Server;

/// The routes of a server that stands alone.
///
/// An application that has routes of its own takes [`Server::router`] and the extractor of
/// [`Session`](crate::session::Session).
pub fn router(config: Config, transport: Transport, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Router {
    Server::new(config, transport, clock, rng).standalone()
}

/// The way to the providers that a deployment asks for.
pub fn transport(config: &Config) -> Transport {
    Transport::new(transport_options(config))
}

/// How a deployment reaches its providers.
pub fn transport_options(config: &Config) -> Options {
    let private =
        config.network.allow_private_networks.iter().filter_map(|network| network.to_string().parse().ok());
    Options {
        allow_private_networks: private.collect(),
        proxy: config.network.proxy.clone(),
        ..Options::default()
    }
}
