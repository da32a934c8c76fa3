//! What all parts of a provider are compiled with: findings are collected, and every template, path and expression is
//! held against what can be known where it stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, code};
use crate::expr::{Condition, ExprError, Path, Template};
use crate::provider::endpoint::HostRules;
use crate::provider::finding::Finding;
use crate::provider::moment::{FLOW, FLOW_CLIENT, FLOW_LATER, Moment};
use crate::provider::read::Read;
use crate::spec::ProviderSpec;
use crate::spec::provider::{Discovery, Protocol};
use crate::spec::userinfo::UserinfoSpec;
use crate::spec::value::{Incoming, Scalar};
use crate::spec::variable::Variable;

/// After so many findings names are not looked at any more: each wrong one is compared with all that are right.
const ENOUGH: usize = 250;

/// Collects findings; the same for all parts of one provider.
pub(super) struct Compiler {
    pub findings: Vec<Finding>,
    vars: BTreeSet<String>,
    client: BTreeSet<String>,
    inputs: BTreeSet<String>,
    captured: BTreeSet<String>,
    calls: Vec<String>,
    /// The values that stay on the server, dotted.
    secrets: BTreeSet<String>,
    /// Whether there is an id_token.
    oidc: bool,
    /// Whether the userinfo endpoint is called without a word about it.
    userinfo: bool,
    /// The names that expressions read, dotted as far as the text shows them.
    read: BTreeSet<String>,
    /// When the variables that come from the sign-in are known.
    pub learned: BTreeMap<String, Moment>,
    /// How free the variables are that a host may be made of.
    pub hosts: HostRules,
    /// How many patterns were compiled.
    pub patterns: usize,
    /// How many of them are too large.
    pub large_patterns: usize,
}

