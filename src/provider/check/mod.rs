//! Rules that look at several keys of a provider at once: one file a rule, or a family of rules about one thing.

mod credentials;
mod e_mail;
mod no_effect;
mod required;
mod subject;
mod vectors;

use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::spec::ProviderSpec;

/// Runs every rule.
pub(super) fn all(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    for rule in
        [required::check, credentials::check, subject::check, e_mail::check, no_effect::check, vectors::check]
    {
        rule(spec, provider, compiler);
    }
}
