//! The protocol, pure: values become requests, responses become values.
//!
//! One file a step, in the order of a sign-in: [`metadata`] and [`discovery`], [`authorize`], [`callback`], [`token`],
//! [`verify`] and [`id_token`], [`userinfo`], [`profile`]. No socket, no clock and no randomness of its own, so that the same values give
//! the same bytes.

pub mod authorize;
pub mod callback;
mod client_auth;
pub mod discovery;
pub mod error;
pub mod id_token;
pub mod metadata;
pub mod pending;
pub mod profile;
mod step;
pub mod token;
pub mod userinfo;
pub mod verify;

pub use crate::expr::Context;
pub use authorize::Authorization;
pub use callback::CallbackParams;
pub use error::{Error, ErrorResponse};
pub use pending::Pending;
pub use token::TokenSet;
