//! The provider as it counts here: its file, laid over the one it extends, and a deployment's keys laid over both. It knows
//! where each value stands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::Value;

use crate::cli::catalog::{CatalogArgs, find};
use crate::cli::output;
use crate::diagnostic::{Diagnostic, Severity};
use crate::provider::catalog::{Entry, files};
use crate::provider::finding::segment;
use crate::provider::{self, Provider};
use crate::spec;
use crate::spec::DeploymentSpec;
use crate::spec::deployment::ProviderDeployment;
use crate::spec::schema::{self, Kind};
use crate::yaml::{Document, Limits};

/// A path this long fits a column.
const SHORT: usize = 24;

/// A provider, and what it is made of.
pub struct Effective {
    /// The id under which it runs.
    pub id: String,
    /// The provider.
    pub provider: Arc<Provider>,
    /// The keys of its file and of the one it extends, the deployment's laid over them.
    pub keys: Value,
    /// What the deployment says of it.
    pub deployment: Option<Deployed>,
    /// Its file, as it is written.
    pub entry: Arc<Entry>,
    layers: Vec<Layer>,
}

/// What a deployment file says of one provider.
pub struct Deployed {
    /// All that the file says.
    pub spec: DeploymentSpec,
    /// What it says of this provider.
    pub provider: ProviderDeployment,
    /// The folder that paths in it start from.
    pub folder: PathBuf,
}

/// A file in which a key of the provider may stand.
struct Layer {
    document: Arc<Document>,
    prefix: String,
}

impl Effective {
    /// Finds the provider that a person names, and lays the deployment's keys over its file.
    ///
    /// # Errors
    /// The exit code, once the reason is on standard error: 2 for an id that nobody knows, 1 for a file with errors.
    pub fn load(args: &CatalogArgs, name: &str) -> Result<Effective, ExitCode> {
        let (catalog, findings) = args.load();
        output::findings(&findings);
        let deployment = deployment(args)?;
        let uses = deployment
            .as_ref()
            .and_then(|(_, spec, _)| spec.providers.get(name)?.uses.clone())
            .unwrap_or_else(|| name.to_owned());
        let found = find(&catalog, &uses).map_err(|why| why.report())?;
        let [entry] = found.as_slice() else {
            output::diagnostic(&format!("error: `{name}` is a folder: name one provider file\n"));
            return Err(ExitCode::from(2));
        };
        let id = if catalog.get(name).is_some() || uses != name { name } else { &entry.id };
        Effective::of(entry.clone(), id.to_owned(), deployment)
    }

    fn of(
        entry: Arc<Entry>,
        id: String,
        deployment: Option<(Arc<Document>, DeploymentSpec, PathBuf)>,
    ) -> Result<Effective, ExitCode> {
        let refuse = |findings: &[Diagnostic]| {
            output::findings(findings);
            ExitCode::FAILURE
        };
        let (Some(document), Some(as_written)) = (entry.document(), entry.provider()) else {
            return Err(refuse(entry.diagnostics()));
        };
        let files = std::iter::once(document).chain(entry.base());
        let mut effective = Effective {
            layers: files.map(|file| Layer { document: file.clone(), prefix: String::new() }).collect(),
            provider: as_written.clone(),
            keys: entry.value().unwrap_or_default(),
            deployment: None,
            entry: entry.clone(),
            id,
        };
        if let Some((document, spec, folder)) = deployment
            && let Some(provider) = spec.providers.get(&effective.id).cloned()
        {
            let prefix = format!("/providers/{}", segment(&effective.id));
            effective.layers.insert(0, Layer { document, prefix });
            effective.overlay(&provider)?;
            effective.deployment = Some(Deployed { spec, provider, folder });
        }
        Ok(effective)
    }

