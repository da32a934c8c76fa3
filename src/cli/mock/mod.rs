//! `authcfg mock`: providers on this machine, for the tests of an application.

mod deployment;
mod screen;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use tokio::net::TcpListener;

use crate::cli::catalog::{self, CatalogArgs};
use crate::cli::output;
use crate::clock::SystemClock;
use crate::diagnostic::Severity;
use crate::mock::{Exchange, Rules, Service, ServiceError, ServiceOptions};
use crate::oauth::Secret;
use crate::provider::catalog::Entry;
use crate::rng::SystemRng;
use crate::server::listen;

/// Serves the endpoints of providers on this machine, for the tests of an application.
///
/// The endpoints have their real paths below /ID, and answer what the tests of the provider file say. A page asks who signs
/// in, unless --auto or --vector answers. Codes, tokens, PKCE and redirect URIs are checked; no account is needed, and
/// nothing leaves this machine.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("help.txt"))]
pub struct Args {
    /// Ids of providers, or paths of provider files
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Where to listen, on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9400")]
    listen: SocketAddr,
    /// Answer without a page: the first person of the file signs in
    #[arg(long)]
    auto: bool,
    /// Answer without a page: what this test says, by its name or the e-mail address of its person
    #[arg(long, value_name = "NAME")]
    vector: Option<String>,
    /// The client id that requests must have; any where it is absent
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The client secret that requests must have; any where it is absent
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<Secret>,
    /// Refuse what the provider file's own client would not send: another client authentication, no state, no PKCE
    #[arg(long)]
    strict: bool,
    /// Print each request on standard error, not only those that are wrong
    #[arg(long)]
    log: bool,
    /// How the settings are printed at the start
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    print: Print,
    #[command(flatten)]
    catalog: CatalogArgs,
}

/// How the settings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Print {
    /// One JSON object on one line
    Json,
    /// For people
    #[default]
    Text,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    if !args.listen.ip().is_loopback() {
        output::diagnostic(&format!(
            "error: {} is not of this machine: the mock lets anybody sign in as anybody, so it listens on loopback alone\n",
            args.listen.ip()
        ));
        return ExitCode::from(2);
    }
    let entries = match entries(&args) {
        Ok(entries) => entries,
        Err(code) => return code,
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(args, &entries)),
        Err(error) => unreachable(&format!("no threads to run on: {error}")),
    }
}

/// The files to play, each once.
fn entries(args: &Args) -> Result<Vec<Arc<Entry>>, ExitCode> {
    let (catalog, findings) = args.catalog.load();
    output::findings(&findings);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(ExitCode::FAILURE);
    }
    let mut entries: Vec<Arc<Entry>> = vec![];
    for id in &args.ids {
        for entry in catalog::find(&catalog, id).map_err(catalog::NotFound::report)? {
            if !entries.iter().any(|known| known.id == entry.id) {
                entries.push(entry);
            }
        }
    }
    let mut sound = true;
    for entry in entries.iter().filter(|entry| entry.provider().is_none()) {
        sound = false;
        output::findings(entry.diagnostics());
    }
    if sound { Ok(entries) } else { Err(ExitCode::FAILURE) }
}

async fn serve(args: Args, entries: &[Arc<Entry>]) -> ExitCode {
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return unreachable(&format!("cannot listen on {}: {error}", args.listen)),
    };
    let address = listener.local_addr().unwrap_or(args.listen);
    let log = args.log;
    let options = ServiceOptions {
        auto: args.auto,
        vector: args.vector,
        rules: Rules { client_id: args.client_id, client_secret: args.client_secret, strict: args.strict },
        watcher: Some(Arc::new(move |exchange| tell(exchange, log))),
    };
    let providers: Vec<_> = entries.iter().filter_map(|entry| entry.provider().cloned()).collect();
    let service =
        Service::new(&providers, address, options.clone(), Arc::new(SystemClock), Arc::new(SystemRng));
    let service = match service {
        Ok(service) => service,
        Err(error @ (ServiceError::NoSuchVector { .. } | ServiceError::NothingToPlay(_))) => {
            output::diagnostic(&format!("error: {error}\n"));
            return ExitCode::from(2);
        }
    };
    // Whoever reads that it listens may end it: by then it must know how.
    let stop = listen::told_to_stop();
    let settings = deployment::with_deployments(service.settings(), entries);
    output::result(&match args.print {
        Print::Json => format!("{settings}\n"),
        Print::Text => screen::text(&settings, &options),
    });
    match listen::serve(listener, service.router(), stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => unreachable(&format!("the mock ended: {error}")),
    }
}

/// A line on standard error for each request that was wrong, with `--log` for every one.
fn tell(exchange: &Exchange, log: bool) {
    let Exchange { provider, path, status, scenario, .. } = exchange;
    if !log && exchange.refused().is_none() {
        return;
    }
    let mut line = format!("{provider}: {} {path} {status}", exchange.method());
    if let Some(scenario) = scenario {
        line += &format!(" ({scenario})");
    }
    if let Some((error, description)) = exchange.refused() {
        line += &format!(": {error}: {description}");
    }
    output::diagnostic(&format!("{}\n", output::one_line(&line)));
}

fn unreachable(message: &str) -> ExitCode {
    output::diagnostic(&format!("error: {message}\n"));
    ExitCode::from(3)
}
