//! Rules that look at several keys of a provider at once: one file a rule, or a family of rules about one thing.

mod access_token;
mod addresses;
mod answers;
mod brand;
mod changing;
mod constant;
mod credentials;
mod e_mail;
mod endpoints;
mod expected;
#[cfg(test)]
pub(super) mod found;
mod given;
mod identity;
mod issuer;
mod no_effect;
mod numbers;
mod optional;
mod rename;
mod required;
mod scope_text;
mod scopes;
mod shapes;
mod subject;
mod tokens_alone;
mod trust;
mod unused;
mod variables;
mod vectors;

use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::spec::ProviderSpec;

/// Runs every rule.
pub(super) fn all(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    // What nothing reads is known after everything else was looked at.
    for rule in [
        required::check,
        identity::check,
        credentials::check,
        access_token::check,
        endpoints::check,
        addresses::check,
        optional::check,
        issuer::check,
        rename::check,
        scopes::check,
        scope_text::check,
        variables::check,
        subject::check,
        changing::check,
        e_mail::check,
        trust::check,
        tokens_alone::check,
        numbers::check,
        constant::check,
        brand::check,
        no_effect::check,
        vectors::check,
        expected::check,
        answers::check,
        given::check,
        unused::check,
    ] {
        rule(spec, provider, compiler);
    }
}
