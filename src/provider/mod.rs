//! A provider that can run: templates and paths compiled, addresses checked, defaults filled in.
//!
//! In: a [`ProviderSpec`], what a file says. Out: a [`Provider`], what it means, and every finding on the way. One file
//! per noun, as in [`spec`](crate::spec); rules that look at several keys at once are in `check`.

pub mod authorize;
mod budget;
pub mod callback;
pub mod catalog;
mod check;
pub mod client_auth;
mod compile;
mod content_type;
mod endpoint;
pub mod extends;
pub mod finding;
pub mod id_token;
pub mod learned;
pub mod metadata;
mod moment;
mod notation;
pub mod param;
mod pattern;
mod placeholder;
pub mod profile;
pub mod read;
pub mod registration;
pub mod step;
pub mod token;
pub mod userinfo;
pub mod variable;

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::provider::authorize::Authorize;
use crate::provider::callback::Callback;
use crate::provider::client_auth::{ClientAuth, TokenEndpointAuthMethod};
use crate::provider::compile::Compiler;
use crate::provider::endpoint::HostRule;
use crate::provider::finding::{Finding, segment};
use crate::provider::id_token::{IdTokenAlg, IdTokenPolicy};
use crate::provider::learned::Learned;
use crate::provider::metadata::MetadataTemplates;
use crate::provider::read::Read;
use crate::provider::step::Step;
use crate::provider::token::{JwtBearer, Refresh, Revocation, Then};
use crate::provider::userinfo::UserinfoCall;
use crate::provider::variable::Constraint;
use crate::spec::{ProviderSpec, identity};
use crate::yaml::Document;

pub use crate::spec::provider::{ClientMetadata, Protocol};
pub use crate::spec::vector::{HttpAnswer, Vector};
#[cfg(feature = "lsp")]
pub(crate) use moment::FLOW;
pub use registration::{Registration, RegistrationError, RegistrationValues};

/// A provider that can run.
#[derive(Debug)]
pub struct Provider {
    /// The id: the name of the file.
    pub id: String,
    /// The name as the provider writes it.
    pub name: String,
    /// Other ids under which it is served.
    pub aliases: Vec<String>,
    /// How its button looks.
    pub brand: identity::Brand,
    /// Whether there is an id_token.
    pub protocol: Protocol,
    /// What the deployment fills in.
    pub vars: IndexMap<String, Constraint>,
    /// Variables that the sign-in brings.
    pub learned: IndexMap<String, Learned>,
    /// Members of the client's registration.
    pub client: IndexMap<String, Constraint>,
    /// Whether it tells who comes, so that somebody can sign in with it.
    pub signs_in: bool,
    /// What a client without an id registers itself with (RFC 7591).
    pub client_metadata: Option<ClientMetadata>,
    /// Names that this provider uses for standard parameters.
    pub rename: IndexMap<String, String>,
    /// What the file writes of the provider's metadata.
    pub metadata: MetadataTemplates,
    /// How the authorization request deviates.
    pub authorize: Authorize,
    /// How the authorization response deviates.
    pub callback: Callback,
    /// How the client authenticates.
    pub client_auth: ClientAuth,
    /// Whether the access tokens are bound to a key that each sign-in makes (RFC 9449).
    pub dpop_bound_access_tokens: bool,
    /// How the token request deviates.
    pub token: Step,
    /// Requests that turn the token into the one to use.
    pub then: Vec<Then>,
    /// How a token is refreshed.
    pub refresh: Refresh,
    /// How a token is revoked.
    pub revocation: Revocation,
    /// How a token is looked into.
    pub introspection: Step,
    /// How the client gets a token for itself.
    pub client_credentials: Step,
    /// How an assertion becomes a token.
    pub jwt_bearer: JwtBearer,
    /// How a token is exchanged for another.
    pub token_exchange: Step,
    /// The calls that tell who has signed in; `None` where the file leaves it to the metadata.
    pub userinfo: Option<Vec<UserinfoCall>>,
    /// The algorithm that the answer of the userinfo endpoint is signed with, where it is a JWT.
    pub userinfo_signed_response_alg: Option<IdTokenAlg>,
    /// The algorithm that the answer to an introspection is signed with, where it is a JWT.
    pub introspection_signed_response_alg: Option<IdTokenAlg>,
    /// What the id_token must look like.
    pub id_token: IdTokenPolicy,
    /// How the person's claims come about.
    pub profile: IndexMap<String, Read>,
    /// Sign-ins that prove the file.
    pub tests: Vec<Vector>,
}

