//! The providers of a deployment: which are on, with which provider file, credentials and values.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::config::environment::variable;
use crate::config::findings::Findings;
use crate::config::overrides;
use crate::config::secret::Secrets;
use crate::config::{ConfiguredProvider, Fingerprint};
use crate::diagnostic::{code, nearest};
use crate::oauth::Secret;
use crate::provider::catalog::{Catalog, Entry};
use crate::provider::finding::{Finding, segment};
use crate::provider::{Provider, Registration, RegistrationError, RegistrationValues};
use crate::spec::DeploymentSpec;
use crate::spec::deployment::ProviderDeployment;

/// Providers of a deployment: each is compiled with the keys laid over it.
const MAX_PROVIDERS: usize = 2_000;

/// A provider that is on, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct On {
    /// What its file says, with the deployment's keys over it.
    pub provider: Option<Arc<Provider>>,
    /// With its credentials and values; `None` where something of them is missing or wrong.
    pub configured: Option<ConfiguredProvider>,
}

/// All providers that are on.
pub(super) fn compile(
    spec: &DeploymentSpec,
    catalog: &Catalog,
    secrets: &Secrets<'_>,
    needed: Option<&[String]>,
    findings: &mut Findings<'_>,
) -> IndexMap<String, On> {
    let (reported, known) = (BTreeSet::new(), OnceCell::new());
    let mut compiler = Compiler { catalog, secrets, needed, findings, reported, known };
    if compiler.findings.document.is_some() && !spec.providers.is_empty() {
        if spec.providers.len() > MAX_PROVIDERS {
            let title = format!("more than {MAX_PROVIDERS} providers in one deployment");
            compiler.findings.add(Finding::error(code::TOO_LARGE, "/providers", title).on_key());
        }
        return spec
            .providers
            .iter()
            .take(MAX_PROVIDERS)
            .map(|(id, provider)| (id.clone(), compiler.provider(id, provider)))
            .collect();
    }
    let on = compiler.ids_of_environment();
    if on.is_empty() {
        compiler.findings.environment(
            code::MISSING_FIELD,
            "no provider is on",
            "set AUTH_<ID>_ID and AUTH_<ID>_SECRET of a provider, such as AUTH_GOOGLE_ID, or list providers in authcfg.yaml",
        );
    }
    on.into_iter().map(|id| (id.clone(), compiler.provider(&id, &ProviderDeployment::default()))).collect()
}

struct Compiler<'a, 'd> {
    catalog: &'a Catalog,
    secrets: &'a Secrets<'a>,
    /// Those that have to run; `None` is all of them.
    needed: Option<&'a [String]>,
    findings: &'a mut Findings<'d>,
    /// Provider files whose findings are told already.
    reported: BTreeSet<String>,
    /// The ids and aliases of all provider files.
    known: OnceCell<Vec<String>>,
}

impl Compiler<'_, '_> {
    /// Every provider, by id or alias, whose client id is in the environment; where it needs none, the variables that it does need.
    fn ids_of_environment(&self) -> Vec<String> {
        let mut ids = vec![];
        for entry in self.catalog.entries() {
            let aliases = aliases(entry);
            let all = std::iter::once(&entry.id).chain(&aliases);
            ids.extend(all.filter(|id| self.is_on(entry, id)).cloned());
        }
        ids
    }

    fn is_on(&self, entry: &Entry, id: &str) -> bool {
        let environment = self.secrets.environment;
        let needed = |provider: &Arc<Provider>| {
            let mut vars = provider.vars.iter().filter(|(_, rule)| rule.default.is_none() && !rule.optional);
            provider.client_metadata.is_some()
                && vars.clone().next().is_some()
                && vars.all(|(name, _)| environment.of_provider(id, name).is_some())
        };
        environment.of_provider(id, "id").is_some() || entry.provider().is_some_and(needed)
    }

    fn provider(&mut self, id: &str, spec: &ProviderDeployment) -> On {
        let so_far = self.findings.diagnostics.len();
        let on = self.compiled(id, spec);
        if self.needed.is_some_and(|needed| needed.iter().all(|needed| needed != id)) {
            self.findings.drop_missing_since(so_far);
        }
        on
    }

    fn compiled(&mut self, id: &str, spec: &ProviderDeployment) -> On {
        let at = format!("/providers/{}", segment(id));
        if !is_id(id) {
            let finding = Finding::error(code::INVALID_VALUE, &at, format!("`{id}` is no id")).on_key();
            self.findings
                .add(finding.label("small letters, digits and hyphens: it stands in the callback URL"));
            return On::default();
        }
        let Some(entry) = self.entry(id, spec, &at) else { return On::default() };
        self.outdated(&entry, spec, &at);
        let provider = match overrides::is_empty(spec) {
            true => self.as_written(&entry),
            false => overrides::apply(&entry, spec, &at, self.findings).map(Arc::new),
        };
        let configured =
            provider.as_ref().and_then(|provider| self.configured(id, spec, &entry, provider, &at));
        On { provider, configured }
    }

