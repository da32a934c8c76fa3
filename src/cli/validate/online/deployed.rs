//! A provider as a deployment file has it: with its keys laid over the provider file, and the values of its variables.
//!
//! What the provider file says by itself is a matter of that file; only what the deployment changes is compared.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::cli::validate::online::about;
use crate::cli::validate::online::ask::{Answered, Questions};
use crate::cli::validate::online::subject::Subject;
use crate::diagnostic::Diagnostic;
use crate::provider;
use crate::provider::catalog::{Catalog, Entry};
use crate::provider::finding::{Finding, FindingHelp, segment};
use crate::spec::deployment::{DeploymentSpec, ProviderDeployment, TextOrRef};
use crate::yaml::Document;

/// A provider of a deployment.
#[derive(Debug)]
pub(super) struct Deployed {
    /// Where the deployment file speaks of it.
    at: String,
    /// With what the deployment says.
    subject: Subject,
    /// As its file has it.
    own: Option<Subject>,
}

/// The providers to which a deployment file gives keys or values. A value that only the environment has is not known here.
pub(super) fn deployed(path: &Path, document: &Document, catalogs: &[PathBuf]) -> Vec<Deployed> {
    let Ok(spec) = crate::spec::decode_deployment(&document.to_json()) else { return vec![] };
    let catalog = catalog(path, &spec, catalogs);
    let of = |(id, spec): (&String, &ProviderDeployment)| {
        let entry = catalog.get(spec.uses.as_deref().unwrap_or(id))?;
        of_provider(format!("/providers/{}", segment(id)), entry, spec)
    };
    spec.providers.iter().filter_map(of).collect()
}

fn of_provider(at: String, entry: &Entry, spec: &ProviderDeployment) -> Option<Deployed> {
    let own = entry.provider()?;
    let (over, given) = (spec.over(), given(spec));
    if over.is_empty() && given.is_empty() {
        return None;
    }
    let file = entry.value()?;
    let mut whole = file.clone();
    provider::merge(whole.as_object_mut()?, &over);
    // They are true of the file, not of what a deployment makes of it.
    whole.as_object_mut()?.shift_remove("tests");
    let compiled = match over.is_empty() {
        true => own.clone(),
        false => Arc::new(provider::load_value(whole.clone()).0?),
    };
    let own = Subject::new(own.clone(), file, None, &IndexMap::new());
    Some(Deployed { at, subject: Subject::new(compiled, whole, None, &given)?, own })
}

/// The values of variables that stand in the deployment file itself.
fn given(spec: &ProviderDeployment) -> IndexMap<String, String> {
    let issuer = spec.issuer.iter().map(|issuer| ("issuer", issuer));
    let written = spec.vars.iter().map(|(name, value)| (name.as_str(), value));
    let text = |(name, value): (&str, &TextOrRef)| match value {
        TextOrRef::Text(text) => Some((name.to_owned(), text.clone())),
        TextOrRef::Ref(_) => None,
    };
    issuer.chain(written).filter_map(text).collect()
}

/// The provider files that the deployment draws on. What cannot be read is told elsewhere.
fn catalog(path: &Path, spec: &DeploymentSpec, catalogs: &[PathBuf]) -> Catalog {
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut catalog = Catalog::builtin();
    let folders = match (catalogs, &spec.catalog) {
        ([], Some(names)) => names.iter().map(|name| beside.join(name)).collect(),
        ([], None) => Some(beside.join("providers")).filter(|folder| folder.is_dir()).into_iter().collect(),
        (named, _) => named.to_vec(),
    };
    folders.iter().for_each(|folder| drop(catalog.add_folder(folder)));
    catalog
}

impl Deployed {
    /// Adds the hosts that the deployment brings, and the document of the issuer that it has.
    pub fn ask(&self, questions: &mut Questions) {
        let hosts = |subject: &Subject| subject.addresses().into_iter().map(|address| address.host);
        let own: Vec<String> = self.own.iter().flat_map(hosts).collect();
        questions.hosts.extend(hosts(&self.subject).filter(|host| !own.contains(host)));
        questions.documents.extend(self.subject.discovery());
    }

    /// What the answers contradict, and did not before the deployment changed it.
    pub fn findings(&self, document: &Document, answered: &Answered) -> Vec<Diagnostic> {
        let own: Vec<Finding> = self.own.iter().flat_map(|own| about(own, answered)).collect();
        let same = |a: &Finding, b: &Finding| {
            a.code == b.code && a.pointer == b.pointer && a.title == b.title && a.label == b.label
        };
        about(&self.subject, answered)
            .into_iter()
            .filter(|finding| !own.iter().any(|known| same(known, finding)))
            .map(|finding| self.located(finding, document))
            .collect()
    }

    /// The finding at the key of the deployment that makes it: the key itself, a variable of the address, else the provider.
    fn located(&self, mut finding: Finding, document: &Document) -> Diagnostic {
        let is_there = |pointer: &String| document.place(pointer).is_some();
        let pointer = match finding.pointer.strip_prefix("/scopes/default") {
            Some(rest) => format!("{}/scopes{rest}", self.at),
            None => format!("{}{}", self.at, finding.pointer),
        };
        if !finding.pointer.is_empty() && is_there(&pointer) {
            return finding.locate_by(document, |_| Some(pointer.clone()));
        }
        if !matches!(finding.help, Some(FindingHelp::Note(_))) {
            // The patch is one of the provider file.
            finding.help = None;
        }
        let variables = self.subject.variables(&finding.pointer).into_iter();
        let places = variables.map(|name| match name.as_str() {
            "issuer" => format!("{}/issuer", self.at),
            _ => format!("{}/vars/{}", self.at, segment(&name)),
        });
        let issuer = Some(format!("{}/issuer", self.at)).filter(|_| finding.pointer == "/discovery");
        let place = places.chain(issuer).find(is_there);
        finding.on_key |= place.is_none();
        let place = place.unwrap_or_else(|| self.at.clone());
        finding.locate_by(document, |_| Some(place.clone()))
    }
}