    /// Lays the deployment's keys over the file's.
    fn overlay(&mut self, over: &ProviderDeployment) -> Result<(), ExitCode> {
        let keys = over.over();
        if keys.is_empty() {
            return Ok(());
        }
        if let Value::Object(base) = &mut self.keys {
            provider::merge(base, &keys);
        }
        let (provider, findings) = provider::load_value(self.keys.clone());
        let Some(provider) = provider else {
            let why = findings.first().map(|finding| finding.title.as_str()).unwrap_or_default();
            output::diagnostic(&format!(
                "error: the deployment file makes `{}` unusable: {why}: authcfg validate shows where\n",
                self.id
            ));
            return Err(ExitCode::FAILURE);
        };
        self.provider = Arc::new(provider);
        Ok(())
    }

    /// The public address that the deployment file names, the first of several.
    pub fn base_url(&self) -> Option<&str> {
        let urls = self.deployment.as_ref()?.spec.base_url.as_ref()?;
        urls.as_slice().first().map(String::as_str)
    }

    /// Where a key stands that counts: `file:line`. `None` where nobody wrote it.
    pub fn place(&self, pointer: &str) -> Option<String> {
        self.layers.iter().find_map(|layer| layer.place(pointer))
    }

    /// The files that keys stand in: the provider file first, the one it extends, the deployment file.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = self.layers.iter().map(|layer| layer.document.name()).collect();
        if self.deployment.is_some() {
            files.rotate_left(1);
        }
        files
    }

    /// A place for a narrow screen: the folders of a long path are left out. [`Effective::files`] tells the whole path.
    pub fn short(&self, place: &str) -> String {
        let long = |name: &&str| name.chars().count() > SHORT && name.contains('/');
        self.files().into_iter().filter(long).fold(place.to_owned(), |place, name| {
            place.replace(name, name.rsplit('/').next().unwrap_or_default())
        })
    }

    /// The value of a key, if somebody wrote it.
    pub fn key(&self, pointer: &str) -> Option<&Value> {
        self.keys.pointer(pointer)
    }
}

impl Layer {
    fn place(&self, pointer: &str) -> Option<String> {
        // What a file calls `scopes.default`, a deployment calls `scopes`.
        let own = match pointer.strip_prefix("/scopes/default") {
            Some(rest) if !self.prefix.is_empty() => format!("{}/scopes{rest}", self.prefix),
            _ => format!("{}{pointer}", self.prefix),
        };
        let place = self.document.place(&own)?;
        let start = place.key.unwrap_or(place.value).start;
        let line = self.document.text()[..start].matches('\n').count() + 1;
        Some(format!("{}:{line}", self.document.name()))
    }
}

/// The deployment file, read: the one that is named, else the conventional one where it exists.
fn deployment(args: &CatalogArgs) -> Result<Option<(Arc<Document>, DeploymentSpec, PathBuf)>, ExitCode> {
    let by_convention = || Some(PathBuf::from("authcfg.yaml")).filter(|path| path.is_file());
    let Some(path) = args.config.clone().or_else(by_convention) else { return Ok(None) };
    let refuse = |findings: &[Diagnostic]| {
        output::findings(findings);
        ExitCode::FAILURE
    };
    let bytes = files::read(&path, None, Limits::DEPLOYMENT.bytes).map_err(|finding| refuse(&[*finding]))?;
    let name = path.display().to_string();
    let document = Document::parse(&*name, &bytes, Limits::DEPLOYMENT).map_err(|problems| {
        let about = |problem| Diagnostic::about_text(&name, &bytes, problem);
        refuse(&problems.into_iter().map(about).collect::<Vec<_>>())
    })?;
    let json = document.to_json();
    if !json.is_null() {
        let findings = schema::check(&document, Kind::Deployment).findings;
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return Err(refuse(&findings));
        }
    }
    let spec = if json.is_null() { Ok(DeploymentSpec::default()) } else { spec::decode_deployment(&json) };
    match spec {
        Ok(spec) => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            Ok(Some((Arc::new(document), spec, folder)))
        }
        Err(error) => {
            output::diagnostic(&format!("error: {name}: {}: {}\n", error.pointer, error.message));
            Err(ExitCode::FAILURE)
        }
    }
}
