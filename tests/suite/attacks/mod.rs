//! What an attacker sends, held against the promises of the module that reads it.

mod inputs;
