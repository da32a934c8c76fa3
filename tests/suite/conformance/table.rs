//! Tables of what a provider does and what comes of it: each row is a test, and a line of a page.

use std::path::Path;

use super::op::Behaviour;
use super::rp::{Played, Rp};
use crate::golden::compare;

/// A row.
pub struct Row {
    /// The name of its test.
    pub test: &'static str,
    /// What the provider does.
    pub provider: &'static str,
    outcome: &'static str,
    asked: &'static str,
}

/// A table, with a test for each row.
macro_rules! rows {
    ($($test:ident: $provider:literal, $play:expr => $outcome:literal, $asked:literal;)*) => {
        pub const ROWS: &[crate::conformance::table::Row] = &[$(
            crate::conformance::table::Row::new(stringify!($test), $provider, $outcome, $asked)
        ),*];
        $(
            #[tokio::test]
            async fn $test() {
                crate::conformance::table::check($play.await, $outcome, $asked);
            }
        )*
    };
}
pub(crate) use rows;

impl Row {
    pub const fn new(
        test: &'static str,
        provider: &'static str,
        outcome: &'static str,
        asked: &'static str,
    ) -> Row {
        Row { test, provider, outcome, asked }
    }

    /// Its line in a page, under that name.
    pub fn line(&self, name: &str) -> String {
        let Row { provider, outcome, asked, .. } = self;
        format!("| {name} | {provider} | {outcome} | {asked} |\n")
    }
}

/// One sign-in at a provider that was changed.
pub async fn sign_in(change: impl FnOnce(&mut Behaviour)) -> Played {
    let rp = Rp::start(change, "").await;
    rp.played(rp.sign_in().await)
}

pub fn check(played: Played, outcome: &str, asked: &str) {
    assert_eq!((played.outcome.as_str(), played.asked.as_str()), (outcome, asked));
}

/// Holds a page against `tests/golden/conformance/NAME`.
pub fn check_page(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/conformance").join(name);
    assert_eq!(compare(&path, page), None);
}
