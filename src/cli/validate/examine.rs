//! One file: its text, its structure, its meaning.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::cli::validate::meaning::Bases;
use crate::cli::validate::online::Compared;
use crate::cli::validate::{Input, allow, meaning};
use crate::diagnostic::{Applicability, Diagnostic, Help, Label, Severity, Source, code};
use crate::provider::catalog::files;
use crate::spec::schema::{self, Kind};
use crate::yaml::{Document, Limits, NodeValue};

/// What was found in a file.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// The findings.
    pub findings: Vec<Diagnostic>,
    /// Whether the text is YAML that is read.
    pub readable: bool,
    /// The ids under which the file is served, each with its place; none for a deployment file.
    pub ids: Vec<(String, Label)>,
    /// Whether the file is called by its id, so that the id is its own where others claim it too.
    pub own: bool,
    /// The id of the provider to use instead, with its place.
    pub successor: Option<(String, Label)>,
    /// The day on which somebody last compared the file with its provider, with its place.
    pub verified: Option<(String, Label)>,
    /// What the network is to be asked about, where it is asked. Comments allow nothing then before it has answered.
    pub(super) compared: Option<Arc<Compared>>,
}

/// Looks at files, on all processors; the answers are in the order of the files.
///
/// `catalogs` are folders of provider files that deployment files draw on instead of their own; `online` is whether the network
/// will be asked. `begun` counts the files.
pub fn examine_all(
    inputs: &[Input],
    catalogs: &[PathBuf],
    online: bool,
    begun: &AtomicUsize,
) -> Vec<Examined> {
    // A thread costs more than a few files do.
    let threads = thread::available_parallelism().map_or(1, usize::from).min(inputs.len().div_ceil(8)).max(1);
    let work = || {
        let mut done = vec![];
        loop {
            let index = begun.fetch_add(1, Ordering::Relaxed);
            let Some(input) = inputs.get(index) else { return done };
            done.push((index, examine(input, catalogs, online)));
        }
    };
    let mut examined: Vec<(usize, Examined)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    examined.sort_by_key(|(index, _)| *index);
    examined.into_iter().map(|(_, examined)| examined).collect()
}

fn examine(input: &Input, catalogs: &[PathBuf], online: bool) -> Examined {
    let contents = match files::examine(&input.path, input.beneath.as_deref(), Limits::DEPLOYMENT.bytes) {
        Ok(contents) => contents,
        Err(finding) => return Examined { findings: vec![*finding], ..Examined::default() },
    };
    let mut examined = examine_bytes(&input.path, &contents.bytes, catalogs, online, &Bases::default());
    if contents.open_to_everybody {
        // The server refuses it. A build that checks files out for everybody shall still see what is in them.
        let mut open = *files::opened(&input.path);
        open.severity = Severity::Warning;
        open.help = Some(Help::Note("take the permission away: `chmod o-w FILE`".into()));
        examined.findings.push(open);
    }
    examined
}

/// Looks at the text of a file.
pub(in crate::cli) fn examine_text(path: &Path, bytes: &[u8], catalogs: &[PathBuf]) -> Examined {
    examine_bytes(path, bytes, catalogs, false, &Bases::default())
}

/// Looks at the text of a file that an editor has, among others that it has.
#[cfg(feature = "lsp")]
pub(in crate::cli) fn examine_among(path: &Path, bytes: &[u8], bases: &Bases) -> Examined {
    examine_bytes(path, bytes, &[], false, bases)
}

fn examine_bytes(path: &Path, bytes: &[u8], catalogs: &[PathBuf], online: bool, bases: &Bases) -> Examined {
    let name = path.display().to_string();
    let limits = if may_be_deployment(bytes) { Limits::DEPLOYMENT } else { Limits::PROVIDER };
    let about = |problem| Diagnostic::about_text(&name, bytes, problem);
    let document = match Document::parse(&*name, bytes, limits) {
        Ok(document) => document,
        Err(problems) => {
            return Examined { findings: problems.into_iter().map(about).collect(), ..Examined::default() };
        }
    };
    match Kind::of(&document) {
        Kind::Deployment => {
            let findings = deployment(path, &document, catalogs);
            let examined = Examined { readable: true, ..Examined::default() };
            let compared = online.then(|| Compared::deployment(path, document.clone(), catalogs, &findings));
            settled(examined, &document, compared, findings)
        }
        // It had the budget of the other kind, for a word that it holds.
        Kind::Provider if exceeds(&document, Limits::PROVIDER) => {
            let problems = Document::parse(&*name, bytes, Limits::PROVIDER).err().unwrap_or_default();
            Examined { findings: problems.into_iter().map(about).collect(), ..Examined::default() }
        }
        Kind::Provider | Kind::Vectors => provider(path, &document, online, bases),
    }
}

