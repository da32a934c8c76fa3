//! The deployment, compiled: the deployment file and the environment become a [`Config`] that the server runs.
//!
//! In: `authcfg.yaml` (or none), variables, folders of provider files. Out: a [`Config`], or everything that is wrong with
//! them at once. Highest first counts: deployment file, environment, provider file, the standard's default.

mod addresses;
pub mod allow;
mod audit;
mod base_url;
mod environment;
mod findings;
mod fingerprint;
pub mod forward_auth;
mod limits;
mod network;
mod overrides;
mod providers;
pub mod routes;
mod rules;
mod secret;
mod session;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::config::findings::Findings;
use crate::config::secret::Secrets;
use crate::diagnostic::{Diagnostic, code};
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::catalog::{Catalog, files};
use crate::provider::finding::Finding;
use crate::spec::{self, DeploymentSpec};
use crate::yaml::{Document, Limits};

pub use allow::Allow;
pub use audit::{AuditPlace, AuditSettings, AuditSubject};
pub use base_url::BaseUrl;
pub use environment::{Environment, variable};
pub use fingerprint::Fingerprint;
pub use forward_auth::ForwardAuth;
pub use limits::{Limits as RateLimits, Rate};
pub use network::Network;
pub use routes::Routes;
pub use session::{SessionSettings, StoreSettings};
pub use store::StorePlace;

/// A deployment that can run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The public addresses; never empty.
    pub base_urls: Vec<BaseUrl>,
    /// The secrets: the first seals, all open. Never empty.
    pub secrets: Vec<Secret>,
    /// The providers that are on, by id, in the order of the file.
    pub providers: IndexMap<String, ConfiguredProvider>,
    /// Which provider signs in the people of an e-mail domain.
    pub routes: Routes,
    /// Pages of the application that stand in for the built-in ones.
    pub pages: Pages,
    /// The session.
    pub session: SessionSettings,
    /// What whoever runs the server shows to it where they list or end sessions; nobody can where it is `None`.
    pub admin: Option<Secret>,
    /// Origins besides the own ones that a `callbackUrl` may lead to.
    pub redirect_allow: Vec<String>,
    /// Who may sign in.
    pub allow: Allow,
    /// Whom a proxy lets through; `None` where no proxy asks.
    pub forward_auth: Option<ForwardAuth>,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// How often one client may ask.
    pub limits: RateLimits,
    /// The audit log, where there is one.
    pub audit: Option<AuditSettings>,
    /// How providers are reached.
    pub network: NetworkSettings,
    /// Of everything that it was made of. Two deployments with the same one are the same.
    pub fingerprint: Fingerprint,
    /// The files and folders that it was made of, secrets included.
    pub files: Vec<PathBuf>,
}

/// A provider that is on.
#[derive(Clone, Debug)]
pub struct ConfiguredProvider {
    /// Our registration there.
    pub registration: Arc<Registration>,
    /// Inputs where neither the sign-in nor a route gives one of the same `one_of` list.
    pub request: IndexMap<String, String>,
    /// Of the provider file, what the deployment lays over it, credentials and values.
    pub fingerprint: Fingerprint,
}

/// Pages of the application, as paths or addresses.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Where people choose how to sign in.
    pub sign_in: Option<String>,
    /// Where people confirm that they sign out.
    pub sign_out: Option<String>,
    /// Where a failed sign-in ends.
    pub error: Option<String>,
}

/// How providers are reached.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSettings {
    /// Private networks that an address from a discovery document may stand in.
    pub allow_private_networks: Vec<Network>,
    /// The proxy that requests to providers go through.
    pub proxy: Option<url::Url>,
    /// How far a provider's clock may be off, in seconds.
    pub clock_skew: u64,
}

/// What a deployment is made of.
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    /// The deployment file; none is fine.
    pub file: Option<PathBuf>,
    /// The environment.
    pub env: Vec<(String, String)>,
    /// Folders of provider files; where it is empty, those of the file, else `providers` beside it.
    pub catalog: Vec<PathBuf>,
    /// Where the server listens; `None` where nobody knows yet.
    pub listen: Option<SocketAddr>,
    /// The providers that have to run; `None` is all of them. Another one that lacks a credential or a value is left out.
    pub needed: Option<Vec<String>>,
}

/// Compiles a deployment.
///
/// # Errors
/// Everything that is wrong with it, warnings included. A deployment without errors comes with its warnings.
pub fn load(source: &ConfigSource) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = match &source.file {
        Some(path) => Some(read(path)?),
        None => None,
    };
    compile(document.as_ref(), source)
}

/// Compiles a deployment whose file is read already.
///
/// # Errors
/// As [`load`].
pub fn compile(
    document: Option<&Document>,
    source: &ConfigSource,
) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    compiled(Findings::new(document), source)
}

/// Everything that is wrong with a deployment file by itself, on a machine that has neither its environment nor its secrets: a value
/// that these could give is not missed.
pub fn examine(document: &Document, source: &ConfigSource) -> Vec<Diagnostic> {
    match compiled(Findings::elsewhere(document), source) {
        Ok((_, warnings)) => warnings,
        Err(findings) => findings,
    }
}

