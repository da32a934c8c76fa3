//! A file that is compared: what is asked about it, and where in it stands what the answers contradict.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::cli::validate::online::about;
use crate::cli::validate::online::ask::{Answered, Questions};
use crate::cli::validate::online::deployed::{Deployed, deployed};
use crate::cli::validate::online::subject::Subject;
use crate::diagnostic::{Diagnostic, Severity};
use crate::provider::catalog::base_of;
use crate::provider::{Provider, extends};
use crate::spec::schema::Checked;
use crate::yaml::Document;

/// A file of which everything else is known already.
#[derive(Debug)]
pub struct Compared {
    document: Document,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The providers to which a deployment gives keys or values.
    Deployment(Vec<Deployed>),
    /// A provider file, and how its structure was mended.
    Provider(Box<Subject>, Checked),
}

impl Compared {
    /// A deployment file; one with errors is not compared.
    pub fn deployment(
        path: &Path,
        document: Document,
        catalogs: &[PathBuf],
        findings: &[Diagnostic],
    ) -> Compared {
        let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
        let what = if wrong { vec![] } else { deployed(path, &document, catalogs) };
        Compared { document, what: What::Deployment(what) }
    }

    /// A provider file; `None` where it says itself that the provider is gone.
    pub fn provider(
        path: &Path,
        document: Document,
        checked: Checked,
        provider: Provider,
    ) -> Option<Compared> {
        let base = extends::base_id(&checked.mended).and_then(|id| base_of(Some(path), id));
        let whole = match &base {
            Some(base) => extends::lay_over(&checked.mended, base).ok()?,
            None => checked.mended.clone(),
        };
        let subject = Subject::new(Arc::new(provider), whole, base, &IndexMap::new())?;
        Some(Compared { document, what: What::Provider(Box::new(subject), checked) })
    }

    /// The file.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Adds what is to be asked.
    pub(super) fn ask(&self, questions: &mut Questions) {
        match &self.what {
            What::Deployment(deployed) => deployed.iter().for_each(|deployed| deployed.ask(questions)),
            What::Provider(subject, _) => {
                questions.hosts.extend(subject.addresses().into_iter().map(|address| address.host));
                questions.documents.extend(subject.discovery());
            }
        }
    }

    /// What the answers contradict.
    pub(super) fn findings(&self, answered: &Answered) -> Vec<Diagnostic> {
        match &self.what {
            What::Deployment(deployed) => {
                deployed.iter().flat_map(|deployed| deployed.findings(&self.document, answered)).collect()
            }
            What::Provider(subject, checked) => {
                let findings = about(subject, answered);
                let findings = extends::attribute(findings, &self.document, subject.base.as_ref());
                let written = |pointer: &str| Some(checked.written(pointer));
                findings.into_iter().map(|finding| finding.locate_by(&self.document, written)).collect()
            }
        }
    }
}
