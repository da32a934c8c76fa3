//! The protocol, pure: values become requests, responses become values.
//!
//! One file a step, in the order of a sign-in: [`metadata`] with [`protected_resource`] and [`discovery`], [`registration`], [`authorize`], [`request_object`] and [`pushed`], [`callback`] and [`signed_callback`],
//! [`token`] and [`then`] (or without a browser [`device`]), [`verify`] and [`id_token`], [`userinfo`], [`profile`]; and what comes after it: [`refresh`],
//! [`later`] with [`signed_introspection`], [`end_session`], [`logout_token`], [`kept`]; and without it: [`grant`]; [`dpop`] is beside all of them. No socket,
//! no clock and no randomness of its own, so that the same values ask for the same.

mod answer;
pub mod authorize;
pub mod callback;
pub mod caller;
mod client_auth;
pub mod device;
pub mod discovery;
pub mod dpop;
mod draft;
pub mod end_session;
pub mod error;
pub mod grant;
pub mod id_token;
pub mod kept;
pub mod later;
pub mod logout_token;
pub mod metadata;
pub mod pending;
pub mod profile;
pub mod protected_resource;
pub mod pushed;
pub mod refresh;
pub mod registration;
pub mod request_object;
pub mod sections;
pub mod signed_callback;
pub mod signed_introspection;
pub mod signed_userinfo;
pub mod then;
pub mod token;
pub mod token_set;
pub mod userinfo;
pub mod variables;
pub mod verify;

pub use crate::expr::Context;
pub use authorize::Authorization;
pub use callback::CallbackParams;
#[cfg(feature = "mock")]
pub(crate) use draft::once_each;
pub use error::{Error, ErrorResponse};
pub use pending::Pending;
pub use token_set::TokenSet;
