//! The offline suite: one binary, one module a subject. See `tests/README.md`.

mod architecture;
