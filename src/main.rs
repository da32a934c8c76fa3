//! The `authcfg` command.

fn main() {}
