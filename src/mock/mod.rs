//! A provider that plays the vectors of a file, over a real socket.
//!
//! In: a [`Provider`](crate::provider::Provider) and a [`Vector`](crate::provider::Vector). The mock serves
//! discovery, keys, authorization, token and userinfo as the vector answers them, and checks every request it gets:
//! method, address, headers, credentials, the parameters of the standard and those that the vector lists. Out: what was
//! not as it should be. `authcfg test`, `authcfg demo` and the suite use it.

mod answer;
mod check;
mod client;
mod credentials;
mod discovery;
mod endpoints;
mod grant;
mod id_token;
mod page;
mod placeholders;
mod play;
mod proof;
mod provider;
mod record;
mod request_object;
mod service;
mod steps;
mod tokens;

pub use check::Failure;
pub use client::MockClient;
pub use endpoints::REAL_URL;
pub use grant::ask;
pub use page::callback_of;
pub use play::{VectorResult, play};
pub use provider::{Mock, Observer, Options};
pub use record::Recorded;
pub use service::{Exchange, Rules, Service, ServiceError, ServiceOptions, Watcher};
