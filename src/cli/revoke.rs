//! `authcfg revoke`: the end of a token, told to the provider (RFC 7009).

use std::process::ExitCode;

use crate::cli::client::{self, ProviderArgs, Stop};
use crate::cli::output;
use crate::cli::tokens::{OtherToken, Place};

/// End the tokens of the sign-in at the provider, or another token (RFC 7009).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authcfg revoke acme
  pass show acme/leaked | authcfg revoke acme --token -

The refresh token is what is revoked where there is one, and with it goes all
that was granted. What `authcfg login` kept is forgotten then.

Exit codes:
  0 revoked, 1 the deployment or what is kept cannot be used, 2 wrong usage, or
  the provider revokes nothing, 3 the provider cannot be reached, 4 it refused,
  or nobody is signed in")]
pub struct Args {
    #[command(flatten)]
    other: OtherToken,
    #[command(flatten)]
    provider: ProviderArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(revoke(&args))
}

async fn revoke(args: &Args) -> Result<(), Stop> {
    let client = args.provider.client()?;
    match args.other.given()? {
        Some(token) => client.revoke(&token).await?,
        None => {
            let place = Place::of_sign_in(&args.provider.id, &client)?;
            place.signed_in()?;
            let _lock = place.lock()?;
            let kept = place.signed_in()?;
            kept.client(&client).revoke(&kept.set).await?;
            place.forget()?;
        }
    }
    output::diagnostic(&format!("revoked at {}\n", client.provider().name));
    Ok(())
}
