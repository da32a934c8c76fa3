//! The `authcfg` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    authcfg::cli::run()
}
