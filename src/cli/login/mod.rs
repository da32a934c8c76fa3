//! `authcfg login`: a sign-in from a terminal, by a browser on this machine (RFC 8252) or by a code that is typed in elsewhere
//! (RFC 8628).

mod code;
mod loopback;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use url::Url;

use crate::cli::given::pair;
use crate::cli::login::loopback::Loopback;
use crate::cli::output;
use crate::client::{Client, Error, SignIn};
use crate::clock::SystemClock;
use crate::config::{self, Config, ConfigSource, ConfiguredProvider};
use crate::diagnostic::{nearest, render};
use crate::rng::{self, SystemRng};
use crate::server;
use crate::transport::Transport;

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
    /// The deployment file [default: ./authcfg.yaml where it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of provider files, laid over the built-in ones; repeatable
    #[arg(long, value_name = "DIR")]
    catalog: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let config = match configured(&args) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let Some(provider) = config.providers.get(&args.id) else { return unknown(&args.id, &config) };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(3, &format!("no threads to run on: {error}")),
    };
    runtime.block_on(async {
        match sign_in(&args, &config, provider).await {
            Ok(SignIn { profile, .. }) => {
                let (name, sub) = (&provider.registration.provider.name, output::one_line(profile.sub()));
                let profile = serde_json::to_string_pretty(&profile.into_json()).unwrap_or_default();
                output::result(&format!("{profile}\n"));
                output::diagnostic(&format!("signed in at {name} as {sub}\n"));
                ExitCode::SUCCESS
            }
            Err(Stop::Here(code, why)) => failed(code, &why),
            Err(Stop::There(error)) => {
                let code = match &error {
                    Error::Transport { .. } => 3,
                    Error::Misuse(_) => 2,
                    _ => 4,
                };
                failed(code, &output::one_line(&format!("{}: {error}", error.code())))
            }
        }
    })
}

/// Why there is no sign-in.
enum Stop {
    /// Something on this machine: the exit code, and what it is.
    Here(u8, String),
    /// Something about the provider.
    There(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::There(error)
    }
}

async fn sign_in(args: &Args, config: &Config, provider: &ConfiguredProvider) -> Result<SignIn, Stop> {
    let mut options = server::transport_options(config);
    options.observer = (!args.quiet).then(trace::observer);
    let (clock, rng) = (Arc::new(SystemClock), Arc::new(SystemRng));
    let skew = config.network.clock_skew;
    let transport = Transport::new(options);
    let client = Client::with_clock_skew(provider.registration.clone(), transport, clock, rng, skew);
    if args.device {
        let authorization = client.device_authorization().await?;
        output::diagnostic(&code::shown(&authorization, output::style().color));
        return Ok(client.device_sign_in(authorization).await?);
    }
    let loopback =
        Loopback::listen(args.redirect_uri.as_ref()).await.map_err(|(code, why)| Stop::Here(code, why))?;
    let mut request: IndexMap<String, String> = provider.request.clone();
    request.extend(args.request.iter().cloned());
    let authorization = client.authorize(loopback.redirect_uri(), &request).await?;
    open(&authorization.url, args.no_browser);
    let wait = loopback.callback(authorization.pending.state.expose());
    match tokio::time::timeout(Duration::from_secs(args.timeout), wait).await {
        Ok(params) => Ok(client.callback(authorization.pending, params).await?),
        Err(_) => Err(Stop::Here(4, format!("nobody came back within {} s", args.timeout))),
    }
}

/// Opens the browser; the address is printed in any case, since it may be another one that is wanted, or none here.
fn open(url: &Url, no_browser: bool) {
    let opened = !no_browser && open::that_detached(url.as_str()).is_ok();
    let what = if opened { "the browser is at" } else { "open in a browser" };
    output::diagnostic(&format!("{what}\n\n  {url}\n\n"));
}

/// The deployment. The session cookie, which nobody gets here, needs no secret that stays.
fn configured(args: &Args) -> Result<Config, ExitCode> {
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut env: Vec<(String, String)> = env.collect();
    if !env.iter().any(|(name, _)| name == "AUTH_SECRET") {
        env.push(("AUTH_SECRET".into(), rng::token(&SystemRng, 32)));
    }
    let by_convention = || Some(PathBuf::from("authcfg.yaml")).filter(|path| path.is_file());
    let source = ConfigSource {
        file: args.config.clone().or_else(by_convention),
        env,
        catalog: args.catalog.clone(),
        listen: Some(([127, 0, 0, 1], 3100).into()),
    };
    match config::load(&source) {
        Ok((config, _)) => Ok(config),
        Err(findings) => {
            output::diagnostic(&render::human(&findings, output::style()));
            Err(ExitCode::FAILURE)
        }
    }
}

fn unknown(id: &str, config: &Config) -> ExitCode {
    let variable = id.to_uppercase().replace('-', "_");
    let near = nearest(id, config.providers.keys().map(String::as_str));
    let help = match near {
        Some(near) => format!("there is `{near}`"),
        None => format!(
            "set AUTH_{variable}_ID and AUTH_{variable}_SECRET, or name it under `providers` in authcfg.yaml"
        ),
    };
    failed(2, &format!("the deployment has no provider `{}`\nhelp: {help}", output::one_line(id)))
}

fn failed(code: u8, why: &str) -> ExitCode {
    output::diagnostic(&format!("error: {why}\n"));
    ExitCode::from(code)
}
