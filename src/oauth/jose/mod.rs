//! Signed tokens (RFC 7515, RFC 7517, RFC 7518, RFC 8037): read with limits, verified against a key set, signed for
//! clients that mint their secrets.
//!
//! A token is parsed into a [`Jws`], which is not yet believed; [`JwkSet::verify`] gives its payload. The algorithm is
//! never the token's choice: the caller lists those it takes (RFC 8725 §3.1), and a key only serves the algorithm of its
//! type.

mod alg;
mod jwk;
mod jws;
mod sign;

pub use alg::Alg;
pub use jwk::{Jwk, JwkSet, JwkSetError, VerifyError};
pub use jws::{Jws, JwsError};
pub use sign::{SigningError, SigningKey, sign};
