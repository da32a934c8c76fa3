//! What every session store guarantees: one suite, one line a store.

use std::sync::Arc;

use authcfg::clock::FixedClock;
use authcfg::rng::SystemRng;
use authcfg::session::store::{Key, MemoryStore, Owner, SessionStore};

use crate::servers;

const NOW: u64 = 1_767_225_600;
const LATER: u64 = NOW + 3_600;

/// How long a call may take on a machine that does much else; it is no measure.
#[cfg(any(feature = "store-postgres", feature = "store-redis"))]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

type Store = Arc<dyn SessionStore>;

/// What ends with a test.
type Held = Box<dyn std::any::Any + Send>;

/// The suite, for a store that `$make` makes of a clock and an empty folder; `None` where it is to be left out.
macro_rules! suite {
    ($name:ident, $make:expr) => {
        mod $name {
            use super::*;

            fn make(clock: &Arc<FixedClock>, folder: &std::path::Path) -> Option<(Store, Held)> {
                let make: fn(Arc<FixedClock>, &std::path::Path) -> Option<(Store, Held)> = $make;
                make(clock.clone(), folder)
            }

            suite!(@tests begins_once, changes_by_version, ends, is_over, holds_any_bytes, lends_one, a_lease_ends,
                   one_of_many_begins, is_found_by_its_groups, leaves_its_groups, one_of_many_changes, one_of_many_gets_the_lease, keeps_keys_apart);
        }
    };
    (@tests $($test:ident),*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $test() {
            let (clock, folder) = (Arc::new(FixedClock::new(NOW)), tempfile::tempdir().unwrap());
            let Some((store, _held)) = make(&clock, folder.path()) else { return };
            super::$test(store, &clock).await;
        }
    )*};
}

suite!(memory, |clock, _| Some((Arc::new(MemoryStore::new(clock)), Box::new(()))));
#[cfg(feature = "store-sqlite")]
suite!(sqlite, |clock, folder| {
    let store = authcfg::session::store::SqliteStore::new(folder.join("sessions.db"), clock);
    Some((Arc::new(store), Box::new(())))
});
#[cfg(all(feature = "store-redis", unix))]
suite!(redis, |clock, folder| {
    if servers::left_out("redis") {
        return None;
    }
    let server = servers::redis::start(folder, &[]);
    Some((Arc::new(redis_at(folder, clock)), Box::new(server)))
});

#[cfg(all(feature = "store-postgres", unix))]
suite!(postgres, |clock, _| {
    if servers::left_out("postgres") {
        return None;
    }
    let cluster = servers::postgres::shared();
    let address = authcfg::session::store::PostgresAddress::parse(&cluster.database()).unwrap();
    let store = authcfg::session::store::PostgresStore::new(address, clock).with_deadline(PATIENCE);
    Some((Arc::new(store), Box::new(cluster)))
});

#[cfg(all(feature = "store-redis", unix))]
fn redis_at(folder: &std::path::Path, clock: Arc<FixedClock>) -> authcfg::session::store::RedisStore {
    let address = authcfg::session::store::RedisAddress::parse(&servers::redis::address(folder)).unwrap();
    authcfg::session::store::RedisStore::new(address, clock).with_deadline(PATIENCE)
}

async fn begins_once(store: Store, _: &FixedClock) {
    let key = Key::of("a");
    store.ready().await.unwrap();
    assert_eq!(store.load(&key).await.unwrap(), None);
    assert!(store.create(&key, vec![1], LATER).await.unwrap());
    assert!(!store.create(&key, vec![2], LATER + 1).await.unwrap());
    let record = store.load(&key).await.unwrap().unwrap();
    assert_eq!((record.value, record.version, record.expires), (vec![1], 1, LATER));
}

async fn changes_by_version(store: Store, _: &FixedClock) {
    let key = Key::of("a");
    assert!(!store.replace(&key, 0, vec![1], LATER).await.unwrap(), "what is not there cannot be changed");
    assert!(!store.replace(&key, 1, vec![1], LATER).await.unwrap());
    store.create(&key, vec![1], LATER).await.unwrap();
    assert!(store.replace(&key, 1, vec![2], LATER + 1).await.unwrap());
    for version in [0, 1, 3, u64::MAX] {
        assert!(!store.replace(&key, version, vec![3], LATER).await.unwrap(), "{version}");
    }
    let record = store.load(&key).await.unwrap().unwrap();
    assert_eq!((record.value, record.version, record.expires), (vec![2], 2, LATER + 1));
    assert!(store.replace(&key, 2, vec![4], LATER).await.unwrap());
}

