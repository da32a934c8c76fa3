//! `authcfg login`: a sign-in from a terminal, by a browser on this machine (RFC 8252) or by a code that is typed in elsewhere
//! (RFC 8628).

mod code;
mod loopback;
mod record;
mod trace;

use std::process::ExitCode;
use std::time::Duration;

use indexmap::IndexMap;
use url::Url;

use crate::cli::browser;
use crate::cli::client::{self, DeploymentArgs, Stop};
use crate::cli::given::pair;
use crate::cli::login::loopback::Loopback;
use crate::cli::login::record::Recorder;
use crate::cli::output;
use crate::cli::tokens::{Kept, Place};
use crate::client::{Client, SignIn};
use crate::config::ConfiguredProvider;
use crate::flow::TokenSet;

/// Sign in at a provider from this terminal, see every request, and get the profile.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help.txt"))]
pub struct Args {
    /// The provider, by its id in the deployment
    id: String,
    /// Show a code to type in elsewhere, instead of opening a browser here (RFC 8628)
    #[arg(long, conflicts_with_all = ["no_browser", "redirect_uri", "request"])]
    device: bool,
    /// Print the address instead of opening a browser
    #[arg(long)]
    no_browser: bool,
    /// Where the browser comes back to: http on this machine [default: http://127.0.0.1:PORT/callback with a free port]
    #[arg(long, value_name = "URL")]
    redirect_uri: Option<Url>,
    /// An input of the sign-in, such as login_hint=ada@acme.example; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    request: Vec<(String, String)>,
    /// How long to wait for the browser, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Leave the requests and answers out
    #[arg(long, short)]
    quiet: bool,
    /// Write the sign-in as a test into the provider's file, with made-up values for all that is somebody's
    #[arg(long)]
    record: bool,
    /// Forget the tokens when the command ends
    #[arg(long)]
    no_store: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(login(&args))
}

async fn login(args: &Args) -> Result<(), Stop> {
    let config = args.deployment.load(Some(&args.id))?;
    let provider = client::provider(&config, &args.id)?;
    let recorder = Recorder::default();
    let quiet = args.quiet;
    let observer = recorder.observer(move |request, answer, time| {
        if !quiet {
            trace::show(request, answer, time);
        }
    });
    let client = client::client(&config, provider, Some(observer));
    let place = Place::of_sign_in(&args.id, &client)?;
    if args.record && !client.provider().signs_in {
        let why = "--record: the provider hands out tokens alone, there is no sign-in to record";
        return Err(Stop::Here(2, why.into()));
    }
    let name = &client.provider().name;
    let kept = match sign_in(args, provider, &client).await? {
        Outcome::Tokens(client, token) => {
            output::diagnostic(&format!("got tokens at {name}\n"));
            Kept::new(&args.id, &client, token)
        }
        Outcome::SignIn(client, sign_in) => {
            let sub = output::one_line(sign_in.profile.sub());
            let profile = serde_json::to_string_pretty(&sign_in.profile.clone().into_json());
            output::result(&format!("{}\n", profile.unwrap_or_default()));
            output::diagnostic(&format!("signed in at {name} as {sub}\n"));
            if args.record {
                recorder.write(&args.id, &args.deployment.catalog(), &client, &sign_in)?;
            }
            Kept::of_sign_in(&args.id, &client, sign_in)
        }
    };
    if !args.no_store {
        let _lock = place.lock()?;
        place.keep(&kept)?;
        output::diagnostic(&format!(
            "authcfg token {} prints the access token\n",
            output::one_line(&args.id)
        ));
    }
    Ok(())
}

/// What comes of it, and the client that got it: the one of the deployment, or one that registered itself.
enum Outcome {
    SignIn(Client, SignIn),
    Tokens(Client, TokenSet),
}

async fn sign_in(args: &Args, provider: &ConfiguredProvider, client: &Client) -> Result<Outcome, Stop> {
    if args.device {
        let authorization = client.device_authorization().await?;
        output::diagnostic(&code::shown(&authorization, output::style().color));
        return Ok(Outcome::SignIn(client.clone(), client.device_sign_in(authorization).await?));
    }
    let loopback =
        Loopback::listen(args.redirect_uri.as_ref()).await.map_err(|(code, why)| Stop::Here(code, why))?;
    let mut request: IndexMap<String, String> = provider.request.clone();
    request.extend(args.request.iter().cloned());
    let client = client.registered(loopback.redirect_uri()).await?;
    let authorization = client.authorize(loopback.redirect_uri(), &request).await?;
    browser::open(&authorization.url, args.no_browser);
    let wait = loopback.callback(authorization.pending.state.expose());
    let Ok(params) = tokio::time::timeout(Duration::from_secs(args.timeout), wait).await else {
        return Err(Stop::Here(4, format!("nobody came back within {} s", args.timeout)));
    };
    if client.provider().signs_in {
        let sign_in = client.callback(authorization.pending, params).await?;
        return Ok(Outcome::SignIn(client, sign_in));
    }
    let token = client.tokens(authorization.pending, params).await?;
    Ok(Outcome::Tokens(client, token))
}
