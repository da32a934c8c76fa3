//! Variables, members of the client, and inputs: names that a deployment can set, rules that a value can pass.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::variable::Constraint;
use crate::spec::ProviderSpec;
use crate::spec::step::Params;
use crate::spec::variable::{Format, Variable};

/// Values of a list that are looked up in it.
const MAX_LOOKED_UP: usize = 250;

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    names(spec, compiler);
    for (section, variables, constraints) in
        [("vars", &spec.vars, &provider.vars), ("client", &spec.client, &provider.client)]
    {
        for (name, variable) in variables {
            let at = format!("/{section}/{}", segment(name));
            values(&at, variable.one_of.as_deref(), constraints.get(name), compiler);
            of_a_deployment(&at, variable, compiler);
        }
    }
    for (name, input) in &spec.authorization.inputs {
        let at = format!("/authorization/inputs/{}", segment(name));
        let Some(input) = input else {
            if spec.extends.is_none() && !STANDARD.contains(&name.as_str()) {
                compiler.report(
                    Finding::warning(code::NO_EFFECT, at, "there is no such input to take away")
                        .on_key()
                        .label("only `protocol: oidc` declares inputs by itself"),
                );
            }
            continue;
        };
        let constraint = provider.authorize.inputs.get(name).map(|input| &input.constraint);
        values(&at, input.one_of.as_deref(), constraint, compiler);
        if REQUEST_OBJECT.contains(&name.as_str()) {
            compiler.report(
                Finding::error(code::RESERVED_PARAMETER, at, format!("a sign-in cannot choose `{name}`"))
                    .on_key()
                    .label("whoever signs in could write every other parameter in it")
                    .note("RFC 9101 §5: a request object takes the place of the parameters"),
            );
        } else if input.route && input.format.is_some_and(|format| format != Format::Hostname) {
            compiler.report(
                Finding::error(
                    code::INVALID_VALUE,
                    format!("{at}/format"),
                    "the input of a route is a domain",
                )
                .label("an e-mail's domain is compared with the deployment's routes")
                .replace("the form of a domain", "hostname")
                .certain(),
            );
        }
        if input.send {
            shadowed(name, &spec.authorization.params, compiler);
        }
    }
    for (index, group) in spec.authorization.one_of.iter().enumerate() {
        let at = format!("/authorization/one_of/{index}");
        if group.is_empty() {
            compiler.report(
                Finding::error(code::NO_EFFECT, at.as_str(), "none of these inputs can be given")
                    .label("every sign-in would fail"),
            );
        }
        if let Some(again) = (1..group.len()).find(|again| group[..*again].contains(&group[*again])) {
            compiler.report(
                Finding::error(code::DUPLICATE_NAME, format!("{at}/{again}"), "an input comes twice")
                    .label("it is one of the list already"),
            );
        }
    }
}

/// Parameters that carry all the others (RFC 9101).
const REQUEST_OBJECT: [&str; 2] = ["request", "request_uri"];
/// The inputs that OpenID Connect declares.
const STANDARD: [&str; 6] = ["acr_values", "id_token_hint", "login_hint", "max_age", "prompt", "ui_locales"];

/// Every name becomes a variable of the environment: `AUTH_<ID>_<NAME>`.
fn names(spec: &ProviderSpec, compiler: &mut Compiler) {
    let mut first: HashMap<String, String> = HashMap::new();
    let vars = spec.vars.keys().map(|name| ("vars", name));
    for (section, name) in vars.chain(spec.client.keys().map(|name| ("client", name))) {
        let at = format!("/{section}/{}", segment(name));
        let variable = name.to_ascii_uppercase().replace('-', "_");
        if ["ID", "SECRET"].contains(&&*variable) {
            compiler.report(
                Finding::error(code::DUPLICATE_NAME, at, format!("`{name}` is the client's own"))
                    .on_key()
                    .label(format!("AUTH_<ID>_{variable} is the client's {}", variable.to_ascii_lowercase()))
                    .help("choose another name"),
            );
        } else if let Some(other) = first.get(&variable) {
            compiler.report(
                Finding::error(
                    code::DUPLICATE_NAME,
                    at,
                    format!("two values come from AUTH_<ID>_{variable}"),
                )
                .on_key()
                .label("a deployment could not tell them apart")
                .other(other.clone(), "has that variable already")
                .help("choose another name"),
            );
        } else {
            first.insert(variable, at);
        }
    }
}

/// The values of a list: each once, and each as the other rules beside it want it.
fn values(at: &str, values: Option<&[String]>, constraint: Option<&Constraint>, compiler: &mut Compiler) {
    let Some(values) = values else { return };
    if values.is_empty() {
        compiler.report(
            Finding::error(code::NO_EFFECT, format!("{at}/enum"), "no value is accepted")
                .on_key()
                .label("the list is empty"),
        );
    }
    // Each value of a long list is one of the list: to look it up in there costs the more the longer it is.
    let constraint = constraint.cloned().map(|mut constraint| {
        constraint.one_of = constraint.one_of.filter(|values| values.len() <= MAX_LOOKED_UP);
        constraint
    });
    let mut seen = HashSet::new();
    for (index, value) in values.iter().enumerate() {
        let place = format!("{at}/enum/{index}");
        if !seen.insert(value) {
            compiler.report(
                Finding::warning(code::DUPLICATE_NAME, place, format!("`{value}` comes twice"))
                    .label("it is in the list already"),
            );
        } else if let Some(Err(why)) = constraint.as_ref().map(|constraint| constraint.check(value)) {
            compiler.report(
                Finding::error(code::INVALID_VALUE, place, format!("`{value}` is never accepted"))
                    .label(why)
                    .help("correct the value, or the rule beside the list"),
            );
        }
    }
}