async fn ends(store: Store, _: &FixedClock) {
    let key = Key::of("a");
    store.delete(&key).await.unwrap();
    store.create(&key, vec![1], LATER).await.unwrap();
    store.delete(&key).await.unwrap();
    assert_eq!(store.load(&key).await.unwrap(), None);
    assert!(!store.replace(&key, 1, vec![2], LATER).await.unwrap(), "a change does not bring it back");
    store.delete(&key).await.unwrap();
}

async fn is_over(store: Store, clock: &FixedClock) {
    let key = Key::of("a");
    store.create(&key, vec![1], NOW + 10).await.unwrap();
    clock.advance(9);
    assert!(store.load(&key).await.unwrap().is_some());
    clock.advance(1);
    assert_eq!(store.load(&key).await.unwrap(), None);
    assert!(!store.replace(&key, 1, vec![2], LATER).await.unwrap());
    assert!(store.create(&key, vec![3], LATER).await.unwrap(), "its place is free");
    let record = store.load(&key).await.unwrap().unwrap();
    assert_eq!((record.value, record.version), (vec![3], 1));
    store.create(&Key::of("b"), vec![1], NOW).await.unwrap();
    assert_eq!(store.load(&Key::of("b")).await.unwrap(), None, "over before it began");
}

async fn holds_any_bytes(store: Store, _: &FixedClock) {
    let all: Vec<u8> = (0..=255).collect();
    for (id, value) in [("empty", vec![]), ("all", all.clone()), ("large", all.repeat(4096))] {
        let key = Key::of(id);
        assert!(store.create(&key, value.clone(), u64::MAX).await.unwrap());
        assert!(store.load(&key).await.unwrap().unwrap().value == value, "{id}");
    }
}

async fn lends_one(store: Store, _: &FixedClock) {
    let (key, a, b) = (Key::of("a"), Owner::new(&SystemRng), Owner::new(&SystemRng));
    assert!(store.lease(&key, &a, 30).await.unwrap());
    assert!(store.lease(&key, &a, 30).await.unwrap(), "its owner may prolong it");
    assert!(!store.lease(&key, &b, 30).await.unwrap());
    store.release(&key, &b).await.unwrap();
    assert!(!store.lease(&key, &b, 30).await.unwrap(), "it is not theirs to give back");
    assert!(store.lease(&Key::of("b"), &b, 30).await.unwrap(), "another key, another lease");
    store.release(&key, &a).await.unwrap();
    store.release(&key, &a).await.unwrap();
    assert!(store.lease(&key, &b, 30).await.unwrap());
}

async fn is_found_by_its_groups(store: Store, _: &FixedClock) {
    let [a, b, group, other] = ["a", "b", "group", "other"].map(Key::of);
    assert!(!store.link(&a, &group).await.unwrap(), "what is not there is in no group");
    assert_eq!(store.linked(&group).await.unwrap(), []);
    for key in [&a, &b] {
        store.create(key, vec![1], LATER).await.unwrap();
        assert!(store.link(key, &group).await.unwrap());
    }
    assert!(store.link(&a, &group).await.unwrap(), "twice is once");
    assert!(store.link(&a, &other).await.unwrap());
    let mut both = store.linked(&group).await.unwrap();
    both.sort_by_key(|key| *key != a);
    assert_eq!(both, [a, b]);
    assert_eq!(store.linked(&other).await.unwrap(), [a]);
    assert_eq!(store.linked(&a).await.unwrap(), [], "a record is no group");
    assert!(store.replace(&a, 1, vec![2], LATER + 9).await.unwrap());
    assert_eq!(store.linked(&other).await.unwrap(), [a], "a change leaves it where it is");
}

