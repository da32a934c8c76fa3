//! Sessions in the memory of this process: for one process, and for tests. They end with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::session::store::{Answer, Key, Owner, Record, SessionStore};

/// What is over is looked for this often, in seconds.
const SWEEP: u64 = 60;

/// Sessions in the memory of this process.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: HashMap<Key, Record>,
    /// The groups of a record, by its key.
    groups: HashMap<Key, HashSet<Key>>,
    /// Owner, and until when in milliseconds since 1970.
    leases: HashMap<Key, (Owner, u64)>,
    swept: u64,
}

impl MemoryStore {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> MemoryStore {
        MemoryStore { clock, state: Mutex::default() }
    }

    fn with<'a, T>(&'a self, act: impl FnOnce(&mut State, u64) -> T + Send + 'a) -> Answer<'a, T> {
        Box::pin(async move {
            let now = self.clock.now_millis();
            Ok(act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), now))
        })
    }
}

impl State {
    fn current(&mut self, key: &Key, now: u64) -> Option<&mut Record> {
        self.records.get_mut(key).filter(|record| record.expires > now / 1000)
    }

    fn sweep(&mut self, now: u64) {
        if (self.swept..self.swept + SWEEP).contains(&(now / 1000)) {
            return;
        }
        self.swept = now / 1000;
        self.records.retain(|_, record| record.expires > now / 1000);
        let records = &self.records;
        self.groups.retain(|key, _| records.contains_key(key));
        self.leases.retain(|_, (_, until)| *until > now);
    }
}

impl SessionStore for MemoryStore {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Record>> {
        self.with(move |state, now| state.current(key, now).cloned())
    }

    fn create<'a>(&'a self, key: &'a Key, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        self.with(move |state, now| {
            state.sweep(now);
            let is_new = state.current(key, now).is_none();
            if is_new {
                state.groups.remove(key);
                state.records.insert(*key, Record { value, version: 1, expires });
            }
            is_new
        })
    }

    fn replace<'a>(&'a self, key: &'a Key, version: u64, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        self.with(move |state, now| match state.current(key, now) {
            Some(record) if record.version == version => {
                *record = Record { value, version: version + 1, expires };
                true
            }
            _ => false,
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        self.with(move |state, _| {
            state.groups.remove(key);
            state.records.remove(key);
        })
    }

    fn link<'a>(&'a self, key: &'a Key, group: &'a Key) -> Answer<'a, bool> {
        self.with(move |state, now| {
            let is_there = state.current(key, now).is_some();
            if is_there {
                state.groups.entry(*key).or_default().insert(*group);
            }
            is_there
        })
    }

    fn linked<'a>(&'a self, group: &'a Key) -> Answer<'a, Vec<Key>> {
        self.with(move |state, now| {
            let of_group = state.groups.iter().filter(|(_, groups)| groups.contains(group));
            let keys: Vec<Key> = of_group.map(|(key, _)| *key).collect();
            keys.into_iter().filter(|key| state.current(key, now).is_some()).collect()
        })
    }

    fn lease<'a>(&'a self, key: &'a Key, owner: &'a Owner, seconds: u64) -> Answer<'a, bool> {
        self.with(move |state, now| {
            let held = state.leases.get(key).is_some_and(|(holder, until)| holder != owner && *until > now);
            if !held {
                state.leases.insert(*key, (owner.clone(), now.saturating_add(seconds.saturating_mul(1000))));
            }
            !held
        })
    }

    fn release<'a>(&'a self, key: &'a Key, owner: &'a Owner) -> Answer<'a, ()> {
        self.with(move |state, _| {
            if state.leases.get(key).is_some_and(|(holder, _)| holder == owner) {
                state.leases.remove(key);
            }
        })
    }

    fn ready(&self) -> Answer<'_, ()> {
        self.with(move |_, _| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use crate::rng::SystemRng;

    #[tokio::test]
    async fn what_is_over_makes_room() {
        let clock = Arc::new(FixedClock::new(1_000));
        let store = MemoryStore::new(clock.clone());
        assert!(store.create(&Key::of("a"), vec![1], 1_010).await.unwrap());
        assert!(store.link(&Key::of("a"), &Key::of("group")).await.unwrap());
        assert!(store.lease(&Key::of("a"), &Owner::new(&SystemRng), 10).await.unwrap());
        clock.advance(61);
        assert!(store.create(&Key::of("b"), vec![2], 2_000).await.unwrap());
        let state = store.state.lock().unwrap();
        assert_eq!((state.records.len(), state.groups.len(), state.leases.len()), (1, 0, 0));
    }
}
