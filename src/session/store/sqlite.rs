//! Sessions in one SQLite file, which several processes of one machine may share.
//!
//! Each call is one statement, so it is atomic by itself. Those that write wait their turn, in the order in which they came
//! within a process, and for the writer of another process. The file is in WAL mode: readers never wait. What was written is
//! on the disk before the call returns.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::session::store::{Answer, Key, Owner, Record, SessionStore, StoreError};

/// How long a call waits for the writer of another process.
const BUSY: Duration = Duration::from_secs(5);
/// Calls that read at once; more wait for one of them.
const READERS: usize = 4;
/// The layout of the tables, as `user_version`. The one before it becomes it, another one is refused.
const LAYOUT: i64 = 2;
/// Says that a file is ours: `ac` and two bytes of its own, as `application_id`.
const APPLICATION: i64 = 0x6163_7373;

const TABLES: &str = "
    CREATE TABLE sessions (key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_by_expiry ON sessions (expires);
    CREATE TABLE leases (key BLOB PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// What layout 2 has besides. A link ends with its session, and when a new session takes the place of one that is over.
const LINKS: &str = "
    CREATE TABLE links (of_group BLOB NOT NULL, key BLOB NOT NULL, PRIMARY KEY (of_group, key)) STRICT, WITHOUT ROWID;
    CREATE INDEX links_by_key ON links (key);
    CREATE TRIGGER links_end AFTER DELETE ON sessions BEGIN DELETE FROM links WHERE key = OLD.key; END;
    CREATE TRIGGER links_begin AFTER UPDATE ON sessions WHEN NEW.version = 1 BEGIN DELETE FROM links WHERE key = NEW.key; END;
";

const SWEEP_SESSIONS: &str =
    "DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE expires <= ?1 LIMIT 32)";
const SWEEP_LEASES: &str =
    "DELETE FROM leases WHERE key IN (SELECT key FROM leases WHERE until <= ?1 LIMIT 32)";

/// Sessions in one SQLite file.
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    pool: Arc<Pool>,
    readers: Arc<Semaphore>,
    /// One at a time: SQLite would let them ask again and again, and whoever has no luck would wait too long.
    writer: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    opening: Mutex<()>,
}

impl SqliteStore {
    /// A store in the file at `path`, which is made at the first call where there is none, for its owner alone (0600).
    ///
    /// Nothing is opened yet: [`SessionStore::ready`] tells whether it can be.
    pub fn new(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> SqliteStore {
        let pool = Arc::new(Pool { path: path.into(), idle: Mutex::default(), opening: Mutex::default() });
        let (readers, writer) = (Arc::new(Semaphore::new(READERS)), Arc::new(Semaphore::new(1)));
        SqliteStore { clock, pool, readers, writer }
    }

    fn read<'a, T: Send + 'static>(
        &'a self,
        act: impl FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'a, T> {
        self.run(&self.readers, act)
    }

    fn write<'a, T: Send + 'static>(
        &'a self,
        act: impl FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'a, T> {
        self.run(&self.writer, act)
    }

    /// Runs a call where it may block. It runs to its end, also where nobody waits for it any more.
    fn run<'a, T: Send + 'static>(
        &'a self,
        turn: &'a Arc<Semaphore>,
        act: impl FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let permit = turn.clone().acquire_owned().await;
            let permit = permit.map_err(|_| StoreError::new("it is closed"))?;
            let (pool, now) = (self.pool.clone(), signed(self.clock.now_millis()));
            let call = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let connection = pool.take()?;
                let outcome = act(&connection, now);
                if outcome.is_ok() {
                    pool.give_back(connection);
                }
                outcome.map_err(told)
            });
            call.await.map_err(|_| StoreError::new("a call panicked"))?
        })
    }
}

impl Pool {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(
            || {
                let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
                open(&self.path)
            },
            Ok,
        )
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |why: String| StoreError::new(format!("{}: {why}", path.display()));
    make_private(path).map_err(cannot)?;
    connect(path).map_err(|error| cannot(told(error).why))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let layout: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, layout, tables) {
        (APPLICATION, LAYOUT, _) => transaction.rollback()?,
        (0, 0, 0) => {
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(LINKS)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
            transaction.commit()?;
        }
        (APPLICATION, 1, _) => {
            transaction.execute_batch(LINKS)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
            transaction.commit()?;
        }
        (APPLICATION, ..) => return Err(refused("it was written by another version of authcfg")),
        _ => return Err(refused("it is the database of another program")),
    }
    // WAL once it is known to be ours: the mode stays with the file.
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Changes the file to WAL mode. Of several that do so at once SQLite lets one through and tells the others at once that it is
/// busy, without the wait that it makes everywhere else: they ask again.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < BUSY =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            outcome => return outcome,
        }
    }
}

/// Makes the file where there is none, and looks that nobody but the owner and their group can read it.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).mode(0o600).open(path);
    let metadata = file.and_then(|file| file.metadata()).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    match metadata.permissions().mode() & 0o007 {
        0 => Ok(()),
        _ => Err("everybody can open it: `chmod 600` first".into()),
    }
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> Result<(), String> {
    let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    file.map(drop).map_err(|error| error.to_string())
}