impl Provider {
    /// Compiles what a file says. All findings at once; a provider only where none of them is an error.
    pub fn compile(mut spec: ProviderSpec) -> (Option<Provider>, Vec<Finding>) {
        // The larger half of most files, and the provider keeps it as it is.
        let tests = std::mem::take(&mut spec.tests);
        let spec = &spec;
        let mut compiler = Compiler::new(spec, authorize::inputs(spec).into_keys());
        let variables = |compiler: &mut Compiler,
                         section: &str,
                         specs: &IndexMap<_, _>|
         -> IndexMap<String, Constraint> {
            specs
                .iter()
                .map(|(name, spec)| {
                    (String::clone(name), compiler.variable(&format!("/{section}/{}", segment(name)), spec))
                })
                .collect()
        };
        let vars = variables(&mut compiler, "vars", &spec.vars);
        let client = variables(&mut compiler, "client", &spec.client);
        let learned = compiler.learned(spec);
        let hosts = vars.iter().map(|(name, constraint)| {
            (name.clone(), HostRule::of(constraint, compiler.learned.get(name).copied()))
        });
        compiler.hosts = hosts.collect();
        let provider = Provider {
            id: spec.id.clone(),
            name: spec.name.clone(),
            aliases: spec.aliases.clone(),
            brand: spec.brand.clone(),
            protocol: spec.protocol,
            signs_in: spec.sign_in.unwrap_or(true),
            client_metadata: spec.client_metadata.clone(),
            rename: spec.rename.clone(),
            metadata: compiler.metadata(spec),
            authorize: compiler.authorize(spec),
            callback: compiler.callback(&spec.callback),
            client_auth: compiler.client_auth(spec),
            dpop_bound_access_tokens: spec.dpop_bound_access_tokens == Some(true),
            token: compiler.token(spec),
            then: compiler.then(spec),
            refresh: compiler.refresh(spec),
            revocation: compiler.revocation(spec),
            introspection: compiler.introspection(spec),
            client_credentials: compiler.grant("client_credentials", spec.client_credentials.as_ref(), spec),
            jwt_bearer: compiler.jwt_bearer(spec),
            token_exchange: compiler.grant("token_exchange", spec.token_exchange.as_ref(), spec),
            userinfo: compiler.userinfo(spec),
            userinfo_signed_response_alg: spec.userinfo_signed_response_alg,
            introspection_signed_response_alg: spec.introspection_signed_response_alg,
            id_token: compiler.id_token(&spec.id_token),
            profile: compiler.profile(spec),
            tests,
            vars,
            learned,
            client,
        };
        check::all(spec, &provider, &mut compiler);
        let sound = compiler.findings.iter().all(|finding| finding.severity != Severity::Error);
        (sound.then_some(provider), compiler.findings)
    }

    /// Whether a deployment must give a client secret.
    pub fn needs_client_secret(&self) -> bool {
        let keyless = matches!(
            self.client_auth.method,
            TokenEndpointAuthMethod::None
                | TokenEndpointAuthMethod::PrivateKeyJwt
                | TokenEndpointAuthMethod::TlsClientAuth
                | TokenEndpointAuthMethod::SelfSignedTlsClientAuth
        );
        !keyless && self.client_auth.minted_secret.is_none()
    }
}

/// Reads a provider file: what it means, and everything that is wrong with it. `base` finds the file that it extends.
///
/// The structure is taken from the types here. Where it is wrong, the JSON Schema says so: every mistake at its key, with
/// the nearest known name.
pub fn load(
    document: &Document,
    base: impl Fn(&str) -> Option<Arc<Document>>,
) -> (Option<Provider>, Vec<Diagnostic>) {
    let (provider, findings) = load_extending(&document.to_json(), document, base);
    if provider.is_none() {
        let structural = structural(document);
        if !structural.is_empty() {
            return (None, structural);
        }
    }
    (provider, findings.into_iter().map(|finding| finding.locate(document)).collect())
}

/// Reads the JSON form of a provider file, laid over the file that it extends. Findings point into `document`, the file as it is
/// written.
pub fn load_extending(
    file: &Value,
    document: &Document,
    base: impl Fn(&str) -> Option<Arc<Document>>,
) -> (Option<Provider>, Vec<Finding>) {
    let Some(id) = extends::base_id(file) else {
        let nulls = extends::nulls_without_base(file);
        let (provider, findings) = read(file);
        return (provider, findings.into_iter().chain(nulls).collect());
    };
    let own = file.get("id").and_then(Value::as_str) == Some(id);
    let Some(base) = base(id).filter(|_| !own) else { return (None, vec![extends::unknown(id, own)]) };
    match extends::lay_over(file, &base) {
        Ok(whole) => {
            let (provider, findings) = read(&whole);
            (provider, extends::attribute(findings, document, Some(&base)))
        }
        Err(finding) => (None, vec![*finding]),
    }
}

