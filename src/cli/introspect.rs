//! `authcfg introspect`: what the provider knows of a token (RFC 7662).

use std::process::ExitCode;

use crate::cli::client::{self, DeploymentArgs, Stop};
use crate::cli::output;
use crate::cli::tokens::{Place, Standing, alone, from_stdin};

/// Ask the provider what it knows of the access token of the sign-in, or of another token (RFC 7662).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authcfg introspect acme
  printf %s \"$TOKEN\" | authcfg introspect acme --token - | jq -e .active

The answer is on standard output, as the provider gave it.

Exit codes:
  0 answered, also where the token is not active, 1 the deployment or what is
  kept cannot be used, 2 wrong usage, or the provider tells nothing, 3 the
  provider cannot be reached, 4 it refused, or nobody is signed in")]
pub struct Args {
    /// The provider, by its id in the deployment
    id: String,
    /// Another token than that of the sign-in: - reads it from standard input
    #[arg(long, value_name = "-", allow_hyphen_values = true)]
    token: Option<Standing>,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(introspect(&args))
}

async fn introspect(args: &Args) -> Result<(), Stop> {
    let config = args.deployment.load()?;
    let client = client::client(&config, client::provider(&config, &args.id)?, None);
    let set = match from_stdin("--token", args.token.as_ref())? {
        Some(token) => alone(token),
        None => Place::of_sign_in(&args.id, &client)?.signed_in()?.set,
    };
    output::result(&format!("{:#}\n", client.introspect(&set).await?));
    Ok(())
}