async fn leaves_its_groups(store: Store, clock: &FixedClock) {
    let [a, b, group] = ["a", "b", "group"].map(Key::of);
    for (key, expires) in [(&a, LATER), (&b, NOW + 10)] {
        store.create(key, vec![1], expires).await.unwrap();
        store.link(key, &group).await.unwrap();
    }
    store.delete(&a).await.unwrap();
    assert_eq!(store.linked(&group).await.unwrap(), [b]);
    store.create(&a, vec![2], LATER).await.unwrap();
    assert_eq!(store.linked(&group).await.unwrap(), [b], "a new record of the same key is in no group");
    clock.advance(10);
    assert_eq!(store.linked(&group).await.unwrap(), [], "what is over is in none");
    assert!(!store.link(&b, &group).await.unwrap());
    store.create(&b, vec![2], LATER).await.unwrap();
    assert_eq!(store.linked(&group).await.unwrap(), [], "nor is what takes its place");
}

async fn a_lease_ends(store: Store, clock: &FixedClock) {
    let (key, a, b) = (Key::of("a"), Owner::new(&SystemRng), Owner::new(&SystemRng));
    assert!(store.lease(&key, &a, 30).await.unwrap());
    clock.advance(29);
    assert!(!store.lease(&key, &b, 30).await.unwrap());
    assert!(store.lease(&key, &a, 30).await.unwrap());
    clock.advance(29);
    assert!(!store.lease(&key, &b, 30).await.unwrap());
    clock.advance(1);
    assert!(store.lease(&key, &b, u64::MAX).await.unwrap(), "it ended by itself");
    store.release(&key, &a).await.unwrap();
    clock.advance(3_600);
    assert!(!store.lease(&key, &a, 30).await.unwrap(), "who came late takes nothing back");
}

async fn one_of_many_begins(store: Store, _: &FixedClock) {
    let act = |store: Store, n: u8| async move { store.create(&Key::of("a"), vec![n], LATER).await.unwrap() };
    assert_eq!(winners(&store, act).await, 1);
}

async fn one_of_many_changes(store: Store, _: &FixedClock) {
    store.create(&Key::of("a"), vec![], LATER).await.unwrap();
    let act =
        |store: Store, n: u8| async move { store.replace(&Key::of("a"), 1, vec![n], LATER).await.unwrap() };
    assert_eq!(winners(&store, act).await, 1);
    assert_eq!(store.load(&Key::of("a")).await.unwrap().unwrap().version, 2);
}

async fn one_of_many_gets_the_lease(store: Store, _: &FixedClock) {
    let act = |store: Store, _| async move {
        store.lease(&Key::of("a"), &Owner::new(&SystemRng), 30).await.unwrap()
    };
    assert_eq!(winners(&store, act).await, 1);
}

async fn keeps_keys_apart(store: Store, _: &FixedClock) {
    for (id, value) in [("a", 1), ("b", 2)] {
        store.create(&Key::of(id), vec![value], LATER).await.unwrap();
    }
    store.delete(&Key::of("a")).await.unwrap();
    assert_eq!(store.load(&Key::of("b")).await.unwrap().unwrap().value, [2]);
}

/// How many of 32 callers at once are told that it was them.
async fn winners<F: Future<Output = bool> + Send + 'static>(store: &Store, act: fn(Store, u8) -> F) -> usize {
    let callers: Vec<_> = (0..32).map(|n| tokio::spawn(act(store.clone(), n))).collect();
    let mut winners = 0;
    for caller in callers {
        winners += usize::from(caller.await.unwrap());
    }
    winners
}

/// What only a file does.
#[cfg(all(feature = "store-sqlite", unix))]
mod file {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use authcfg::session::store::SqliteStore;

    use super::*;

    fn store(path: &Path) -> SqliteStore {
        SqliteStore::new(path, Arc::new(FixedClock::new(NOW)))
    }

    async fn refusal(path: &Path) -> String {
        store(path).ready().await.unwrap_err().to_string().replace(path.to_str().unwrap(), "PATH")
    }

