//! The audit log of a deployment: where its lines go, and how people are named in them.

use std::path::{Path, PathBuf};

use crate::config::findings::Findings;
use crate::diagnostic::code;
use crate::provider::finding::Finding;
use crate::spec::deployment::AuditSpec;

pub use crate::spec::deployment::AuditSubject;

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where its lines go.
    pub to: AuditPlace,
    /// How people are named.
    pub subject: AuditSubject,
    /// Whether e-mail addresses are written down.
    pub email: bool,
}

/// Where the lines of an audit log go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditPlace {
    /// To the end of a file.
    File(PathBuf),
    /// To standard error.
    Stderr,
    /// To standard output.
    Stdout,
}

pub(super) fn compile(
    spec: Option<&AuditSpec>,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<AuditSettings> {
    let AuditSpec { to, subject, email } = spec?;
    let place = match to.as_str() {
        "stdout" => AuditPlace::Stdout,
        "stderr" => AuditPlace::Stderr,
        path if path.is_empty() || path.ends_with('/') || path.contains("://") => {
            let finding =
                Finding::error(code::INVALID_VALUE, "/audit/to", "this is no place for an audit log");
            findings.add(
                finding.label("`stdout`, `stderr`, or the path of a file: /var/log/authcfg/audit.jsonl"),
            );
            return None;
        }
        path => AuditPlace::File(folder.join(path)),
    };
    Some(AuditSettings { to: place, subject: *subject, email: *email })
}
