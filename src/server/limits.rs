//! How often a client may ask: a token bucket for each, in bounded memory.
//!
//! A bucket is one number, the time at which it is full again (the generic cell rate algorithm, ITU-T I.371): a client that has
//! waited for that long is as good as one that never came, and needs no room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::config::Rate;

/// Clients that are remembered for each limit; those that have not come for the longest time make room.
const MAX_CLIENTS: usize = 100_000;

/// The buckets of each limit.
#[derive(Default)]
pub(super) struct Limits {
    pub sign_in: Buckets,
    pub callback: Buckets,
    pub session: Buckets,
}

/// The buckets of one limit.
#[derive(Default)]
pub(super) struct Buckets {
    generations: Mutex<Generations>,
}

/// Of clients that came lately, and of those that came before these.
#[derive(Default)]
struct Generations {
    young: HashMap<Client, Bucket>,
    old: HashMap<Client, Bucket>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    /// When it is full again, in microseconds since 1970.
    full: u64,
    /// Whether it was empty when it was last asked for something.
    refused: bool,
}

/// Until when a client has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// In so many seconds it may come again.
    pub seconds: u64,
    /// Whether its last request was not refused.
    pub is_first: bool,
}

/// Who counts as one client. All whose address nobody tells are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    V4(u32),
    /// A network of 64 bits: what one household or machine is given, to choose any address of.
    V6(u64),
    Unknown,
}

impl Client {
    fn of(address: Option<IpAddr>) -> Client {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Client::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => Client::V6((address.to_bits() >> 64) as u64),
            None => Client::Unknown,
        }
    }
}

impl Buckets {
    /// Takes one from a client's bucket at `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Wait`] where it is empty.
    pub fn take(&self, address: Option<IpAddr>, rate: Rate, now: u64) -> Result<(), Wait> {
        let (now, client) = (now.saturating_mul(1_000), Client::of(address));
        let one = (u64::from(rate.seconds) * 1_000_000).div_ceil(u64::from(rate.count));
        let whole = one * u64::from(rate.count);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let Bucket { full, refused } = generations.bucket(client);
        // A clock that is set back leaves nobody waiting for longer than a whole bucket.
        let full = full.clamp(now, now + whole);
        let wait = (full + one).saturating_sub(now + whole);
        let is_refused = wait > 0;
        let full = if is_refused { full } else { full + one };
        generations.keep(client, Bucket { full, refused: is_refused });
        match is_refused {
            true => Err(Wait { seconds: wait.div_ceil(1_000_000), is_first: !refused }),
            false => Ok(()),
        }
    }
}

impl Generations {
    fn bucket(&self, client: Client) -> Bucket {
        self.young.get(&client).or_else(|| self.old.get(&client)).copied().unwrap_or_default()
    }

    fn keep(&mut self, client: Client, bucket: Bucket) {
        if self.young.len() >= MAX_CLIENTS / 2 && !self.young.contains_key(&client) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(client, bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { count: 3, seconds: 60 };

    fn take(buckets: &Buckets, address: &str, now: u64) -> Result<(), u64> {
        buckets.take(Some(address.parse().unwrap()), RATE, now * 1_000).map_err(|wait| wait.seconds)
    }

    #[test]
    fn a_burst_and_then_evenly() {
        let buckets = Buckets::default();
        let outcomes: Vec<_> = (0..4).map(|_| take(&buckets, "1.2.3.4", 1_000)).collect();
        assert_eq!(outcomes, [Ok(()), Ok(()), Ok(()), Err(20)]);
        assert_eq!(take(&buckets, "1.2.3.4", 1_019), Err(1));
        assert_eq!(take(&buckets, "1.2.3.4", 1_020), Ok(()));
        assert_eq!(take(&buckets, "1.2.3.4", 1_020), Err(20));
        assert_eq!(take(&buckets, "1.2.3.5", 1_020), Ok(()));
    }

    #[test]
    fn who_was_refused_does_not_wait_longer_for_that() {
        let buckets = Buckets::default();
        let outcomes: Vec<_> = (0..100).map(|_| take(&buckets, "1.2.3.4", 1_000)).collect();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
        assert_eq!(take(&buckets, "1.2.3.4", 1_020), Ok(()));
    }

    #[test]
    fn the_first_refusal_is_told_from_those_after_it() {
        let buckets = Buckets::default();
        let first = |now| buckets.take(None, RATE, now).map_err(|wait| wait.is_first);
        let outcomes: Vec<_> = (0..5).map(|_| first(0)).collect();
        assert_eq!(outcomes, [Ok(()), Ok(()), Ok(()), Err(true), Err(false)]);
        assert_eq!([first(20_000), first(20_000), first(20_000)], [Ok(()), Err(true), Err(false)]);
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_a_mapped_address_is_ipv4() {
        let buckets = Buckets::default();
        for last in 0..3 {
            assert_eq!(take(&buckets, &format!("2001:db8:0:1::{last}"), 1_000), Ok(()));
        }
        assert_eq!(take(&buckets, "2001:db8:0:1:ffff::9", 1_000), Err(20));
        assert_eq!(take(&buckets, "2001:db8:0:2::1", 1_000), Ok(()));
        for address in ["1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4"] {
            assert_eq!(take(&buckets, address, 1_000), Ok(()));
        }
        assert_eq!(take(&buckets, "::ffff:1.2.3.4", 1_000), Err(20));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let buckets = Buckets::default();
        (0..3).for_each(|_| take(&buckets, "1.2.3.4", 1_000_000).unwrap());
        assert_eq!(take(&buckets, "1.2.3.4", 1_000), Err(20));
        assert_eq!(take(&buckets, "1.2.3.4", 1_020), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_make_room() {
        let buckets = Buckets::default();
        let first = |at| take(&buckets, "1.2.3.4", at);
        assert_eq!([first(1_000), first(1_000), first(1_000)], [Ok(()); 3]);
        for host in 0..3 * MAX_CLIENTS as u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + host);
            assert_eq!(buckets.take(Some(address.into()), RATE, 1_000_000), Ok(()));
            let generations = buckets.generations.lock().unwrap();
            assert!(generations.young.len() + generations.old.len() <= MAX_CLIENTS);
        }
        assert_eq!(first(1_000), Ok(()));
    }
}
