//! The deployment file, compiled.
