//! `authcfg completions`: what a shell needs to complete commands and options.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, output};

/// Print the completions of a shell.
///
/// For example: authcfg completions bash > ~/.local/share/bash-completion/completions/authcfg
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), "authcfg", &mut script);
    output::result(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
