//! `authcfg logout`: the end of a sign-in that the terminal keeps, here and at the provider.

use std::process::ExitCode;

use crate::cli::browser;
use crate::cli::client::{self, DeploymentArgs, Stop};
use crate::cli::output;
use crate::cli::tokens::{Kept, Place};
use crate::client::Client;
use crate::config::Config;
use crate::flow::end_session::EndSessionRequest;
use crate::flow::metadata::EndpointName;

/// Sign out: revoke the tokens of a sign-in where the provider can, forget them, and end the session in the browser.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authcfg logout acme
  authcfg logout --all

The tokens are forgotten whatever the provider says. Where it has a page to sign
out, the browser opens it (OpenID Connect RP-Initiated Logout).

Exit codes:
  0 signed out, also where nobody was signed in, 1 the deployment or what is kept
  cannot be used, 2 wrong usage, 3 signed out here, but the provider cannot be
  reached, 4 signed out here, but it refused to revoke the tokens")]
pub struct Args {
    /// The provider, by its id in the deployment
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// Every sign-in and every token that is kept, whatever deployment it is of
    #[arg(long)]
    all: bool,
    /// Print the address instead of opening a browser
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(logout(&args))
}

async fn logout(args: &Args) -> Result<(), Stop> {
    let config = args.deployment.load(args.id.as_deref())?;
    let Some(id) = &args.id else { return every(args, &config).await };
    let client = client::client(&config, client::provider(&config, id)?, None);
    let place = Place::of_sign_in(id, &client)?;
    match place.read() {
        Ok(Some(kept)) => end(args, &place, &kept, &kept.client(&client)).await,
        Ok(None) => {
            output::diagnostic(&format!("nobody is signed in at {}\n", client.provider().name));
            Ok(())
        }
        Err(stop) => forget_unread(&place, stop),
    }
}

/// Ends all of them; the first failure is told by the exit code, each of them on standard error.
async fn every(args: &Args, config: &Config) -> Result<(), Stop> {
    let mut worst = ExitCode::SUCCESS;
    for place in Place::all()? {
        let outcome = match place.read() {
            Ok(Some(kept)) => end_of_any(args, config, &place, &kept).await,
            // Another process was faster.
            Ok(None) => Ok(()),
            Err(stop) => forget_unread(&place, stop),
        };
        if let Err(stop) = outcome {
            let code = stop.report();
            worst = if worst == ExitCode::SUCCESS { code } else { worst };
        }
    }
    if worst == ExitCode::SUCCESS { Ok(()) } else { Err(Stop::Said(worst)) }
}

/// Ends a sign-in that may be of another deployment, whose client cannot be had here.
async fn end_of_any(args: &Args, config: &Config, place: &Place, kept: &Kept) -> Result<(), Stop> {
    let provider = config.providers.get(&kept.provider);
    let client = provider.map(|provider| client::client(config, provider, None));
    let is_ours = |client: &Client| {
        client.registration().client_id == kept.client_id || place.is_of(&kept.provider, client)
    };
    match client.filter(is_ours) {
        Some(client) => end(args, place, kept, &kept.client(&client)).await,
        None => {
            let id = output::one_line(&kept.provider);
            output::diagnostic(&format!("`{id}` is of another deployment: forgotten, not revoked\n"));
            place.forget()
        }
    }
}

/// Forgets what cannot be read, and says why it could not.
fn forget_unread(place: &Place, stop: Stop) -> Result<(), Stop> {
    place.forget()?;
    output::diagnostic("tokens that cannot be read are forgotten, not revoked\n");
    Err(stop)
}

async fn end(args: &Args, place: &Place, kept: &Kept, client: &Client) -> Result<(), Stop> {
    let revoked = revoke(client, kept).await;
    {
        let _lock = place.lock()?;
        place.forget()?;
    }
    let who = kept.sub.as_deref().map(|sub| format!(" as {}", output::one_line(sub))).unwrap_or_default();
    output::diagnostic(&format!("signed out at {}{who}\n", client.provider().name));
    // No id_token_hint: the address is printed, and whoever is on this machine can read the arguments of a browser.
    let request = EndSessionRequest::default();
    if let (Some(_), Ok(Some(url))) = (&kept.sub, client.end_session(Some(&kept.set), &request).await) {
        browser::open(&url, args.no_browser);
    }
    revoked
}

/// Revokes the tokens, where the provider can.
async fn revoke(client: &Client, kept: &Kept) -> Result<(), Stop> {
    match client.has_endpoint(EndpointName::Revocation, Some(&kept.set)).await? {
        true => Ok(client.revoke(&kept.set).await?),
        false => Ok(()),
    }
}
