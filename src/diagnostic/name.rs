//! How far two names are from each other, in time that grows with their lengths and not with the product of them.
//!
//! A row of the table of distances differs from the one above it by at most one in each column, so that a row is two words of
//! bits: Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003.

/// Bytes of a name; longer texts are none.
pub const MAX_NAME: usize = 128;

/// A name that others are compared with.
pub struct Name {
    length: usize,
    /// Where each ASCII character stands in the name, a bit a place.
    ascii: [u128; 128],
    others: Vec<(char, u128)>,
}

impl Name {
    /// `None` for a text that is too long for a name.
    pub fn new(text: &str) -> Option<Name> {
        if text.len() > MAX_NAME {
            return None;
        }
        let mut name = Name { length: 0, ascii: [0; 128], others: vec![] };
        for c in text.chars() {
            let bit = 1 << name.length;
            match (name.ascii.get_mut(c as usize), name.others.iter_mut().find(|(other, _)| *other == c)) {
                (Some(places), _) | (None, Some((_, places))) => *places |= bit,
                (None, None) => name.others.push((c, bit)),
            }
            name.length += 1;
        }
        Some(name)
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that make one name of the other; `None` where the other is
    /// too long for a name.
    pub fn distance(&self, other: &str) -> Option<usize> {
        if other.len() > MAX_NAME {
            return None;
        }
        if self.length == 0 {
            return Some(other.chars().count());
        }
        let last = 1 << (self.length - 1);
        let mut distance = self.length;
        // What is one more than above it, one less, the same as diagonally above, and equal to the character before.
        let (mut more, mut less, mut same, mut before) = (u128::MAX, 0_u128, 0_u128, 0_u128);
        for c in other.chars() {
            let equal = self.places(c);
            let swapped = ((!same & equal) << 1) & before;
            same = ((equal & more).wrapping_add(more) ^ more) | equal | less | swapped;
            let (right_more, right_less) = (less | !(same | more), same & more);
            if right_more & last != 0 {
                distance += 1;
            }
            if right_less & last != 0 {
                distance -= 1;
            }
            let right_more = right_more << 1 | 1;
            more = right_less << 1 | !(same | right_more);
            less = right_more & same;
            before = equal;
        }
        Some(distance)
    }

    /// The distance of a name that is near: at most a third of the longer one differs.
    pub fn near(&self, other: &str) -> Option<usize> {
        let length = other.chars().count();
        let most = self.length.max(length) / 3;
        // As many characters as one is longer have to be inserted at least.
        if self.length.abs_diff(length) > most {
            return None;
        }
        self.distance(other).filter(|distance| *distance <= most)
    }

    fn places(&self, c: char) -> u128 {
        let other = || self.others.iter().find(|(other, _)| *other == c).map(|(_, places)| *places);
        self.ascii.get(c as usize).copied().or_else(other).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_as_the_table_does(a in "[abäß]{0,40}", b in "[abäß]{0,40}", c in "[ab]{126,128}", d in "[ab]{120,128}") {
            for (a, b) in [(&a, &b), (&b, &a), (&c, &d), (&a, &d)] {
                prop_assert_eq!(Name::new(a).unwrap().distance(b), Some(strsim::osa_distance(a, b)), "{} {}", a, b);
            }
        }
    }

    #[test]
    fn a_name_has_an_end() {
        let name = |length: usize| "a".repeat(length - 1) + "b";
        assert_eq!(Name::new(&"a".repeat(128)).unwrap().near(&name(128)), Some(1));
        assert_eq!(Name::new(&"a".repeat(128)).unwrap().near(&name(129)), None);
        assert!(Name::new(&name(129)).is_none());
    }

    #[test]
    fn a_third_may_differ() {
        let name = Name::new("abcdef").unwrap();
        assert_eq!(name.near("abcdXY"), Some(2));
        assert_eq!(name.near("abcXYZ"), None);
        assert_eq!(name.near("abcdefghi"), Some(3));
        assert_eq!(name.near("abcdefghij"), None);
    }
}
