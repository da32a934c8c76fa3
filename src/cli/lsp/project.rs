//! The provider files that belong together: what they claim, and what is wrong between them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::cli::lsp::recognise::{CATALOG, CONFIG};
use crate::cli::validate::{self, Examined};
use crate::diagnostic::{Diagnostic, Label, Source};
use crate::provider::catalog::files;
use crate::yaml::Limits;

/// The deployment file is looked for so many folders above a provider file.
const MAX_ABOVE: usize = 8;

/// What the files on the disk claim. Folders are listed again only once something may have changed there.
#[derive(Debug, Default)]
pub struct Project {
    /// By folder of a file: the folders of its catalogue.
    folders: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// By folder of a catalogue: its files.
    listed: BTreeMap<PathBuf, Vec<PathBuf>>,
    claims: BTreeMap<PathBuf, (Stamp, Arc<Examined>)>,
}

/// A file, and what it claims.
pub type Claimed = (PathBuf, Arc<Examined>);

/// When a file changed last, and its length.
type Stamp = (Option<SystemTime>, u64);

impl Project {
    /// Something on the disk may be new.
    pub fn look_again(&mut self) {
        self.folders.clear();
        self.listed.clear();
    }

    /// What is wrong between a file and the others of its catalogue. Those that are open count as they are in the editor.
    pub fn across(&mut self, path: &Path, own: &Examined, open: &[Claimed]) -> Vec<Diagnostic> {
        let Some(here) = own.ids.iter().chain(&own.successor).chain(&own.verified).next() else {
            return vec![];
        };
        let mut all: BTreeMap<PathBuf, Arc<Examined>> = BTreeMap::new();
        for folder in self.catalogue(path) {
            let others = open.iter().filter(|(other, _)| other.starts_with(&folder));
            let others: Vec<_> = others.cloned().collect();
            all.extend(self.on_disk(&folder));
            all.extend(others);
        }
        all.insert(path.to_owned(), Arc::new(own.clone()));
        let examined: Vec<Examined> = all.values().map(|examined| (**examined).clone()).collect();
        let found = validate::across(&examined, Some(&validate::tomorrow()));
        found.into_iter().filter_map(|finding| shown_here(finding, &here.1.source)).collect()
    }

    fn catalogue(&mut self, path: &Path) -> Vec<PathBuf> {
        let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
            return vec![];
        };
        self.folders.entry(parent.to_owned()).or_insert_with(|| catalogue(parent)).clone()
    }

    fn on_disk(&mut self, folder: &Path) -> Vec<Claimed> {
        let is_new = !self.listed.contains_key(folder);
        if is_new {
            let paths: Vec<PathBuf> = files::list(folder).into_iter().filter_map(Result::ok).collect();
            for path in &paths {
                let stamp = stamp(path);
                if self.claims.get(path).is_none_or(|(known, _)| *known != stamp) {
                    let bytes = files::read(path, Some(folder), Limits::PROVIDER.bytes).unwrap_or_default();
                    self.claims.insert(path.clone(), (stamp, Arc::new(validate::claims(path, &bytes))));
                }
            }
            self.listed.insert(folder.to_owned(), paths);
        }
        let paths = self.listed.get(folder).into_iter().flatten();
        paths.filter_map(|path| Some((path.clone(), Arc::clone(&self.claims.get(path)?.1)))).collect()
    }
}

/// The folders of the catalogue that a folder belongs to: those that the deployment file above names, else the one that is
/// called by convention.
fn catalogue(folder: &Path) -> Vec<PathBuf> {
    if let Some(config) = config(folder) {
        let named = named(&config);
        if named.iter().any(|catalogue| folder.starts_with(catalogue)) {
            return named;
        }
    }
    let by_name = |folder: &&Path| folder.file_name().is_some_and(|name| name == CATALOG);
    folder.ancestors().take(MAX_ABOVE).find(by_name).map(Path::to_owned).into_iter().collect()
}

/// The deployment file in a folder, or the next one above.
fn config(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().take(MAX_ABOVE).map(|folder| folder.join(CONFIG)).find(|config| config.is_file())
}

/// The folders that a deployment file draws on.
fn named(config: &Path) -> Vec<PathBuf> {
    let folders = validate::folders(&[], Some(config)).into_iter();
    folders.filter_map(|folder| folder.canonicalize().ok()).collect()
}

/// The files that may have to do with a provider or deployment file.
pub fn files(path: &Path, is_deployment: bool) -> Vec<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (config, folders) = match folder {
        None => (None, vec![]),
        Some(_) if is_deployment => (None, named(path)),
        Some(folder) => (config(folder), catalogue(folder)),
    };
    let listed = folders.iter().flat_map(|folder| files::list(folder)).filter_map(Result::ok);
    config.into_iter().chain(listed).collect()
}

/// A path whose folder is written as the disk has it, so that a file has one name.
pub fn real(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// A finding as a file sees it that is one side of it.
fn shown_here(finding: Diagnostic, here: &Source) -> Option<Diagnostic> {
    let is_here = |label: &Label| label.source.name() == here.name();
    if is_here(finding.primary()) {
        return Some(finding);
    }
    let mine = finding.labels.iter().position(is_here)?;
    let mut labels = finding.labels;
    labels.iter_mut().enumerate().for_each(|(index, label)| label.primary = index == mine);
    // The change is one of the other file.
    Some(Diagnostic { labels, help: None, ..finding })
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok();
    let changed = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
    (changed, metadata.map_or(0, |metadata| metadata.len()))
}
