//! `authcfg introspect`: what the provider knows of a token (RFC 7662).

use std::process::ExitCode;

use crate::cli::client::{self, ProviderArgs, Stop};
use crate::cli::output;
use crate::cli::tokens::{OtherToken, Place};

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
    #[command(flatten)]
    other: OtherToken,
    #[command(flatten)]
    provider: ProviderArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(introspect(&args))
}

async fn introspect(args: &Args) -> Result<(), Stop> {
    let client = args.provider.client()?;
    let answer = match args.other.given()? {
        Some(token) => client.introspect(&token).await?,
        None => {
            let kept = Place::of_sign_in(&args.provider.id, &client)?.signed_in()?;
            kept.client(&client).introspect(&kept.set).await?
        }
    };
    output::result(&format!("{answer:#}\n"));
    Ok(())
}
