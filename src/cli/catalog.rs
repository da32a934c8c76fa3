//! The provider files a command works with: the built-in ones, folders laid over them, and files named by their path.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::output;
use crate::cli::validate::folders;
use crate::diagnostic::{Diagnostic, Severity, code, nearest};
use crate::provider::catalog::{Catalog, Entry};

/// Where provider files come from, besides the built-in ones.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CatalogArgs {
    /// The deployment file, whose `catalog` names folders [default: ./authcfg.yaml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A folder of provider files, laid over the built-in ones; repeatable [default: ./providers where it exists]
    #[arg(long, value_name = "DIR")]
    pub catalog: Vec<PathBuf>,
}

impl CatalogArgs {
    /// The built-in files with the folders laid over them, and what could not be read of these.
    pub fn load(&self) -> (Catalog, Vec<Diagnostic>) {
        let mut catalog = Catalog::builtin();
        let by_convention = || Some(PathBuf::from("authcfg.yaml")).filter(|path| path.is_file());
        let config = self.config.clone().or_else(by_convention);
        let folders = folders(&self.catalog, config.as_deref());
        let findings = folders.iter().flat_map(|folder| catalog.add_folder(folder)).collect();
        (catalog, findings)
    }
}

/// Why there is no provider file of a name.
#[derive(Debug)]
pub enum NotFound {
    /// A file or a folder that cannot be read.
    Unreadable(Vec<Diagnostic>),
    /// An id that nobody knows: what to say.
    Unknown(String),
}

impl NotFound {
    /// Says why on standard error: 1 for a path, 2 for an id.
    pub fn report(self) -> ExitCode {
        match self {
            NotFound::Unreadable(findings) => {
                output::findings(&findings);
                ExitCode::FAILURE
            }
            NotFound::Unknown(why) => {
                output::diagnostic(&format!("error: {why}\n"));
                ExitCode::from(2)
            }
        }
    }
}

/// The provider files of a name: one for an id, an alias or the path of a file; for the path of a folder, all its files.
///
/// # Errors
/// An id that nobody knows, or a path that cannot be read.
pub fn find(catalog: &Catalog, name: &str) -> Result<Vec<Arc<Entry>>, NotFound> {
    let path = Path::new(name);
    let is_path = name.contains(['/', '\\']) || name.ends_with(".yaml") || name.ends_with(".yml");
    if !is_path {
        if let Some(entry) = catalog.get(name) {
            return Ok(vec![entry.clone()]);
        }
        if !path.is_dir() {
            return Err(NotFound::Unknown(unknown(catalog, name)));
        }
    }
    let mut named = Catalog::default();
    let findings = match path.is_dir() {
        true => named.add_folder(path),
        false => named.add_file(path, None).err().into_iter().map(|finding| *finding).collect(),
    };
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(NotFound::Unreadable(findings));
    }
    let entries: Vec<_> = named.entries().cloned().collect();
    match entries.is_empty() {
        true => {
            let title = "there is no YAML file in this folder";
            Err(NotFound::Unreadable(vec![Diagnostic::about_file(code::EMPTY_FILE, name, title)]))
        }
        false => Ok(entries),
    }
}

/// What to say of an id that nobody knows.
pub fn unknown(catalog: &Catalog, id: &str) -> String {
    let near = nearest(id, catalog.ids()).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
    format!("there is no provider `{}`{near}", id.escape_debug())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn ids(found: Result<Vec<Arc<Entry>>, NotFound>) -> Vec<String> {
        found.unwrap().iter().map(|entry| entry.id.clone()).collect()
    }

    #[test]
    fn finds_by_id_file_and_folder() {
        let folder = tempfile::tempdir().unwrap();
        for id in ["acme", "beta"] {
            fs::write(folder.path().join(format!("{id}.yaml")), format!("id: {id}\nname: A\n")).unwrap();
        }
        let catalog = Catalog::builtin();
        let path = folder.path().display().to_string();
        assert_eq!(ids(find(&catalog, "oidc")), ["oidc"]);
        assert_eq!(ids(find(&catalog, &format!("{path}/acme.yaml"))), ["acme"]);
        assert_eq!(ids(find(&catalog, &path)), ["acme", "beta"]);
    }

    #[test]
    fn says_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::builtin();
        let Err(NotFound::Unknown(why)) = find(&catalog, "oidcc") else { panic!("there is none") };
        assert_eq!(why, "there is no provider `oidcc`: did you mean `oidc`?");
        let missing = folder.path().join("acme.yaml").display().to_string();
        for path in [missing.as_str(), &folder.path().display().to_string()] {
            let Err(NotFound::Unreadable(findings)) = find(&catalog, path) else { panic!("{path}") };
            assert_eq!(findings.len(), 1);
        }
    }
}
