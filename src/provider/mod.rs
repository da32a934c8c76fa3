//! A provider that can run.
