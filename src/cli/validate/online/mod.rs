//! `--online`: provider files beside the discovery documents of their issuers, and the hosts that they name.
//!
//! In: the files of a run. Out: findings of the codes for which [`Code::is_online`](crate::diagnostic::Code::is_online) holds,
//! each at the key that it is about. What is asked, and how long that may take, is `ask`'s business; what a document
//! contradicts is that of `compare`.

mod ask;
mod compare;
mod compared;
mod deployed;
mod hosts;
mod lists;
mod names;
mod subject;

use std::path::Path;

use serde_json::Value;

use crate::cli::validate::online::ask::{Answered, Questions};
use crate::cli::validate::online::compare::Comparison;
use crate::cli::validate::online::subject::Subject;
use crate::cli::validate::{Examined, allow};
use crate::oauth::ServerMetadata;
use crate::provider::catalog::files;
use crate::provider::finding::Finding;
use crate::spec::deployment::NetworkSpec;
use crate::transport::{Options, Transport};
use crate::yaml::{Document, Limits};

pub(super) use compared::Compared;
pub use names::{Names, Resolved};

/// The network that is asked.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The name service.
    pub names: Names,
    /// How documents are fetched, where that is not as the deployment file says.
    pub transport: Option<Transport>,
}

/// Asks about files, each host and each document once, and adds what that contradicts. The keys below `network` of a
/// deployment file hold: among the files, or `config`.
pub(super) fn compare(examined: &mut [Examined], config: Option<&Path>, network: &Network) {
    let compared = || examined.iter().filter_map(|file| file.compared.as_deref());
    let mut questions = Questions::default();
    compared().for_each(|file| file.ask(&mut questions));
    let settings = config.and_then(|path| settings(&read(path)?));
    let settings = settings.or_else(|| compared().find_map(|file| self::settings(file.document())));
    let transport = network.transport.clone();
    let transport = transport.unwrap_or_else(|| Transport::new(options(settings.unwrap_or_default())));
    let answered = ask::ask(questions, &transport, &network.names);
    for file in examined {
        let Some(compared) = &file.compared else { continue };
        let mut findings = std::mem::take(&mut file.findings);
        findings.extend(compared.findings(&answered));
        file.findings = allow::apply(compared.document(), true, findings);
    }
}

/// What the answers contradict in a provider.
fn about(subject: &Subject, answered: &Answered) -> Vec<Finding> {
    let mut findings = hosts::findings(subject, &answered.hosts);
    let Some(url) = subject.discovery() else { return findings };
    match answered.documents.get(&url) {
        Some(Ok(found)) => match ServerMetadata::parse(&Value::Object(found.clone())) {
            Ok(metadata) => {
                let found_there = |at: &str| metadata.endpoint(at.trim_start_matches('/')).is_some();
                findings
                    .retain(|finding| !subject.gives_way(&finding.pointer) || !found_there(&finding.pointer));
                findings.extend(Comparison { subject, found, metadata, url: &url }.findings());
            }
            Err(error) => findings.push(hosts::unusable(subject, &url, &error.to_string())),
        },
        Some(Err(why)) => findings.extend(hosts::no_document(subject, &url, why)),
        None => {}
    }
    findings
}

fn read(path: &Path) -> Option<Document> {
    let bytes = files::read(path, None, Limits::DEPLOYMENT.bytes).ok()?;
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
