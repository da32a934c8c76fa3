//! What the stores on another machine have in common: how they are reached, and what is done while they are not.

mod endpoint;
mod link;
mod url;

#[cfg(feature = "store-postgres")]
pub(super) use endpoint::Wire;
pub(super) use endpoint::{Endpoint, Place, Trust};
pub(super) use link::{Connect, Fault, Link, Opened};
pub(super) use url::{Parts, same};

pub use self::url::AddressError;
