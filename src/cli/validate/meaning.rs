//! What a document means: the rules that no schema can state, in the same run as the structure.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, ConfigSource};
use crate::diagnostic::{Code, Diagnostic, code};
use crate::provider::catalog::base_of;
use crate::provider::finding::Finding;
use crate::provider::{self, Provider};
use crate::spec::schema::Checked;
use crate::yaml::Document;

/// Findings that may only follow from what the schema has already found.
const CONSEQUENCES: [Code; 6] = [
    code::MISSING_FIELD,
    code::MISSING_TEST,
    code::NO_EFFECT,
    code::UNKNOWN_NAME,
    code::UNUSED_NAME,
    code::WRONG_TYPE,
];

/// The files that others extend: as an editor has them where they are open there, else as they are on the disk or built in.
#[derive(Clone, Debug, Default)]
pub struct Bases(pub HashMap<PathBuf, Arc<Document>>);

impl Bases {
    /// The file that a file at `path` is laid over.
    pub fn of(&self, path: Option<&Path>, id: &str) -> Option<Arc<Document>> {
        let folder = path.and_then(Path::parent).filter(|_| !self.0.is_empty());
        let beside = folder.map(|folder| ["yaml", "yml"].map(|ending| folder.join(format!("{id}.{ending}"))));
        let open = beside.into_iter().flatten().find_map(|path| self.0.get(&path).cloned());
        open.or_else(|| base_of(path, id))
    }
}

/// What a provider file means, with the structural mistakes mended; the provider only where it has no error.
pub fn of_provider(
    path: &Path,
    document: &Document,
    checked: &Checked,
    bases: &Bases,
) -> (Option<Provider>, Vec<Diagnostic>) {
    let base = |id: &str| bases.of(Some(path), id);
    let (provider, findings) = provider::load_extending(&checked.mended, document, base);
    let follows = |code: Code| checked.incomplete && CONSEQUENCES.contains(&code);
    let findings = findings.into_iter().filter(|finding| !follows(finding.code));
    let findings = findings.map(|finding| with_neighbour(path, checked, finding));
    let locate = |finding: Finding| finding.locate_by(document, |pointer| Some(checked.written(pointer)));
    (provider, findings.map(locate).collect())
}

/// Among so many files beside one a similar name is looked for.
const MAX_BESIDE: usize = 1_000;

/// A base that is not there, and the file beside this one whose name is similar.
fn with_neighbour(path: &Path, checked: &Checked, finding: Finding) -> Finding {
    let base = checked.mended["extends"].as_str().filter(|_| finding.pointer == "/extends");
    let Some(base) = base.filter(|_| finding.code == code::UNKNOWN_NAME && finding.help.is_none()) else {
        return finding;
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside =
        fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_BESIDE).map(|entry| entry.path());
    let own = path.file_stem();
    let yaml = |file: &PathBuf| file.extension().is_some_and(|end| end == "yaml") && file.file_stem() != own;
    let names: Vec<String> =
        beside.filter(yaml).filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    finding.propose("a file beside this one has a similar name", base, names.iter().map(String::as_str))
}

/// Findings about what only the installation has: its environment and its secret files.
const OF_THE_INSTALLATION: [Code; 4] =
    [code::MISSING_SECRET, code::UNREADABLE_FILE, code::UNSAFE_FILE, code::WEAK_SECRET];

/// What a deployment file means, with `catalogs` or its own folders of provider files beside it. CI has neither its
/// secrets nor its environment, so what is missing of these is not looked at.
pub fn of_deployment(path: &Path, document: &Document, catalogs: &[PathBuf]) -> Vec<Diagnostic> {
    let source = ConfigSource {
        file: Some(path.to_owned()),
        env: vec![],
        catalog: catalogs.to_vec(),
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 3100))),
        needed: None,
    };
    let of_this_file = |finding: &Diagnostic| finding.primary().source.name() == document.name();
    config::examine(document, &source)
        .into_iter()
        .filter(|finding| of_this_file(finding) && !OF_THE_INSTALLATION.contains(&finding.code))
        .collect()
}
