//! The manual's examples: every YAML block that begins with the path of a file is that file, whole, and right.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A block of the manual that is a whole file.
struct Example {
    page: String,
    file: String,
    text: String,
}

/// The blocks that begin with `# providers/ID.yaml` or `# authcfg.yaml`; any other is a part of a file.
fn examples() -> Vec<Example> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual");
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut examples = vec![];
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        for block in fs::read_to_string(page).unwrap().split("```yaml\n").skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("# ");
            if first.ends_with(".yaml") {
                let page = page.file_name().unwrap().to_string_lossy().into_owned();
                examples.push(Example { page, file: first.to_owned(), text: text.to_owned() });
            }
        }
    }
    examples
}

#[test]
fn every_file_of_the_manual_is_valid() {
    let examples = examples();
    assert!(examples.len() >= 9, "{} files in the manual", examples.len());
    for example in examples {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&example.file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &example.text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_authcfg"))
            .current_dir(folder.path())
            .args(["validate", "--deny", "warnings", &example.file])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}, {}: {found}", example.page, example.file);
    }
}

#[tokio::test]
async fn the_tests_of_every_provider_in_the_manual_pass() {
    for example in examples().iter().filter(|example| example.file.starts_with("providers/")) {
        let limits = authcfg::yaml::Limits::PROVIDER;
        let document = authcfg::yaml::Document::parse(example.file.as_str(), example.text.as_bytes(), limits)
            .unwrap_or_else(|problems| panic!("{}: {problems:?}", example.file));
        let (provider, findings) = authcfg::provider::load(&document);
        let provider =
            std::sync::Arc::new(provider.unwrap_or_else(|| panic!("{}: {findings:?}", example.file)));
        assert!(!provider.tests.is_empty(), "{} has no test", example.file);
        for vector in &provider.tests {
            let result = authcfg::mock::play(&provider, vector).await;
            assert!(result.passed(), "{}, {}: {:#?}", example.page, example.file, result.failures);
        }
    }
}