fn refused(why: &str) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(why.into())
}

fn told(error: rusqlite::Error) -> StoreError {
    StoreError::new(match error {
        rusqlite::Error::ToSqlConversionFailure(why) => why.to_string(),
        error => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another process keeps it busy".into()
            }
            Some(ErrorCode::DiskFull) => "the disk is full".into(),
            Some(ErrorCode::ReadOnly) => "it cannot be written to".into(),
            Some(ErrorCode::NotADatabase) => "it is no SQLite database".into(),
            Some(ErrorCode::DatabaseCorrupt) => "it is damaged".into(),
            Some(code) => format!("SQLite says {code:?}"),
            None => "SQLite gave an answer of another form".into(),
        },
    })
}

/// SQLite's integers are signed; what does not fit is as far away as can be.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

impl SessionStore for SqliteStore {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Record>> {
        let key = *key;
        self.read(move |connection, now| {
            let mut select = connection.prepare_cached(
                "SELECT value, version, expires FROM sessions WHERE key = ?1 AND expires > ?2",
            )?;
            let record = select.query_row(params![key.as_bytes(), now / 1000], |row| {
                let (version, expires) = (unsigned(row.get(1)?), unsigned(row.get(2)?));
                Ok(Record { value: row.get(0)?, version, expires })
            });
            record.optional()
        })
    }

    fn create<'a>(&'a self, key: &'a Key, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        let key = *key;
        self.write(move |connection, now| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO sessions (key, value, version, expires) VALUES (?1, ?2, 1, ?3) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1, expires = excluded.expires \
                 WHERE sessions.expires <= ?4",
            )?;
            let made = insert.execute(params![key.as_bytes(), value, signed(expires), now / 1000])? == 1;
            // A new one clears away a few that are over, so that the file does not grow for ever.
            connection.prepare_cached(SWEEP_SESSIONS)?.execute(params![now / 1000])?;
            connection.prepare_cached(SWEEP_LEASES)?.execute(params![now])?;
            Ok(made)
        })
    }

    fn replace<'a>(&'a self, key: &'a Key, version: u64, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        let key = *key;
        self.write(move |connection, now| {
            let mut update = connection.prepare_cached(
                "UPDATE sessions SET value = ?1, version = version + 1, expires = ?2 \
                 WHERE key = ?3 AND version = ?4 AND expires > ?5",
            )?;
            let values = params![value, signed(expires), key.as_bytes(), signed(version), now / 1000];
            Ok(update.execute(values)? == 1)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        let key = *key;
        self.write(move |connection, _| {
            connection
                .prepare_cached("DELETE FROM sessions WHERE key = ?1")?
                .execute(params![key.as_bytes()])?;
            Ok(())
        })
    }

    fn link<'a>(&'a self, key: &'a Key, group: &'a Key) -> Answer<'a, bool> {
        let (key, group) = (*key, *group);
        self.write(move |connection, now| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO links (of_group, key) SELECT ?1, key FROM sessions WHERE key = ?2 AND expires > ?3 \
                 ON CONFLICT DO UPDATE SET key = excluded.key",
            )?;
            Ok(insert.execute(params![group.as_bytes(), key.as_bytes(), now / 1000])? == 1)
        })
    }

    fn linked<'a>(&'a self, group: &'a Key) -> Answer<'a, Vec<Key>> {
        let group = *group;
        self.read(move |connection, now| {
            let mut select = connection.prepare_cached(
                "SELECT key FROM links JOIN sessions USING (key) WHERE of_group = ?1 AND expires > ?2",
            )?;
            let keys = select
                .query_map(params![group.as_bytes(), now / 1000], |row| row.get(0).map(Key::from_bytes))?;
            keys.collect()
        })
    }

    fn lease<'a>(&'a self, key: &'a Key, owner: &'a Owner, seconds: u64) -> Answer<'a, bool> {
        let (key, owner) = (*key, owner.clone());
        self.write(move |connection, now| {
            let mut take = connection.prepare_cached(
                "INSERT INTO leases (key, owner, until) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until \
                 WHERE leases.until <= ?4 OR leases.owner = excluded.owner",
            )?;
            let until = now.saturating_add(signed(seconds.saturating_mul(1000)));
            Ok(take.execute(params![key.as_bytes(), owner.as_str(), until, now])? == 1)
        })
    }

    fn release<'a>(&'a self, key: &'a Key, owner: &'a Owner) -> Answer<'a, ()> {
        let (key, owner) = (*key, owner.clone());
        self.write(move |connection, _| {
            let mut delete = connection.prepare_cached("DELETE FROM leases WHERE key = ?1 AND owner = ?2")?;
            delete.execute(params![key.as_bytes(), owner.as_str()])?;
            Ok(())
        })
    }

    fn ready(&self) -> Answer<'_, ()> {
        // A store that can only be read is of no use: this writes, where there is something to clear away.
        self.write(|connection, now| connection.execute(SWEEP_LEASES, params![now]).map(drop))
    }
}
