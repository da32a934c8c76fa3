//! What all parts of a provider are compiled with: findings are collected, and every template, path and expression is
//! held against what can be known where it stands.

mod known;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, code};
use crate::expr::{Condition, ExprError, Path, Template};
use crate::provider::budget::Budget;
use crate::provider::endpoint::HostRules;
use crate::provider::finding::Finding;
use crate::provider::moment::Moment;
use crate::provider::read::Read;
use crate::provider::step::TokenType;
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
    /// What kind of access tokens there are.
    pub token_type: TokenType,
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
    /// How much was compiled.
    pub budget: Budget,
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
            budget: Budget::default(),
            read: BTreeSet::new(),
            captured: spec.callback.capture.keys().cloned().collect(),
            secrets: secrets(spec),
            token_type: match spec.dpop_bound_access_tokens {
                Some(true) => TokenType::DPoP,
                Some(false) | None => TokenType::Bearer,
            },
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
        if !self.may_compile(at) {
            return None;
        }
        match Template::compile(source) {
            Ok(template) if template.is_literal() => {
                self.budget.give_back();
                Some(template)
            }
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
        if !self.may_compile_path(at, source) {
            return None;
        }
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
        if !self.may_compile(at) {
            return None;
        }
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
