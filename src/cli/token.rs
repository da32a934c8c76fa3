//! `authcfg token`: a valid access token for a program, of a sign-in or of the client itself.

use std::process::ExitCode;

use crate::cli::client::{self, ProviderArgs, Stop};
use crate::cli::tokens::{Format, Kept, Place, Shown, Standing, from_stdin};
use crate::client::{Client, Error};
use crate::clock::{Clock, SystemClock};
use crate::flow::TokenSet;
use crate::flow::grant::{ClientCredentialsRequest, JwtBearerRequest};

/// Print a valid access token: of the sign-in that `authcfg login` keeps, or of the client itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  curl -H \"Authorization: Bearer $(authcfg token acme)\" https://api.acme.example/me
  authcfg token acme --format json | jq .expires_at
  authcfg token acme --client-credentials --scope read
  authcfg token acme --jwt-bearer
  sign-an-assertion | authcfg token acme --jwt-bearer --assertion -

A token that expires within a minute is renewed first, by one process however
many ask, and the new one is kept before it is printed.

Exit codes:
  0 printed, 1 the deployment or what is kept cannot be used, 2 wrong usage,
  3 the provider cannot be reached, 4 nobody is signed in, or not any more")]
pub struct Args {
    /// A token for the client itself, without a sign-in (RFC 6749, section 4.4)
    #[arg(long, group = "own")]
    client_credentials: bool,
    /// A token for an assertion that the client makes as the provider file says (RFC 7523, section 2.1)
    #[arg(long, group = "own")]
    jwt_bearer: bool,
    /// Another assertion than that: - reads it from standard input
    #[arg(long, value_name = "-", allow_hyphen_values = true, requires = "jwt_bearer")]
    assertion: Option<Standing>,
    /// What that token is to be good for, separated by spaces [default: what the deployment asks for]
    #[arg(long, requires = "own")]
    scope: Option<String>,
    /// Where that token is to be used, an absolute URI (RFC 8707); repeatable
    #[arg(long, value_name = "URI", requires = "client_credentials")]
    resource: Vec<String>,
    /// Ask for a new token each time, and keep none
    #[arg(long, requires = "own")]
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
    let kept = match (args.client_credentials, args.jwt_bearer) {
        (false, false) => Place::of_sign_in(&args.provider.id, &client)?.valid(&client).await?,
        (true, _) => {
            let request =
                ClientCredentialsRequest { scope: args.scope.clone(), resource: args.resource.clone() };
            let place = Place::of_client(&args.provider.id, &client, &request)?;
            of_client(args, &client, place, !args.no_store, async || {
                client.client_credentials(&request).await
            })
            .await?
        }
        (false, true) => {
            let assertion = from_stdin("--assertion", args.assertion.as_ref())?;
            // Of one that somebody gives nobody could tell later whose it was.
            let is_kept = !args.no_store && assertion.is_none();
            let request = JwtBearerRequest { assertion, scope: args.scope.clone() };
            let place = Place::of_assertion(&args.provider.id, &client, &request)?;
            of_client(args, &client, place, is_kept, async || client.jwt_bearer(&request).await).await?
        }
    };
    let more = kept.sub.as_deref().map(|sub| ("sub", sub));
    Shown { set: &kept.set, is_access_token: true, more }.write(args.format);
    Ok(())
}

/// The client's own token: the one that is kept, for as long as it lives.
async fn of_client(
    args: &Args,
    client: &Client,
    place: Place,
    is_kept: bool,
    ask: impl AsyncFnOnce() -> Result<TokenSet, Error>,
) -> Result<Kept, Stop> {
    if !is_kept {
        return Ok(Kept::new(&args.provider.id, client, ask().await?));
    }
    let _lock = place.lock()?;
    if let Some(kept) = place.read()?.filter(|kept| !kept.are_due(SystemClock.now())) {
        return Ok(kept);
    }
    let kept = Kept::new(&args.provider.id, client, ask().await?);
    // Of one that does not say when it expires nobody could tell whether it is still good.
    match kept.set.expires_at {
        Some(_) => place.keep(&kept)?,
        None => place.forget()?,
    }
    Ok(kept)
}
