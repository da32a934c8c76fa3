//! Each provider has its own share of connections: one that hangs does not take those of the others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests under way.
const RUNNING: usize = 64;
/// Requests that wait for one of these to end.
const WAITING: usize = 128;

/// The shares of all providers.
#[derive(Default)]
pub(super) struct Bulkheads {
    shares: Mutex<HashMap<String, Arc<Bulkhead>>>,
}

/// The share of one provider.
pub(super) struct Bulkhead {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Bulkheads {
    /// The share of a provider. There are as many as configured providers.
    pub fn of(&self, provider: &str) -> Arc<Bulkhead> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(provider) {
            return share.clone();
        }
        let share =
            Arc::new(Bulkhead { running: Arc::new(Semaphore::new(RUNNING)), waiting: AtomicUsize::new(0) });
        shares.insert(provider.to_owned(), share.clone());
        share
    }
}

impl Bulkhead {
    /// Waits for a place; `None` where too many wait already.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.running.clone().try_acquire_owned() {
            return Some(permit);
        }
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= WAITING {
            return None;
        }
        self.running.clone().acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_provider_does_not_take_anothers_share() {
        let bulkheads = Bulkheads::default();
        let mut permits = vec![];
        for _ in 0..RUNNING {
            permits.push(bulkheads.of("slow").enter().await.unwrap());
        }
        assert!(bulkheads.of("other").enter().await.is_some());
        let slow = bulkheads.of("slow");
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let slow = slow.clone();
                tokio::spawn(async move { slow.enter().await.is_some() })
            })
            .collect();
        while slow.waiting.load(Ordering::Relaxed) < WAITING {
            tokio::task::yield_now().await;
        }
        assert!(slow.enter().await.is_none(), "one more would wait");
        drop(permits);
        for task in waiting {
            assert!(task.await.unwrap());
        }
    }
}