/// What a provider file claims for itself, without a look at what is wrong in it.
#[cfg(feature = "lsp")]
pub(in crate::cli) fn claims(path: &Path, bytes: &[u8]) -> Examined {
    let document = Document::parse(path.display().to_string(), bytes, Limits::PROVIDER);
    match document.ok().filter(|document| Kind::of(document) != Kind::Deployment) {
        Some(document) => about_itself(path, &document).0,
        None => Examined::default(),
    }
}

/// What a file claims, and what is wrong with its id.
fn about_itself(path: &Path, document: &Document) -> (Examined, Option<Diagnostic>) {
    let ids = ids(document);
    let mismatch = ids.first().and_then(|(id, label)| id_mismatch(path, id, label));
    let (successor, verified) = (text_at(document, "/successor"), text_at(document, "/verified/on"));
    (
        Examined { readable: true, ids, own: mismatch.is_none(), successor, verified, ..Examined::default() },
        mismatch,
    )
}

fn provider(path: &Path, document: &Document, online: bool, bases: &Bases) -> Examined {
    let mut checked = schema::check(document, Kind::Provider);
    let (provider, meaning) = meaning::of_provider(path, document, &checked, bases);
    let mut findings = std::mem::take(&mut checked.findings);
    findings.extend(meaning);
    let (claimed, mismatch) = about_itself(path, document);
    findings.extend(mismatch);
    let compared = online.then(|| Compared::provider(path, document.clone(), checked, provider?));
    settled(claimed, document, compared.flatten(), findings)
}

/// The findings without those that comments allow, unless there are more to come.
fn settled(
    examined: Examined,
    document: &Document,
    compared: Option<Compared>,
    findings: Vec<Diagnostic>,
) -> Examined {
    let findings = match &compared {
        Some(_) => findings,
        None => allow::apply(document, false, findings),
    };
    Examined { findings, compared: compared.map(Arc::new), ..examined }
}

/// A text of the file, with its place.
fn text_at(document: &Document, pointer: &str) -> Option<(String, Label)> {
    let span = document.place(pointer)?.value;
    let text = document.text().get(span.start..span.end)?.trim_matches(['"', '\'']).to_owned();
    Some((text, Label { source: Source::of(document), span, text: String::new(), primary: true }))
}

/// The structure of a deployment file, and what it means where the structure is right.
fn deployment(path: &Path, document: &Document, catalogs: &[PathBuf]) -> Vec<Diagnostic> {
    let structure = schema::check(document, Kind::Deployment).findings;
    if structure.iter().any(|finding| finding.severity == Severity::Error) {
        return structure;
    }
    structure.into_iter().chain(meaning::of_deployment(path, document, catalogs)).collect()
}

/// Whether a document is larger than a budget allows.
fn exceeds(document: &Document, limits: Limits) -> bool {
    document.text().len() > limits.bytes || document.root().count() > limits.nodes
}

/// Whether a text might be a deployment file, before it is parsed: those may be longer. A comment says nothing.
fn may_be_deployment(bytes: &[u8]) -> bool {
    let key = b"providers";
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines
        .filter(|line| !line.trim_ascii_start().starts_with(b"#"))
        .any(|line| line.windows(key.len()).any(|window| window == key))
}

/// The id and the aliases of a provider file.
fn ids(document: &Document) -> Vec<(String, Label)> {
    let NodeValue::Mapping(entries) = &document.root().value else { return vec![] };
    let source = Source::of(document);
    let mut ids = vec![];
    for (key, node) in entries {
        let nodes = match &node.value {
            NodeValue::Sequence(items) if key.name == "aliases" => items.as_slice(),
            NodeValue::String(_) if key.name == "id" => std::slice::from_ref(node),
            _ => continue,
        };
        for node in nodes {
            if let NodeValue::String(id) = &node.value {
                let label =
                    Label { source: source.clone(), span: node.span, text: String::new(), primary: true };
                // The id comes first, wherever it stands.
                let at = if key.name == "id" { 0 } else { ids.len() };
                ids.insert(at, (id.clone(), label));
            }
        }
    }
    ids
}

fn id_mismatch(path: &Path, id: &str, label: &Label) -> Option<Diagnostic> {
    let stem = path.file_stem()?.to_str()?;
    if stem == id {
        return None;
    }
    let kebab =
        !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let label = Label { text: format!("the file is called `{}`", stem.escape_debug()), ..label.clone() };
    let help = match kebab {
        true => Help::Patch {
            text: "the id is the name of the file".into(),
            source: label.source.clone(),
            span: label.span,
            replacement: stem.to_owned(),
            // The name of the file may be what is wrong.
            applicability: Applicability::Likely,
        },
        false => Help::Note(format!("call the file `{id}.yaml`")),
    };
    Some(Diagnostic {
        code: code::ID_MISMATCH,
        severity: Severity::Error,
        title: format!("the id `{id}` is not the name of its file"),
        labels: vec![label],
        notes: vec![],
        help: Some(help),
    })
}
