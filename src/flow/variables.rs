//! Variables that the sign-in brings: read where they come from, and held against the provider file's rule before anything
//! uses them.

use serde_json::Value;

use crate::expr::{As, Context, coerce};
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind, Mismatch, Misuse};
use crate::provider::Registration;
use crate::provider::learned::{Learned, Origin, Stage};

/// Fills in the variables that are known with this stage.
///
/// # Errors
/// A value that breaks the variable's rule, or none where one is needed, as an error of that stage.
pub fn learn(registration: &Registration, stage: Stage, context: &mut Context) -> Result<(), Error> {
    for (name, learned) in registration.provider.learned.iter().filter(|(_, learned)| learned.stage == stage)
    {
        let value = value(registration, name, learned, context).map_err(|why| refusal(stage, name, why))?;
        set(context, name, value);
    }
    Ok(())
}

/// Fills in what can be known already, of any stage: what is not there yet is left for later.
pub fn learn_early(registration: &Registration, context: &mut Context) {
    for (name, learned) in &registration.provider.learned {
        if let Ok(value) = value(registration, name, learned, context) {
            set(context, name, value);
        }
    }
}

fn value(
    registration: &Registration,
    name: &str,
    learned: &Learned,
    context: &Context,
) -> Result<String, String> {
    let Some(rule) = registration.provider.vars.get(name) else { return Err("it is not declared".into()) };
    for origin in &learned.origins {
        match origin {
            // The registration has checked it.
            Origin::Config => {
                if let Some(value) = registration.var(name).filter(|value| !value.is_empty()) {
                    return Ok(value.to_owned());
                }
            }
            Origin::SignIn(read) => {
                let Some(value) = read.value(context).map_err(|error| error.message)? else { continue };
                match coerce(&value, As::String) {
                    Some(Value::String(text)) => return rule.check(&text),
                    _ => return Err("it is no text".into()),
                }
            }
        }
    }
    match &rule.default {
        Some(default) => Ok(default.clone()),
        None if rule.optional => Ok(String::new()),
        None => Err("it has no value".into()),
    }
}

fn set(context: &mut Context, name: &str, value: String) {
    let mut vars = context.get("vars").and_then(Value::as_object).cloned().unwrap_or_default();
    vars.insert(name.to_owned(), value.into());
    context.set("vars", Value::Object(vars));
}

fn refusal(stage: Stage, name: &str, why: String) -> Error {
    match stage {
        Stage::Request => Error::Misuse(Misuse::Request(format!("`{name}`: {why}"))),
        Stage::Callback => Error::CallbackRejected(Mismatch::Value(name.to_owned(), why)),
        Stage::Token => {
            Misbehaviour::error("token", MisbehaviourKind::TokenResponseInvalid, format!("`{name}`: {why}"))
        }
    }
}
