//! Who is signed in, and who is about to be: sealed into cookies, in the format of Auth.js where its readers look, or kept
//! in a store.
//!
//! In: secrets, cookies as they came. Out: a [`Session`], a [`Transaction`], cookies to set. One key for each purpose, so
//! that no cookie can be taken for another.

mod aead;
pub mod cookie;
pub mod csrf;
mod date;
mod record;
pub mod sealing;
pub mod store;
pub mod transaction;

use serde_json::{Map, Value};

pub use date::{http_date, iso_date};
pub use record::{RecordKeys, new_session_id};
pub use store::SessionStore;
pub use transaction::Transaction;

/// A session: what its token holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// The full name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// Who it is, for good: `<provider id>:<subject>`.
    pub sub: Option<String>,
    /// When the token was made, in seconds since 1970.
    pub iat: u64,
    /// When it ends, in seconds since 1970.
    pub exp: u64,
    /// All claims of the token, those above included.
    pub claims: Map<String, Value>,
}

impl Session {
    /// A session from the claims of its token.
    pub fn of_claims(claims: Map<String, Value>) -> Session {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
        Session {
            name: text("name"),
            email: text("email"),
            picture: text("picture"),
            sub: text("sub"),
            iat: number("iat"),
            exp: number("exp"),
            claims,
        }
    }
}
