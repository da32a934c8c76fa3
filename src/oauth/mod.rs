//! Vocabulary beyond the `oauth2` crate.
