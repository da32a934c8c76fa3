//! `authcfg serve`: the sign-in server.

mod check;
mod health;
mod reload;
mod screen;
mod systemd;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::cli::output;
use crate::clock::SystemClock;
use crate::config::{self, ConfigSource};
use crate::rng::SystemRng;
use crate::server::{self, Server, listen};
use crate::session::store::StoreError;

pub use check::CheckFormat;
use reload::Reloader;

/// A store on another machine has this long to be there.
const PATIENCE: Duration = Duration::from_secs(5);
/// Tokens that are being renewed when the last request is answered have this long.
const SETTLE: Duration = Duration::from_secs(12);

/// The arguments of `authcfg serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authcfg serve
  authcfg serve --config /etc/authcfg/authcfg.yaml --listen 0.0.0.0:3100
  authcfg serve --check --format json

SIGHUP takes the files anew, SIGTERM or an interrupt lets what is under way
finish (25 seconds at most), a second one does not.

Exit codes:
  0 told to stop, or nothing speaks against a start, 1 the deployment has
  findings, or told to stop twice, 2 wrong usage, 3 the address or the session
  store cannot be had")]
pub struct Args {
    /// Where to listen, unless systemd has opened a socket. Beyond this machine only with a `base_url`.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3100")]
    pub listen: SocketAddr,
    /// The deployment file; `./authcfg.yaml` where it exists.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A folder of provider files, laid over the built-in ones; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub catalog: Vec<PathBuf>,
    /// Do not take the configuration anew when a file changes; SIGHUP still does that.
    #[arg(long)]
    pub no_watch: bool,
    /// Look whether the server could start, and do not start it: the deployment, its secrets, the session store, the address.
    #[arg(long)]
    pub check: bool,
    /// How `--check` is answered.
    #[arg(long, value_name = "FORMAT", default_value = "text", requires = "check")]
    pub format: CheckFormat,
    /// Ask the server at that address whether it lives, and start none: for the health check of a container.
    #[arg(long, value_name = "ADDR", conflicts_with = "check")]
    pub health: Option<SocketAddr>,
    /// When told to stop, go on serving for so many seconds while `/readyz` says that others are to be asked: as long as a load
    /// balancer needs to notice.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=300))]
    pub drain_delay: u64,
    /// How the log is written. What is logged: `RUST_LOG`, else `info`.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    if let Some(address) = args.health {
        return health::ask(address);
    }
    log_to_stderr(args.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return unreachable(&format!("no threads to run on: {error}")),
    };
    runtime.block_on(serve(args))
}

async fn serve(args: Args) -> ExitCode {
    let listener = match systemd::listener(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return unreachable(&format!("cannot listen on {}: {error}", args.listen)),
    };
    let address = listener.local_addr().unwrap_or(args.listen);
    let source = source(&args, address);
    let config = match config::load(&source) {
        Ok((config, warnings)) => {
            output::findings(&warnings);
            config
        }
        Err(findings) => {
            output::findings(&findings);
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = server::audit::check(&config) {
        return unreachable(&format!("the audit log cannot be written: {error}"));
    }
    let transport = server::transport(&config);
    let warm = transport.clone();
    let stop = listen::told_to_stop();
    let screen = screen::of(&config, address);
    let server = Server::new(config, transport, Arc::new(SystemClock), Arc::new(SystemRng));
    if let Err(error) = ready(&server).await {
        return unreachable(&error.to_string());
    }
    if args.check {
        output::result(&check::told(&server.config(), address, args.format));
        return ExitCode::SUCCESS;
    }
    tokio::task::spawn_blocking(move || warm.warm());
    let reloader = Reloader::new(server.clone(), source);
    reloader.on_hangup();
    if !args.no_watch {
        reloader.on_changes();
    }
    output::result(&screen);
    systemd::ready();
    let stop = stopping(stop, server.clone(), args.drain_delay);
    let served = listen::serve(listener, server.standalone(), stop).await;
    if tokio::time::timeout(SETTLE, server.settled()).await.is_err() {
        tracing::warn!("tokens were still being renewed when the server ended");
    }
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => unreachable(&format!("the server ended: {error}")),
    }
}

fn source(args: &Args, address: SocketAddr) -> ConfigSource {
    ConfigSource {
        file: args.config.clone().or_else(default_file),
        // A variable that is no UTF-8 is none of ours.
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        catalog: args.catalog.clone(),
        listen: Some(address),
        needed: None,
    }
}

/// Resolves when no more connections are to be taken: some seconds after the first signal, in which `/readyz` already says that
/// others are to be asked. A second signal ends the process at once.
async fn stopping(told: impl Future<Output = ()>, server: Server, delay: u64) {
    told.await;
    let again = listen::told_to_stop();
    tokio::spawn(async move {
        again.await;
        tracing::warn!("told to stop a second time: what is under way is dropped");
        std::process::exit(1);
    });
    tracing::info!("told to stop: what is under way finishes");
    server.drain();
    systemd::stopping();
    tokio::time::sleep(Duration::from_secs(delay)).await;
}

/// Waits a little for a store on another machine, which may have been started together with this server.
async fn ready(server: &Server) -> Result<(), StoreError> {
    let config = server.config();
    let store = config.session.store.as_ref();
    let is_remote = store.is_some_and(|settings| settings.place.is_remote());
    let begun = Instant::now();
    loop {
        match server.ready().await {
            Err(error) if is_remote && begun.elapsed() < PATIENCE => {
                tracing::debug!(%error, "the session store is not ready yet");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            outcome => return outcome,
        }
    }
}

fn default_file() -> Option<PathBuf> {
    let file = PathBuf::from("authcfg.yaml");
    file.exists().then_some(file)
}

fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::style().color);
    // A second call in one process, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.with_target(false).try_init(),
    };
}

fn unreachable(message: &str) -> ExitCode {
    output::diagnostic(&format!("error: {message}\n"));
    ExitCode::from(3)
}
