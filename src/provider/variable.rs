//! Values that a deployment or a sign-in gives, and what they must look like before anything uses them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};
use url::Url;

use crate::diagnostic::code;
use crate::oauth::jose::is_private_jwk;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::provider::pattern;
use crate::spec::authorize::Input;
use crate::spec::variable::Variable;

pub use crate::spec::variable::Format;

/// Bytes of a pattern: the memory of its parser grows with them, whatever the pattern may take itself.
const MAX_PATTERN: usize = 1024;
/// Bytes of a compiled pattern.
const MAX_COMPILED: usize = 64 * 1024;

/// What a value must look like, compiled.
#[derive(Clone, Debug, Default)]
pub struct Constraint {
    /// In front of a person.
    pub title: Option<String>,
    /// Where nobody gives a value.
    pub default: Option<String>,
    /// The form.
    pub format: Option<Format>,
    /// The values there are.
    pub one_of: Option<Vec<String>>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be shown.
    pub secret: bool,
    pattern: Option<Regex>,
    prefix: Option<String>,
    suffix: Option<String>,
}

impl Constraint {
    /// The value as templates see it: trimmed, without what a person may type around it, and checked.
    ///
    /// # Errors
    /// What the value must be, without repeating the value.
    pub fn check(&self, value: &str) -> Result<String, String> {
        let mut value = value.trim();
        if let Some(prefix) = &self.prefix {
            value = value.strip_prefix(prefix.as_str()).unwrap_or(value);
        }
        if let Some(suffix) = &self.suffix {
            value = value.strip_suffix(suffix.as_str()).unwrap_or(value);
        }
        if value.is_empty() {
            return Err("it is empty".into());
        }
        if value.len() > 16 * 1024
            || (self.format != Some(Format::Pem) && value.chars().any(char::is_control))
        {
            return Err("it is too long or holds a control character".into());
        }
        if let Some(values) = &self.one_of
            && !values.iter().any(|allowed| allowed == value)
        {
            return Err(format!("it must be one of {}", values.join(", ")));
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(value)
        {
            return Err(format!("it must match {pattern}"));
        }
        match self.format {
            Some(format) => formatted(value, format),
            None => Ok(value.to_owned()),
        }
    }

    /// Whether a pattern keeps out the hosts of strangers: those of this list at least.
    pub fn keeps_strangers_out(&self) -> bool {
        const STRANGERS: [&str; 7] = [
            "evil",
            "localhost",
            "evil.example",
            "evil.com",
            "login.evil-host.example.org",
            "xn--evl-bma.co.uk",
            "169.254.169.254",
        ];
        self.pattern.as_ref().is_some_and(|pattern| !STRANGERS.iter().any(|host| pattern.is_match(host)))
    }

    /// Whether the constraint leaves no freedom to name a host of somebody else's (`enum`, a pattern, a host format).
    pub fn bounds_a_host(&self) -> bool {
        self.one_of.is_some()
            || self.pattern.is_some()
            || matches!(self.format, Some(Format::Hostname | Format::HttpsOrigin | Format::HttpsUrl))
    }
}

impl Compiler {
    pub(super) fn variable(&mut self, at: &str, spec: &Variable) -> Constraint {
        let constraint = Constraint {
            title: spec.title.clone(),
            default: spec.default.clone(),
            format: spec.format,
            one_of: spec.one_of.clone(),
            optional: spec.optional,
            secret: spec.secret,
            pattern: spec
                .pattern
                .as_deref()
                .and_then(|pattern| self.pattern(&format!("{at}/pattern"), pattern)),
            prefix: spec.prefix.clone(),
            suffix: spec.suffix.clone(),
        };
        if let Some(Err(why)) =
            spec.default.as_deref().filter(|text| !text.is_empty()).map(|text| constraint.check(text))
        {
            self.report(
                Finding::error(
                    code::INVALID_DEFAULT,
                    format!("{at}/default"),
                    "the default breaks the variable's own rule",
                )
                .label(why),
            );
        }
        constraint
    }

    pub(super) fn input(&mut self, at: &str, spec: &Input) -> Constraint {
        Constraint {
            format: spec.format,
            one_of: spec.one_of.clone(),
            pattern: spec
                .pattern
                .as_deref()
                .and_then(|pattern| self.pattern(&format!("{at}/pattern"), pattern)),
            ..Constraint::default()
        }
    }

    pub(super) fn pattern(&mut self, at: &str, pattern: &str) -> Option<Regex> {
        if !(pattern.starts_with('^') && pattern.ends_with('$')) {
            // Half an anchor may be meant as one half of a pattern.
            let bare = !pattern.starts_with('^') && !pattern.ends_with('$');
            let anchored = format!("^(?:{})$", pattern.trim_start_matches('^').trim_end_matches('$'));
            let finding = Finding::error(code::UNANCHORED_PATTERN, at, "the pattern is not anchored")
                .label("it would accept anything around a match")
                .replace("anchor it", format!("'{}'", anchored.replace('\'', "''")));
            self.report(if bare { finding.certain() } else { finding });
        }
        if pattern.len() > MAX_PATTERN {
            let title = format!("a pattern may have {MAX_PATTERN} bytes, this one has {}", pattern.len());
            self.report(Finding::error(code::INVALID_PATTERN, at, title));
            return None;
        }
        if !self.may_compile_pattern(at) {
            return None;
        }
        if let Some((finding, meant)) = pattern::loose(at, pattern) {
            let replacement = format!("'{}'", meant.replace('\'', "''"));
            self.report(finding.replace("what it says", replacement).certain());
        }
        match compiled(pattern) {
            Ok(regex) => Some(regex),
            Err(error) => {
                if matches!(error, regex::Error::CompiledTooBig(_)) {
                    self.budget.large_pattern();
                }
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.report(
                    Finding::error(code::INVALID_PATTERN, at, "the pattern is not a regular expression")
                        .label(why),
                );
                None
            }
        }
    }
}

/// A pattern, compiled once in a process: many files have the same few.
fn compiled(pattern: &str) -> Result<Regex, regex::Error> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    const MOST: usize = 1_000;
    let lock = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = lock().get(pattern) {
        return Ok(regex.clone());
    }
    let regex = RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build()?;
    let mut compiled = lock();
    if compiled.len() < MOST {
        compiled.insert(pattern.to_owned(), regex.clone());
    }
    Ok(regex)
}

