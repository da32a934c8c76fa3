//! Where sessions are kept that are not in a cookie: records under the hash of their session id, each with a version, and
//! leases, so that of several processes one does what must be done once; groups, so that those of one person can be found.
//!
//! A store knows nothing of what it keeps: the bytes are sealed before it gets them ([`RecordKeys`](crate::session::RecordKeys)).
//! Every store passes the same tests, `tests/suite/stores.rs`.

mod memory;
#[cfg(feature = "store-postgres")]
mod postgres;
#[cfg(feature = "store-redis")]
mod redis;
#[cfg(feature = "store-remote")]
mod remote;
#[cfg(feature = "store-sqlite")]
mod sqlite;

use std::fmt;
use std::pin::Pin;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::rng::{self, Rng};

pub use memory::MemoryStore;
#[cfg(feature = "store-postgres")]
pub use postgres::{PostgresAddress, PostgresStore};
#[cfg(feature = "store-redis")]
pub use redis::{RedisAddress, RedisStore};
#[cfg(feature = "store-remote")]
pub use remote::AddressError;
#[cfg(feature = "store-sqlite")]
pub use sqlite::SqliteStore;

/// What a store will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place for sessions.
///
/// What every store guarantees:
/// - **Versions.** A record begins at version 1; each change adds one. Of several changes of one version, whoever makes them,
///   one succeeds: nobody overwrites what they have not seen.
/// - **Durability.** What was answered with success is still there after the process ends, where the store is more than this
///   process's memory.
/// - **Expiry.** A record whose time has come is none, for every call, whether or not it is still somewhere.
/// - **Leases.** A lease has one owner at a time and ends by itself. It saves work, it protects nothing: who held one may
///   have been asleep, so what must be right is made right by versions.
/// - **Cancellation.** A call whose answer nobody waits for any more has its whole effect or none.
pub trait SessionStore: Send + Sync {
    /// The record of a key.
    ///
    /// # Errors
    /// [`StoreError`] where it is not known: never an absence.
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Record>>;

    /// Begins a record, until `expires` in seconds since 1970. Tells whether it did: `false` where there is one already.
    ///
    /// # Errors
    /// [`StoreError`] where it is not known.
    fn create<'a>(&'a self, key: &'a Key, value: Vec<u8>, expires: u64) -> Answer<'a, bool>;

    /// Changes a record of that version, which then has the next one. Tells whether it did: `false` where the record has
    /// another version, or is gone.
    ///
    /// # Errors
    /// [`StoreError`] where it is not known.
    fn replace<'a>(&'a self, key: &'a Key, version: u64, value: Vec<u8>, expires: u64) -> Answer<'a, bool>;

    /// Ends a record, whatever its version. One that is not there is fine.
    ///
    /// # Errors
    /// [`StoreError`] where it may still be there.
    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()>;

    /// Puts a record into a group, where it stays for as long as it is there. Tells whether it did: `false` where there is no such
    /// record. A group is named by a key of its own; a record may be in several, and twice in one is once.
    ///
    /// # Errors
    /// [`StoreError`] where it is not known.
    fn link<'a>(&'a self, key: &'a Key, group: &'a Key) -> Answer<'a, bool>;

    /// The keys of the records in a group, in any order.
    ///
    /// # Errors
    /// [`StoreError`] where they are not known: never fewer than there are.
    fn linked<'a>(&'a self, group: &'a Key) -> Answer<'a, Vec<Key>>;

    /// Takes or prolongs the lease of a key for so many seconds. Tells whether `owner` has it now. There need be no record.
    ///
    /// # Errors
    /// [`StoreError`] where it is not known.
    fn lease<'a>(&'a self, key: &'a Key, owner: &'a Owner, seconds: u64) -> Answer<'a, bool>;

    /// Gives a lease back; that of another owner stays.
    ///
    /// # Errors
    /// [`StoreError`]: it then ends by itself.
    fn release<'a>(&'a self, key: &'a Key, owner: &'a Owner) -> Answer<'a, ()>;

    /// Whether the store can be used.
    ///
    /// # Errors
    /// [`StoreError`]: why not.
    fn ready(&self) -> Answer<'_, ()>;
}

/// What a record is found by: the SHA-256 hash of a session id. Who reads the store cannot use it as one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a session id.
    pub fn of(session_id: &str) -> Key {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, session_id.as_bytes()).as_ref());
        Key(hash)
    }

    /// The key that [`Key::as_bytes`] gave.
    pub fn from_bytes(bytes: [u8; 32]) -> Key {
        Key(bytes)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that [`Key::to_text`] gave; `None` where it is none.
    pub fn from_text(text: &str) -> Option<Key> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Key)
    }

    /// Its bytes as base64url.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// Eight characters of it: enough to follow a session in a log.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text()[..8])
    }
}

/// What is kept under a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The bytes, as they were given.
    pub value: Vec<u8>,
    /// From 1 on, one more with every change.
    pub version: u64,
    /// When it ends, in seconds since 1970.
    pub expires: u64,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Who holds a lease: one attempt at something, of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// Somebody who was not there before.
    pub fn new(rng: &dyn Rng) -> Owner {
        Owner(rng::token(rng, 16))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The store cannot say, or cannot be sure. Fit for a log: no key, nothing of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session store: {why}")]
pub struct StoreError {
    why: String,
}

impl StoreError {
    /// An error with its reason.
    pub fn new(why: impl Into<String>) -> StoreError {
        StoreError { why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn a_key_is_the_hash_of_an_id_and_shows_little_of_it() {
        let key = Key::of("abc");
        assert_eq!(key.to_text(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        assert_eq!(format!("{key:?}"), "ungWv48B");
        assert_ne!(key, Key::of("abd"));
        assert_eq!(Key::from_text(&key.to_text()), Some(key));
        assert_eq!(Key::from_text("ungWv48B"), None);
    }

    #[test]
    fn a_record_shows_nothing_of_what_it_holds() {
        let record = Record { value: b"secret".to_vec(), version: 1, expires: 2 };
        assert_eq!(format!("{record:?}"), "Record { version: 1, .. }");
    }

    #[test]
    fn no_two_owners_are_the_same() {
        assert_ne!(Owner::new(&SystemRng), Owner::new(&SystemRng));
    }
}
