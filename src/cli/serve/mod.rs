//! `authcfg serve`: the sign-in server.

mod reload;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::cli::output;
use crate::clock::SystemClock;
use crate::config::{self, Config, ConfigSource};
use crate::provider::Protocol;
use crate::rng::SystemRng;
use crate::server::{self, Server, listen};
use crate::session::store::StoreError;

use reload::Reloader;

/// A store on another machine has this long to be there.
const PATIENCE: Duration = Duration::from_secs(5);
/// Tokens that are being renewed when the last request is answered have this long.
const SETTLE: Duration = Duration::from_secs(12);

/// The arguments of `authcfg serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen. Beyond this machine only with a `base_url`.
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
    log_to_stderr(args.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return unreachable(&format!("no threads to run on: {error}")),
    };
    runtime.block_on(serve(args))
}

async fn serve(args: Args) -> ExitCode {
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return unreachable(&format!("cannot listen on {}: {error}", args.listen)),
    };
    let address = listener.local_addr().unwrap_or(args.listen);
    let source = ConfigSource {
        file: args.config.or_else(default_file),
        // A variable that is no UTF-8 is none of ours.
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        catalog: args.catalog,
        listen: Some(address),
        needed: None,
    };
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
    let transport = server::transport(&config);
    let warm = transport.clone();
    tokio::task::spawn_blocking(move || warm.warm());
    let stop = listen::told_to_stop();
    let screen = start_screen(&config, address);
    let server = Server::new(config, transport, Arc::new(SystemClock), Arc::new(SystemRng));
    if let Err(error) = ready(&server).await {
        return unreachable(&error.to_string());
    }
    let reloader = Reloader::new(server.clone(), source);
    reloader.on_hangup();
    if !args.no_watch {
        reloader.on_changes();
    }
    output::result(&screen);
    let served = listen::serve(listener, server.standalone(), stop).await;
    if tokio::time::timeout(SETTLE, server.settled()).await.is_err() {
        tracing::warn!("tokens were still being renewed when the server ended");
    }
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => unreachable(&format!("the server ended: {error}")),
    }
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

/// The callback URL of each provider and what else its form may ask for, ready to paste, and where the server answers.
fn start_screen(config: &Config, address: SocketAddr) -> String {
    let width = config.providers.keys().map(String::len).max().unwrap_or_default();
    let mut screen = String::from("Callback URLs, for each provider's own form:\n");
    for base in &config.base_urls {
        for id in config.providers.keys() {
            screen.push_str(&format!("  {id:width$}  {}\n", base.callback_url(id)));
        }
    }
    if config.session.logout_at_provider {
        screen.push_str("Post-logout redirect URIs, for the same forms:\n");
        for base in &config.base_urls {
            screen.push_str(&format!("  {}\n", base.signed_out_url()));
        }
    }
    let is_oidc = |id: &&String| config.providers[*id].registration.provider.protocol == Protocol::Oidc;
    let tells: Vec<&String> = config.providers.keys().filter(is_oidc).collect();
    if config.session.store.is_some() && !tells.is_empty() {
        screen.push_str("Back-channel logout URIs, where a form asks for one:\n");
        for base in &config.base_urls {
            for id in &tells {
                screen.push_str(&format!("  {id:width$}  {}\n", base.backchannel_logout_url(id)));
            }
        }
    }
    for base in &config.base_urls {
        screen.push_str(&format!("Sign-in page: {}/signin\n", base.href()));
    }
    let own = config
        .base_urls
        .iter()
        .find(|base| base.is_loopback() && base.authority.ends_with(&format!(":{}", address.port())));
    let url = own.map_or_else(|| format!("http://{address}"), |base| base.origin.clone());
    screen.push_str(&format!("listening on {url}\n"));
    screen
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
