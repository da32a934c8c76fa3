//! What cannot be found or had: hosts, and the discovery document.

use std::collections::BTreeMap;

use url::Url;

use crate::cli::validate::online::ask::Unusable;
use crate::cli::validate::online::names::Resolved;
use crate::cli::validate::online::subject::{Address, Subject};
use crate::diagnostic::code;
use crate::provider::finding::Finding;

/// Hosts that do not exist, each at its first place, and those that nobody could be asked about, all at one place.
pub(super) fn findings(subject: &Subject, hosts: &BTreeMap<String, Resolved>) -> Vec<Finding> {
    let addresses = subject.addresses();
    let mut findings = vec![];
    let mut unanswered: Vec<(&Address, &str)> = vec![];
    let mut seen: Vec<&str> = vec![];
    for address in &addresses {
        if seen.contains(&address.host.as_str()) {
            continue;
        }
        seen.push(&address.host);
        match hosts.get(&address.host) {
            Some(Resolved::Unknown) => findings.push(unknown(address, &addresses)),
            Some(Resolved::Unanswered(why)) => unanswered.push((address, why)),
            Some(Resolved::Known) | None => {}
        }
    }
    if let [(address, why), others @ ..] = unanswered.as_slice() {
        let more = match others.len() {
            0 => String::new(),
            1 => " and one other host".into(),
            count => format!(" and {count} other hosts"),
        };
        findings.push(
            Finding::warning(
                code::UNANSWERED_LOOKUP,
                &*address.pointer,
                format!("nobody could be asked for `{}`{more}", address.host),
            )
            .label(*why)
            .note("this says nothing about the file"),
        );
    }
    findings
}

/// A host that does not exist; nothing works without it where a sign-in goes there.
fn unknown(address: &Address, all: &[Address]) -> Finding {
    let title = format!("there is no host `{}`", address.host);
    let finding = match address.needed {
        true => Finding::error(code::UNKNOWN_HOST, &*address.pointer, title),
        false => Finding::warning(code::UNKNOWN_HOST, &*address.pointer, title),
    };
    let finding = finding.label("the name service knows no address for it");
    let others: Vec<String> = all
        .iter()
        .filter(|other| other.host == address.host && other.pointer != address.pointer)
        .map(|other| format!("`{}`", other.pointer.trim_start_matches('/').replace('/', ".")))
        .collect();
    match others.is_empty() {
        true => finding,
        false => finding.note(format!("it is also the host of {}", others.join(", "))),
    }
}

/// A discovery document that could not be had.
pub(super) fn no_document(subject: &Subject, url: &Url, why: &Unusable) -> Option<Finding> {
    match why {
        Unusable::Because(why) => Some(unusable(subject, url, why)),
        // Who does not ask for a document can have a provider without one.
        Unusable::Missing(status) if subject.discovers() => {
            Some(unusable(subject, url, &format!("the answer is {status}: there is none")))
        }
        Unusable::Missing(_) | Unusable::NoHost => None,
    }
}

/// A discovery document that cannot be used.
pub(super) fn unusable(subject: &Subject, url: &Url, why: &str) -> Finding {
    let at = match subject.discovers() {
        true => subject.place(&["/discovery"]),
        false => subject.place(&["/issuer"]),
    };
    Finding::warning(code::UNUSABLE_DISCOVERY, at, format!("the discovery document cannot be used: {why}"))
        .label("the file was not compared with it")
        .note(format!("its address is {url}"))
}