#[cfg(feature = "schema")]
fn structural(document: &Document) -> Vec<Diagnostic> {
    use crate::spec::schema::{Kind, check};
    check(document, Kind::Provider).findings
}

#[cfg(not(feature = "schema"))]
fn structural(_: &Document) -> Vec<Diagnostic> {
    vec![]
}

/// Reads the JSON form of a provider file.
pub fn load_value(value: Value) -> (Option<Provider>, Vec<Finding>) {
    read(&value)
}

/// Tests of a file: each keeps some kilobytes.
const MAX_TESTS: usize = 300;

fn read(value: &Value) -> (Option<Provider>, Vec<Finding>) {
    if value.get("tests").and_then(Value::as_array).is_some_and(|tests| tests.len() > MAX_TESTS) {
        let title = format!("more than {MAX_TESTS} tests in one file");
        let finding = Finding::error(code::TOO_LARGE, "/tests", title).on_key();
        return (None, vec![finding.help("move some to a file of their own: `authcfg test --vectors`")]);
    }
    match crate::spec::decode_provider(value) {
        Ok(spec) => Provider::compile(spec),
        Err(error) => {
            let finding = Finding::error(code::WRONG_TYPE, error.pointer, "this is not what belongs here")
                .label(error.message);
            (None, vec![finding])
        }
    }
}

/// Lays a deployment's keys over a provider file: mappings merge key by key, lists and scalars replace, null removes.
///
/// Among parameters, headers, inputs and claims null stays: there it drops what the RFC would send or read.
pub fn merge(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    merge_in(Nulls::Remove, base, over);
}

/// What null says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// It drops what the RFC would send or read.
    Drop,
    /// It drops a parameter, or is a value of the JSON that one is.
    DropOrJson,
    /// It takes away what the base says.
    Remove,
}

fn merge_in(nulls: Nulls, base: &mut Map<String, Value>, over: &Map<String, Value>) {
    let below = |key: &str| match (nulls, key) {
        (Nulls::DropOrJson, _) | (_, "params" | "query") => Nulls::DropOrJson,
        (_, "headers" | "inputs" | "profile") => Nulls::Drop,
        _ => Nulls::Remove,
    };
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (_, Value::Null) if nulls == Nulls::Remove => {
                base.shift_remove(key);
            }
            (Some(Value::Object(base)), Value::Object(over)) => {
                merge_in(below(key), base, over);
            }
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merges_key_by_key() {
        let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        merge(
            base.as_object_mut().unwrap(),
            json!({"a": {"c": [3], "e": null}, "d": null, "f": {"g": 1}}).as_object().unwrap(),
        );
        assert_eq!(base, json!({"a": {"b": 1, "c": [3]}, "f": {"g": 1}}));
    }

    #[test]
    fn a_null_among_parameters_or_claims_drops_the_default() {
        let mut base = json!({"token": {"params": {"a": 1}}, "profile": {"name": "$.userinfo.name"}});
        let over = json!({"token": {"params": {"redirect_uri": null}}, "profile": {"name": null}});
        merge(base.as_object_mut().unwrap(), over.as_object().unwrap());
        assert_eq!(
            base,
            json!({"token": {"params": {"a": 1, "redirect_uri": null}}, "profile": {"name": null}})
        );
        let mut base = json!({"params": {"claims": {"userinfo": {"name": {"essential": true}}}}});
        let over = json!({"params": {"claims": {"userinfo": {"name": null, "email": null}}}});
        merge(base.as_object_mut().unwrap(), over.as_object().unwrap());
        assert_eq!(base, json!({"params": {"claims": {"userinfo": {"name": null, "email": null}}}}));
    }

    #[test]
    #[cfg(feature = "schema")]
    fn a_file_with_a_wrong_structure_is_told_as_validate_tells_it() {
        let text =
            "id: acme\nname: Acme\ndocs: https://acme.example\nisuer: https://acme.example\nprotocl: oidc\n";
        let document = Document::parse("acme.yaml", text.as_bytes(), crate::yaml::Limits::PROVIDER).unwrap();
        let (provider, findings) = load(&document, |_| None);
        assert!(provider.is_none());
        let titles: Vec<_> = findings.iter().map(|finding| &*finding.title).collect();
        assert!(
            titles.contains(&"unknown field `isuer`") && titles.contains(&"unknown field `protocl`"),
            "{titles:?}"
        );
    }
}
