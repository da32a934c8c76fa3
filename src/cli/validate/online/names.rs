//! The name service: whether a host is known, unknown, or nobody could be asked.
//!
//! The system's own resolver is asked, as a sign-in does, by a call that tells "no such name" from "no answer".

use std::fmt;
use std::sync::Arc;

use dns_lookup::LookupErrorKind;

/// What the name service says about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// It has an address.
    Known,
    /// Nobody could be asked, and why.
    Unanswered(String),
    /// There is no such name, or it has no address.
    Unknown,
}

/// A name service.
#[derive(Clone)]
pub struct Names(pub Arc<dyn Fn(&str) -> Resolved + Send + Sync>);

impl Default for Names {
    fn default() -> Names {
        Names(Arc::new(system))
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

/// Asks the resolver of the system. Blocks for as long as that takes.
fn system(host: &str) -> Resolved {
    match dns_lookup::lookup_host(host) {
        Ok(mut addresses) => match addresses.next() {
            Some(_) => Resolved::Known,
            None => Resolved::Unknown,
        },
        Err(error) => failed(error.kind()),
    }
}

fn failed(kind: LookupErrorKind) -> Resolved {
    match kind {
        LookupErrorKind::NoData | LookupErrorKind::NoName => Resolved::Unknown,
        LookupErrorKind::Again => Resolved::Unanswered("no name server answers".into()),
        _ => Resolved::Unanswered("the name service of this machine fails".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_not_no_such_name() {
        assert_eq!(failed(LookupErrorKind::NoName), Resolved::Unknown);
        assert_eq!(failed(LookupErrorKind::NoData), Resolved::Unknown);
        for kind in [LookupErrorKind::Again, LookupErrorKind::Fail, LookupErrorKind::System] {
            assert!(matches!(failed(kind), Resolved::Unanswered(_)), "{kind:?}");
        }
    }

    #[test]
    fn the_system_knows_an_address() {
        assert_eq!(system("127.0.0.1"), Resolved::Known);
    }
}
