//! The actions of the protocol, one a file.

pub mod backchannel_logout;
pub mod callback;
pub mod csrf;
pub mod error;
pub mod frontchannel_logout;
pub mod log;
pub mod providers;
pub mod session;
pub mod signed_out;
pub mod signin;
pub mod signout;
pub mod verify;
pub mod verify_request;
