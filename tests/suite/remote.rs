//! Stores on another machine: what a call says while they are away, and what they keep.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use authcfg::clock::FixedClock;
use authcfg::rng::SystemRng;
use authcfg::session::store::{
    Key, Owner, PostgresAddress, PostgresStore, RedisAddress, RedisStore, SessionStore,
};

use crate::servers::{self, Running};

const NOW: u64 = 1_767_225_600;
const LATER: u64 = NOW + 3_600;

/// How long a test waits for what must come; it is no measure.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a call takes at most, on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(2);

fn redis_store(folder: &Path) -> RedisStore {
    at(&servers::redis::address(folder))
}

fn at(address: &str) -> RedisStore {
    let address = RedisAddress::parse(address).unwrap();
    RedisStore::new(address, Arc::new(FixedClock::new(NOW))).with_deadline(DEADLINE)
}

fn redis_cli(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli").arg("-s").arg(folder.join("redis.sock")).args(arguments).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

/// Waits until a store answers.
async fn answers(store: &dyn SessionStore) {
    let answers = async {
        while store.load(&Key::of("a")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answers).await.expect("it does not answer again");
}

async fn refusal(store: &dyn SessionStore) -> String {
    let ready = tokio::time::timeout(PATIENCE, store.ready()).await.expect("it says nothing");
    ready.unwrap_err().to_string()
}

/// Everything that a store can be asked fails, and a record that it had is there again afterwards.
async fn survives(store: &dyn SessionStore, away: impl FnOnce(), back: impl FnOnce()) {
    let key = Key::of("a");
    answers(store).await;
    assert!(store.create(&key, vec![1], LATER).await.unwrap());
    away();
    assert!(store.load(&key).await.is_err(), "an absence is not known");
    assert!(store.replace(&key, 7, vec![2], LATER).await.is_err());
    assert!(store.create(&Key::of("b"), vec![2], LATER).await.is_err());
    assert!(store.linked(&key).await.is_err());
    assert!(store.ready().await.is_err());
    back();
    answers(store).await;
    assert_eq!(store.load(&key).await.unwrap().unwrap().value, [1]);
    store.ready().await.unwrap();
}

mod redis {
    use super::*;

    fn start(more: &[&str]) -> Option<(tempfile::TempDir, Running)> {
        let folder = tempfile::tempdir().unwrap();
        (!servers::left_out("redis")).then(|| {
            let server = servers::redis::start(folder.path(), more);
            (folder, server)
        })
    }

    #[tokio::test]
    async fn one_that_says_nothing_is_away_until_it_goes_on() {
        let Some((folder, server)) = start(&[]) else { return };
        survives(&redis_store(folder.path()), || server.freeze(), || server.thaw()).await;
    }

    #[tokio::test]
    async fn one_that_is_started_again_has_what_it_was_given() {
        let Some((folder, server)) = start(&["--appendonly", "yes", "--appendfsync", "always"]) else {
            return;
        };
        let mut again = None;
        let begin = || again = Some(servers::redis::start(folder.path(), &["--appendonly", "yes"]));
        survives(&redis_store(folder.path()), || drop(server), begin).await;
    }

    #[tokio::test]
    async fn one_that_is_not_there_yet_is_used_once_it_is() {
        if servers::left_out("redis") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let store = redis_store(folder.path());
        let error = refusal(&store).await;
        assert!(
            error.starts_with("the session store: Redis at /") && error.contains("No such file"),
            "{error}"
        );
        let _server = servers::redis::start(folder.path(), &[]);
        answers(&store).await;
    }

    #[tokio::test]
    async fn a_full_memory_takes_nobody_new_and_loses_nobody() {
        let Some((folder, _server)) = start(&[]) else { return };
        let (store, [a, b, group]) = (redis_store(folder.path()), ["a", "b", "group"].map(Key::of));
        assert!(store.create(&a, vec![1], LATER).await.unwrap());
        assert!(store.link(&a, &group).await.unwrap());
        redis_cli(folder.path(), &["config", "set", "maxmemory", "1"]);
        let error = store.create(&b, vec![1], LATER).await.unwrap_err().to_string();
        assert!(error.ends_with("its memory is full (`maxmemory`)"), "{error}");
        assert!(store.ready().await.is_err());
        assert_eq!(store.load(&a).await.unwrap().unwrap().value, [1]);
        let owner = Owner::new(&SystemRng);
        assert!(store.lease(&a, &owner, 30).await.unwrap());
        assert!(store.replace(&a, 1, vec![2], LATER).await.unwrap(), "what it has can change");
        // A server that starts now knows who is signed in, and can sign them out.
        let other = redis_store(folder.path());
        assert!(refusal(&other).await.ends_with("its memory is full (`maxmemory`)"));
        assert_eq!(other.linked(&group).await.unwrap(), [a]);
        other.delete(&a).await.unwrap();
        assert_eq!(store.load(&a).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_replica_is_no_store() {
        let Some((folder, _server)) = start(&["--replicaof", "127.0.0.1 1"]) else { return };
        let store = redis_store(folder.path());
        assert!(refusal(&store).await.ends_with("it is a replica, which can only be read"));
        assert!(store.load(&Key::of("a")).await.is_err(), "what it has may be old");
        redis_cli(folder.path(), &["replicaof", "no", "one"]);
        answers(&store).await;
    }

    #[tokio::test]
    async fn one_that_becomes_a_replica_is_left() {
        let Some((folder, _server)) = start(&[]) else { return };
        let store = redis_store(folder.path());
        assert!(store.create(&Key::of("a"), vec![1], LATER).await.unwrap());
        redis_cli(folder.path(), &["replicaof", "127.0.0.1", "1"]);
        assert!(store.create(&Key::of("b"), vec![1], LATER).await.is_err());
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(store.load(&Key::of("a")).await.is_err(), "nor is it read");
    }

    #[tokio::test]
    async fn a_password_opens_it_and_is_never_told() {
        let Some((folder, _server)) = start(&["--requirepass", "s3cret"]) else { return };
        let address = servers::redis::address(folder.path());
        at(&format!("{address}?pass=s3cret")).ready().await.unwrap();
        assert!(refusal(&at(&address)).await.ends_with("it wants a password"));
        let error = refusal(&at(&format!("{address}?pass=hunter2"))).await;
        assert!(error.ends_with("it does not take this user and password"), "{error}");
        assert!(!error.contains("hunter2"));
    }

    #[tokio::test]
    async fn a_user_may_be_confined_to_its_keys() {
        let Some((folder, _server)) = start(&[]) else { return };
        let rules = ["~authcfg:*", "+@all", "-@admin", "-@dangerous"];
        redis_cli(folder.path(), &[&["acl", "setuser", "alice", "on", ">s3cret"], &rules[..]].concat());
        redis_cli(folder.path(), &["acl", "setuser", "bob", "on", ">s3cret", "~other:*", "+@all"]);
        let address = servers::redis::address(folder.path());
        let store = at(&format!("{address}?user=alice&pass=s3cret"));
        store.ready().await.unwrap();
        assert!(store.create(&Key::of("a"), vec![1], LATER).await.unwrap());
        assert!(store.link(&Key::of("a"), &Key::of("group")).await.unwrap());
        assert!(
            refusal(&at(&format!("{address}?user=bob&pass=s3cret")))
                .await
                .contains("its user may not do this")
        );
    }

    #[tokio::test]
    async fn nothing_stays_behind() {
        let Some((folder, _server)) = start(&[]) else { return };
        let (store, group) = (redis_store(folder.path()), Key::of("group"));
        for id in ["a", "b"] {
            store.create(&Key::of(id), vec![1], LATER).await.unwrap();
            store.link(&Key::of(id), &group).await.unwrap();
        }
        store.replace(&Key::of("a"), 1, vec![2], LATER + 600).await.unwrap();
        let stay = |key: String| redis_cli(folder.path(), &["ttl", &key]).parse::<u64>().unwrap();
        let near =
            |seconds: u64, expected: u64| assert!(seconds.abs_diff(expected) < 60, "{seconds} {expected}");
        near(stay(format!("authcfg:session:{}", Key::of("b").to_text())), 3_660);
        near(stay(format!("authcfg:session:{}", Key::of("a").to_text())), 4_260);
        near(stay(format!("authcfg:group:{}", group.to_text())), 4_260);
        // Redis removes `a` by itself; what the group says of it goes with the next look.
        redis_cli(folder.path(), &["del", &format!("authcfg:session:{}", Key::of("a").to_text())]);
        assert_eq!(store.linked(&group).await.unwrap(), [Key::of("b")]);
        let members = || redis_cli(folder.path(), &["scard", &format!("authcfg:group:{}", group.to_text())]);
        assert_eq!(members(), "1");
        store.delete(&Key::of("b")).await.unwrap();
        assert_eq!(redis_cli(folder.path(), &["keys", "authcfg:[sgl]*"]), "");
    }

    #[tokio::test]
    async fn a_group_that_nobody_looks_at_does_not_grow() {
        let Some((folder, _server)) = start(&[]) else { return };
        let (store, group) = (redis_store(folder.path()), Key::of("group"));
        for day in 0..100 {
            let key = Key::of(&day.to_string());
            store.create(&key, vec![1], LATER).await.unwrap();
            store.link(&key, &group).await.unwrap();
            redis_cli(folder.path(), &["del", &format!("authcfg:session:{}", key.to_text())]);
        }
        let members = redis_cli(folder.path(), &["scard", &format!("authcfg:group:{}", group.to_text())]);
        assert!(members.parse::<u64>().unwrap() <= 8, "{members}");
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_leaves_the_rest_alone() {
        let Some((folder, _server)) = start(&[]) else { return };
        let store = redis_store(folder.path());
        store.ready().await.unwrap();
        for n in 0..200 {
            let key = Key::of(&n.to_string());
            let call = store.create(&key, vec![1], LATER);
            let _ = tokio::time::timeout(Duration::from_micros(n), call).await;
            let made = store.load(&key).await.unwrap();
            assert!(made.is_none_or(|record| record.value == [1] && record.version == 1));
        }
    }
}

mod postgres {
    use super::*;
    use crate::servers::postgres::{Cluster, shared};

    fn at(address: &str) -> PostgresStore {
        let address = PostgresAddress::parse(address).unwrap();
        PostgresStore::new(address, Arc::new(FixedClock::new(NOW))).with_deadline(DEADLINE)
    }

    #[tokio::test]
    async fn one_that_says_nothing_is_away_until_it_goes_on() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = Cluster::start();
        survives(&at(&cluster.database()), || cluster.freeze(), || cluster.thaw()).await;
    }

    #[tokio::test]
    async fn one_that_is_started_again_has_what_it_was_given() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = Cluster::start();
        let store = at(&cluster.database());
        // As somebody may have set it who wants it quick.
        cluster.psql("db0", "ALTER DATABASE db0 SET synchronous_commit = off");
        survives(&store, || cluster.crash(), || cluster.begin()).await;
    }

    #[tokio::test]
    async fn a_connection_that_is_ended_is_opened_again() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = Cluster::start();
        let store = at(&cluster.database());
        store.ready().await.unwrap();
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'authcfg'";
        assert_ne!(cluster.psql("postgres", end), "0");
        answers(&store).await;
        let few = move || cluster.psql("postgres", &end.replace("pg_terminate_backend(pid)", "pid")) == "8";
        tokio::task::spawn_blocking(move || servers::until("eight connections", few)).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_that_begin_at_once_make_one_set_of_tables() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = shared();
        let address = cluster.database();
        let stores: Vec<_> = (0..6)
            .map(|n: u8| {
                let store = at(&address);
                tokio::spawn(async move {
                    store.ready().await?;
                    store.create(&Key::of(&n.to_string()), vec![n], LATER).await
                })
            })
            .collect();
        for store in stores {
            assert!(store.await.unwrap().unwrap());
        }
        let name = address.split(['/', '?']).nth(3).unwrap().to_owned();
        assert_eq!(cluster.psql(&name, "SELECT count(*), max(version) FROM authcfg.layout"), "1|1");
        cluster.psql(&name, "UPDATE authcfg.layout SET version = 2");
        assert!(refusal(&at(&address)).await.ends_with("its tables were made by another version of authcfg"));
    }

    #[tokio::test]
    async fn what_can_only_be_read_is_no_store() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = shared();
        let address = cluster.database();
        let name = address.split(['/', '?']).nth(3).unwrap().to_owned();
        let store = at(&address);
        store.ready().await.unwrap();
        cluster.psql(&name, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
        assert!(refusal(&at(&address)).await.ends_with("it can only be read"));
        cluster.psql(
            &name,
            &format!("SET default_transaction_read_only = off; ALTER DATABASE {name} RESET ALL"),
        );
        answers(&at(&address)).await;
    }

    #[tokio::test]
    async fn a_user_needs_no_more_than_the_schema() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = Cluster::start();
        cluster.psql("postgres", "CREATE DATABASE ours; CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN");
        cluster.psql("ours", "CREATE SCHEMA authcfg AUTHORIZATION alice");
        at(&cluster.address("ours", "alice")).ready().await.unwrap();
        let error = refusal(&at(&cluster.address("ours", "bob"))).await;
        assert!(
            error.contains("its user may not do this: let it create the schema `authcfg`, or own it"),
            "{error}"
        );
        let error = refusal(&at(&cluster.address("nowhere", "alice"))).await;
        assert!(error.ends_with("it has no such database"), "{error}");
        assert!(
            refusal(&at(&cluster.address("ours", "carol")))
                .await
                .ends_with("it does not take this user and password")
        );
    }

    #[tokio::test]
    async fn what_is_over_is_removed_a_few_at_a_time() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = shared();
        let address = cluster.database();
        let name = address.split(['/', '?']).nth(3).unwrap().to_owned();
        let store = at(&address);
        store.ready().await.unwrap();
        let old = "INSERT INTO authcfg.sessions SELECT sha256(n::text::bytea), '', 1, 1000 FROM generate_series(1, 700) n";
        cluster.psql(&name, old);
        cluster.psql(&name, "INSERT INTO authcfg.links SELECT 'group', key FROM authcfg.sessions");
        cluster.psql(&name, "INSERT INTO authcfg.leases VALUES ('a', 'somebody', 1000)");
        store.create(&Key::of("a"), vec![1], LATER).await.unwrap();
        let left = "SELECT (SELECT count(*) FROM authcfg.sessions), (SELECT count(*) FROM authcfg.links), \
            (SELECT count(*) FROM authcfg.leases)";
        let gone = move || cluster.psql(&name, left) == "1|0|0";
        tokio::task::spawn_blocking(move || servers::until("what is over", gone)).await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_leaves_the_rest_alone() {
        if servers::left_out("postgres") {
            return;
        }
        let cluster = shared();
        let store = at(&cluster.database());
        store.ready().await.unwrap();
        for n in 0..100 {
            let key = Key::of(&n.to_string());
            let call = store.create(&key, vec![1], LATER);
            let _ = tokio::time::timeout(Duration::from_micros(n * 20), call).await;
            let made = store.load(&key).await.unwrap();
            assert!(made.is_none_or(|record| record.value == [1] && record.version == 1));
        }
    }
}
