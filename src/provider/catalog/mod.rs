//! The catalogue: the built-in provider files, and folders laid over them.
//!
//! A file is read and compiled when somebody asks for its id, so that the providers that are not used cost nothing.

pub mod files;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{Diagnostic, Source, code};
use crate::provider::{self, Provider};
use crate::yaml::{Document, Limits};

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
    text: Arc<str>,
    loaded: OnceLock<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    document: Option<Arc<Document>>,
    provider: Option<Arc<Provider>>,
    diagnostics: Vec<Diagnostic>,
}

impl Catalog {
    /// The built-in files.
    pub fn builtin() -> Catalog {
        let entry = |(id, text): &(&str, &str)| {
            let entry = Entry::new(id, format!("builtin:{id}.yaml"), (*text).into(), true);
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
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Box::new(Diagnostic::about_file(code::INVALID_ENCODING, &name, format!("byte {at} is not UTF-8")))
        })?;
        self.entries.insert(id.clone(), Arc::new(Entry::new(&id, name, text.into(), false)));
        Ok(())
    }

    /// All ids in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All files in the order of their ids.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// A file by its id, or by one of its aliases.
    pub fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        self.entries.get(id).or_else(|| self.entries.values().find(|entry| entry.has_alias(id)))
    }
}

impl Entry {
    fn new(id: &str, name: String, text: Arc<str>, builtin: bool) -> Entry {
        Entry { id: id.to_owned(), builtin, name, text, loaded: OnceLock::new() }
    }

    /// The file as a place for findings.
    pub fn source(&self) -> Source {
        Source::new(&*self.name, self.text.clone())
    }

    /// The tree of the file; `None` where it cannot be read, see [`Entry::diagnostics`].
    pub fn document(&self) -> Option<&Arc<Document>> {
        self.loaded().document.as_ref()
    }

    /// The provider; `None` where the file has an error, see [`Entry::diagnostics`].
    pub fn provider(&self) -> Option<&Arc<Provider>> {
        self.loaded().provider.as_ref()
    }

    /// Everything there is to say about the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.loaded().diagnostics
    }

    fn loaded(&self) -> &Loaded {
        self.loaded.get_or_init(|| {
            match Document::parse(&*self.name, self.text.as_bytes(), Limits::PROVIDER) {
                Ok(document) => {
                    let (provider, diagnostics) = provider::load(&document);
                    Loaded {
                        document: Some(Arc::new(document)),
                        provider: provider.map(Arc::new),
                        diagnostics,
                    }
                }
                Err(problems) => {
                    let about = |problem| Diagnostic::about_text(&self.name, self.text.as_bytes(), problem);
                    Loaded {
                        document: None,
                        provider: None,
                        diagnostics: problems.into_iter().map(about).collect(),
                    }
                }
            }
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

    #[test]
    fn every_built_in_file_runs() {
        let catalog = Catalog::builtin();
        assert!(catalog.ids().count() >= 16);
        for entry in catalog.entries() {
            assert!(entry.provider().is_some(), "{}: {:?}", entry.id, entry.diagnostics());
            assert!(entry.diagnostics().is_empty(), "{}: {:?}", entry.id, entry.diagnostics());
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
    fn a_folder_overrides_the_built_in_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("oidc.yaml"), "id: oidc\nname: Ours\n").unwrap();
        let mut catalog = Catalog::builtin();
        catalog.add_folder(folder.path());
        assert!(!catalog.get("oidc").unwrap().builtin);
        assert_eq!(catalog.get("oidc").unwrap().document().unwrap().to_json()["name"], "Ours");
    }
}
