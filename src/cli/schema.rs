//! `authcfg schema`: the JSON Schema of a provider file, of a deployment file, or of what `validate` found.

use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::output;
use crate::diagnostic::render;
#[cfg(feature = "server")]
use crate::server::audit;
use crate::spec;

/// Print a JSON Schema (2020-12), for an editor or another validator.
///
/// For example: authcfg schema provider > provider.schema.json
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Of which file
    file: File,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// A provider file
    Provider,
    /// A deployment file, authcfg.yaml
    Config,
    /// What the audit log of `authcfg serve` writes, a line
    #[cfg(feature = "server")]
    Events,
    /// What `authcfg validate --format json` writes
    Findings,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let schema = match args.file {
        File::Provider => spec::provider_schema(),
        File::Config => spec::deployment_schema(),
        #[cfg(feature = "server")]
        File::Events => audit::schema(),
        File::Findings => render::json_schema(),
    };
    output::result(&format!("{schema:#}\n"));
    ExitCode::SUCCESS
}
