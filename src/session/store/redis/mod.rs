//! Sessions in Redis or Valkey, for any number of machines.
//!
//! Each change is one script, which Redis runs alone and whole. A record is a hash: its value, version and end, and a field for
//! each group that it is in. A group is the set of its records' keys; who is in it is who says so in the record, so a key that is
//! left behind counts for nothing, and is taken out by whoever comes across it.
//!
//! Redis removes a record and a group by itself a minute after its end. Until then the end counts, by the clock of the server.

mod address;
mod connect;
mod scripts;

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{FromRedisValue, ScriptInvocation, cmd};

use crate::clock::Clock;
use crate::session::store::redis::connect::{Connector, fault};
use crate::session::store::remote::Link;
use crate::session::store::{Answer, Key, Owner, Record, SessionStore, StoreError};

pub use address::RedisAddress;

/// What all keys begin with.
const PREFIX: &str = "authcfg:";
/// A key stays so many seconds longer than what it holds: a server whose clock is late still finds it.
const SLACK: u64 = 60;

/// Sessions in Redis or Valkey.
pub struct RedisStore {
    clock: Arc<dyn Clock>,
    link: Link<Connector>,
}

impl RedisStore {
    /// A store at an address. Nothing is opened yet: [`SessionStore::ready`] tells whether it can be.
    pub fn new(address: RedisAddress, clock: Arc<dyn Clock>) -> RedisStore {
        RedisStore { clock, link: Link::new(Connector(address)) }
    }

    /// The store, whose calls may take so long. Without this it is 150 milliseconds, so that nobody waits long while it is away; who
    /// has it on another continent needs more.
    pub fn with_deadline(self, deadline: Duration) -> RedisStore {
        RedisStore { link: self.link.within(deadline), ..self }
    }

    fn run<'a, T: FromRedisValue + Send + 'a>(&'a self, call: ScriptInvocation<'a>) -> Answer<'a, T> {
        Box::pin(self.link.call(async move |mut connection: MultiplexedConnection| {
            call.invoke_async(&mut connection).await.map_err(fault)
        }))
    }

    /// How long a key may stay that holds something until `expires`, in milliseconds; 0 is for ever.
    fn stay(&self, expires: u64) -> u64 {
        let seconds = expires.saturating_sub(self.clock.now()).saturating_add(SLACK);
        // Redis takes no time that is further away than 2^63 milliseconds.
        seconds.checked_mul(1000).filter(|millis| *millis < 1 << 53).unwrap_or(0)
    }
}

fn session(key: &Key) -> String {
    format!("{PREFIX}session:{}", key.to_text())
}

fn lease(key: &Key) -> String {
    format!("{PREFIX}lease:{}", key.to_text())
}

/// The field of a record that says that it is in a group. After the prefix it is the key of the group.
fn group(group: &Key) -> String {
    format!("group:{}", group.to_text())
}

impl SessionStore for RedisStore {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Record>> {
        Box::pin(async move {
            let mut fields = cmd("HMGET");
            fields.arg(session(key)).arg(&["value", "version", "expires"]);
            let (value, version, expires): (Option<Vec<u8>>, Option<u64>, Option<u64>) = self
                .link
                .call(async |mut connection| fields.query_async(&mut connection).await.map_err(fault))
                .await?;
            let (Some(value), Some(version), Some(expires)) = (value, version, expires) else {
                return Ok(None);
            };
            Ok((expires > self.clock.now()).then_some(Record { value, version, expires }))
        })
    }

    fn create<'a>(&'a self, key: &'a Key, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        let mut call = scripts::CREATE.key(session(key));
        call.arg(self.clock.now()).arg(value).arg(expires).arg(self.stay(expires));
        self.run(call)
    }

    fn replace<'a>(&'a self, key: &'a Key, version: u64, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        let mut call = scripts::REPLACE.key(session(key));
        call.arg(self.clock.now()).arg(version).arg(value).arg(expires).arg(self.stay(expires));
        self.run(call)
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        let mut call = scripts::DELETE.key(session(key));
        call.arg(key.to_text());
        self.run(call)
    }

    fn link<'a>(&'a self, key: &'a Key, of: &'a Key) -> Answer<'a, bool> {
        let mut call = scripts::LINK.key(session(key));
        call.arg(self.clock.now()).arg(key.to_text()).arg(group(of));
        self.run(call)
    }

    fn linked<'a>(&'a self, of: &'a Key) -> Answer<'a, Vec<Key>> {
        Box::pin(async move {
            let mut call = scripts::LINKED.arg(self.clock.now());
            call.arg(group(of));
            let keys: Vec<String> = self.run(call).await?;
            let keys: Option<Vec<Key>> = keys.iter().map(|text| Key::from_text(text)).collect();
            keys.ok_or_else(|| StoreError::new("a group holds what is no key"))
        })
    }

    fn lease<'a>(&'a self, key: &'a Key, owner: &'a Owner, seconds: u64) -> Answer<'a, bool> {
        let now = self.clock.now_millis();
        let until = now.saturating_add(seconds.saturating_mul(1000));
        let mut call = scripts::LEASE.key(lease(key));
        call.arg(now).arg(owner.as_str()).arg(until).arg(self.stay(until / 1000));
        self.run(call)
    }

    fn release<'a>(&'a self, key: &'a Key, owner: &'a Owner) -> Answer<'a, ()> {
        let mut call = scripts::RELEASE.key(lease(key));
        call.arg(owner.as_str());
        self.run(call)
    }

    fn ready(&self) -> Answer<'_, ()> {
        Box::pin(self.link.ready(connect::write))
    }
}
