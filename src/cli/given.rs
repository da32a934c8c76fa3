//! The values that a sign-in is tried with: variables and inputs, and who gave each.

use std::process::ExitCode;

use indexmap::IndexMap;

use crate::cli::effective::Effective;
use crate::cli::output;
use crate::config::{Environment, variable};
use crate::diagnostic::nearest;
use crate::provider::catalog::files;
use crate::provider::finding::segment;
use crate::provider::{Provider, Vector};
use crate::spec::deployment::{SecretRef, TextOrRef};

/// A secret or a value longer than this is none.
const MAX_FILE: usize = 64 * 1024;

/// A value, and who gave it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The value.
    pub value: String,
    /// `file:line`, the name of an environment variable, or an option of the command.
    pub place: String,
}

/// The values of variables by name; those that nobody gives have the provider file's default.
pub type Values = IndexMap<String, Given>;

/// Reads `NAME=VALUE`.
///
/// # Errors
/// A text without `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".into()),
    }
}

/// The values of the variables: of the command, the deployment file, the environment; last, where the provider file has no
/// default, those of a test. A secret is never read: a test's value stands in for it.
///
/// # Errors
/// The exit code, once the reason is on standard error: a name that the file does not declare.
pub fn variables(
    effective: &Effective,
    written: &[(String, String)],
    environment: &Environment,
    test: Option<(usize, &Vector)>,
) -> Result<Values, ExitCode> {
    let declared = &effective.provider.vars;
    known("variable", written, declared.keys())?;
    let mut values = Values::new();
    for (name, constraint) in declared {
        let of_command = written.iter().rev().find(|(given, _)| given == name);
        let given = match of_command {
            Some((_, value)) => Some(Given { value: value.clone(), place: "--vars".into() }),
            None if constraint.secret => None,
            None => deployed(effective, name, environment)
                .or_else(|| from_environment(effective, name, environment)),
        };
        let example = || {
            let (number, vector) = test.filter(|_| constraint.default.is_none())?;
            let value = vector.vars.get(name)?.clone();
            Some(Given { value, place: in_test(effective, number, "vars", name) })
        };
        if let Some(given) = given.or_else(example) {
            values.insert(name.clone(), given);
        }
    }
    Ok(values)
}

/// The inputs of a sign-in: of the command and the deployment file, in place of those of a test that are of the same
/// `one_of` list.
///
/// # Errors
/// The exit code, once the reason is on standard error: a name that the file does not declare.
pub fn inputs(
    effective: &Effective,
    written: &[(String, String)],
    test: Option<(usize, &Vector)>,
) -> Result<Values, ExitCode> {
    let authorize = &effective.provider.authorize;
    known("input", written, authorize.inputs.keys())?;
    let rivals = |values: &Values, name: &str| {
        let mut groups = authorize.one_of.iter().filter(|group| group.iter().any(|member| member == name));
        groups.any(|group| group.iter().any(|member| values.contains_key(member)))
    };
    let mut values = Values::new();
    for (name, value) in written {
        values.insert(name.clone(), Given { value: value.clone(), place: "--request".into() });
    }
    let deployed = effective.deployment.iter().flat_map(|deployed| &deployed.provider.request);
    for (name, value) in deployed {
        if !values.contains_key(name) && !rivals(&values, name) {
            let place = effective.place(&format!("/request/{}", segment(name))).unwrap_or_default();
            values.insert(name.clone(), Given { value: value.clone(), place });
        }
    }
    let before = values.clone();
    if let Some((number, vector)) = test {
        for (name, value) in vector.request.iter().filter(|(_, value)| !value.is_empty()) {
            if !before.contains_key(name) && !rivals(&before, name) {
                let place = in_test(effective, number, "request", name);
                values.insert(name.clone(), Given { value: value.clone(), place });
            }
        }
    }
    Ok(values)
}

/// Where a value of a test stands.
fn in_test(effective: &Effective, number: usize, section: &str, name: &str) -> String {
    let pointer = format!("/tests/{number}/{section}/{}", segment(name));
    effective.place(&pointer).unwrap_or_else(|| "a test of the file".into())
}

fn deployed(effective: &Effective, name: &str, environment: &Environment) -> Option<Given> {
    let deployed = effective.deployment.as_ref()?;
    let (written, pointer) = match (name, deployed.provider.vars.get(name)) {
        ("issuer", None) => (deployed.provider.issuer.as_ref()?, "/issuer".to_owned()),
        (_, written) => (written?, format!("/vars/{}", segment(name))),
    };
    let place = effective.place(&pointer)?;
    match written {
        TextOrRef::Text(value) => Some(Given { value: value.clone(), place }),
        TextOrRef::Ref(SecretRef::Env(variable)) => {
            let value = environment.get(variable)?.to_owned();
            Some(Given { value, place: variable.clone() })
        }
        TextOrRef::Ref(SecretRef::File(path)) => {
            let bytes = files::read(&deployed.folder.join(path), None, MAX_FILE).ok()?;
            let value = String::from_utf8(bytes).ok()?.trim_end_matches(['\r', '\n']).to_owned();
            Some(Given { value, place: path.clone() })
        }
    }
}

fn from_environment(effective: &Effective, name: &str, environment: &Environment) -> Option<Given> {
    let value = environment.of_provider(&effective.id, name)?.to_owned();
    Some(Given { value, place: variable(&effective.id, name) })
}

/// Every name must be a declared one.
fn known<'a>(
    what: &str,
    written: &[(String, String)],
    declared: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), ExitCode> {
    let unknown = written.iter().find(|(name, _)| !declared.clone().any(|known| known == name));
    let Some((name, _)) = unknown else { return Ok(()) };
    let names: Vec<&str> = declared.map(String::as_str).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!(": did you mean `{near}`?"),
        None if names.is_empty() => format!(": it declares no {what}"),
        None => format!(": it declares {}", names.join(", ")),
    };
    output::diagnostic(&format!(
        "error: the provider file has no {what} `{}`{hint}\n",
        output::one_line(name)
    ));
    Err(ExitCode::from(2))
}

/// The environment of this process; a variable that is no UTF-8 is none of ours.
pub fn environment() -> Environment {
    Environment::new(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// The values of a registration, held against the rules of the provider file.
///
/// # Errors
/// The exit code, once the reason is on standard error.
pub fn check(values: &Values, provider: &Provider) -> Result<(), ExitCode> {
    for (name, constraint) in &provider.vars {
        let why = match values.get(name) {
            Some(given) if given.value.is_empty() && constraint.optional => continue,
            Some(given) => constraint.check(&given.value).err(),
            None if constraint.default.is_some() || constraint.optional => continue,
            None if provider.learned.contains_key(name) => continue,
            None => Some("it has no value: give one with --vars".into()),
        };
        if let Some(why) = why {
            let place = values.get(name).map(|given| format!(" ({})", given.place)).unwrap_or_default();
            output::diagnostic(&format!("error: `{name}`{place}: {why}\n"));
            return Err(ExitCode::from(2));
        }
    }
    Ok(())
}