    fn configured(
        &mut self,
        id: &str,
        spec: &ProviderDeployment,
        entry: &Entry,
        provider: &Arc<Provider>,
        at: &str,
    ) -> Option<ConfiguredProvider> {
        let request = self.request(spec, provider, at);
        let values = self.values(id, spec, provider, at)?;
        let over = Value::Object(spec.over());
        let fingerprint = Fingerprint::of_provider(id, entry.value(), over, json!(request), &values);
        match Registration::new(id, provider.clone(), values) {
            Ok(registration) => {
                Some(ConfiguredProvider { registration: Arc::new(registration), request, fingerprint })
            }
            Err(errors) => {
                errors.into_iter().for_each(|error| self.registration_error(id, spec, at, error));
                None
            }
        }
    }

    /// A provider that is about to end, or has ended.
    fn outdated(&mut self, entry: &Entry, spec: &ProviderDeployment, at: &str) {
        // Few files have a status; the others are not even parsed.
        if !entry.source().text().contains("status:") {
            return;
        }
        let file = entry.document().map(|document| document.to_json()).unwrap_or_default();
        let Some(status) = file["status"].as_str().filter(|status| ["deprecated", "dead"].contains(status))
        else {
            return;
        };
        let title = format!("the provider `{}` is {status}", entry.id);
        let finding = match &spec.uses {
            Some(_) => Finding::warning(code::INVALID_VALUE, format!("{at}/use"), title),
            None => Finding::warning(code::INVALID_VALUE, at, title).on_key(),
        };
        let finding = finding.label("its file says so");
        self.findings.add(match file["successor"].as_str() {
            Some(successor) => finding.help(format!("use `{successor}` instead")),
            None => finding,
        });
    }

    fn entry(&mut self, id: &str, spec: &ProviderDeployment, at: &str) -> Option<Arc<Entry>> {
        let file = spec.uses.as_deref().unwrap_or(id);
        let entry = self.catalog.get(file).cloned();
        if entry.is_none() {
            let title = format!("there is no provider `{file}`");
            let finding = match &spec.uses {
                Some(_) => Finding::error(code::UNKNOWN_PROVIDER, format!("{at}/use"), title),
                None => Finding::error(code::UNKNOWN_PROVIDER, at, title).on_key(),
            };
            let finding = finding.label("no provider file has this id");
            let known = self.known.get_or_init(|| {
                let aliases = self.catalog.entries().flat_map(|entry| aliases(entry));
                self.catalog.ids().map(str::to_owned).chain(aliases).collect()
            });
            self.findings.add(match nearest(file, known.iter().map(String::as_str)) {
                Some(suggestion) => finding.replace("a provider with a similar id exists", suggestion),
                None => finding
                    .help("add providers/<id>.yaml, or run a generic provider under this id: `use: oidc`"),
            });
        }
        entry
    }

    /// The provider as its file has it; what is wrong with the file is told once.
    fn as_written(&mut self, entry: &Entry) -> Option<Arc<Provider>> {
        if self.reported.insert(entry.id.clone()) {
            self.findings.diagnostics.extend(entry.diagnostics().iter().cloned());
        }
        entry.provider().cloned()
    }

    /// Credentials and variables: the file's, else the environment's.
    fn values(
        &mut self,
        id: &str,
        spec: &ProviderDeployment,
        provider: &Provider,
        at: &str,
    ) -> Option<RegistrationValues> {
        let before = self.findings.diagnostics.len();
        let environment = self.secrets.environment;
        let from_environment = |name: &str| environment.of_provider(id, name);
        let mut values = RegistrationValues::default();

        let written = spec.client_id.as_ref();
        let client_id = written
            .and_then(|value| self.secrets.text(value, false, &format!("{at}/client_id"), self.findings));
        values.client_id = match written {
            Some(_) => client_id.map(|value| value.expose().to_owned()).unwrap_or_default(),
            None => from_environment("id").unwrap_or_default().to_owned(),
        };
        values.client_secret = match &spec.client_secret {
            Some(reference) => self.secrets.resolve(reference, &format!("{at}/client_secret"), self.findings),
            None => from_environment("secret").map(Secret::from),
        };
        for (name, constraint) in provider.client.iter().filter(|(name, _)| !is_credential(name)) {
            let value = match spec.client.get(name) {
                Some(value) => {
                    let place = format!("{at}/client/{}", segment(name));
                    self.secrets.text(value, constraint.secret, &place, self.findings)
                }
                None => from_environment(name).map(Secret::from),
            };
            values.client.extend(value.map(|value| (name.clone(), value)));
        }
        for (name, constraint) in &provider.vars {
            let (written, place) = match (name.as_str(), spec.vars.get(name)) {
                ("issuer", None) => (spec.issuer.as_ref(), format!("{at}/issuer")),
                (_, written) => (written, format!("{at}/vars/{}", segment(name))),
            };
            let value = match written {
                Some(value) => {
                    let value = self.secrets.text(value, constraint.secret, &place, self.findings);
                    value.map(|value| value.expose().to_owned())
                }
                None => from_environment(name).map(str::to_owned),
            };
            values.vars.extend(value.map(|value| (name.clone(), value)));
        }
        self.unknown_values(spec, provider, at);
        (self.findings.diagnostics.len() == before).then_some(values)
    }

