//! `authcfg explain`: what a finding means, with a wrong file and the right one.

use std::process::ExitCode;

use crate::cli::output;
use crate::diagnostic::{Code, nearest};

/// Explain the code of a finding, such as unknown-field.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The code, as it stands in brackets after `error` or `warning`
    code: String,
}

/// Runs the command: 2 for a code that nobody knows.
pub fn run(args: Args) -> ExitCode {
    let codes = || Code::all().iter().copied();
    match codes().find(|code| code.as_str() == args.code) {
        Some(code) => {
            output::result(code.page());
            ExitCode::SUCCESS
        }
        None => {
            let near = nearest(&args.code, codes().map(Code::as_str));
            let hint = near.map(|code| format!(": did you mean `{code}`?")).unwrap_or_default();
            output::diagnostic(&format!("error: there is no code `{}`{hint}\n", args.code));
            ExitCode::from(2)
        }
    }
}
