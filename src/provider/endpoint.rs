//! An endpoint: a URL template whose scheme is fixed and whose host no stranger can choose.

use std::collections::BTreeMap;

use url::Url;

use crate::diagnostic::code;
use crate::expr::Template;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::provider::moment::Moment;
use crate::provider::variable::{Constraint, is_loopback};
use crate::spec::variable::Format;

/// What the host of endpoints may be made of.
pub(super) type HostRules = BTreeMap<String, HostRule>;

/// How free the value of a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostRule {
    /// A whole origin, scheme included.
    Origin,
    /// Bounded: `enum`, an anchored pattern, a host name.
    Bounded,
    /// Anything.
    Free,
}

impl HostRule {
    /// How free the value of a variable is; `learned` says when a sign-in brings it, where it does.
    ///
    /// What a stranger may send must not name a host just because it is one: a pattern must keep other hosts out. For what
    /// comes back from the provider or the browser no pattern will do: only a list of values, or a fixed end of the host.
    pub fn of(constraint: &Constraint, learned: Option<Moment>) -> HostRule {
        match learned {
            Some(_) if constraint.one_of.is_some() => return HostRule::Bounded,
            Some(Moment::Authorize) if constraint.keeps_strangers_out() => return HostRule::Bounded,
            Some(_) => return HostRule::Free,
            None => {}
        }
        match constraint.format {
            Some(Format::HttpsOrigin | Format::HttpsUrl) => HostRule::Origin,
            _ if constraint.bounds_a_host() => HostRule::Bounded,
            _ => HostRule::Free,
        }
    }
}

impl Compiler {
    /// Compiles the template of a URL and holds scheme and host against the rules for endpoints.
    pub(super) fn endpoint(&mut self, at: &str, source: &str, moment: Moment) -> Option<Template> {
        let template = self.template(at, source, moment)?;
        let names = template.names();
        if names.iter().any(|name| name == "client.secret") && moment > Moment::Authorize {
            self.report(
                Finding::error(code::EXPOSED_SECRET, at, "the client secret would stand in a URL")
                    .label("URLs end up in logs")
                    .help("send it as a parameter, or leave it to `token_endpoint_auth_method`"),
            );
        }
        self.placeholder_in_address(at, source, moment);
        if template.is_literal() {
            self.literal_url(at, source);
            return Some(template);
        }
        for branch in branches(source) {
            self.host(at, source, &branch);
        }
        Some(template)
    }

    fn literal_url(&mut self, at: &str, source: &str) {
        match Url::parse(source) {
            Err(error) => self.report(
                Finding::error(code::INVALID_URL, at, "the address cannot be read").label(error.to_string()),
            ),
            Ok(url) if url.scheme() == "http" && is_loopback(&url) => {}
            Ok(url) if url.scheme() != "https" => {
                let mut finding = Finding::error(code::INSECURE_URL, at, "the address is not https")
                    .label("codes, tokens and secrets would travel in clear text")
                    .note("RFC 6749 §3.1 and §3.2 require TLS; http is accepted to this machine only");
                if let Some(rest) = source.strip_prefix("http://") {
                    finding = finding.replace("use https", format!("https://{rest}"));
                    // What answers at a port of its own may not speak TLS there.
                    if url.port().is_none() {
                        finding = finding.certain();
                    }
                }
                self.report(finding);
            }
            Ok(url) if url.host().is_none() || !url.username().is_empty() || url.password().is_some() => self
                .report(Finding::error(
                    code::INVALID_URL,
                    at,
                    "the address has no host of its own, or holds credentials",
                )),
            Ok(url) if url.fragment().is_some() => self.report(
                Finding::error(code::INVALID_URL, at, "an endpoint has no fragment")
                    .note("RFC 6749 §3.1, §3.2"),
            ),
            Ok(_) => {
                if let Some(start) = source.find("://").map(|at| at + 3)
                    && let Some(slashes) = source[start..].find("//")
                    && !source[start..start + slashes].contains('?')
                    && !source[start..start + slashes].ends_with(':')
                {
                    let range = start + slashes..start + slashes + 2;
                    self.report(
                        Finding::warning(code::DOUBLED_SLASH, at, "a doubled slash in the path")
                            .range(Some(range))
                            .replace("write one", "/"),
                    );
                }
            }
        }
    }