fn of_a_deployment(at: &str, variable: &Variable, compiler: &mut Compiler) {
    let default = variable.default.as_deref().filter(|default| !default.is_empty());
    if default.is_some() && variable.optional {
        compiler.report(
            Finding::error(code::NO_EFFECT, format!("{at}/optional"), "what has a default is never left out")
                .on_key()
                .other(format!("{at}/default"), "the value where the deployment gives none"),
        );
    }
    if default.is_some() && variable.secret {
        compiler.report(
            Finding::error(code::PLAIN_SECRET, format!("{at}/default"), "a secret stands in the file")
                .label("everybody who reads the file has it")
                .help("leave the default out: the deployment gives the value"),
        );
    }
    if variable.format == Some(Format::Pem) && !variable.secret && at.contains("private") {
        compiler.report(
            Finding::error(code::EXPOSED_SECRET, at, "a private key that is not kept secret")
                .on_key()
                .label("would be shown in logs, errors and pages")
                .help("write `secret: true`"),
        );
    }
}

/// A parameter that takes the place of what a sign-in chooses.
fn shadowed(name: &str, params: &Params, compiler: &mut Compiler) {
    let Some(Some(value)) = params.get(name) else { return };
    if value.mentions(&format!("request.{name}")) {
        return;
    }
    compiler.report(
        Finding::error(
            code::PARAMETER_TWICE,
            format!("/authorization/params/{}", segment(name)),
            format!("`{name}` is a parameter and an input"),
        )
        .on_key()
        .label("is sent whatever the sign-in chooses")
        .other(format!("/authorization/inputs/{}", segment(name)), "what a sign-in may choose")
        .help(format!(
            "as a default, write `{{{{ request.{name} | default('…') }}}}`; else take one of the two out"
        )),
    );
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found::titles;

    #[test]
    fn a_value_can_be_given() {
        let read = "token: {params: {x: '{{ vars.r }}'}}";
        for wrong in [
            "{enum: []}",
            "{enum: [a, a]}",
            "{enum: [a], pattern: '^b$'}",
            "{enum: [a], format: uuid}",
            "{default: a, optional: true}",
            "{default: a, secret: true}",
        ] {
            let found = titles(&format!("vars: {{r: {wrong}}}\n{read}"));
            assert_eq!(found.len(), 1, "{wrong}: {found:?}");
        }
        for right in [
            "{enum: [a, b], default: a}",
            "{enum: [a], pattern: '^[ab]$'}",
            "{optional: true}",
            "{secret: true}",
        ] {
            assert_eq!(titles(&format!("vars: {{r: {right}}}\n{read}")), Vec::<String>::new(), "{right}");
        }
    }

    #[test]
    fn a_name_is_one_variable_of_the_environment() {
        let read = |names: &str| format!("token: {{params: {{x: '{names}'}}}}");
        for (wrong, names) in [
            ("vars: {id: {}}", "{{ vars.id }}"),
            ("client: {secret: {}}", "{{ client.secret }}"),
            ("vars: {team: {}}\nclient: {team: {}}", "{{ vars.team }}{{ client.team }}"),
            ("vars: {team: {}, Team: {}}", "{{ vars.team }}{{ vars.Team }}"),
        ] {
            let found = titles(&format!("{wrong}\n{}", read(names)));
            assert_eq!(found.len(), 1, "{wrong}: {found:?}");
        }
    }

    #[test]
    fn an_input_has_an_effect() {
        for wrong in [
            "{params: {hint: x}, inputs: {hint: {}}}",
            "{inputs: {request_uri: {}}}",
            "{inputs: {domain: {route: true, format: email}}}",
            "{inputs: {hint: null}}",
            "{inputs: {a: {}}, one_of: [[]]}",
            "{inputs: {a: {}, b: {}}, one_of: [[a, b, a]]}",
        ] {
            let found = titles(&format!("authorization: {wrong}"));
            assert_eq!(found.len(), 1, "{wrong}: {found:?}");
        }
        for right in [
            "{params: {hint: \"{{ request.hint | default('x') }}\"}, inputs: {hint: {}}}",
            "{params: {hint: '{{ request.hint }}'}, inputs: {hint: {send: false}}}",
            "{inputs: {domain: {route: true}}}",
            "{inputs: {a: {}}, one_of: [[a]]}",
        ] {
            assert_eq!(titles(&format!("authorization: {right}")), Vec::<String>::new(), "{right}");
        }
    }
}
