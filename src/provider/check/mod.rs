//! Rules that look at several keys of a provider at once: one file a rule, or a family of rules about one thing.

mod brand;
mod constant;
mod credentials;
mod e_mail;
mod endpoints;
mod no_effect;
mod numbers;
mod rename;
mod required;
mod scopes;
mod subject;
mod unused;
mod vectors;

use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::spec::ProviderSpec;

/// Runs every rule.
pub(super) fn all(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    // What nothing reads is known after everything else was looked at.
    for rule in [
        required::check,
        credentials::check,
        endpoints::check,
        rename::check,
        scopes::check,
        subject::check,
        e_mail::check,
        numbers::check,
        constant::check,
        brand::check,
        no_effect::check,
        vectors::check,
        unused::check,
    ] {
        rule(spec, provider, compiler);
    }
}
