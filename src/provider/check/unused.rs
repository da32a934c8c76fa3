//! What a file declares and nothing reads.

use crate::diagnostic::{Code, Severity, code};
use crate::provider::Provider;
use crate::provider::client_auth::{CERTIFICATE, CERTIFICATE_KEY};
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::userinfo::UserinfoSpec;

/// What counts as a reading that could not be understood: then nothing can be said about what is read.
const UNREADABLE: [Code; 4] =
    [code::INVALID_EXPRESSION, code::INVALID_PATH, code::INVALID_TEMPLATE, code::UNKNOWN_NAME];

/// What no template reads: a method of authentication does.
const READ_BY_METHODS: [&str; 3] = ["private_key", CERTIFICATE, CERTIFICATE_KEY];

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    if compiler.findings.iter().any(|finding| UNREADABLE.contains(&finding.code)) {
        return;
    }
    let vars = spec.vars.keys().map(|name| ("vars", "/vars", name));
    let client = spec.client.keys().filter(|name| !READ_BY_METHODS.contains(&name.as_str()));
    let client = client.map(|name| ("client", "/client", name));
    let captured = spec.callback.capture.keys().map(|name| ("captured", "/callback/capture", name));
    let inputs = spec
        .authorization
        .inputs
        .iter()
        .filter(|(_, input)| input.as_ref().is_some_and(|input| !input.send && !input.route));
    let inputs = inputs.map(|(name, _)| ("request", "/authorization/inputs", name));
    for (root, section, name) in vars.chain(client).chain(captured).chain(inputs) {
        if compiler.reads(root, name) {
            continue;
        }
        let label = match root {
            "captured" => "kept for nothing",
            "request" => "neither sent nor read",
            _ => "a deployment would set it for nothing",
        };
        compiler.report(
            Finding::warning(
                code::UNUSED_NAME,
                format!("{section}/{}", segment(name)),
                format!("nothing reads `{root}.{name}`"),
            )
            .on_key()
            .label(label)
            .help(format!("read it as `{{{{ {root}.{name} }}}}`, or take it out")),
        );
    }
    let sound = compiler
        .findings
        .iter()
        .all(|finding| !(finding.severity == Severity::Error && finding.pointer.starts_with("/userinfo")));
    if sound {
        calls(spec, provider, compiler);
    }
}

/// A call whose answer nothing reads. One that a file makes for its status alone has a condition on the answer.
fn calls(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    let one = matches!(spec.userinfo, Some(UserinfoSpec::One(_)));
    for (index, call) in spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls).iter().enumerate() {
        let Some(name) = &call.name else { continue };
        let checked = call.response.as_ref().is_some_and(|response| response.ok.is_some());
        let known = provider.userinfo.iter().flatten().any(|compiled| compiled.name == *name);
        if !known || checked || compiler.reads_any(name) {
            continue;
        }
        let at = if one { "/userinfo/as".to_owned() } else { format!("/userinfo/{index}/as") };
        compiler.report(
            Finding::warning(code::UNUSED_NAME, at, format!("nothing reads what the call `{name}` answers"))
                .label("every sign-in would wait for it")
                .help(format!("read it under `profile` as `$.{name}`, or take the call out")),
        );
    }
}
