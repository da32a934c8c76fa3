//! `--online`: provider files beside the discovery documents of their issuers, and the hosts that they name.
//!
//! In: the files of a run. Out: findings of the codes for which [`Code::is_online`](crate::diagnostic::Code::is_online) holds,
//! each at the key that it is about. What is asked, and how long that may take, is `ask`'s business; what a document
//! contradicts is that of `compare`.

mod ask;
mod compare;
mod hosts;
mod lists;
mod names;
mod subject;

use std::path::Path;

use serde_json::Value;

use crate::cli::validate::Input;
use crate::cli::validate::online::ask::{Answered, Questions};
use crate::cli::validate::online::compare::Comparison;
use crate::cli::validate::online::subject::Subject;
use crate::diagnostic::Diagnostic;
use crate::oauth::ServerMetadata;
use crate::provider::catalog::files;
use crate::provider::extends;
use crate::spec::deployment::NetworkSpec;
use crate::spec::schema::{self, Checked, Kind};
use crate::transport::{Options, Transport};
use crate::yaml::{Document, Limits};

pub use names::{Names, Resolved};

/// The network that is asked.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The name service.
    pub names: Names,
    /// How documents are fetched, where that is not as the deployment file says.
    pub transport: Option<Transport>,
}

/// What the network says about files.
#[derive(Debug, Default)]
pub struct Answers {
    answered: Answered,
}

impl Answers {
    /// Asks about files: each host and each document once. The keys below `network` of a deployment file hold: among the
    /// files, or `config`.
    pub fn ask(inputs: &[Input], config: Option<&Path>, network: &Network) -> Answers {
        let mut questions = Questions::default();
        let mut settings = config.and_then(|path| settings(&read(path, None)?));
        for Input { path, beneath } in inputs {
            let Some(document) = read(path, beneath.as_deref()) else { continue };
            if Kind::of(&document) == Kind::Deployment {
                settings = settings.or_else(|| self::settings(&document));
                continue;
            }
            let checked = schema::check(&document, Kind::Provider);
            let Some(subject) = Subject::new(path, &document, &checked) else { continue };
            questions.hosts.extend(subject.addresses().into_iter().map(|address| address.host));
            questions.documents.extend(subject.discovery());
        }
        let transport = network.transport.clone();
        let transport = transport.unwrap_or_else(|| Transport::new(options(settings.unwrap_or_default())));
        Answers { answered: ask::ask(questions, &transport, &network.names) }
    }

    /// What they contradict in a provider file.
    pub(super) fn about(&self, path: &Path, document: &Document, checked: &Checked) -> Vec<Diagnostic> {
        let Some(subject) = Subject::new(path, document, checked) else { return vec![] };
        let mut findings = hosts::findings(&subject, &self.answered.hosts);
        if let Some(url) = subject.discovery() {
            match self.answered.documents.get(&url) {
                Some(Ok(found)) => match ServerMetadata::parse(&Value::Object(found.clone())) {
                    Ok(metadata) => {
                        findings
                            .extend(Comparison { subject: &subject, found, metadata, url: &url }.findings());
                    }
                    Err(error) => findings.push(hosts::unusable(&subject, &url, &error.to_string())),
                },
                Some(Err(why)) => findings.extend(hosts::no_document(&subject, &url, why)),
                None => {}
            }
        }
        let findings = extends::attribute(findings, document, subject.base.as_ref());
        findings
            .into_iter()
            .map(|finding| finding.locate_by(document, |pointer| Some(checked.written(pointer))))
            .collect()
    }
}

fn read(path: &Path, beneath: Option<&Path>) -> Option<Document> {
    let bytes = files::read(path, beneath, Limits::DEPLOYMENT.bytes).ok()?;
    Document::parse(path.display().to_string(), &bytes, Limits::DEPLOYMENT).ok()
}

/// `network` of a deployment file.
fn settings(document: &Document) -> Option<NetworkSpec> {
    serde_json::from_value(document.to_json().get("network")?.clone()).ok()
}

fn options(settings: NetworkSpec) -> Options {
    let networks = settings.allow_private_networks.iter();
    Options {
        allow_private_networks: networks.filter_map(|network| network.parse().ok()).collect(),
        proxy: settings.proxy.and_then(|proxy| proxy.parse().ok()),
        ..Options::default()
    }
}
