//! Which files a run looks at.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::cli::validate::Args;
use crate::diagnostic::{Diagnostic, Severity, code};
use crate::provider::catalog::files;
use crate::yaml::{Document, Limits};

/// The deployment file and the folder of provider files that a project has by convention.
const CONFIG: &str = "authcfg.yaml";
const CATALOG: &str = "providers";

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// The folder it was found in, which a link may not lead out of; `None` where it was named itself.
    pub beneath: Option<PathBuf>,
}

/// The files of a run, and what is wrong with the arguments.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The files in order, each once.
    pub inputs: Vec<Input>,
    /// Paths that are missing, unreadable or empty of YAML.
    pub findings: Vec<Diagnostic>,
    seen: Seen,
}

/// The paths that were added, however they were written.
#[derive(Debug, Default)]
struct Seen {
    paths: HashSet<PathBuf>,
    folders: HashMap<PathBuf, PathBuf>,
}

/// Lists the files that the arguments name; without any, the conventional ones. In which order they are named makes no
/// difference, nor how often.
pub fn gather(args: &Args) -> Gathered {
    let mut gathered = named(args);
    let spelled = |input: &Input| input.path.strip_prefix(".").unwrap_or(&input.path).to_owned();
    gathered.inputs.sort_by_cached_key(spelled);
    gathered
}

fn named(args: &Args) -> Gathered {
    let mut gathered = Gathered::default();
    if !args.paths.is_empty() {
        args.paths.iter().for_each(|path| gathered.add(path));
        return gathered;
    }
    let exists = |path: &str| Some(PathBuf::from(path)).filter(|path| path.symlink_metadata().is_ok());
    let config = args.config.clone().or_else(|| exists(CONFIG));
    if let Some(config) = &config {
        gathered.add(config);
    }
    folders(&args.catalog, config.as_deref()).iter().for_each(|folder| gathered.add(folder));
    if gathered.inputs.is_empty() && gathered.findings.is_empty() {
        let title = format!("there is neither a file `{CONFIG}` nor a folder `{CATALOG}` here");
        gathered.findings.push(Diagnostic::about_file(code::UNREADABLE_FILE, ".", title));
    }
    gathered
}

/// The files and folders that a run looks at, whether they exist or not.
pub fn roots(args: &Args) -> Vec<PathBuf> {
    if !args.paths.is_empty() {
        return args.paths.clone();
    }
    let config = args.config.clone().unwrap_or_else(|| CONFIG.into());
    let mut roots = folders(&args.catalog, Some(&config));
    if roots.is_empty() {
        roots.push(config.parent().unwrap_or(Path::new("")).join(CATALOG));
    }
    roots.push(config);
    roots
}

/// The folders of provider files: those that are named, else those of the deployment file, else the conventional one.
pub fn folders(named: &[PathBuf], config: Option<&Path>) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let beside = config.and_then(Path::parent).unwrap_or(Path::new(""));
    let named = config.and_then(|config| {
        let bytes = files::read(config, None, Limits::DEPLOYMENT.bytes).ok()?;
        let document = Document::parse("", &bytes, Limits::DEPLOYMENT).ok()?;
        let folders = document.to_json().get("catalog")?.as_array()?.clone();
        Some(folders.iter().filter_map(|folder| Some(beside.join(folder.as_str()?))).collect())
    });
    named.unwrap_or_else(|| {
        Some(beside.join(CATALOG)).filter(|path| path.symlink_metadata().is_ok()).into_iter().collect()
    })
}

impl Gathered {
    fn add(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.push(path.to_owned(), None);
        }
        if !self.seen.is_new(path) {
            return;
        }
        let listed = files::list(path);
        // What was skipped with a warning was not read.
        let read_or_refused = |file: &Result<_, Box<Diagnostic>>| !matches!(file, Err(why) if why.severity == Severity::Warning);
        if !listed.iter().any(read_or_refused) {
            let title = "there is no YAML file in this folder";
            self.findings.push(Diagnostic::about_file(code::EMPTY_FILE, path.display().to_string(), title));
        }
        for file in listed {
            match file {
                Ok(file) => self.push(file, Some(path.to_owned())),
                Err(finding) => self.findings.push(*finding),
            }
        }
    }

    fn push(&mut self, path: PathBuf, beneath: Option<PathBuf>) {
        if self.seen.is_new(&path) {
            self.inputs.push(Input { path, beneath });
        }
    }
}

impl Seen {
    /// Whether a path comes for the first time. Two links to one file are two paths: each is served under its name.
    fn is_new(&mut self, path: &Path) -> bool {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.paths.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
        };
        let folder = self.folders.entry(parent.to_owned()).or_insert_with(|| {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            parent.canonicalize().unwrap_or_else(|_| parent.to_owned())
        });
        self.paths.insert(folder.join(name))
    }
}
