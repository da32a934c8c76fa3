//! The names that stand for secrets and for what differs from run to run.

use std::sync::Mutex;
use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::rng::{self, Rng};

/// A value this long is no word of anything else.
const LONG: usize = 8;

/// Values, and the names that stand for them.
#[derive(Default)]
pub struct Placeholders {
    values: Vec<(String, String)>,
}

impl Placeholders {
    /// `name` stands for `value` from now on.
    pub fn set(&mut self, value: &str, name: &str) {
        if !value.is_empty() && value != name {
            self.values.push((value.to_owned(), name.to_owned()));
            // Of two values of which one holds the other, the longer one goes first.
            self.values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        }
    }

    /// The text with names for values. A short value is replaced only where it is the whole text.
    pub fn hide(&self, text: &str) -> String {
        if let Some((_, name)) = self.values.iter().find(|(value, _)| value == text) {
            return name.clone();
        }
        let mut hidden = text.to_owned();
        for (value, name) in self.values.iter().filter(|(value, _)| value.len() >= LONG) {
            hidden = hidden.replace(value.as_str(), name);
        }
        hidden
    }

    /// The value of a header: of an `Authorization` each part by itself, HTTP Basic decoded.
    pub fn hide_header(&self, value: &str) -> String {
        let Some((scheme, rest)) = value.split_once(' ') else { return self.hide(value) };
        let basic = Some(rest).filter(|_| scheme == "Basic").and_then(|rest| STANDARD.decode(rest).ok());
        match basic.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(pair) => {
                let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
                format!("Basic base64({}:{})", self.hide(user), self.hide(password))
            }
            None if rest.contains(' ') => self.hide(value),
            None => format!("{scheme} {}", self.hide(rest)),
        }
    }
}

/// Random bytes that are the same in every run, and known afterwards. They protect nothing: what is made of them goes to a
/// mock on this machine.
pub struct Tape {
    state: Mutex<(u64, Vec<Vec<u8>>)>,
}

impl Tape {
    /// A tape that begins at `seed`.
    pub fn new(seed: u64) -> Tape {
        Tape { state: Mutex::new((seed, vec![])) }
    }

    /// All that was made of it, as tokens and, where it can be, as UUIDs.
    pub fn made(&self) -> Vec<(String, Option<String>)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |bytes: &Vec<u8>| {
            let uuid = (bytes.len() == 16).then(|| rng::uuid(&Again(bytes)));
            (URL_SAFE_NO_PAD.encode(bytes), uuid)
        };
        state.1.iter().map(of).collect()
    }
}

impl Rng for Tape {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes.iter_mut() {
            // splitmix64
            state.0 = state.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)).to_le_bytes()[0];
        }
        state.1.push(bytes.to_vec());
    }
}

/// The same bytes once more.
struct Again<'a>(&'a [u8]);

impl Rng for Again<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_values() {
        let mut placeholders = Placeholders::default();
        placeholders.set("verifier-1234", "CODE_VERIFIER");
        placeholders.set("verifier-1234-code", "CODE");
        placeholders.set("AT", "ACCESS_TOKEN");
        assert_eq!(placeholders.hide("a/verifier-1234-code/verifier-1234"), "a/CODE/CODE_VERIFIER");
        assert_eq!(placeholders.hide("AT"), "ACCESS_TOKEN");
        assert_eq!(placeholders.hide("ATLAS"), "ATLAS", "a short value is no part of a word");
        assert_eq!(placeholders.hide_header("Bearer AT"), "Bearer ACCESS_TOKEN");
        assert_eq!(placeholders.hide_header("Basic QTpBVA=="), "Basic base64(A:ACCESS_TOKEN)");
    }

    #[test]
    fn a_tape_knows_what_was_made_of_it() {
        let tape = Tape::new(1);
        let (token, uuid) = (rng::token(&tape, 16), rng::uuid(&tape));
        let made = tape.made();
        assert_eq!(made[0].0, token);
        assert_eq!(made[1].1.as_deref(), Some(uuid.as_str()));
        assert_eq!(rng::token(&Tape::new(1), 16), token, "the same in every run");
    }
}
