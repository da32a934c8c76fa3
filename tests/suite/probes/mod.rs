//! What a stranger may put where `authcfg validate` looks: T-50 to T-54 and T-56 of the threat list, one file or folder each.
//!
//! `tests/golden/probes/*.md` are the lists: what each probe is answered with, and where. `AUTHCFG_BLESS=1` writes them.
//! `AUTHCFG_PROBES=DIR` leaves the probes there, for `tests/bench/probes.mjs`.

#[cfg(feature = "mock")]
mod answers;
mod doors;
mod expressions;
#[cfg(target_os = "linux")]
mod files;
mod wide;
mod yaml;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use authcfg::cli::validate::{Args, Report, validate};
use authcfg::diagnostic::render::Position;
use authcfg::diagnostic::{Diagnostic, Severity};
use serde_json::{Value, json};

use crate::golden::compare;

/// What a worker thread has.
const STACK: usize = 2 << 20;
/// A person reads no more of one file.
const MAX_FINDINGS: usize = 100;

/// A thing that hurts a careless reader, in a folder of its own.
struct Probe {
    /// Its folder, and its row in the list.
    name: String,
    /// What the command is given, beneath the folder or absolute; the folder itself where there is nothing.
    paths: Vec<&'static str>,
    /// Puts it there.
    write: Box<dyn Fn(&Path)>,
}

impl Probe {
    /// A provider file called `acme.yaml`.
    fn text(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Probe {
        let text = text.into();
        let write = move |folder: &Path| fs::write(folder.join("acme.yaml"), &text).unwrap();
        Probe { name: name.into(), paths: vec![], write: Box::new(write) }
    }

    /// Writes it below a folder; what the command is given then.
    fn lay(&self, root: &Path) -> Vec<PathBuf> {
        let folder = root.join(&self.name);
        fs::create_dir_all(&folder).unwrap();
        (self.write)(&folder);
        match self.paths.is_empty() {
            true => vec![folder],
            false => self.paths.iter().map(|path| folder.join(path)).collect(),
        }
    }
}

/// A right provider file with one line replaced.
fn acme(line: &str, by: &str) -> String {
    const ACME: &str = include_str!("acme.yaml");
    assert!(ACME.contains(line), "{line}");
    ACME.replacen(line, by, 1)
}

#[test]
fn texts_are_answered_as_listed() {
    answered_as_listed("yaml.md", "Texts that are no configuration", yaml::probes());
    answered_as_listed("expressions.md", "Templates, conditions, paths and patterns", expressions::probes());
    answered_as_listed("wide.md", "As much of one thing as fits", wide::probes());
}

#[cfg(target_os = "linux")]
#[test]
fn files_are_answered_as_listed() {
    answered_as_listed("files.md", "Files that are no files, or not where they seem to be", files::probes());
}

/// Each probe on a small stack, in this process; then all of them in one run of the command.
fn answered_as_listed(list: &str, title: &str, probes: Vec<Probe>) {
    let kept = std::env::var_os("AUTHCFG_PROBES").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let root = kept.unwrap_or(temporary.path().to_owned()).join(list.trim_end_matches(".md"));
    let laid: Vec<Vec<PathBuf>> = probes.iter().map(|probe| probe.lay(&root)).collect();
    note(&root, &probes, &laid);
    let mut table = format!(
        "# {title}\n\nWhat `authcfg validate` answers, and where: the first finding, and how many there are.\n\n"
    );
    table += "| probe | code | place | findings |\n|---|---|---|---|\n";
    for (probe, report) in probes.iter().zip(reports(&laid)) {
        assert!(report.findings.len() <= MAX_FINDINGS, "{}: {} findings", probe.name, report.findings.len());
        let longest = report.findings.iter().map(|finding| finding.title.len()).max().unwrap_or_default();
        assert!(longest <= 300, "{}: a title of {longest} bytes", probe.name);
        assert!(!report.files.is_empty() || report.fails(None), "{}: nothing read, nothing said", probe.name);
        table += &row(probe, &report, &root.join(&probe.name));
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/probes").join(list);
    let differs = compare(&golden, &table);
    assert!(differs.is_none(), "{}", differs.unwrap_or_default());
    the_command_survives(laid.into_iter().flatten().collect());
}

/// Which probes were laid, for whoever runs the command over them one by one.
fn note(root: &Path, probes: &[Probe], laid: &[Vec<PathBuf>]) {
    let rows = probes.iter().zip(laid).map(|(probe, paths)| {
        let paths = paths.iter().map(|path| path.to_str().expect("a path of a probe is text"));
        json!({"name": probe.name, "paths": paths.collect::<Vec<_>>()})
    });
    let list = Value::Array(rows.collect());
    fs::write(root.with_extension("json"), list.to_string()).unwrap();
}

/// The answers, in order.
fn reports(laid: &[Vec<PathBuf>]) -> Vec<Report> {
    on_small_stacks(laid, |paths| validate(&Args { paths: paths.clone(), ..Args::default() }))
}

/// Does something with each, on two threads with a small stack; what comes of it, in order.
fn on_small_stacks<T: Send, R: Send>(
    all: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let waiting = Mutex::new(all.into_iter().collect::<Vec<T>>().into_iter().enumerate());
    let next = || waiting.lock().unwrap().next();
    let work = || std::iter::from_fn(next).map(|(index, one)| (index, work(one))).collect::<Vec<_>>();
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let start = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap();
        let threads = [start(), start()];
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn row(probe: &Probe, report: &Report, folder: &Path) -> String {
    let first = report.findings.iter().find(|finding| finding.severity == Severity::Error);
    let (code, place) = match first.or(report.findings.first()) {
        None => ("—", "—".to_owned()),
        Some(finding) => (finding.code.as_str(), place(finding, folder)),
    };
    format!("| {} | {code} | {place} | {} |\n", probe.name, report.findings.len())
}

fn place(finding: &Diagnostic, folder: &Path) -> String {
    let label = finding.primary();
    let name = label.source.name();
    let at = Position::of(label.source.text(), label.span);
    let beneath = name.strip_prefix(folder.to_str().unwrap()).unwrap_or(name).trim_start_matches('/');
    let beneath = if beneath.is_empty() { "." } else { beneath };
    format!("{beneath}:{}:{}", at.line, at.column)
}

/// The real program, its first thread with a small stack as well.
fn the_command_survives(paths: Vec<PathBuf>) {
    let mut command = match cfg!(unix) {
        true => Command::new("sh"),
        false => Command::new(env!("CARGO_BIN_EXE_authcfg")),
    };
    if cfg!(unix) {
        let small = format!("ulimit -s {} && exec \"$@\"", STACK >> 10);
        command.args(["-c", &small, "sh", env!("CARGO_BIN_EXE_authcfg")]);
    }
    let output =
        command.args(["validate", "--format", "concise"]).args(&paths).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).expect("what is printed is text");
    assert_eq!(output.status.code(), Some(1), "{said:.2000}");
    assert!(said.lines().count() >= paths.len() / 2, "{said:.2000}");
    assert!(!said.contains("panicked"), "{said:.2000}");
}
