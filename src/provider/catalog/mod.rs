//! The catalogue: the built-in provider files, and folders laid over them.
//!
//! A file is read and compiled when somebody asks for its id, so that the providers that are not used cost nothing.

pub mod files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Source};
use crate::provider::{self, Provider, extends};
use crate::yaml::{self, Document, Limits};

/// The built-in files: id and text.
const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// Provider files by id.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<String, Arc<Entry>>,
}

/// One provider file.
#[derive(Debug)]
pub struct Entry {
    /// The id: the name of the file.
    pub id: String,
    /// Whether the file is one of the built-in ones.
    pub builtin: bool,
    name: String,
    path: Option<PathBuf>,
    text: Arc<str>,
    parsed: OnceLock<Result<Arc<Document>, Vec<Diagnostic>>>,
    base: OnceLock<Option<Arc<Document>>>,
    loaded: OnceLock<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    provider: Option<Arc<Provider>>,
    diagnostics: Vec<Diagnostic>,
}

/// The file that a file at `path` is laid over: the one beside it, else the built-in one.
pub fn base_of(path: Option<&Path>, id: &str) -> Option<Arc<Document>> {
    beside(path, id).or_else(|| builtin(id))
}

fn beside(path: Option<&Path>, id: &str) -> Option<Arc<Document>> {
    let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let folder = path?.parent().filter(|_| plain)?;
    // The folder of a bare file name is this one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let paths = ["yaml", "yml"].map(|ending| folder.join(format!("{id}.{ending}")));
    let path = paths.into_iter().find(|path| path.is_file())?;
    let bytes = files::read(&path, Some(folder), Limits::PROVIDER.bytes).ok()?;
    Document::parse(path.display().to_string(), &bytes, Limits::PROVIDER).ok().map(Arc::new)
}

fn builtin(id: &str) -> Option<Arc<Document>> {
    let (_, text) = BUILTIN.iter().find(|(builtin, _)| *builtin == id)?;
    Document::parse(format!("builtin:{id}.yaml"), text.as_bytes(), Limits::PROVIDER).ok().map(Arc::new)
}

impl Catalog {
    /// The built-in files.
    pub fn builtin() -> Catalog {
        let entry = |(id, text): &(&str, &str)| {
            let entry = Entry::new(id, format!("builtin:{id}.yaml"), None, (*text).into());
            ((*id).to_owned(), Arc::new(entry))
        };
        Catalog { entries: BTreeMap::from_iter(BUILTIN.iter().map(entry)) }
    }

    /// Lays the files of a folder over what is there: the same id overrides.
    ///
    /// Files that cannot be read are left out; the findings say why.
    pub fn add_folder(&mut self, folder: &Path) -> Vec<Diagnostic> {
        let mut diagnostics = vec![];
        for file in files::list(folder) {
            match file.and_then(|path| self.add_file(&path, Some(folder))) {
                Ok(()) => {}
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        diagnostics
    }

    /// Lays one file over what is there.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn add_file(&mut self, path: &Path, beneath: Option<&Path>) -> Result<(), Box<Diagnostic>> {
        let bytes = files::read(path, beneath, Limits::PROVIDER.bytes)?;
        let name = path.display().to_string();
        let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let text = yaml::decode(&bytes)
            .map_err(|problem| Box::new(Diagnostic::about_text(&name, &bytes, problem)))?;
        let entry = Entry::new(&id, name, Some(path.to_owned()), text.into());
        self.entries.insert(id, Arc::new(entry));
        Ok(())
    }

    /// All ids in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All files in the order of their ids.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values().inspect(|entry| self.connect(entry))
    }

    /// A file by its id, or by one of its aliases.
    pub fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        let entry = self.entries.get(id).or_else(|| self.entries.values().find(|entry| entry.has_alias(id)));
        entry.inspect(|entry| self.connect(entry))
    }

    /// Gives a file the one that it extends: of this catalogue, beside it, or built in.
    fn connect(&self, entry: &Entry) {
        entry.base.get_or_init(|| {
            // Few files extend another; the others are not even parsed.
            if !entry.text.contains("extends") {
                return None;
            }
            let file = entry.document()?.to_json();
            let id = extends::base_id(&file)?;
            let here = || self.entries.get(id).filter(|base| base.id != entry.id)?.document().cloned();
            beside(entry.path.as_deref(), id).or_else(here).or_else(|| builtin(id))
        });
    }
}

impl Entry {
    fn new(id: &str, name: String, path: Option<PathBuf>, text: Arc<str>) -> Entry {
        Entry {
            id: id.to_owned(),
            builtin: path.is_none(),
            name,
            path,
            text,
            parsed: OnceLock::new(),
            base: OnceLock::new(),
            loaded: OnceLock::new(),
        }
    }

    /// The file as a place for findings.
    pub fn source(&self) -> Source {
        Source::new(&*self.name, self.text.clone())
    }

    /// The tree of the file; `None` where it cannot be read, see [`Entry::diagnostics`].
    pub fn document(&self) -> Option<&Arc<Document>> {
        self.parsed().as_ref().ok()
    }

    /// The file that this one extends.
    pub fn base(&self) -> Option<&Arc<Document>> {
        self.base
            .get_or_init(|| base_of(self.path.as_deref(), extends::base_id(&self.document()?.to_json())?))
            .as_ref()
    }

