//! A verified e-mail needs a reason.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::value::Incoming;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    let constant = match spec.profile.get("email_verified") {
        Some(Some(Incoming::Bool(true))) => true,
        Some(Some(Incoming::Text(text))) => text == "true",
        Some(Some(Incoming::FirstOf(members))) => members.contains(&Incoming::Bool(true)),
        _ => false,
    };
    if constant && spec.assurance.email_verified.is_none() {
        compiler.report(
            Finding::error(code::UNFOUNDED_TRUST, "/profile/email_verified", "every e-mail counts as verified")
                .label("an application may let people in by their e-mail")
                .help("say why under `assurance.email_verified`, with the page that says so; or map the provider's own flag"),
        );
    }
}
