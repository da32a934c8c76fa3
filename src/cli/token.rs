//! `authcfg token`: a valid access token for a program, of a sign-in or of the client itself.

use std::process::ExitCode;

use crate::cli::client::{self, ProviderArgs, Stop};
use crate::cli::tokens::{Format, Kept, Place, Shown};
use crate::client::Client;
use crate::clock::{Clock, SystemClock};
use crate::flow::grant::ClientCredentialsRequest;

/// Print a valid access token: of the sign-in that `authcfg login` keeps, or of the client itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  curl -H \"Authorization: Bearer $(authcfg token acme)\" https://api.acme.example/me
  authcfg token acme --format json | jq .expires_at
  authcfg token acme --client-credentials --scope read

A token that expires within a minute is renewed first, by one process however
many ask, and the new one is kept before it is printed.

Exit codes:
  0 printed, 1 the deployment or what is kept cannot be used, 2 wrong usage,
  3 the provider cannot be reached, 4 nobody is signed in, or not any more")]
pub struct Args {
    /// A token for the client itself, without a sign-in (RFC 6749, section 4.4)
    #[arg(long)]
    client_credentials: bool,
    /// What that token is to be good for, separated by spaces [default: what the deployment asks for]
    #[arg(long, requires = "client_credentials")]
    scope: Option<String>,
    /// Where that token is to be used, an absolute URI (RFC 8707); repeatable
    #[arg(long, value_name = "URI", requires = "client_credentials")]
    resource: Vec<String>,
    /// Ask for a new token each time, and keep none
    #[arg(long, requires = "client_credentials")]
    no_store: bool,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    provider: ProviderArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(token(&args))
}

async fn token(args: &Args) -> Result<(), Stop> {
    let client = args.provider.client()?;
    let kept = match args.client_credentials {
        true => of_client(args, &client).await?,
        false => Place::of_sign_in(&args.provider.id, &client)?.valid(&client).await?,
    };
    let more = kept.sub.as_deref().map(|sub| ("sub", sub));
    Shown { set: &kept.set, is_access_token: true, more }.write(args.format);
    Ok(())
}

/// The client's own token: the one that is kept, for as long as it lives.
async fn of_client(args: &Args, client: &Client) -> Result<Kept, Stop> {
    let request = ClientCredentialsRequest { scope: args.scope.clone(), resource: args.resource.clone() };
    let ask = async || {
        let set = client.client_credentials(&request).await?;
        Ok::<_, Stop>(Kept::new(&args.provider.id, client, set))
    };
    if args.no_store {
        return ask().await;
    }
    let place = Place::of_client(&args.provider.id, client, &request)?;
    let _lock = place.lock()?;
    if let Some(kept) = place.read()?.filter(|kept| !kept.are_due(SystemClock.now())) {
        return Ok(kept);
    }
    let kept = ask().await?;
    // Of one that does not say when it expires nobody could tell whether it is still good.
    match kept.set.expires_at {
        Some(_) => place.keep(&kept)?,
        None => place.forget()?,
    }
    Ok(kept)
}
