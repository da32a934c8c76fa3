//! A value that never reaches a log.

use std::fmt;

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

/// A token, a code, a verifier, a key, a client secret.
///
/// `Debug` prints `[redacted]`; there is no `Display`, no `Serialize` and no `==`. The memory is overwritten when it is
/// dropped. [`Secret::expose`] is the one way to the value, and the one word to look for in a review.
///
/// ```
/// use authcfg::oauth::Secret;
///
/// let secret = Secret::from("hunter2");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert!(secret.ct_eq(&Secret::from("hunter2")));
/// ```
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value in.
    pub fn new(value: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(value.into()))
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether two secrets are equal, in a time that does not depend on where they differ.
    pub fn ct_eq(&self, other: &Secret) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Secret {
        Secret::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Secret {
        Secret::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_value() {
        assert!(Secret::from("a").ct_eq(&Secret::from("a".to_owned())));
        assert!(!Secret::from("a").ct_eq(&Secret::from("b")));
        assert!(!Secret::from("a").ct_eq(&Secret::from("aa")));
    }
}