impl Compiler {
    pub fn new(spec: &ProviderSpec, inputs: impl IntoIterator<Item = String>) -> Compiler {
        let calls = spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls);
        Compiler {
            findings: vec![],
            vars: spec.vars.keys().cloned().collect(),
            client: spec.client.keys().cloned().chain(["id".to_owned(), "secret".to_owned()]).collect(),
            inputs: inputs.into_iter().collect(),
            learned: BTreeMap::new(),
            hosts: HostRules::new(),
            patterns: 0,
            large_patterns: 0,
            read: BTreeSet::new(),
            captured: spec.callback.capture.keys().cloned().collect(),
            secrets: secrets(spec),
            oidc: spec.protocol == Protocol::Oidc,
            userinfo: spec.userinfo.is_none()
                && (spec.userinfo_endpoint.is_some()
                    || spec.userinfo_signed_response_alg.is_some()
                    || !matches!(spec.discovery, None | Some(Discovery::WellKnown(false)))),
            calls: calls.iter().map(|call| call.name.clone().unwrap_or_else(|| "userinfo".into())).collect(),
        }
    }

    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether an expression reads a member of a root, or the root as a whole.
    pub fn reads(&self, root: &str, member: &str) -> bool {
        self.read.iter().any(|name| {
            let mut parts = name.split('.');
            parts.next() == Some(root) && parts.next().is_none_or(|read| read == member)
        })
    }

    /// Whether an expression reads anything of a root.
    pub fn reads_any(&self, root: &str) -> bool {
        self.read.iter().any(|name| name.split('.').next() == Some(root))
    }

    /// Compiles what another key of the file says a second time: its findings were reported already.
    pub fn again<T>(&mut self, compile: impl FnOnce(&mut Compiler) -> T) -> T {
        let reported = self.findings.len();
        let compiled = compile(self);
        self.findings.truncate(reported);
        compiled
    }

    /// A template that goes out.
    pub fn template(&mut self, at: &str, source: &str, moment: Moment) -> Option<Template> {
        match Template::compile(source) {
            Ok(template) => {
                self.names(at, source, &template.names(), moment);
                Some(template)
            }
            Err(error) => {
                self.expression(at, code::INVALID_TEMPLATE, "the template cannot be read", error, None);
                None
            }
        }
    }

    pub fn scalar(&mut self, at: &str, value: &Scalar, moment: Moment) -> Option<Template> {
        let template = self.template(at, &value.source(), moment)?;
        if let Scalar::Text(text) = value {
            self.sent_as_written(at, text, moment);
        }
        Some(template)
    }

    /// A path of the context tree.
    pub fn path(&mut self, at: &str, source: &str, moment: Moment) -> Option<Path> {
        match Path::compile(source) {
            Ok(path) => {
                let name = source.trim_start_matches('$').trim_start_matches('.');
                let end =
                    name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(name.len());
                self.names(at, source, &[name[..end].trim_end_matches('.').to_owned()], moment);
                // What a filter compares with counts as read too.
                let inner = source.split("$.").skip(2).map(|name| {
                    let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
                    name[..end.unwrap_or(name.len())].to_owned()
                });
                self.read.extend(inner);
                Some(path)
            }
            Err(error) => {
                let meant = self.path_meant(source, moment);
                self.expression(at, code::INVALID_PATH, "the path cannot be read", error, meant);
                None
            }
        }
    }

    /// An expression that holds or does not.
    pub fn condition(&mut self, at: &str, source: &str, moment: Moment) -> Option<Condition> {
        match Condition::compile(source) {
            Ok(condition) => {
                self.names(at, source, &condition.names(), moment);
                Some(condition)
            }
            Err(error) => {
                let meant = Compiler::condition_meant(source);
                self.expression(at, code::INVALID_EXPRESSION, "the expression cannot be read", error, meant);
                None
            }
        }
    }

    /// A value that comes in.
    pub fn read(&mut self, at: &str, value: &Incoming, moment: Moment) -> Option<Read> {
        Some(match value {
            Incoming::Bool(value) => Read::Literal((*value).into()),
            Incoming::Number(value) => Read::Literal(value.clone().into()),
            Incoming::Literal(literal) => Read::Literal(literal.value.clone()),
            Incoming::Text(text) if text.starts_with('$') => Read::Path(self.path(at, text, moment)?),
            Incoming::Text(text) if text.contains("{{") || text.contains("{%") => {
                Read::Template(self.template(at, text, moment)?)
            }
            Incoming::Text(text) => {
                self.read_as_written(at, text, moment);
                Read::Literal(text.clone().into())
            }
            Incoming::FirstOf(members) => {
                let members: Vec<Option<Read>> = members
                    .iter()
                    .enumerate()
                    .map(|(index, member)| self.read(&format!("{at}/{index}"), member, moment))
                    .collect();
                Read::FirstOf(members.into_iter().collect::<Option<_>>()?)
            }
            Incoming::Coerced(coerced) => {
                Read::Coerced(self.path(&format!("{at}/from"), &coerced.from, moment)?, coerced.coercion)
            }
        })
    }

    /// What cannot be read, with `meant` in its place where that is known.
    fn expression(&mut self, at: &str, code: Code, title: &str, error: ExprError, meant: Option<String>) {
        if let Some(meant) = meant {
            let finding = Finding::error(code, at, title).label(error.message);
            return self
                .report(finding.replace("what it says in the notation of this file", meant).certain());
        }
        let mut finding = Finding::error(code, at, title).label(error.message).range(error.range);
        if let Some(help) = error.help {
            finding = finding.help(help);
        }
        let Some((name, known)) = error.unknown else { return self.report(finding) };
        let text = "there is one with a similar name";
        let finding = match elsewhere(&name) {
            Some(ours) => finding.replace("what it is called here", ours).certain(),
            None => finding.propose(text, &name, known.iter().copied()),
        };
        let note = finding.help.is_none().then(|| format!("there is: {}", known.join(", ")));
        self.report(Finding { note, ..finding });
    }

    /// Every name an expression reads must be one that the context can hold at that moment.
    fn names(&mut self, at: &str, source: &str, names: &[String], moment: Moment) {
        self.read.extend(names.iter().cloned());
        if self.findings.len() >= ENOUGH {
            return;
        }
        for name in names {
            let (root, member) = name
                .split_once('.')
                .map_or((name.as_str(), None), |(root, rest)| (root, rest.split('.').next()));
            let range = source.find(name.as_str()).map(|start| start..start + name.len());
            let known = self.roots(moment);
            if !known.contains(&root) {
                let later = self.roots(Moment::Profile).contains(&root);
                let title = match later {
                    false => format!("unknown name `{root}`"),
                    true if moment >= Moment::Later => format!("`{root}` is not known here"),
                    true => format!("`{root}` is not known yet"),
                };
                let finding = Finding::error(code::UNKNOWN_NAME, at, title)
                    .label(match root {
                        "claims" if !self.oidc => "there is no id_token: the protocol is `oauth2`",
                        "userinfo" if moment == Moment::Profile => "nothing calls a userinfo endpoint",
                        _ if later && moment >= Moment::Later => "gone after the sign-in",
                        _ if later => "comes later in a sign-in",
                        _ => "nothing here has that name",
                    })
                    .range(range.clone().map(|range| range.start..range.start + root.len()))
                    .note(format!("what is known here: {}", known.join(", ")))
                    .propose("a name that is known here", root, known.iter().copied());
                self.report(finding);
                continue;
            }
            let declared: Vec<&str> = match root {
                "flow" if moment >= Moment::Client => FLOW_CLIENT.to_vec(),
                "flow" if moment >= Moment::Later => FLOW_LATER.to_vec(),
                _ => match self.declared(root) {
                    Some(declared) => declared,
                    None => continue,
                },
            };
            if let Some(member) = member
                && !declared.contains(&member)
            {
                let finding =
                    Finding::error(code::UNKNOWN_NAME, at, format!("unknown name `{root}.{member}`"))
                        .label(match root {
                            "flow" => format!("`flow` has {} here", declared.join(", ")),
                            _ => format!("not declared under `{}`", section(root)),
                        })
                        .range(range.map(|range| {
                            range.start + root.len() + 1..range.start + root.len() + 1 + member.len()
                        }))
                        .propose("a declared name is similar", member, declared.iter().copied());
                let listed = root != "flow" && finding.help.is_none() && !declared.is_empty();
                let note = listed.then(|| format!("declared there: {}", declared.join(", ")));
                self.report(Finding { note, ..finding });
            } else if let Some(known_from) =
                member.filter(|_| root == "vars").and_then(|member| self.learned.get(member))
                && (moment < *known_from || moment >= Moment::Client)
            {
                self.report(
                    Finding::error(code::UNKNOWN_NAME, at, format!("`{name}` is not known yet"))
                        .label("this is needed before the value is there")
                        .range(range)
                        .other(format!("/vars/{}/from", member.unwrap_or_default()), "it comes from here"),
                );
            } else if member.is_some_and(|member| self.secrets.contains(&format!("{root}.{member}")))
                && matches!(moment, Moment::Authorize | Moment::Profile)
                || root == "client" && member == Some("secret") && moment == Moment::Metadata
            {
                let (what, help) = match name.as_str() {
                    "client.secret" => (
                        "the client secret",
                        "take it out: the token request sends it, as `token_endpoint_auth_method` says",
                    ),
                    _ => ("a secret value", "take it out, or leave `secret` out where it is none"),
                };
                let carrier = match moment {
                    Moment::Profile => "the session of everybody who signs in would hold it",
                    _ if at.starts_with("/authorization") => "the browser would carry it",
                    _ => "it would stand in an address, and addresses are logged",
                };
                let section = match moment {
                    Moment::Profile => "RFC 6749 §2.3.1: credentials are for requests to the token endpoint",
                    _ => "RFC 6749 §2.3.1: credentials are never in an address",
                };
                self.report(
                    Finding::error(code::EXPOSED_SECRET, at, format!("{what} would leave the server"))
                        .label(carrier)
                        .note(section)
                        .help(help)
                        .range(range),
                );
            }
        }
    }

    /// The members of a root, where they are declared.
    pub(super) fn declared(&self, root: &str) -> Option<Vec<&str>> {
        let names = match root {
            "vars" => &self.vars,
            "client" => &self.client,
            "request" => &self.inputs,
            "captured" => &self.captured,
            "flow" => return Some(FLOW.to_vec()),
            _ => return None,
        };
        Some(names.iter().map(String::as_str).collect())
    }

    /// What the context tree holds at that moment.
    pub(super) fn roots(&self, moment: Moment) -> Vec<&str> {
        let mut roots = vec!["client", "vars"];
        if moment >= Moment::Later {
            roots.push("flow");
            match moment {
                Moment::Later | Moment::LaterResponse => roots.push("token"),
                _ => {}
            }
            if matches!(moment, Moment::LaterResponse | Moment::ClientResponse) {
                roots.push("body");
            }
            return roots;
        }
        let mut add = |from: Moment, names: &[&'static str]| {
            if moment >= from {
                roots.extend_from_slice(names);
            }
        };
        add(Moment::Authorize, &["request", "flow"]);
        add(Moment::Callback, &["callback"]);
        add(Moment::Token, &["captured"]);
        add(Moment::Then, &["token"]);
        add(Moment::IdToken, if self.oidc { &["claims"] } else { &[] });
        if matches!(moment, Moment::TokenResponse | Moment::ThenResponse | Moment::UserinfoResponse(_)) {
            roots.push("body");
        }
        let answered = match moment {
            Moment::Userinfo(number) | Moment::UserinfoResponse(number) => number,
            Moment::Profile => self.calls.len(),
            _ => 0,
        };
        roots.extend(self.calls.iter().take(answered).map(String::as_str));
        if moment == Moment::Profile && self.userinfo {
            roots.push("userinfo");
        }
        roots
    }
}

/// The client secret, and what the file declares as secret.
fn secrets(spec: &ProviderSpec) -> BTreeSet<String> {
    let secret = |(section, name, variable): (&str, &String, &Variable)| {
        variable.secret.then(|| format!("{section}.{name}"))
    };
    let vars = spec.vars.iter().map(|(name, variable)| ("vars", name, variable));
    let client = spec.client.iter().map(|(name, variable)| ("client", name, variable));
    vars.chain(client).filter_map(secret).chain(["client.secret".to_owned()]).collect()
}

fn section(root: &str) -> &str {
    match root {
        "request" => "authorization.inputs",
        "captured" => "callback.capture",
        other => other,
    }
}

/// What other template languages call a filter.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "b64encode" | "base64" | "base64_encode" => "b64",
        "base64url" | "b64url_encode" => "b64url",
        "downcase" | "lowercase" | "toLowerCase" | "to_lower" => "lower",
        "hexencode" | "to_hex" => "hex",
        "strip" => "trim",
        "upcase" | "uppercase" | "toUpperCase" | "to_upper" => "upper",
        "url_encode" | "uri_escape" | "encodeURIComponent" => "urlencode",
        _ => return None,
    })
}
