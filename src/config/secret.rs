//! Secrets: references to the environment or to a file, never a text in the deployment file itself.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::config::findings::Findings;
use crate::diagnostic::code;
use crate::oauth::Secret;
use crate::provider::catalog::files;
use crate::provider::finding::Finding;
use crate::spec::deployment::{AdminSpec, OneOrMany, SecretRef, SessionSpec, Strategy, TextOrRef};

/// The secret of the deployment has at least this many bytes.
const MIN_BYTES: usize = 32;
/// A file larger than this holds no secret.
const MAX_FILE: usize = 64 * 1024;
/// How to make one.
const HOW: &str = "make one with `openssl rand -base64 33`";
/// Where a deployment without `secret` looks, in this order; all that are set count.
const VARIABLES: [&str; 4] = ["AUTH_SECRET_3", "AUTH_SECRET_2", "AUTH_SECRET_1", "AUTH_SECRET"];

/// Reads what references point at.
pub(super) struct Secrets<'a> {
    pub environment: &'a Environment,
    /// What a relative path starts from: the folder of the deployment file.
    pub folder: PathBuf,
    /// The files that were referred to so far.
    read: RefCell<Vec<PathBuf>>,
}

impl<'a> Secrets<'a> {
    pub fn new(environment: &'a Environment, folder: PathBuf) -> Secrets<'a> {
        Secrets { environment, folder, read: RefCell::default() }
    }

    /// The files that were referred to, whether or not they could be read.
    pub fn read_files(&self) -> Vec<PathBuf> {
        self.read.take()
    }

    /// The secrets that seal and open cookies: the first seals.
    pub fn of_deployment(
        &self,
        spec: Option<&OneOrMany<SecretRef>>,
        findings: &mut Findings<'_>,
    ) -> Vec<Secret> {
        let Some(spec) = spec else { return self.of_environment(findings) };
        let mut secrets = vec![];
        for (index, reference) in spec.as_slice().iter().enumerate() {
            let at = match spec {
                OneOrMany::One(_) => "/secret".to_owned(),
                OneOrMany::Many(_) => format!("/secret/{index}"),
            };
            secrets.extend(self.strong(reference, &at, "this seals every cookie", findings));
        }
        if spec.as_slice().is_empty() {
            let finding = Finding::error(code::MISSING_SECRET, "/secret", "the list of secrets is empty");
            findings.add(finding.label("nothing seals the cookies").help(HOW));
        }
        secrets
    }

    /// The token of whoever runs the server.
    pub fn of_admin(
        &self,
        spec: Option<&AdminSpec>,
        session: &SessionSpec,
        findings: &mut Findings<'_>,
    ) -> Option<Secret> {
        let spec = spec?;
        if session.strategy == Strategy::Jwt {
            let title =
                "`admin` has no effect: sessions are in their cookies, where nobody can list or end them";
            let finding = Finding::error(code::NO_EFFECT, "/admin", title).on_key();
            findings.add(finding.label("only with a store").help("add `session: {strategy: database}`"));
        }
        self.strong(&spec.token, "/admin/token", "whoever has this can end every session", findings)
    }

    /// What a reference points at, where nobody can guess it.
    fn strong(
        &self,
        reference: &SecretRef,
        at: &str,
        label: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Secret> {
        let secret = self.resolve(reference, at, findings)?;
        let Some(why) = weakness(secret.expose()) else { return Some(secret) };
        let title = format!("the secret of {} {why}", named(reference));
        findings.add(Finding::error(code::WEAK_SECRET, at, title).label(label).help(HOW));
        None
    }

    fn of_environment(&self, findings: &mut Findings<'_>) -> Vec<Secret> {
        let mut set: Vec<&str> =
            VARIABLES.into_iter().filter(|name| self.environment.get(name).is_some()).collect();
        if set.is_empty() && self.environment.get("NEXTAUTH_SECRET").is_some() {
            set.push("NEXTAUTH_SECRET");
        }
        if set.is_empty() {
            findings.environment(
                code::MISSING_SECRET,
                "`AUTH_SECRET` is not set: nothing seals the cookies",
                HOW,
            );
        }
        let mut secrets = vec![];
        for name in set {
            let value = self.environment.get(name).unwrap_or_default();
            match weakness(value) {
                None => secrets.push(Secret::from(value)),
                Some(why) => findings.environment(code::WEAK_SECRET, format!("`{name}` {why}"), HOW),
            }
        }
        secrets
    }

    /// What a reference points at.
    pub fn resolve(&self, reference: &SecretRef, at: &str, findings: &mut Findings<'_>) -> Option<Secret> {
        match reference {
            SecretRef::Env(name) => {
                let value = self.environment.get(name);
                if value.is_none() {
                    findings.add(
                        Finding::error(
                            code::MISSING_SECRET,
                            at,
                            format!("the environment variable `{name}` is not set"),
                        )
                        .label("this points at nothing"),
                    );
                }
                value.map(Secret::from)
            }
            SecretRef::File(path) => match self.text_of(&self.folder.join(path)) {
                Ok(secret) => Some(secret),
                Err((code, why)) => {
                    findings.add(
                        Finding::error(code, at, format!("the secret file `{path}` {why}"))
                            .label("this points at it"),
                    );
                    None
                }
            },
        }
    }

    /// A value that may be written or referred to; a secret one must not be written.
    pub fn text(
        &self,
        value: &TextOrRef,
        secret: bool,
        at: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Secret> {
        match value {
            TextOrRef::Ref(reference) => self.resolve(reference, at, findings),
            TextOrRef::Text(_) if secret => {
                findings.add(plain_secret(at));
                None
            }
            TextOrRef::Text(text) => Some(Secret::from(text.as_str())),
        }
    }

    fn text_of(&self, path: &Path) -> Result<Secret, (crate::diagnostic::Code, String)> {
        self.read.borrow_mut().push(path.to_owned());
        let bytes = files::read(path, None, MAX_FILE)
            .map_err(|diagnostic| (diagnostic.code, format!("cannot be used: {}", diagnostic.title)))?;
        if folder_is_open(path) {
            return Err((code::UNSAFE_FILE, "stands in a folder that everybody can write to".into()));
        }
        let text =
            String::from_utf8(bytes).map_err(|_| (code::INVALID_ENCODING, "is not UTF-8".to_owned()))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err((code::MISSING_SECRET, "is empty".into()));
        }
        Ok(Secret::from(text))
    }
}

/// What is said of a secret that stands in the file.
pub(super) fn plain_secret(at: &str) -> Finding {
    Finding::error(code::PLAIN_SECRET, at, "a secret stands in the file")
        .label("everybody who reads the file has it")
        .help("refer to it: {env: NAME} or {file: PATH}; and change it, where others have seen this file")
}

fn named(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(name) => format!("`{name}`"),
        SecretRef::File(path) => format!("the file `{path}`"),
    }
}

fn weakness(secret: &str) -> Option<String> {
    let mut bytes = secret.bytes();
    let first = bytes.next();
    if secret.len() < MIN_BYTES {
        return Some(format!("has {} bytes, {MIN_BYTES} are needed", secret.len()));
    }
    bytes.all(|byte| Some(byte) == first).then(|| "is one character repeated".to_owned())
}

/// Whether everybody may replace files of the folder: writable by all, without the sticky bit.
#[cfg(unix)]
fn folder_is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o1002 == 0o002)
}

#[cfg(not(unix))]
fn folder_is_open(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_weak_secret() {
        assert_eq!(weakness("0123456789abcdef0123456789abcdef"), None);
        assert_eq!(weakness("short").as_deref(), Some("has 5 bytes, 32 are needed"));
        assert!(weakness(&"a".repeat(64)).is_some());
        assert!(weakness("").is_some());
    }
}