    #[tokio::test]
    async fn two_stores_share_it_and_a_third_finds_it_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let (one, other, key) = (store(&path), store(&path), Key::of("a"));
        assert!(one.create(&key, vec![1], LATER).await.unwrap());
        assert!(!other.create(&key, vec![2], LATER).await.unwrap());
        assert!(other.replace(&key, 1, vec![2], LATER).await.unwrap());
        assert!(!one.replace(&key, 1, vec![3], LATER).await.unwrap());
        let owner = Owner::new(&SystemRng);
        assert!(one.lease(&key, &owner, 30).await.unwrap());
        assert!(!other.lease(&key, &Owner::new(&SystemRng), 30).await.unwrap());
        drop((one, other));
        assert_eq!(store(&path).load(&key).await.unwrap().unwrap().value, [2]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_stores_that_begin_at_once_begin_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let both: Vec<_> = (0..8)
            .map(|n| {
                let store = store(&path);
                tokio::spawn(async move { store.create(&Key::of(&n.to_string()), vec![n], LATER).await })
            })
            .collect();
        for one in both {
            assert!(one.await.unwrap().unwrap());
        }
    }

    #[tokio::test]
    async fn who_still_reads_a_new_file_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        store(&path).ready().await.unwrap();
        // As another process leaves it that made the tables a moment ago, and has not changed the mode yet.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", "DELETE").unwrap();
        other.execute_batch("BEGIN; SELECT count(*) FROM sessions;").unwrap();
        let reader = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            other.execute_batch("COMMIT").unwrap();
        });
        store(&path).ready().await.unwrap();
        reader.join().unwrap();
    }

    #[tokio::test]
    async fn it_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let store = store(&path);
        store.create(&Key::of("a"), vec![1], LATER).await.unwrap();
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "{files:?}");
        for file in files {
            assert_eq!(
                fs::metadata(&file).unwrap().permissions().mode() & 0o777,
                0o600,
                "{}",
                file.display()
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_everybody_can_open_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        store(&path).ready().await.unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(refusal(&path).await, "the session store: PATH: everybody can open it: `chmod 600` first");
        fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
        store(&path).ready().await.unwrap();
    }

    #[tokio::test]
    async fn another_programs_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE accounts (id INTEGER)").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(refusal(&path).await, "the session store: PATH: it is the database of another program");
        assert!(other.execute("INSERT INTO accounts VALUES (1)", []).is_ok());
    }

    #[tokio::test]
    async fn the_layout_of_before_groups_keeps_its_sessions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let (key, group) = (Key::of("a"), Key::of("group"));
        store(&path).create(&key, vec![1], LATER).await.unwrap();
        let before =
            "DROP TRIGGER links_end; DROP TRIGGER links_begin; DROP TABLE links; PRAGMA user_version = 1;";
        rusqlite::Connection::open(&path).unwrap().execute_batch(before).unwrap();
        let store = store(&path);
        assert_eq!(store.load(&key).await.unwrap().unwrap().value, [1]);
        assert!(store.link(&key, &group).await.unwrap());
        assert_eq!(store.linked(&group).await.unwrap(), [key]);
    }

    #[tokio::test]
    async fn another_layout_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        store(&path).ready().await.unwrap();
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
        assert_eq!(
            refusal(&path).await,
            "the session store: PATH: it was written by another version of authcfg"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_a_store_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text");
        fs::write(&text, "no database, but long enough to be taken for one: ".repeat(100)).unwrap();
        fs::set_permissions(&text, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(refusal(&text).await, "the session store: PATH: it is no SQLite database");
        assert!(refusal(&folder.path().join("missing/s.db")).await.contains("No such file or directory"));
        assert!(refusal(folder.path()).await.contains("Is a directory"));
    }

    #[tokio::test]
    async fn a_session_and_its_id_cannot_be_read_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let keys = authcfg::session::RecordKeys::new(&["a secret".into()]);
        let key = Key::of("the id of a session");
        let store = store(&path);
        store.create(&key, keys.seal(&key, b"a refresh token", &SystemRng), LATER).await.unwrap();
        for name in ["s.db", "s.db-wal"] {
            let bytes = fs::read(folder.path().join(name)).unwrap();
            for text in [&b"a refresh token"[..], b"the id of a session"] {
                assert!(!bytes.windows(text.len()).any(|window| window == text), "{name}");
            }
        }
    }
}
