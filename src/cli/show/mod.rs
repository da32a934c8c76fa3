//! `authcfg show`: the effective provider and every request that it will be sent, secrets as placeholders.

mod curl;
mod discover;
mod facts;
mod json;
mod metadata;
mod placeholders;
mod plan;
mod play;
mod sent;
mod text;
mod why;

use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::catalog::CatalogArgs;
use crate::cli::effective::Effective;
use crate::cli::given::pair;
use crate::cli::output;
use crate::cli::show::plan::Plan;

/// Show the effective provider and every request that it will be sent.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Id of a provider, or path of a provider file
    #[arg(value_name = "ID|PATH")]
    provider: String,
    /// The value of a variable; repeatable
    #[arg(long = "vars", alias = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// An input of the sign-in; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    request: Vec<(String, String)>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show where each value comes from: a file and its line, the environment, discovery, or a section of the standard
    #[arg(long)]
    why: bool,
    /// Fetch the discovery document of the provider
    #[arg(long)]
    discover: bool,
    #[command(flatten)]
    catalog: CatalogArgs,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Commands to paste into a shell
    Curl,
    /// One JSON document
    Json,
    /// For people
    #[default]
    Text,
}

const EXAMPLES: &str = "\
The requests are those that the engine sends while the first test of the file is played on this machine. What differs \
from run to run, and every secret, is a placeholder: CLIENT_ID CLIENT_SECRET STATE NONCE CODE CODE_CHALLENGE \
CODE_VERIFIER REDIRECT_URI ACCESS_TOKEN REFRESH_TOKEN. No secret of the deployment or of the environment is read.

Examples:
  authcfg show acme
  authcfg show acme --vars host=git.acme.example --why
  authcfg show acme --request connection=conn_01 --format curl
  authcfg show ./acme.yaml --discover --format json

Exit codes: 0 fine, 1 a file with errors, 2 wrong usage, 3 the discovery document cannot be had.";

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    match shown(&args) {
        Ok(text) => {
            output::painted(&text);
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

/// What the command shows.
///
/// # Errors
/// The exit code, once the reason is on standard error.
pub fn shown(args: &Args) -> Result<String, ExitCode> {
    let effective = Effective::load(&args.catalog, &args.provider)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        output::diagnostic(&format!("error: {error}\n"));
        ExitCode::from(3)
    })?;
    let mut plan = Plan::new(&effective, &args.vars, &args.request)?;
    if args.discover {
        plan.discovered = runtime.block_on(discover::fetch(&effective, &plan))?;
    }
    let played = runtime.block_on(play::play(&effective, &plan))?;
    if let Some(why) = played.stopped.as_ref().filter(|_| args.format != Format::Text) {
        output::diagnostic(&format!("note: {why}\n"));
    }
    Ok(match args.format {
        Format::Curl => curl::of(&effective, &plan, &played),
        Format::Json => format!("{:#}\n", json::of(&effective, &plan, &played, args.why)),
        Format::Text => text::of(&effective, &plan, &played, args.why),
    })
}
