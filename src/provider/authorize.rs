//! The authorization request, compiled: parameters, scopes, and the inputs of one sign-in.

use indexmap::IndexMap;

use crate::diagnostic::code;
use crate::expr::Template;
use crate::provider::client_auth::JwtAlg;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::moment::Moment;
use crate::provider::step::ParamTemplates;
use crate::provider::variable::Constraint;
use crate::spec::ProviderSpec;
use crate::spec::authorize::Input as InputSpec;
use crate::spec::provider::Protocol;
use crate::spec::variable::Format;

pub use crate::spec::authorize::{Pkce, ResponseMode};

/// How the authorization request deviates.
#[derive(Debug)]
pub struct Authorize {
    /// Parameters laid over those of the RFC.
    pub params: ParamTemplates,
    /// What one sign-in may pass.
    pub inputs: IndexMap<String, Input>,
    /// Lists of inputs of which exactly one is needed.
    pub one_of: Vec<Vec<String>>,
    /// How the answer comes back.
    pub response_mode: ResponseMode,
    /// The algorithm of the request object, where the parameters go as one.
    pub request_object_signing_alg: Option<JwtAlg>,
    /// Parameters whose value is not percent-encoded.
    pub raw: Vec<String>,
    /// What stands behind `#`.
    pub fragment: Option<Template>,
    /// What is asked for.
    pub scope: Vec<String>,
    /// What stands between two scopes.
    pub separator: String,
    /// Proof Key for Code Exchange.
    pub pkce: Pkce,
}

/// One thing that a sign-in may pass.
#[derive(Debug)]
pub struct Input {
    /// What it must look like.
    pub constraint: Constraint,
    /// Whether it is a parameter of the request.
    pub send: bool,
    /// Whether it is an e-mail domain that the deployment's routes are asked about.
    pub route: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
}

impl Compiler {
    pub(super) fn authorize(&mut self, spec: &ProviderSpec) -> Authorize {
        let authorization = &spec.authorization;
        let inputs: IndexMap<String, Input> = inputs(spec)
            .into_iter()
            .map(|(name, input)| {
                let at = format!("/authorization/inputs/{}", segment(&name));
                let constraint = self.input(&at, &input);
                let compiled =
                    Input { constraint, send: input.send, route: input.route, deprecated: input.deprecated };
                (name, compiled)
            })
            .collect();
        for name in inputs.keys() {
            if RESERVED.contains(&name.as_str()) {
                self.report(
                    Finding::error(
                        code::RESERVED_PARAMETER,
                        format!("/authorization/inputs/{}", segment(name)),
                        format!("a sign-in cannot choose `{name}`"),
                    )
                    .on_key()
                    .label("the engine sets this parameter")
                    .note("RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1"),
                );
            }
        }
        let names: Vec<&str> = inputs.keys().map(String::as_str).collect();
        let declared = format!("declared there: {}", names.join(", "));
        for (index, group) in authorization.one_of.iter().enumerate() {
            for (position, name) in group.iter().enumerate() {
                if !inputs.contains_key(name) {
                    let finding = Finding::error(
                        code::UNKNOWN_NAME,
                        format!("/authorization/one_of/{index}/{position}"),
                        format!("unknown input `{name}`"),
                    )
                    .label("not declared under `authorization.inputs`")
                    .note(declared.clone())
                    .propose(
                        "a declared input is similar",
                        name,
                        inputs.keys().map(String::as_str),
                    );
                    self.report(finding);
                }
            }
        }
        let default_scope = || match spec.protocol {
            Protocol::Oidc => ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            Protocol::Oauth2 => vec![],
        };
        let own = authorization.params.keys().chain(inputs.keys()).map(String::as_str);
        let known: Vec<&str> = own.chain(RESERVED).collect();
        self.raw("/authorization", &authorization.raw, &known);
        Authorize {
            raw: authorization.raw.clone(),
            fragment: authorization
                .fragment
                .as_deref()
                .and_then(|source| self.template("/authorization/fragment", source, Moment::Authorize)),
            params: self.params("/authorization/params", &authorization.params, Moment::Authorize),
            inputs,
            one_of: authorization.one_of.clone(),
            request_object_signing_alg: authorization.request_object_signing_alg,
            response_mode: authorization.response_mode.unwrap_or_default(),
            scope: spec.scopes.default.clone().unwrap_or_else(default_scope),
            separator: spec.scopes.separator.clone().unwrap_or_else(|| " ".into()),
            pkce: spec.pkce,
        }
    }
}

/// Parameters that belong to the engine.
pub(super) const RESERVED: [&str; 10] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "nonce",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The inputs of a provider: those of its protocol, and what the file adds or takes away.
pub(super) fn inputs(spec: &ProviderSpec) -> IndexMap<String, InputSpec> {
    let mut inputs = IndexMap::new();
    let declare = |pattern: Option<&str>, format| InputSpec {
        pattern: pattern.map(str::to_owned),
        format,
        send: true,
        ..InputSpec::default()
    };
    if spec.protocol == Protocol::Oidc {
        inputs.insert("login_hint".into(), declare(None, None));
        inputs.insert(
            "prompt".into(),
            declare(
                Some("^(none|login|consent|select_account|create)( (login|consent|select_account))*$"),
                None,
            ),
        );
        inputs.insert("max_age".into(), declare(Some("^[0-9]{1,9}$"), None));
        inputs.insert("ui_locales".into(), declare(Some("^[A-Za-z0-9 -]+$"), None));
        inputs.insert("acr_values".into(), declare(None, None));
        inputs.insert(
            "id_token_hint".into(),
            declare(Some(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"), None),
        );
    }
    for (name, input) in &spec.authorization.inputs {
        match input {
            Some(input) => {
                let mut input = input.clone();
                if input.route && input.format.is_none() && input.pattern.is_none() && input.one_of.is_none()
                {
                    input.format = Some(Format::Hostname);
                }
                inputs.insert(name.clone(), input);
            }
            None => {
                inputs.shift_remove(name);
            }
        }
    }
    inputs
}