    /// Values that the provider file has no use for.
    fn unknown_values(&mut self, spec: &ProviderDeployment, provider: &Provider, at: &str) {
        if spec.issuer.is_some() && !provider.vars.contains_key("issuer") {
            let finding =
                Finding::error(code::NO_EFFECT, format!("{at}/issuer"), "this provider's issuer is fixed");
            self.findings.add(finding.on_key().label("the provider file has no variable `issuer`"));
        }
        let unknown = |section: &str, name: &String, known: Vec<&str>| {
            let finding = Finding::error(
                code::UNKNOWN_FIELD,
                format!("{at}/{section}/{}", segment(name)),
                format!("unknown name `{name}`"),
            )
            .on_key()
            .label(format!("the provider file declares no such `{section}`"));
            let finding = match known.is_empty() {
                true => finding,
                false => finding.note(format!("declared under `{section}`: {}", known.join(", "))),
            };
            finding.propose("a declared name is similar", name, known)
        };
        for name in spec.vars.keys().filter(|name| !provider.vars.contains_key(*name)) {
            self.findings.add(unknown("vars", name, provider.vars.keys().map(String::as_str).collect()));
        }
        for name in
            spec.client.keys().filter(|name| is_credential(name) || !provider.client.contains_key(*name))
        {
            self.findings.add(unknown("client", name, provider.client.keys().map(String::as_str).collect()));
        }
    }

    /// Inputs that the deployment gives.
    fn request(
        &mut self,
        spec: &ProviderDeployment,
        provider: &Provider,
        at: &str,
    ) -> IndexMap<String, String> {
        super::rules::inputs(&spec.request, provider, &format!("{at}/request"), self.findings)
    }

    fn registration_error(
        &mut self,
        id: &str,
        spec: &ProviderDeployment,
        at: &str,
        error: RegistrationError,
    ) {
        let RegistrationError { section, name, message } = error;
        let (name, key) = match section {
            "client_id" => ("id", "client_id".to_owned()),
            "client_secret" => ("secret", "client_secret".to_owned()),
            _ if section == "vars" && name == "issuer" && !spec.vars.contains_key("issuer") => {
                ("issuer", "issuer".to_owned())
            }
            section => (name.as_str(), format!("{section}.{name}")),
        };
        let variable = variable(id, name);
        let is_set = self.secrets.environment.get(&variable).is_some();
        let place = format!("{at}/{}", key.replace('.', "/"));
        let wrong = |code, place: &str| Finding::error(code, place, format!("`{key}` of `{id}`: {message}"));
        if self.findings.has(&place) {
            self.findings.add(wrong(code::INVALID_VALUE, &place).label("this value is not accepted"));
        } else if is_set {
            self.findings.environment(
                code::INVALID_VALUE,
                format!("`{variable}`: {message}"),
                "the provider file says what it must look like",
            );
        } else {
            let code = if section == "vars" { code::MISSING_FIELD } else { code::MISSING_SECRET };
            let help = match self.findings.document {
                Some(_) => format!("set {variable}, or write `{key}` here"),
                None => format!("set {variable}"),
            };
            self.findings.missing(wrong(code, at).on_key().label("this provider cannot run").help(help));
        }
    }
}

/// Other ids of a provider file. Few files have any; the others are not even parsed.
fn aliases(entry: &Entry) -> Vec<String> {
    if !entry.source().text().contains("\naliases:") {
        return vec![];
    }
    let value = entry.document().map(|document| document.to_json());
    let aliases = value.as_ref().and_then(|value| value["aliases"].as_array());
    aliases.into_iter().flatten().filter_map(|alias| alias.as_str().map(str::to_owned)).collect()
}

/// What may stand in a path and, with `-` for `_`, in the name of a variable.
fn is_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain
        && !id.is_empty()
        && id.len() <= 64
        && !id.starts_with('-')
        && !id.ends_with('-')
        && id != "undefined"
}

/// Members of a client that have their own keys in a deployment.
fn is_credential(name: &str) -> bool {
    ["id", "secret"].contains(&name)
}
