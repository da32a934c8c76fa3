//! A client of the deployment, for the commands that talk to a provider.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::catalog::CatalogArgs;
use crate::cli::output;
use crate::client::{Client, Error};
use crate::clock::SystemClock;
use crate::config::{self, Config, ConfigSource, ConfiguredProvider};
use crate::diagnostic::{nearest, render};
use crate::rng::{self, SystemRng};
use crate::server;
use crate::transport::{Observer, Transport};

/// Which deployment it is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DeploymentArgs {
    /// The deployment file [default: ./authcfg.yaml where it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of provider files, laid over the built-in ones; repeatable
    #[arg(long, value_name = "DIR")]
    catalog: Vec<PathBuf>,
}

/// Which provider of a deployment it is.
#[derive(Clone, Debug, clap::Args)]
pub struct ProviderArgs {
    /// The provider, by its id in the deployment
    pub id: String,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

impl ProviderArgs {
    /// A client of it.
    ///
    /// # Errors
    /// A deployment that has findings, or no such provider.
    pub fn client(&self) -> Result<Client, Stop> {
        let config = self.deployment.load(Some(&self.id))?;
        Ok(client(&config, provider(&config, &self.id)?, None))
    }
}

/// Why a command ends before its time.
#[derive(Debug)]
pub enum Stop {
    /// Something on this machine: the exit code, and what it is.
    Here(u8, String),
    /// Something about the provider.
    There(Error),
    /// It was said already.
    Said(ExitCode),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::There(error)
    }
}

impl Stop {
    /// Says why on standard error. 3 where nobody could be reached, 2 where the request is wrong, 4 where it was refused.
    pub fn report(self) -> ExitCode {
        let (code, why) = match self {
            Stop::Said(code) => return code,
            Stop::Here(code, why) => (code, why),
            Stop::There(error) => {
                let code = match &error {
                    Error::Transport { .. } => 3,
                    Error::ProviderMisbehaved(misbehaviour) if misbehaviour.is_passing() => 3,
                    Error::Misuse(_) => 2,
                    _ => 4,
                };
                (code, output::one_line(&format!("{}: {error}", error.code())))
            }
        };
        output::diagnostic(&format!("error: {why}\n"));
        ExitCode::from(code)
    }
}

/// Runs what waits for answers of a provider.
pub fn run(command: impl Future<Output = Result<(), Stop>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Stop::Here(3, format!("no threads to run on: {error}")).report(),
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.report(),
    }
}

impl DeploymentArgs {
    /// The same, for what reads provider files.
    pub fn catalog(&self) -> CatalogArgs {
        CatalogArgs { config: self.config.clone(), catalog: self.catalog.clone() }
    }

    /// The deployment. The session cookie, which nobody gets here, needs no secret that stays, and a provider other than the
    /// one that is `needed` may lack its own: it is left out then.
    ///
    /// # Errors
    /// The exit code, once the findings are on standard error.
    pub fn load(&self, needed: Option<&str>) -> Result<Config, Stop> {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut env: Vec<(String, String)> = env.collect();
        if !env.iter().any(|(name, _)| name == "AUTH_SECRET") {
            env.push(("AUTH_SECRET".into(), rng::token(&SystemRng, 32)));
        }
        let by_convention = || Some(PathBuf::from("authcfg.yaml")).filter(|path| path.is_file());
        let source = ConfigSource {
            file: self.config.clone().or_else(by_convention),
            env,
            catalog: self.catalog.clone(),
            listen: Some(([127, 0, 0, 1], 3100).into()),
            needed: Some(needed.into_iter().map(String::from).collect()),
        };
        match config::load(&source) {
            Ok((config, _)) => Ok(config),
            Err(findings) => {
                output::diagnostic(&render::human(&findings, output::style()));
                Err(Stop::Said(ExitCode::FAILURE))
            }
        }
    }
}

/// The provider of that id.
///
/// # Errors
/// [`Stop::Here`] where the deployment has none.
pub fn provider<'a>(config: &'a Config, id: &str) -> Result<&'a ConfiguredProvider, Stop> {
    config.providers.get(id).ok_or_else(|| {
        let variable = id.to_uppercase().replace('-', "_");
        let near = nearest(id, config.providers.keys().map(String::as_str));
        let help = match near {
            Some(near) => format!("there is `{near}`"),
            None => format!(
                "set AUTH_{variable}_ID and AUTH_{variable}_SECRET, or name it under `providers` in authcfg.yaml"
            ),
        };
        let id = output::one_line(id);
        Stop::Here(2, format!("the deployment has no provider `{id}`\nhelp: {help}"))
    })
}

/// A client of a provider. The observer sees every request.
pub fn client(config: &Config, provider: &ConfiguredProvider, observer: Option<Observer>) -> Client {
    let mut options = server::transport_options(config);
    options.observer = observer;
    let (clock, rng) = (Arc::new(SystemClock), Arc::new(SystemRng));
    let skew = config.network.clock_skew;
    Client::with_clock_skew(provider.registration.clone(), Transport::new(options), clock, rng, skew)
}