    /// The file's JSON form, laid over the file that it extends.
    pub fn value(&self) -> Option<Value> {
        let file = self.document()?.to_json();
        match extends::base_id(&file).and_then(|_| self.base()) {
            Some(base) => extends::lay_over(&file, base).ok(),
            None => Some(file),
        }
    }

    /// The provider; `None` where the file has an error, see [`Entry::diagnostics`].
    pub fn provider(&self) -> Option<&Arc<Provider>> {
        self.loaded().provider.as_ref()
    }

    /// Everything there is to say about the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self.parsed() {
            Ok(_) => &self.loaded().diagnostics,
            Err(problems) => problems,
        }
    }

    fn parsed(&self) -> &Result<Arc<Document>, Vec<Diagnostic>> {
        self.parsed.get_or_init(|| {
            let about = |problem| Diagnostic::about_text(&self.name, self.text.as_bytes(), problem);
            match Document::parse(&*self.name, self.text.as_bytes(), Limits::PROVIDER) {
                Ok(document) => Ok(Arc::new(document)),
                Err(problems) => Err(problems.into_iter().map(about).collect()),
            }
        })
    }

    fn loaded(&self) -> &Loaded {
        self.loaded.get_or_init(|| {
            let Some(document) = self.document() else { return Loaded::default() };
            let (provider, diagnostics) = provider::load(document, |_| self.base().cloned());
            Loaded { provider: provider.map(Arc::new), diagnostics }
        })
    }

    fn has_alias(&self, id: &str) -> bool {
        // Few files have aliases; the others are not even parsed.
        self.text.contains("\naliases:")
            && self.document().is_some_and(|document| {
                let json = document.to_json();
                json["aliases"].as_array().is_some_and(|aliases| aliases.iter().any(|alias| alias == id))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;

    #[test]
    fn every_built_in_file_runs() {
        let catalog = Catalog::builtin();
        assert!(catalog.ids().count() >= 16);
        for entry in catalog.entries() {
            assert!(entry.provider().is_some(), "{}: {:?}", entry.id, entry.diagnostics());
            // What a file allows is a warning, and the comment says why.
            let allowed = entry.text.matches("# authcfg: allow(").count();
            let is_allowed = |finding: &Diagnostic| finding.severity == Severity::Warning;
            let told = entry.diagnostics();
            assert!(told.len() <= allowed && told.iter().all(is_allowed), "{}: {told:?}", entry.id);
        }
    }

    #[test]
    fn an_alias_leads_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("acme.yaml"), "id: acme\nname: Acme\naliases: [acme-old]\n")
            .unwrap();
        let mut catalog = Catalog::builtin();
        assert!(catalog.add_folder(folder.path()).is_empty());
        assert_eq!(catalog.get("acme-old").unwrap().id, "acme");
        assert!(catalog.get("acme-new").is_none());
    }

    #[test]
    fn a_file_is_laid_over_the_one_it_extends() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let base = "id: acme\nname: Acme\ndocs: https://acme.example\nprofile: {sub: $.userinfo.id}\n\
                    authorization_endpoint: https://acme.example/authorize\ntoken_endpoint: https://acme.example/token\n\
                    userinfo_endpoint: https://acme.example/me\npkce: none\n";
        write("acme.yaml", base);
        write(
            "acme-eu.yaml",
            "id: acme-eu\nname: Acme EU\nextends: acme\ntoken_endpoint: https://eu.acme.example/token\n",
        );
        write("oidc-eu.yaml", "id: oidc-eu\nname: EU\nextends: oidc\n");
        write("lost.yaml", "id: lost\nname: Lost\nextends: nobody\n");
        write("loop.yaml", "id: loop\nname: Loop\nextends: loop\n");
        let mut catalog = Catalog::builtin();
        assert!(catalog.add_folder(folder.path()).is_empty());
        let value = catalog.get("acme-eu").unwrap().value().unwrap();
        assert_eq!(value["token_endpoint"], "https://eu.acme.example/token");
        assert_eq!(value["authorization_endpoint"], "https://acme.example/authorize");
        assert!(value.get("docs").is_none());
        assert!(catalog.get("acme-eu").unwrap().provider().is_some());
        assert!(catalog.get("oidc-eu").unwrap().provider().is_some());
        for id in ["lost", "loop"] {
            let entry = catalog.get(id).unwrap();
            assert!(entry.provider().is_none());
            assert_eq!(
                entry.diagnostics()[0].primary().span.start,
                entry.text.find("extends: ").unwrap() + 9,
                "{id}"
            );
        }
        // Alone, without a catalogue, it finds the file beside it.
        let mut alone = Catalog::default();
        alone.add_file(&folder.path().join("acme-eu.yaml"), None).unwrap();
        assert!(alone.get("acme-eu").unwrap().provider().is_some());
    }

    #[test]
    fn a_folder_overrides_the_built_in_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("oidc.yaml"), "id: oidc\nname: Ours\n").unwrap();
        let mut catalog = Catalog::builtin();
        catalog.add_folder(folder.path());
        assert!(!catalog.get("oidc").unwrap().builtin);
        assert_eq!(catalog.get("oidc").unwrap().document().unwrap().to_json()["name"], "Ours");
    }
}
