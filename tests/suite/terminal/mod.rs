//! Tokens at a terminal: `authcfg login`, `token`, `revoke`, `introspect`, `exchange` and `logout`, and a sign-in as a test, as a person calls them, at a
//! provider that is played.

mod ending;
mod other;
mod person;
mod record;
mod tokens;
