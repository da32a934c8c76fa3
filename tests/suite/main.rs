//! The offline suite: one binary, one module a subject.

mod architecture;
mod attacks;
mod bad_files;
mod bad_yaml;
mod codes;
mod conformance;
mod demo;
mod deploy;
mod fixtures;
mod forty;
mod fuzz;
mod golden;
mod limits;
mod list;
#[cfg(feature = "lsp")]
mod lsp;
mod man;
mod manual;
mod map;
mod mock;
mod new;
mod online;
mod probes;
mod properties;
mod proposals;
#[cfg(all(feature = "store-postgres", feature = "store-redis", unix))]
mod remote;
mod resource;
mod server;
#[cfg(unix)]
mod servers;
mod show;
mod stores;
#[cfg(unix)]
mod terminal;
mod test_command;
mod validate;
mod validate_fix;
mod validate_formats;
#[cfg(unix)]
mod validate_watch;
mod vectors;
