//! An example of the manual as files in a folder: what `authcfg validate` finds in them, and how their tests end.

use std::fs;
use std::path::PathBuf;

use authcfg::cli::validate::{Args, validate};
use authcfg::diagnostic::{Diagnostic, code};
use authcfg::provider::catalog::Catalog;
use authcfg::yaml::{Document, Limits};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::manual::page::{Block, Kind};

/// A block of the manual, written out as a file, with the whole provider files of its page beside it.
pub struct Example {
    folder: TempDir,
    file: PathBuf,
    id: String,
    /// The text that is laid over a whole file, whose comments are lost.
    part: Option<String>,
}

impl Example {
    /// Writes the file; `None` for an excerpt.
    pub fn write(block: &Block, all: &[Block]) -> Option<Example> {
        let folder = tempfile::tempdir().unwrap();
        let providers = folder.path().join("providers");
        fs::create_dir(&providers).unwrap();
        let whole = |block: &Block| match &block.kind {
            Kind::Provider(id) => Some((id.clone(), block.text.clone())),
            _ => None,
        };
        for (id, text) in all.iter().filter(|other| other.page == block.page).filter_map(whole) {
            fs::write(providers.join(format!("{id}.yaml")), text).unwrap();
        }
        let (file, id, text) = match &block.kind {
            Kind::Excerpt => return None,
            Kind::Deployment => (folder.path().join("authcfg.yaml"), String::new(), block.text.clone()),
            Kind::Provider(id) => (providers.join(format!("{id}.yaml")), id.clone(), block.text.clone()),
            Kind::Part { over } | Kind::Wrong { over, .. } => {
                (providers.join(format!("{over}.yaml")), over.clone(), laid(block, over, all))
            }
        };
        fs::write(&file, text).unwrap();
        let is_part = matches!(block.kind, Kind::Part { .. } | Kind::Wrong { .. });
        Some(Example { folder, file, id, part: is_part.then(|| block.text.clone()) })
    }

    /// What is wrong with the file. That no test shows an error is said of whole files only.
    pub fn findings(&self) -> Vec<Diagnostic> {
        let report = validate(&Args { paths: vec![self.file.clone()], ..Args::default() });
        let counts = |finding: &Diagnostic| match &self.part {
            Some(part) => {
                finding.code != code::MISSING_TEST
                    && !part.contains(&format!("# authcfg: allow({})", finding.code.as_str()))
            }
            None => true,
        };
        report.findings.into_iter().filter(counts).collect()
    }

    /// Plays the tests of the provider file; what failed, one text each.
    pub async fn play(&self) -> Vec<String> {
        let mut catalog = Catalog::builtin();
        catalog.add_folder(&self.folder.path().join("providers"));
        let Some(provider) = catalog.get(&self.id).and_then(|entry| entry.provider()) else {
            return vec!["the file has errors".into()];
        };
        if provider.tests.is_empty() {
            return vec!["there is no test".into()];
        }
        let mut failures = vec![];
        for (number, vector) in provider.tests.iter().enumerate() {
            let result = authcfg::mock::play(provider, vector).await;
            failures.extend(result.failures.iter().map(|failure| {
                let (request, what) = (&failure.request, &failure.what);
                format!(
                    "test {}: {request} {what}: expected {}, got {}",
                    number + 1,
                    failure.expected,
                    failure.got
                )
            }));
        }
        failures
    }
}

/// The JSON form of a block; a block that is not YAML is an example of nothing.
pub fn value(block: &Block) -> Map<String, Value> {
    let parsed = Document::parse(block.place().as_str(), block.text.as_bytes(), Limits::PROVIDER);
    let document = parsed.unwrap_or_else(|problems| panic!("{}: {problems:?}", block.place()));
    match document.to_json() {
        Value::Object(members) => members,
        other => panic!("{}: a mapping is needed, not {other}", block.place()),
    }
}

/// The provider file `over` of the page with the keys of the block laid over it. JSON is YAML.
fn laid(block: &Block, over: &str, all: &[Block]) -> String {
    let base = Kind::Provider(over.to_owned());
    let base = all.iter().find(|other| other.page == block.page && other.kind == base);
    let base = base.unwrap_or_else(|| panic!("{}: there is no providers/{over}.yaml above", block.place()));
    let mut members = value(base);
    authcfg::provider::merge(&mut members, &value(block));
    Value::Object(members).to_string()
}
