//! Sessions in PostgreSQL, for any number of machines.
//!
//! Each call is one statement, so it is atomic by itself. The tables are in a schema of their own, `authcfg`, and made by the
//! first server that finds none. What is over is removed a few rows at a time while new sessions begin.

mod address;
mod connect;
mod fault;
mod pool;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::clock::Clock;
use crate::session::store::postgres::connect::Connector;
use crate::session::store::postgres::pool::{Parameter, Pool};
use crate::session::store::remote::{Fault, Link};
use crate::session::store::{Answer, Key, Owner, Record, SessionStore, StoreError};

pub use address::PostgresAddress;

/// What is over is removed this often, in seconds, where sessions begin.
const SWEEP: u64 = 10;
/// So many rows at a time, and so often in a row.
const BATCH: i64 = 256;
const BATCHES: usize = 40;

const SWEEP_SESSIONS: &str = "DELETE FROM authcfg.sessions WHERE key IN (SELECT key FROM authcfg.sessions \
    WHERE expires <= $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";
const SWEEP_LEASES: &str = "DELETE FROM authcfg.leases WHERE key IN (SELECT key FROM authcfg.leases \
    WHERE until <= $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";

/// Sessions in PostgreSQL.
pub struct PostgresStore {
    clock: Arc<dyn Clock>,
    link: Link<Connector>,
    swept: AtomicU64,
}

impl PostgresStore {
    /// A store at an address. Nothing is opened yet: [`SessionStore::ready`] tells whether it can be.
    pub fn new(address: PostgresAddress, clock: Arc<dyn Clock>) -> PostgresStore {
        PostgresStore { clock, link: Link::new(Connector(address)), swept: AtomicU64::new(0) }
    }

    /// The store, whose calls may take so long. Without this it is 150 milliseconds, so that nobody waits long while it is away; who
    /// has it on another continent needs more.
    pub fn with_deadline(self, deadline: Duration) -> PostgresStore {
        PostgresStore { link: self.link.within(deadline), ..self }
    }

    /// Runs a statement: the rows that it gives.
    async fn rows(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.link.call(async |pool| pool.run(statement, parameters).await).await
    }

    /// Runs a statement: whether it gives a row.
    async fn has(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<bool, StoreError> {
        self.rows(statement, parameters).await.map(|rows| !rows.is_empty())
    }

    fn now(&self) -> i64 {
        signed(self.clock.now())
    }

    fn now_millis(&self) -> i64 {
        signed(self.clock.now_millis())
    }

    /// Removes what is over, where that is due. Nobody waits for it.
    async fn sweep(&self) {
        let now = self.clock.now();
        let swept = self.swept.load(Ordering::Relaxed);
        let is_due = now >= swept.saturating_add(SWEEP);
        if !is_due || self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let (now, millis) = (self.now(), self.now_millis());
        let begun = self.link.call(async move |pool: Pool| {
            tokio::spawn(async move {
                if let Err(Fault::Lost(why) | Fault::Refused(why)) = sweep(&pool, now, millis).await {
                    tracing::warn!(%why, "sessions that are over could not be removed");
                }
            });
            Ok(())
        });
        // Where there is no connection there is nothing to remove from.
        drop(begun.await);
    }
}

async fn sweep(pool: &Pool, now: i64, millis: i64) -> Result<(), Fault> {
    for (statement, until) in [(SWEEP_SESSIONS, now), (SWEEP_LEASES, millis)] {
        for _ in 0..BATCHES {
            let removed = pool.run(statement, &[(&until, Type::INT8), (&BATCH, Type::INT8)]).await?;
            if removed.len() < BATCH as usize {
                break;
            }
        }
    }
    Ok(())
}

/// PostgreSQL's integers are signed; what does not fit is as far away as can be.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// A key as a parameter.
fn bytes(key: &Key) -> &[u8] {
    key.as_bytes()
}

impl SessionStore for PostgresStore {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Record>> {
        Box::pin(async move {
            let select =
                "SELECT value, version, expires FROM authcfg.sessions WHERE key = $1 AND expires > $2";
            let rows = self.rows(select, &[(&bytes(key), Type::BYTEA), (&self.now(), Type::INT8)]).await?;
            Ok(rows.first().map(|row| Record {
                value: row.get(0),
                version: unsigned(row.get(1)),
                expires: unsigned(row.get(2)),
            }))
        })
    }

