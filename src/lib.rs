//! Sign-in providers as data: one YAML file each, checked in CI like code, run by one engine.
//!
//! ```text
//! YAML text ──► yaml::Document ──► spec::ProviderSpec ──► provider::Provider
//!                    │                    │                     │
//!               diagnostic ◄── schema ── meaning                ▼
//!                                    flow: authorize ─► callback ─► token ─► userinfo ─► profile
//!                                    (pure: values → http::Request, http::Response → values)
//!                                                        │ sent by transport, in the order of client
//!                                           session, config, server, cli
//! ```
//!
//! The standard stays in the middle, tested once: the `oauth2` crate makes the request that the RFC describes, the provider
//! file says how this provider deviates, and [`flow`] applies the deviation on the way out and undoes it on the way in.
//! [`manual::sign_in`] follows one sign-in through all of it.
//!
//! Start with [`client::Client`] to run a sign-in yourself, with `server::router` to mount the sign-in server.

#![forbid(unsafe_code)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod diagnostic;
pub mod expr;
pub mod flow;
pub mod manual;
#[cfg(feature = "mock")]
pub mod mock;
pub mod oauth;
pub mod provider;
pub mod rng;
#[cfg(feature = "server")]
pub mod server;
pub mod session;
pub mod spec;
pub mod transport;
pub mod yaml;
