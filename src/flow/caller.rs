//! Who sends a request after the authorization request: the client with its registration, and what it knows by then.

use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::metadata::Metadata;
use crate::flow::token_set::TokenSet;
use crate::provider::Registration;
use crate::rng::{self, Rng};

/// The client, about to send a request.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    /// Our registration.
    pub registration: &'a Registration,
    /// The provider's metadata.
    pub metadata: &'a Metadata,
    /// What is known so far.
    pub context: &'a Context,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub rng: &'a dyn Rng,
}

/// The tree that templates see outside of a sign-in: `client`, `vars`, of `flow` what there is without one, and `token`
/// where there is one.
pub fn later_context(
    registration: &Registration,
    token: Option<&TokenSet>,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Context {
    let mut context = registration.context();
    let mut flow = Map::new();
    flow.insert("scope".into(), registration.scope().into());
    flow.insert("uuid".into(), rng::uuid(rng).into());
    flow.insert("now".into(), clock.now().into());
    if let Some(token) = token {
        flow.insert("redirect_uri".into(), token.remembered.redirect_uri.as_str().into());
    }
    context.set("flow", Value::Object(flow));
    if let Some(token) = token {
        let mut vars = context.get("vars").and_then(Value::as_object).cloned().unwrap_or_default();
        vars.extend(token.remembered.vars.clone());
        context.set("vars", Value::Object(vars));
        context.set("token", Value::Object(token.members(clock.now())));
    }
    context
}

/// The tree that a profile is mapped from again after a refresh: what is there later, and what only the sign-in brought. A
/// member of the first token response that the new one leaves out is still there under `token.raw`.
pub fn renewed_context(
    registration: &Registration,
    token: &TokenSet,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Context {
    let mut context = later_context(registration, Some(token), clock, rng);
    let sign_in = &token.remembered.sign_in;
    for name in ["request", "callback", "captured", "claims"] {
        if let Some(value) = sign_in.get(name) {
            context.set(name, value.clone());
        }
    }
    let mut raw = sign_in.get("token").and_then(Value::as_object).cloned().unwrap_or_default();
    raw.extend(token.remembered.raw.clone());
    let mut members = token.members(clock.now());
    members.insert("raw".into(), raw.into());
    context.set("token", members.into());
    context
}