    fn create<'a>(&'a self, key: &'a Key, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            // The groups of a record that is over are not those of the one that takes its place.
            let insert = "WITH made AS (INSERT INTO authcfg.sessions AS old (key, value, version, expires) VALUES ($1, $2, 1, $3) \
                ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1, expires = excluded.expires \
                WHERE old.expires <= $4 RETURNING 1), \
                unlinked AS (DELETE FROM authcfg.links WHERE key = $1 AND EXISTS (SELECT FROM made)) SELECT FROM made";
            let parameters: [Parameter<'_>; 4] = [
                (&bytes(key), Type::BYTEA),
                (&value, Type::BYTEA),
                (&signed(expires), Type::INT8),
                (&self.now(), Type::INT8),
            ];
            let made = self.has(insert, &parameters).await?;
            self.sweep().await;
            Ok(made)
        })
    }

    fn replace<'a>(&'a self, key: &'a Key, version: u64, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            let update = "UPDATE authcfg.sessions SET value = $2, version = version + 1, expires = $3 \
                WHERE key = $1 AND version = $4 AND expires > $5 RETURNING 1";
            let parameters: [Parameter<'_>; 5] = [
                (&bytes(key), Type::BYTEA),
                (&value, Type::BYTEA),
                (&signed(expires), Type::INT8),
                (&signed(version), Type::INT8),
                (&self.now(), Type::INT8),
            ];
            self.has(update, &parameters).await
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        Box::pin(async move {
            let delete = "DELETE FROM authcfg.sessions WHERE key = $1";
            self.rows(delete, &[(&bytes(key), Type::BYTEA)]).await.map(drop)
        })
    }

    fn link<'a>(&'a self, key: &'a Key, group: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move {
            // Whoever ends the record meanwhile is waited for: a link without its record would be refused.
            let insert = "INSERT INTO authcfg.links (of_group, key) \
                SELECT $1, key FROM authcfg.sessions WHERE key = $2 AND expires > $3 FOR KEY SHARE \
                ON CONFLICT (of_group, key) DO UPDATE SET key = excluded.key RETURNING 1";
            let parameters: [Parameter<'_>; 3] =
                [(&bytes(group), Type::BYTEA), (&bytes(key), Type::BYTEA), (&self.now(), Type::INT8)];
            self.has(insert, &parameters).await
        })
    }

    fn linked<'a>(&'a self, group: &'a Key) -> Answer<'a, Vec<Key>> {
        Box::pin(async move {
            let select = "SELECT key FROM authcfg.links JOIN authcfg.sessions USING (key) \
                WHERE of_group = $1 AND expires > $2";
            let rows = self.rows(select, &[(&bytes(group), Type::BYTEA), (&self.now(), Type::INT8)]).await?;
            let key = |row: &Row| row.get::<_, Vec<u8>>(0).try_into().ok().map(Key::from_bytes);
            let keys: Option<Vec<Key>> = rows.iter().map(key).collect();
            keys.ok_or_else(|| StoreError::new("a group holds what is no key"))
        })
    }

    fn lease<'a>(&'a self, key: &'a Key, owner: &'a Owner, seconds: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            let take = "INSERT INTO authcfg.leases AS held (key, owner, until) VALUES ($1, $2, $3) \
                ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until \
                WHERE held.until <= $4 OR held.owner = excluded.owner RETURNING 1";
            let until = self.now_millis().saturating_add(signed(seconds.saturating_mul(1000)));
            let parameters: [Parameter<'_>; 4] = [
                (&bytes(key), Type::BYTEA),
                (&owner.as_str(), Type::TEXT),
                (&until, Type::INT8),
                (&self.now_millis(), Type::INT8),
            ];
            self.has(take, &parameters).await
        })
    }

    fn release<'a>(&'a self, key: &'a Key, owner: &'a Owner) -> Answer<'a, ()> {
        Box::pin(async move {
            let delete = "DELETE FROM authcfg.leases WHERE key = $1 AND owner = $2";
            self.rows(delete, &[(&bytes(key), Type::BYTEA), (&owner.as_str(), Type::TEXT)]).await.map(drop)
        })
    }

    fn ready(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let (millis, few) = (self.now_millis(), 32_i64);
            // A store that can only be read is of no use: this writes, where there is something to clear away.
            let write = async |pool: Pool| {
                pool.run(SWEEP_LEASES, &[(&millis, Type::INT8), (&few, Type::INT8)]).await.map(drop)
            };
            self.link.ready(write).await
        })
    }
}