    /// The host part of one branch of the template: literal text, or variables that are bounded.
    fn host(&mut self, at: &str, source: &str, branch: &str) {
        let branch = branch.trim();
        if branch.starts_with("{{") {
            self.origin(at, source, branch);
            return;
        }
        let Some(rest) = branch.strip_prefix("https://").or_else(|| branch.strip_prefix("http://")) else {
            self.report(
                Finding::error(
                    code::INVALID_URL,
                    at,
                    "the address does not begin with https:// or an origin",
                )
                .label("scheme and host must be there whatever the variables are"),
            );
            return;
        };
        if branch.starts_with("http://")
            && !(rest.starts_with("127.") || rest.starts_with("localhost") || rest.starts_with("[::1]"))
        {
            self.report(
                Finding::error(code::INSECURE_URL, at, "the address is not https")
                    .label("codes, tokens and secrets would travel in clear text")
                    .note("RFC 6749 §3.1 and §3.2 require TLS; http is accepted to this machine only"),
            );
        }
        let mut depth = 0usize;
        let end = rest
            .char_indices()
            .find(|(index, c)| {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    '/' | '?' | '#' if depth == 0 => return true,
                    _ => {}
                }
                *index >= rest.len()
            })
            .map_or(rest.len(), |(index, _)| index);
        let host = &rest[..end];
        let after = host.rfind("}}").map(|at| &host[at + 2..]);
        let fixed_suffix = after.is_some_and(|suffix| {
            suffix.starts_with('.')
                && suffix.trim_start_matches('.').split('.').filter(|label| !label.is_empty()).count() >= 2
        });
        for expression in printed(host) {
            let name = expression.split(['|', ' ']).find(|part| !part.is_empty()).unwrap_or_default();
            let rule = name.strip_prefix("vars.").and_then(|name| self.hosts.get(name).copied());
            let bounded = rule == Some(HostRule::Bounded) || (fixed_suffix && rule.is_some());
            if !bounded {
                let range = source.find(name).map(|start| start..start + name.len());
                let learned = name.strip_prefix("vars.").is_some_and(|name| self.learned.contains_key(name));
                let help = match learned {
                    false => {
                        "give the variable `enum`, an anchored `pattern`, or `format: hostname`; or end the host with a fixed suffix"
                    }
                    true => {
                        "a value that the sign-in brings needs `enum`, or the host a fixed suffix; a `pattern` that only the provider's hosts match will do for an input"
                    }
                };
                self.report(
                    Finding::error(code::UNBOUNDED_HOST, at, format!("`{name}` can choose any host"))
                        .range(range)
                        .label(match at {
                            "/authorization_endpoint" | "/end_session_endpoint" => {
                                "the browser would be sent there"
                            }
                            "/issuer" | "/jwks_uri" => {
                                "the keys that id_tokens are checked with would come from there"
                            }
                            _ => "tokens and the client secret would be sent there",
                        })
                        .help(help),
                );
            }
        }
    }

    /// A branch that begins with a variable: it must be a whole origin.
    fn origin(&mut self, at: &str, source: &str, branch: &str) {
        let inner = branch[2..].split("}}").next().unwrap_or_default().trim().trim_matches('-').trim();
        let rule = inner.strip_prefix("vars.").and_then(|name| self.hosts.get(name).copied());
        if rule != Some(HostRule::Origin) {
            let range =
                source.find(inner).filter(|_| !inner.is_empty()).map(|start| start..start + inner.len());
            self.report(
                Finding::error(
                    code::UNBOUNDED_HOST,
                    at,
                    format!("`{inner}` stands where scheme and host do"),
                )
                .range(range)
                .label("not a variable with `format: https-origin` or `https-url`")
                .help("write `https://` in front of it, or give the variable `format: https-origin`"),
            );
        }
    }
}

/// The texts that a template can become, split at its `{% … %}`.
fn branches(source: &str) -> Vec<String> {
    let mut branches = vec![];
    let mut rest = source;
    let mut prefix = None;
    while let Some(start) = rest.find("{%") {
        let text = &rest[..start];
        match &prefix {
            None => prefix = Some(text.to_owned()),
            Some(prefix) if !text.is_empty() => branches.push(format!("{prefix}{text}")),
            Some(_) => {}
        }
        let Some(end) = rest[start..].find("%}") else { break };
        rest = &rest[start + end + 2..];
    }
    if source.contains("{%") {
        // What follows the last tag is shared by every branch that has no host of its own; an absolute one stands alone.
        if rest.contains("://") || branches.is_empty() {
            branches.push(format!("{}{rest}", prefix.unwrap_or_default()));
        }
        branches
    } else {
        vec![source.to_owned()]
    }
}

/// The expressions inside `{{ … }}`.
fn printed(text: &str) -> Vec<&str> {
    let mut expressions = vec![];
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}") else { break };
        expressions.push(rest[start + 2..start + end].trim());
        rest = &rest[start + end + 2..];
    }
    expressions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_a_template_into_what_it_can_become() {
        let source = "{% if vars.host == 'a.example' %}https://api.a.example/user{% else %}https://{{ vars.host }}/api{% endif %}";
        assert_eq!(branches(source), ["https://api.a.example/user", "https://{{ vars.host }}/api"]);
        assert_eq!(branches("https://{{ vars.host }}/x"), ["https://{{ vars.host }}/x"]);
    }

    #[test]
    fn finds_what_is_printed() {
        assert_eq!(printed("{{ vars.a }}.{{ vars.b | lower }}.example"), ["vars.a", "vars.b | lower"]);
    }
}
