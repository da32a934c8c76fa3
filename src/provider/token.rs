//! The token request, what follows it, and what can be done with the tokens later, compiled.

use crate::expr::{Condition, Template};
use crate::provider::client_auth::MintedJwt;
use crate::provider::compile::Compiler;
use crate::provider::moment::Moment;
use crate::provider::step::{Auth, Method, ResponseFormat, Step};
use crate::spec::ProviderSpec;
use crate::spec::step::{Step as StepSpec, StepKeys};
use crate::spec::token::ThenSpec;

pub use crate::spec::token::RefreshRequires;

/// A request that turns the token into the one to use.
#[derive(Debug)]
pub struct Then {
    /// Where it goes.
    pub endpoint: Template,
    /// The request is made only where this holds.
    pub when: Option<Condition>,
    /// What it sends, and how its answer is read.
    pub step: Step,
}

/// How a token is refreshed.
#[derive(Debug)]
pub struct Refresh {
    /// Where it goes; `None` is the token endpoint.
    pub endpoint: Option<Template>,
    /// What it needs.
    pub requires: RefreshRequires,
    /// Whether each refresh gives a new refresh token and voids the one that was used.
    pub rotates: bool,
    /// Members of `token.raw` that the answer leaves out, and that stay as they were.
    pub keep: Vec<String>,
    /// Where it holds of an error, that means `invalid_grant`.
    pub ended: Option<Condition>,
    /// How request and answer deviate.
    pub step: Step,
}

/// How a token is revoked.
#[derive(Debug)]
pub struct Revocation {
    /// Whether the end of a refresh token ends its access token too.
    pub cascades: bool,
    /// How request and answer deviate.
    pub step: Step,
}

/// How an assertion becomes a token (RFC 7523 §2.1).
#[derive(Debug)]
pub struct JwtBearer {
    /// The assertion, where the client makes it.
    pub assertion: Option<MintedJwt>,
    /// How request and answer deviate.
    pub step: Step,
}

impl Compiler {
    pub(super) fn token(&mut self, spec: &ProviderSpec) -> Step {
        self.step("/token", spec.token.keys(), Method::Post, Moment::Token, Moment::TokenResponse)
    }

    pub(super) fn then(&mut self, spec: &ProviderSpec) -> Vec<Then> {
        spec.token
            .then
            .iter()
            .enumerate()
            .filter_map(|(index, then)| self.one_then(&format!("/token/then/{index}"), then))
            .collect()
    }

    fn one_then(&mut self, at: &str, spec: &ThenSpec) -> Option<Then> {
        let mut step = self.step(at, spec.keys(), Method::Post, Moment::Then, Moment::ThenResponse);
        step.auth.get_or_insert(Auth::None);
        let when = spec.when.as_deref();
        Some(Then {
            when: when.and_then(|source| self.condition(&format!("{at}/when"), source, Moment::Then)),
            endpoint: self.endpoint(&format!("{at}/endpoint"), &spec.endpoint, Moment::Then)?,
            step,
        })
    }

    /// What `refresh` does not say is as in the token request, parameters excepted: it is the same endpoint as a rule.
    pub(super) fn refresh(&mut self, spec: &ProviderSpec) -> Refresh {
        let token = spec.token.keys();
        let written = spec.refresh.clone().unwrap_or_default();
        let own = written.keys();
        let inherited = StepKeys { params: own.params, query: own.query, raw: own.raw, ..token };
        let inherited = self.again(|compiler| {
            compiler.step("/token", inherited, Method::Post, Moment::Later, Moment::LaterResponse)
        });
        let mut step = self.step("/refresh", own, inherited.method, Moment::Later, Moment::LaterResponse);
        step.auth = step.auth.or(inherited.auth);
        if step.headers.is_empty() {
            step.headers = inherited.headers;
        }
        if own.body.is_none() && step.method == Method::Post {
            step.body = inherited.body;
        }
        if own.response.is_none() {
            step.response = inherited.response;
        }
        Refresh {
            endpoint: written
                .endpoint
                .as_deref()
                .and_then(|source| self.endpoint("/refresh/endpoint", source, Moment::Later)),
            requires: written.requires.unwrap_or_default(),
            rotates: written.rotates,
            keep: written.keep,
            ended: written
                .ended
                .as_deref()
                .and_then(|source| self.condition("/refresh/ended", source, Moment::LaterResponse)),
            step,
        }
    }

    pub(super) fn revocation(&mut self, spec: &ProviderSpec) -> Revocation {
        let written = spec.revocation.clone().unwrap_or_default();
        Revocation {
            cascades: written.cascades.unwrap_or(true),
            step: self.later("revocation", written.keys()),
        }
    }

    pub(super) fn introspection(&mut self, spec: &ProviderSpec) -> Step {
        let written = spec.introspection.clone().unwrap_or_default();
        let mut step = self.later("introspection", written.keys());
        if spec.introspection_signed_response_alg.is_some() {
            step.response.format = ResponseFormat::Jwt;
        }
        step
    }

    /// A step after the sign-in.
    fn later(&mut self, name: &str, keys: StepKeys<'_>) -> Step {
        self.step(&format!("/{name}"), keys, Method::Post, Moment::Later, Moment::LaterResponse)
    }

    /// A step without a sign-in: `client_credentials`, `token_exchange`.
    pub(super) fn grant(&mut self, name: &str, written: Option<&StepSpec>, spec: &ProviderSpec) -> Step {
        let written = written.cloned().unwrap_or_default();
        self.without_sign_in(name, written.keys(), spec)
    }

    pub(super) fn jwt_bearer(&mut self, spec: &ProviderSpec) -> JwtBearer {
        let written = spec.jwt_bearer.clone().unwrap_or_default();
        let assertion = written.assertion.as_ref();
        JwtBearer {
            assertion: assertion.map(|jwt| self.minted_jwt("/jwt_bearer/assertion", jwt, Moment::Client)),
            step: self.without_sign_in("jwt_bearer", written.keys(), spec),
        }
    }

    /// The answer is read as that of the token endpoint where the step says nothing else.
    fn without_sign_in(&mut self, name: &str, keys: StepKeys<'_>, spec: &ProviderSpec) -> Step {
        let (moment, answer) = (Moment::Client, Moment::ClientResponse);
        let mut step = self.step(&format!("/{name}"), keys, Method::Post, moment, answer);
        if keys.response.is_none() {
            let token = StepSpec { response: spec.token.response.clone(), ..StepSpec::default() };
            let compile = |compiler: &mut Compiler| {
                compiler.step("/token", token.keys(), Method::Post, moment, answer).response
            };
            step.response = self.again(compile);
        }
        step
    }
}
