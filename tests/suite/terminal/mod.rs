//! Tokens at a terminal: `authcfg login`, `token`, `revoke`, `introspect`, `exchange` and `logout`, as a person calls them, at a
//! provider that is played.

mod ending;
mod other;
mod person;
mod tokens;
