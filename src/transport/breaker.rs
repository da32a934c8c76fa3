//! A host that gives no answers is left alone for a moment: whoever comes is told at once, and takes no connection of those who
//! wait for others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many requests in a row got no answer,
const FAILURES: u32 = 5;
/// each so soon after the one before.
const WITHIN: Duration = Duration::from_secs(30);
/// The host is left alone this long; then one request may see whether it is back.
const PAUSE: Duration = Duration::from_secs(5);
/// Hosts that are remembered. A provider has one or two; but the name of one may come from a visitor.
const MAX_HOSTS: usize = 1_000;

/// What is known of the hosts that gave no answer of late, by provider and origin.
#[derive(Default)]
pub(super) struct Breakers {
    hosts: Mutex<HashMap<String, Silence>>,
}

/// Requests in a row that got no answer.
struct Silence {
    requests: u32,
    /// When the last one ended, or the one began that sees whether the host is back.
    last: Instant,
}

impl Breakers {
    /// Whether a request may go to a host.
    pub fn admits(&self, host: &str) -> bool {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(silence) = hosts.get_mut(host).filter(|silence| silence.requests >= FAILURES) else {
            return true;
        };
        let over = silence.last.elapsed() >= PAUSE;
        if over {
            silence.last = Instant::now();
        }
        over
    }

    /// Learns that a host has answered, whatever the answer.
    pub fn answered(&self, host: &str) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }

    /// Learns that it has not.
    pub fn silent(&self, host: &str) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(host) {
            hosts.retain(|_, silence| silence.last.elapsed() < PAUSE);
            if hosts.len() >= MAX_HOSTS {
                hosts.clear();
            }
        }
        let now = Instant::now();
        let silence = hosts.entry(host.to_owned()).or_insert(Silence { requests: 0, last: now });
        let is_old = now - silence.last >= WITHIN;
        silence.requests = if is_old { 1 } else { silence.requests.saturating_add(1) };
        silence.last = now;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Breakers of which one has seen so many failures, a second apart.
    async fn after(failures: u32) -> Breakers {
        let breakers = Breakers::default();
        for _ in 0..failures {
            breakers.silent("a");
            advance(Duration::from_secs(1)).await;
        }
        breakers
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_left_alone_after_five_failures() {
        assert!(after(4).await.admits("a"));
        let breakers = after(5).await;
        assert!(!breakers.admits("a"));
        assert!(breakers.admits("b"), "another host is not meant");
        breakers.answered("a");
        assert!(breakers.admits("a"), "an answer to a request that was under way counts");
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_sees_whether_it_is_back() {
        let breakers = after(5).await;
        advance(PAUSE).await;
        assert!(breakers.admits("a"));
        assert!(!breakers.admits("a"), "one at a time");
        breakers.silent("a");
        assert!(!breakers.admits("a"));
        advance(PAUSE).await;
        assert!(breakers.admits("a"), "also where nobody tells what became of the one before");
        breakers.answered("a");
        assert!(breakers.admits("a") && breakers.admits("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_now_and_then_do_not_add_up() {
        let breakers = Breakers::default();
        for _ in 0..20 {
            breakers.silent("a");
            advance(WITHIN).await;
            assert!(breakers.admits("a"));
        }
        for _ in 0..20 {
            breakers.silent("a");
            breakers.answered("a");
            assert!(breakers.admits("a"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn names_that_visitors_make_up_take_no_memory() {
        let breakers = Breakers::default();
        for number in 0..10 * MAX_HOSTS {
            breakers.silent(&format!("h{number}.example"));
        }
        assert!(breakers.hosts.lock().unwrap().len() <= MAX_HOSTS);
    }
}
