//! The only source of randomness.
