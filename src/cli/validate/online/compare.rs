//! A provider file beside the discovery document of its issuer: issuer, endpoints, `iss`.

use serde_json::{Map, Value};
use url::Url;

use crate::cli::output;
use crate::cli::validate::online::subject::Subject;
use crate::diagnostic::{Severity, code};
use crate::oauth::ServerMetadata;
use crate::oauth::jose::Alg;
use crate::provider::Protocol;
use crate::provider::finding::{Finding, segment};
use crate::provider::read::Read;
use crate::provider::variable::is_loopback;

const ENDPOINTS: [&str; 10] = [
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "registration_endpoint",
    "pushed_authorization_request_endpoint",
];
const ISS: &str = "authorization_response_iss_parameter_supported";

/// A file and its document.
pub(super) struct Comparison<'a> {
    /// The file.
    pub subject: &'a Subject,
    /// The document.
    pub found: &'a Map<String, Value>,
    /// What a sign-in reads of it.
    pub metadata: ServerMetadata,
    /// Where the document stands.
    pub url: &'a Url,
}

impl Comparison<'_> {
    /// What they disagree about.
    pub fn findings(&self) -> Vec<Finding> {
        if let Some(finding) = self.issuer() {
            // It is the document of somebody else.
            return vec![finding];
        }
        let mut findings = vec![];
        findings.extend(ENDPOINTS.iter().filter_map(|name| self.endpoint(name)));
        findings.extend(self.missing());
        findings.extend(self.userinfo());
        findings.extend(self.iss());
        findings.extend(self.lists());
        findings
    }

    /// Where the file says which document it is.
    pub fn at(&self) -> String {
        self.subject.place(&["/discovery", "/issuer"])
    }

    /// The issuer must be the one that was asked, character by character: the `iss` of every id_token is held against it.
    fn issuer(&self) -> Option<Finding> {
        let policy = &self.subject.provider.id_token;
        let discovers = self.subject.discovers();
        let other_rule = policy.issuer.is_some() || policy.issuers.is_some() && !discovers;
        let written = self.subject.address("/issuer").filter(|_| !other_rule)?;
        let rule = "OpenID Connect Discovery §4.3, OpenID Connect Core §3.1.3.7";
        let Some(found) = &self.metadata.issuer else {
            let finding =
                Finding::error(code::ISSUER_MISMATCH, "/issuer", "the discovery document has no issuer");
            return discovers.then(|| finding.label("nothing confirms this").note(self.asked(rule)));
        };
        if *found == written {
            return None;
        }
        let finding =
            Finding::error(code::ISSUER_MISMATCH, "/issuer", "the discovery document is of another issuer")
                .label(format!("the document says `{}`", shown(found)))
                .note(self.asked(rule));
        Some(match self.literal("/issuer") && is_plain_url(found) {
            true => finding.replace("write what the document says", found.as_str()),
            false => finding,
        })
    }

    /// An address that the file writes and the document has otherwise: the file's counts.
    fn endpoint(&self, name: &str) -> Option<Finding> {
        let at = format!("/{name}");
        let written = self.subject.address(&at)?;
        let found = self.found.get(name)?.as_str()?;
        let same = |a: &str, b: &str| a == b || Url::parse(a).ok().is_some_and(|a| Url::parse(b) == Ok(a));
        if same(&written, found) || self.subject.gives_way(&at) {
            return None;
        }
        let finding = Finding::warning(
            code::ENDPOINT_MISMATCH,
            &*at,
            format!("`{name}` is not that of the discovery document"),
        )
        .label(format!("the document says `{}`", shown(found)))
        .note(self.asked("RFC 8414 §2"));
        let inherits = self.subject.discovers() && ServerMetadata::is_read(name);
        Some(match (self.literal(&at) && is_plain_url(found), inherits) {
            (true, true) => finding.replace("write what the document says, or take the line out", found),
            (true, false) => finding.replace("write what the document says", found),
            (false, true) => finding.help(format!("take `{name}` out: the discovery document has it")),
            (false, false) => finding,
        })
    }

    /// What the file leaves to a document that does not have it either.
    fn missing(&self) -> Vec<Finding> {
        let provider = &self.subject.provider;
        let symmetric = provider.id_token.algs.iter().all(|alg| Alg::from(*alg) == Alg::HS256);
        let keys = provider.protocol == Protocol::Oidc && !symmetric;
        let needed = [("authorization_endpoint", true), ("token_endpoint", true), ("jwks_uri", keys)];
        let absent = |name: &str| {
            self.subject.whole.get(name).is_none_or(Value::is_null) && self.metadata.endpoint(name).is_none()
        };
        let missing = |(name, needed): (&str, bool)| {
            (needed && self.subject.discovers() && absent(name)).then(|| {
                Finding::error(
                    code::MISSING_ENDPOINT,
                    self.at(),
                    format!("there is no `{name}`, neither in the file nor in the discovery document"),
                )
                .label("the document that should have it")
                .note(self.asked("RFC 8414 §2"))
                .help(format!("write `{name}`"))
            })
        };
        needed.into_iter().filter_map(missing).collect()
    }

    /// A claim that only a userinfo endpoint could give, where there is none.
    fn userinfo(&self) -> Option<Finding> {
        let provider = &self.subject.provider;
        let written = self.subject.whole.get("userinfo_endpoint").is_some_and(|value| !value.is_null());
        if !self.subject.discovers() || written || self.metadata.endpoint("userinfo_endpoint").is_some() {
            return None;
        }
        let title = "there is no `userinfo_endpoint`, neither in the file nor in the discovery document";
        let finding = |at: String| {
            Finding::error(code::MISSING_ENDPOINT, at, title)
                .note(self.asked("OpenID Connect Discovery §3"))
                .help("write `userinfo_endpoint`, or read the id_token")
        };
        let calls = provider.userinfo.as_deref().unwrap_or_default();
        if calls.iter().any(|call| call.endpoint.is_none() && !call.optional) {
            let at = self.subject.place(&["/userinfo", "/userinfo_signed_response_alg"]);
            return Some(finding(at).label("a call to the userinfo endpoint"));
        }
        if provider.userinfo.is_some() {
            return None;
        }
        let only = |read: &Read| {
            let roots = read.roots();
            !roots.is_empty() && roots.iter().all(|root| root == "userinfo")
        };
        let (claim, _) = provider.profile.iter().find(|(_, read)| only(read))?;
        let severity = if claim == "sub" { Severity::Error } else { Severity::Warning };
        let finding = finding(format!("/profile/{}", segment(claim)));
        Some(Finding { severity, ..finding }.label("read from an answer that does not come"))
    }

    /// Whether every callback has `iss` (RFC 9207 §3).
    fn iss(&self) -> Option<Finding> {
        let written = self.subject.provider.metadata.authorization_response_iss_parameter_supported;
        let found = self.metadata.authorization_response_iss_parameter_supported;
        let at = format!("/{ISS}");
        let title = "file and discovery document disagree about `iss` in the callback";
        let note = || self.asked("RFC 9207 §3");
        match (written, found) {
            (Some(true), Some(false)) => Some(
                Finding::error(code::ISS_PARAMETER_MISMATCH, at, title)
                    .label("a callback without `iss` is refused, and the document says that it has none")
                    .note(note())
                    .replace("write what the document says", "false"),
            ),
            (Some(true), None) => Some(
                Finding::warning(code::ISS_PARAMETER_MISMATCH, at, title)
                    .label("a callback without `iss` is refused, and the document does not promise it")
                    .note(note()),
            ),
            (Some(false), Some(true)) => Some(
                Finding::warning(code::ISS_PARAMETER_MISMATCH, at, title)
                    .label("a callback without `iss` passes, and the document says that each has one")
                    .note(note())
                    .replace("write what the document says", "true"),
            ),
            (None, Some(true)) if !self.subject.discovers() => Some(
                Finding::warning(code::ISS_PARAMETER_MISMATCH, self.at(), title)
                    .label("a callback of this issuer always has `iss`, and the file does not ask for it")
                    .note(note())
                    .help(format!("write `{ISS}: true`")),
            ),
            _ => None,
        }
    }

    /// Whether the value of a place is written as it is sent.
    pub fn literal(&self, pointer: &str) -> bool {
        let text = self.subject.whole.pointer(pointer).and_then(Value::as_str);
        text.is_some_and(|text| !text.contains('{'))
    }

    /// Which document it is, and what it is to say.
    pub fn asked(&self, rule: &str) -> String {
        format!("compared with {}; {rule}", self.url)
    }
}

/// Text of a document in a line for a person: nobody vouches for what is in it, or how long it is.
pub(super) fn shown(text: &str) -> String {
    let text = output::one_line(text);
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

/// Whether it can stand in a file as it is, as an address that a sign-in goes to.
fn is_plain_url(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?&=%+@".contains(&byte);
    text.bytes().all(plain)
        && Url::parse(text)
            .is_ok_and(|url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_says_is_data() {
        assert_eq!(shown("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(shown(&"é".repeat(1000)).chars().count(), 122);
        assert!(is_plain_url("https://acme.example/a?b=c"));
        for text in [
            "https://acme.example/ # a",
            "http://acme.example",
            "https://a.example/{b}",
            "a",
            "https://a.example/\nb: c",
        ] {
            assert!(!is_plain_url(text), "{text}");
        }
    }
}
