//! A session store that does what a test wants of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authcfg::session::SessionStore;
use authcfg::session::store::{Answer, Key, MemoryStore, Owner, Record, StoreError};

/// A store that can be down.
pub struct Unsteady {
    inner: MemoryStore,
    down: Arc<AtomicBool>,
    gives_leases: bool,
}

impl Unsteady {
    pub fn new(clock: Arc<dyn authcfg::clock::Clock>, down: Arc<AtomicBool>) -> Unsteady {
        Unsteady { inner: MemoryStore::new(clock), down, gives_leases: true }
    }

    /// A store that answers, but cannot say who has a lease.
    pub fn without_leases(clock: Arc<dyn authcfg::clock::Clock>) -> Unsteady {
        Unsteady { gives_leases: false, ..Unsteady::new(clock, Arc::default()) }
    }

    fn ask<'a, T: Send + 'a>(&'a self, answer: Answer<'a, T>) -> Answer<'a, T> {
        Box::pin(async move {
            match self.down.load(Ordering::SeqCst) {
                true => Err(StoreError::new("it is down")),
                false => answer.await,
            }
        })
    }
}

impl SessionStore for Unsteady {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Record>> {
        self.ask(self.inner.load(key))
    }

    fn create<'a>(&'a self, key: &'a Key, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        self.ask(self.inner.create(key, value, expires))
    }

    fn replace<'a>(&'a self, key: &'a Key, version: u64, value: Vec<u8>, expires: u64) -> Answer<'a, bool> {
        self.ask(self.inner.replace(key, version, value, expires))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        self.ask(self.inner.delete(key))
    }

    fn link<'a>(&'a self, key: &'a Key, group: &'a Key) -> Answer<'a, bool> {
        self.ask(self.inner.link(key, group))
    }

    fn linked<'a>(&'a self, group: &'a Key) -> Answer<'a, Vec<Key>> {
        self.ask(self.inner.linked(group))
    }

    fn lease<'a>(&'a self, key: &'a Key, owner: &'a Owner, seconds: u64) -> Answer<'a, bool> {
        match self.gives_leases {
            true => self.ask(self.inner.lease(key, owner, seconds)),
            false => Box::pin(async { Err(StoreError::new("it is busy")) }),
        }
    }

    fn release<'a>(&'a self, key: &'a Key, owner: &'a Owner) -> Answer<'a, ()> {
        self.ask(self.inner.release(key, owner))
    }

    fn ready(&self) -> Answer<'_, ()> {
        self.ask(self.inner.ready())
    }
}
