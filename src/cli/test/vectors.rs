//! Files of further tests: `{id, tests: […]}`, read with the same care as provider files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Severity, code, nearest};
use crate::provider::catalog::{Entry, files};
use crate::provider::finding::Finding;
use crate::provider::{self, Vector};
use crate::spec;
use crate::spec::schema::{self, Kind};
use crate::yaml::{Document, Limits};

/// The tests of a file, and the provider they are of.
#[derive(Debug)]
pub struct Vectors {
    /// The file.
    pub document: Document,
    /// The provider.
    pub entry: Arc<Entry>,
    /// The tests.
    pub tests: Vec<Vector>,
}

/// The files of a path, in order: itself, or the YAML files of the folder that it is.
pub fn list(path: &Path) -> Vec<Result<PathBuf, Vec<Diagnostic>>> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())];
    }
    let listed = files::list(path);
    if listed.is_empty() {
        let title = "there is no YAML file in this folder";
        let finding = Diagnostic::about_file(code::EMPTY_FILE, path.display().to_string(), title);
        return vec![Err(vec![finding])];
    }
    listed.into_iter().map(|file| file.map_err(|finding| vec![*finding])).collect()
}

/// Reads a file. `find` knows the provider of an id, or else the ids there are.
///
/// # Errors
/// All that is wrong with it, with its place.
pub fn read<'a>(
    path: &Path,
    find: impl FnOnce(&str) -> Result<Arc<Entry>, Vec<&'a str>>,
) -> Result<Vectors, Vec<Diagnostic>> {
    let name = path.display().to_string();
    let bytes = files::read(path, None, Limits::DEPLOYMENT.bytes).map_err(|finding| vec![*finding])?;
    let document = Document::parse(&*name, &bytes, Limits::DEPLOYMENT).map_err(|problems| {
        let about = |problem| Diagnostic::about_text(&name, &bytes, problem);
        problems.into_iter().map(about).collect::<Vec<_>>()
    })?;
    let structure = schema::check(&document, Kind::Vectors).findings;
    if structure.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(structure);
    }
    let file = spec::decode_vectors(&document.to_json()).map_err(|error| {
        let finding = Finding::error(code::WRONG_TYPE, error.pointer, "this is not what belongs here");
        vec![finding.label(error.message).locate(&document)]
    })?;
    let entry = find(&file.id).map_err(|ids| vec![unknown_provider(&file.id, ids).locate(&document)])?;
    let meaning = meaning(&entry, &document);
    if meaning.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(meaning);
    }
    Ok(Vectors { document, entry, tests: file.tests })
}

fn unknown_provider(id: &str, ids: Vec<&str>) -> Finding {
    let finding = Finding::error(code::UNKNOWN_PROVIDER, "/id", format!("there is no provider `{id}`"));
    match nearest(id, ids) {
        Some(near) => finding.replace("a provider with a similar id exists", near),
        None => finding.help("lay the folder of its file over the catalogue: `--catalog DIR`"),
    }
}

/// What is wrong with the tests as tests of this provider: the pointers of both documents are the same.
fn meaning(entry: &Entry, document: &Document) -> Vec<Diagnostic> {
    let Some(Value::Object(mut members)) = entry.value() else { return vec![] };
    members.insert("tests".into(), document.to_json()["tests"].clone());
    let (_, findings) = provider::load_value(Value::Object(members));
    let of_tests = findings.into_iter().filter(|finding| finding.pointer.starts_with("/tests/"));
    of_tests.map(|finding| finding.locate(document)).collect()
}