fn formatted(value: &str, format: Format) -> Result<String, String> {
    match format {
        Format::Email => {
            let (local, domain) = value.split_once('@').ok_or("it must be an e-mail address")?;
            let plain =
                !local.is_empty() && !value.contains([' ', '"', ',', '<', '>', ';']) && is_hostname(domain);
            plain.then(|| value.to_owned()).ok_or_else(|| "it must be an e-mail address".into())
        }
        Format::Hostname => is_hostname(value)
            .then(|| value.to_ascii_lowercase())
            .ok_or_else(|| "it must be a host name".into()),
        Format::HttpsOrigin => {
            let origin = value.strip_suffix('/').unwrap_or(value);
            let url = https_url(origin)?;
            let whole = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            if !whole || url.origin().ascii_serialization() != origin.to_ascii_lowercase() {
                return Err("it must be an origin such as https://acme.example.com, with no path".into());
            }
            Ok(origin.to_ascii_lowercase())
        }
        Format::HttpsUrl => {
            let url = https_url(value)?;
            if url.query().is_some() || url.fragment().is_some() {
                return Err("it must be an address without query and fragment".into());
            }
            Ok(value.to_owned())
        }
        Format::Pem => {
            let pem = value.replace("\\n", "\n");
            let whole = pem.trim_start().starts_with("-----BEGIN ") && pem.contains("-----END ");
            if !whole && is_private_jwk(value) {
                return Ok(value.to_owned());
            }
            whole
                .then_some(pem)
                .ok_or_else(|| "it must be a key in PEM form (-----BEGIN …), or a private JWK".into())
        }
        Format::Uri => Url::parse(value).map(|_| value.to_owned()).map_err(|_| "it must be a URI".into()),
        Format::Uuid => {
            let parts: Vec<&str> = value.split('-').collect();
            let form = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
            let hex = value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
            (form && hex).then(|| value.to_ascii_lowercase()).ok_or_else(|| "it must be a UUID".into())
        }
    }
}

/// A URL over https, or over http to this machine; plain text that no URL parser reads in its own way.
fn https_url(value: &str) -> Result<Url, String> {
    let plain = value.bytes().all(|byte| (0x21..0x7f).contains(&byte) && !b"\\<>\"{}|^`".contains(&byte));
    let url = Url::parse(value).ok().filter(|_| plain).ok_or("it must be an https address")?;
    if !url.username().is_empty() || url.password().is_some() || value.contains('@') {
        return Err("it must not hold a user name or password".into());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("it must be an https address (http only to this machine)".into()),
    }
}

/// Whether a URL leads to this machine: 127.0.0.0/8, `::1`, `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(domain)) => domain == "localhost",
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Labels of letters, digits and inner hyphens (RFC 1123 §2.1), at least one of them with a letter: no IP address passes.
pub fn is_hostname(value: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = value.rsplit('.').next().unwrap_or_default();
    value.len() <= 253
        && value.split('.').all(label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && !last.to_ascii_lowercase().starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, value: &str) -> Result<String, String> {
        Constraint { format: Some(format), ..Constraint::default() }.check(value)
    }

    #[test]
    fn accepts_values_of_their_format() {
        assert_eq!(
            check(Format::HttpsOrigin, "https://Acme.example:8443/").unwrap(),
            "https://acme.example:8443"
        );
        assert_eq!(check(Format::HttpsOrigin, "http://127.0.0.1:9000").unwrap(), "http://127.0.0.1:9000");
        assert_eq!(check(Format::HttpsUrl, "https://a.example/Path/").unwrap(), "https://a.example/Path/");
        assert_eq!(check(Format::Hostname, "Acme.example").unwrap(), "acme.example");
        assert_eq!(check(Format::Email, "a+b@acme.example").unwrap(), "a+b@acme.example");
        assert!(check(Format::Uuid, "11111111-2222-3333-4444-55555555aaaa").is_ok());
    }

    #[test]
    fn refuses_values_that_only_look_like_it() {
        for value in [
            "http://acme.example",
            "https://a@acme.example",
            "https://acme.example/x",
            "https://acme.example?x",
            "https://acme。example",
            "https://acme.example\\x",
            "ftp://acme.example",
            "acme.example",
            "https:acme.example",
        ] {
            assert!(check(Format::HttpsOrigin, value).is_err(), "{value}");
        }
        for value in [
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "a..b",
            "-a.example",
            "a_b.example",
            "a.example/",
            "é.example",
        ] {
            assert!(check(Format::Hostname, value).is_err(), "{value}");
        }
        for value in ["a", "a@b@c.example", "\"a\"@b.example", "a,b@c.example", "@c.example"] {
            assert!(check(Format::Email, value).is_err(), "{value}");
        }
    }

    #[test]
    fn takes_off_what_a_person_types_around_the_value() {
        let shop = Constraint {
            prefix: Some("https://".into()),
            suffix: Some(".shop.example".into()),
            pattern: Regex::new("^[a-z]+$").ok(),
            ..Constraint::default()
        };
        assert_eq!(shop.check(" https://acme.shop.example ").unwrap(), "acme");
        assert!(shop.check("acme.evil.example").is_err());
    }
}
