//! A deployment's own keys for a provider, laid over its file. What they make wrong is found in the deployment file.

use std::sync::LazyLock;

use serde_json::Value;

use crate::config::findings::Findings;
use crate::diagnostic::{Severity, code};
use crate::provider::catalog::Entry;
use crate::provider::finding::{Finding, segment};
use crate::provider::{self, Provider};
use crate::spec;
use crate::spec::deployment::ProviderDeployment;

/// The keys of a provider file.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let schema = spec::provider_schema();
    schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()).collect()
});

/// Whether the file counts as it is.
pub(super) fn is_empty(spec: &ProviderDeployment) -> bool {
    spec.overrides.is_empty() && spec.scopes.is_none()
}

/// The provider with the deployment's keys over its file: mappings key by key, lists and scalars replace, null removes.
pub(super) fn apply(
    entry: &Entry,
    spec: &ProviderDeployment,
    at: &str,
    findings: &mut Findings<'_>,
) -> Option<Provider> {
    let before = findings.diagnostics.len();
    spec.overrides.keys().for_each(|key| check_key(key, at, findings));
    if findings.diagnostics.len() > before {
        return None;
    }
    let Some(Value::Object(mut file)) = entry.value() else {
        findings.diagnostics.extend(entry.diagnostics().iter().cloned());
        return None;
    };
    provider::merge(&mut file, &spec.over());
    let (mut provider, mut found) = provider::load_value(Value::Object(file.clone()));
    // What its tests say is true of the file, not of what a deployment makes of it.
    if entry.provider().is_some() && found.iter().any(|finding| finding.pointer.starts_with("/tests/")) {
        file.shift_remove("tests");
        (provider, found) = provider::load_value(Value::Object(file));
    }
    if !found.is_empty() {
        report(entry, found, at, findings);
    }
    provider
}

fn check_key(key: &str, at: &str, findings: &mut Findings<'_>) {
    let place = format!("{at}/{}", segment(key));
    if spec::NOT_OVERRIDABLE.contains(&key) {
        let finding =
            Finding::error(code::NO_EFFECT, place, format!("`{key}` stays the provider file's")).on_key();
        findings.add(finding.label("a deployment cannot change what a file is"));
    } else if !KEYS.iter().any(|known| known == key) {
        let finding = Finding::error(code::UNKNOWN_FIELD, place, format!("unknown field `{key}`"))
            .on_key()
            .label("neither a key of a deployed provider nor one of a provider file");
        let own = ["use", "client_id", "client_secret", "client", "issuer", "vars", "request", "scopes"];
        let known =
            KEYS.iter().map(String::as_str).filter(|key| !spec::NOT_OVERRIDABLE.contains(key)).chain(own);
        findings.add(finding.propose("a field with a similar name exists", key, known));
    }
}

/// Findings about a merged provider: those the file has by itself stand there, the others in the deployment file.
fn report(entry: &Entry, found: Vec<Finding>, at: &str, findings: &mut Findings<'_>) {
    let own = entry.value().map(|file| provider::load_value(file).1).unwrap_or_default();
    let same = |a: &Finding, b: &Finding| a.code == b.code && a.pointer == b.pointer && a.title == b.title;
    for finding in found {
        if own.iter().any(|known| same(known, &finding)) {
            if let Some(document) = entry.document() {
                findings.diagnostics.push(finding.locate(document));
            }
            continue;
        }
        // A warning about a file that somebody laid keys over is a matter of the file.
        if finding.severity == Severity::Warning {
            continue;
        }
        let Some(document) = findings.document else { continue };
        let place = |pointer: &str| Some(nearest_place(document, at, pointer));
        findings.diagnostics.push(finding.locate_by(document, place));
    }
}

/// The place in the deployment file that is nearest to a key of the provider; `scopes` is its `scopes.default`.
fn nearest_place(document: &crate::yaml::Document, at: &str, pointer: &str) -> String {
    let pointer =
        pointer.strip_prefix("/scopes/default").map_or(pointer.to_owned(), |rest| format!("/scopes{rest}"));
    let mut place = format!("{at}{pointer}");
    while place.len() > at.len() && document.place(&place).is_none() {
        let parent = place.rfind('/').unwrap_or_default();
        place.truncate(parent);
    }
    place
}
