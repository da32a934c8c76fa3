//! Files that are no files, or not where they seem to be (T-56): each is a finding, the others are still looked at.
#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use authcfg::cli::validate::{Args, Report, validate};
use authcfg::diagnostic::Severity;

fn look(folder: &Path) -> Report {
    validate(&Args { paths: vec![folder.to_owned()], ..Args::default() })
}

fn findings(folder: &Path) -> Vec<(String, String)> {
    let name =
        |name: &str| Path::new(name).strip_prefix(folder).unwrap_or(Path::new(name)).display().to_string();
    let found = look(folder).findings;
    found
        .iter()
        .map(|finding| (name(finding.primary().source.name()), finding.code.as_str().to_owned()))
        .collect()
}

fn found(file: &str, code: &str) -> Vec<(String, String)> {
    vec![(file.to_owned(), code.to_owned())]
}

#[test]
fn links_stay_inside_of_their_folder() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("acme.yaml"), "nonsense: 1").unwrap();
    let folder = tempfile::tempdir().unwrap();
    symlink(outside.path().join("acme.yaml"), folder.path().join("acme.yaml")).unwrap();
    assert_eq!(findings(folder.path()), found("acme.yaml", "unsafe-file"));
    fs::remove_file(folder.path().join("acme.yaml")).unwrap();
    symlink("acme.yaml", folder.path().join("acme.yaml")).unwrap();
    assert_eq!(findings(folder.path()), found("acme.yaml", "unreadable-file"));
}

#[test]
fn links_to_folders_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), "").unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    symlink("..", folder.path().join("a/up")).unwrap();
    symlink("/", folder.path().join("root")).unwrap();
    let expected = [("a/up", "unsafe-file"), ("acme.yaml", "empty-file"), ("root", "unsafe-file")];
    assert_eq!(findings(folder.path()), expected.map(|(file, code)| (file.to_owned(), code.to_owned())));
    let report = look(folder.path());
    assert_eq!((report.files.len(), report.count(Severity::Warning)), (1, 2));
}

#[test]
fn folders_have_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let deep = (0..20).fold(folder.path().to_owned(), |path, _| path.join("d"));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("acme.yaml"), "").unwrap();
    let codes: Vec<String> = findings(folder.path()).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["too-large"]);
}

#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _listener = UnixListener::bind(folder.path().join("socket.yaml")).unwrap();
    symlink("/dev/zero", folder.path().join("zero.yaml")).unwrap();
    let expected =
        [("pipe.yaml", "unreadable-file"), ("socket.yaml", "unreadable-file"), ("zero.yaml", "unsafe-file")];
    assert_eq!(findings(folder.path()), expected.map(|(file, code)| (file.to_owned(), code.to_owned())));
    let report = validate(&Args { paths: vec!["/dev/zero".into(), pipe], ..Args::default() });
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn a_sparse_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    File::create(folder.path().join("sparse.yaml")).unwrap().set_len(5 << 30).unwrap();
    assert_eq!(findings(folder.path()), found("sparse.yaml", "too-large"));
}

#[test]
fn a_provider_file_is_not_as_long_as_a_deployment_file() {
    let folder = tempfile::tempdir().unwrap();
    let routes = (0..5_000).map(|index| format!("  - {{domains: [d{index}.example], provider: a}}\n"));
    let deployment = format!("routes:\n{}", routes.collect::<String>());
    fs::write(folder.path().join("a.yaml"), &deployment).unwrap();
    assert_eq!(findings(folder.path()), found("a.yaml", "too-large"));
    fs::write(folder.path().join("a.yaml"), format!("id: a\nnote: providers\n{deployment}")).unwrap();
    assert_eq!(findings(folder.path()), found("a.yaml", "too-large"));
}

#[test]
fn a_file_that_everybody_can_write_to_is_looked_at_and_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.yaml");
    fs::write(&path, "- 1").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let both = [found("acme.yaml", "unsafe-file"), found("acme.yaml", "wrong-type")].concat();
    assert_eq!(findings(folder.path()), both);
    assert_eq!(look(folder.path()).count(Severity::Warning), 1);
    // Who acts on a file takes it from nobody else.
    let mut catalog = authcfg::provider::catalog::Catalog::builtin();
    let refused = catalog.add_folder(folder.path());
    assert_eq!(refused.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["unsafe-file"]);
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), b"\xff\xfe").unwrap();
    fs::write(folder.path().join("b.yaml"), "[[[").unwrap();
    fs::write(folder.path().join("c.yaml"), "id: c\n").unwrap();
    let codes: Vec<String> =
        findings(folder.path()).into_iter().map(|(file, code)| format!("{file} {code}")).collect();
    assert_eq!(codes, ["a.yaml invalid-encoding", "b.yaml invalid-yaml", "c.yaml missing-field"]);
}

#[test]
fn a_name_cannot_forge_a_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a\nerror[x]: y\u{1b}[31m.yaml"), "").unwrap();
    let report = look(folder.path());
    let text = authcfg::diagnostic::render::concise(&report.findings);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'));
}
