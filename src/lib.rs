//! Sign-in providers as data: one YAML file each, checked in CI like code, run by one engine.

#![forbid(unsafe_code)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod diagnostic;
pub mod expr;
pub mod flow;
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
