//! Other names for standard parameters: each of its own.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    for (index, (name, theirs)) in spec.rename.iter().enumerate() {
        let at = format!("/rename/{}", segment(name));
        if name == theirs {
            compiler.report(
                Finding::error(code::NO_EFFECT, at, format!("`{name}` is renamed to itself"))
                    .label("the name that it has anyway"),
            );
        } else if let Some((first, _)) = spec.rename.iter().take(index).find(|(_, other)| *other == theirs) {
            compiler.report(
                Finding::error(code::DUPLICATE_NAME, at, format!("two parameters are renamed to `{theirs}`"))
                    .label("the provider could not tell them apart")
                    .other(format!("/rename/{}", segment(first)), "has that name already")
                    .note("RFC 6749 §3.1 and §3.2: a parameter is sent once"),
            );
        }
    }
}