fn compiled(
    mut findings: Findings<'_>,
    source: &ConfigSource,
) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (spec, incomplete) = match findings.document {
        Some(document) => decode(document, &mut findings),
        None => (Some(DeploymentSpec::default()), false),
    };
    let Some(spec) = spec else {
        store::hide_password(findings.document, &mut findings.diagnostics);
        return Err(sorted(findings.diagnostics));
    };
    let structural = findings.diagnostics.len();
    let environment = Environment::new(source.env.iter().cloned());
    let folder = source.file.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    let folders = catalog_folders(&spec, source, &folder);
    let catalog = catalog(&folders, &mut findings);
    let secrets = Secrets::new(&environment, folder);

    let keys = secrets.of_deployment(spec.secret.as_ref(), &mut findings);
    let providers = providers::compile(&spec, &catalog, &secrets, source.needed.as_deref(), &mut findings);
    let base_urls = addresses::base_urls(&spec, &environment, source.listen, &mut findings);
    let forward_auth = forward_auth::compile(&spec, &base_urls, &providers, &mut findings);
    let mut config = Config {
        base_urls,
        secrets: keys,
        routes: rules::routes(&spec, &providers, &mut findings),
        allow: rules::allow("/allow", spec.allow.as_deref(), &spec, &providers, &mut findings),
        pages: addresses::pages(&spec, &mut findings),
        session: SessionSettings {
            kept: forward_auth.iter().flat_map(ForwardAuth::claims).collect(),
            ..session::compile(&spec.session, &providers, &secrets, &mut findings)
        },
        admin: secrets.of_admin(spec.admin.as_ref(), &spec.session, &mut findings),
        forward_auth,
        redirect_allow: addresses::redirect_allow(&spec, &mut findings),
        trusted_proxies: addresses::networks(
            "/trusted_proxies",
            spec.trusted_proxies.as_deref().unwrap_or_default(),
            &mut findings,
        ),
        limits: RateLimits::default(),
        audit: audit::compile(spec.audit.as_ref(), &secrets.folder, &mut findings),
        network: addresses::network(&spec, &mut findings),
        providers: providers.into_iter().filter_map(|(id, on)| Some((id, on.configured?))).collect(),
        fingerprint: Fingerprint::default(),
        files: source.file.iter().cloned().chain(folders.paths).chain(secrets.read_files()).collect(),
    };
    config.limits = limits::compile(&spec, &config.base_urls, &mut findings);
    config.fingerprint = Fingerprint::of_deployment(&config, findings.document);
    if incomplete {
        // What seems to be missing may only have been taken out.
        findings.drop_missing_since(structural);
    }
    store::hide_password(findings.document, &mut findings.diagnostics);
    match findings.has_errors() {
        true => Err(sorted(findings.diagnostics)),
        false => Ok((config, sorted(findings.diagnostics))),
    }
}

fn read(path: &Path) -> Result<Document, Vec<Diagnostic>> {
    let bytes = files::read(path, None, Limits::DEPLOYMENT.bytes).map_err(|diagnostic| vec![*diagnostic])?;
    let name = path.display().to_string();
    Document::parse(&*name, &bytes, Limits::DEPLOYMENT).map_err(|problems| {
        problems.into_iter().map(|problem| Diagnostic::about_text(&name, &bytes, problem)).collect()
    })
}

/// What the file says. Every structural mistake is a finding, and what can be mended is, so that one run finds the mistakes
/// of meaning as well; the second value tells whether something was taken out.
fn decode(document: &Document, findings: &mut Findings<'_>) -> (Option<DeploymentSpec>, bool) {
    if document.to_json().is_null() {
        return (Some(DeploymentSpec::default()), false);
    }
    let (value, incomplete) = structure(document, findings);
    match spec::decode_deployment(&value) {
        Ok(spec) => (Some(spec), incomplete),
        Err(error) => {
            if !findings.has_errors() {
                let title = "this is not what belongs here";
                findings.add(Finding::error(code::WRONG_TYPE, error.pointer, title).label(error.message));
            }
            (None, true)
        }
    }
}

#[cfg(feature = "schema")]
fn structure(document: &Document, findings: &mut Findings<'_>) -> (serde_json::Value, bool) {
    let checked = spec::schema::check(document, spec::schema::Kind::Deployment);
    findings.diagnostics.extend(checked.findings);
    (checked.mended, checked.incomplete)
}

#[cfg(not(feature = "schema"))]
fn structure(document: &Document, _: &mut Findings<'_>) -> (serde_json::Value, bool) {
    (document.to_json(), false)
}

/// The folders that are laid over the built-in provider files, and whether somebody named them: the one beside the deployment
/// file need not be there.
struct Folders {
    paths: Vec<PathBuf>,
    are_named: bool,
}

fn catalog_folders(spec: &DeploymentSpec, source: &ConfigSource, folder: &Path) -> Folders {
    let named = match &spec.catalog {
        _ if !source.catalog.is_empty() => Some(source.catalog.clone()),
        written => written.as_ref().map(|names| names.iter().map(|name| folder.join(name)).collect()),
    };
    Folders { are_named: named.is_some(), paths: named.unwrap_or_else(|| vec![folder.join("providers")]) }
}

/// The built-in provider files and the folders laid over them.
fn catalog(folders: &Folders, findings: &mut Findings<'_>) -> Catalog {
    let mut catalog = Catalog::builtin();
    for folder in folders.paths.iter().filter(|folder| folders.are_named || folder.is_dir()) {
        findings.diagnostics.extend(catalog.add_folder(folder));
    }
    catalog
}

fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    crate::diagnostic::sort(&mut diagnostics);
    diagnostics
}
