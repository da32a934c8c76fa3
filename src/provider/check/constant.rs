//! Conditions that do not depend on anything.

use crate::diagnostic::code;
use crate::expr::Condition;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::userinfo::UserinfoSpec;

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    let mut constant = |at: String, condition: Option<&Condition>, what: &str| {
        if condition.is_some_and(|condition| condition.names().is_empty()) {
            compiler.report(
                Finding::error(code::CONSTANT_CONDITION, at, format!("{what} looks at nothing"))
                    .label("always the same, whatever the provider answers")
                    .help("name what it depends on, such as `callback.x`, `token.scope` or `body.ok`; or take it out"),
            );
        }
    };
    constant("/callback/verify".into(), provider.callback.verify.as_ref(), "the check of the callback");
    constant("/token/response/ok".into(), provider.token.response.ok.as_ref(), "the condition of success");
    for (index, then) in provider.then.iter().enumerate() {
        constant(format!("/token/then/{index}/when"), then.when.as_ref(), "the condition of the request");
        let ok = then.step.response.ok.as_ref();
        constant(format!("/token/then/{index}/response/ok"), ok, "the condition of success");
    }
    constant("/refresh/ended".into(), provider.refresh.ended.as_ref(), "the condition of the end");
    let one = matches!(spec.userinfo, Some(UserinfoSpec::One(_)));
    for (index, call) in provider.userinfo.iter().flatten().enumerate() {
        let at = if one { "/userinfo".to_owned() } else { format!("/userinfo/{index}") };
        constant(format!("{at}/when"), call.when.as_ref(), "the condition of the call");
        constant(format!("{at}/response/ok"), call.step.response.ok.as_ref(), "the condition of success");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::provider::load_value;

    #[test]
    fn finds_a_condition_that_is_always_the_same() {
        let found = |ended: &str| {
            let file = json!({"id": "acme", "name": "Acme", "docs": "https://acme.example", "authorization_endpoint": "https://acme.example/a",
                "token_endpoint": "https://acme.example/t", "userinfo_endpoint": "https://acme.example/me", "profile": {"sub": "$.userinfo.id"},
                "refresh": {"ended": ended}});
            let findings = load_value(file).1;
            findings.iter().any(|finding| finding.pointer == "/refresh/ended")
        };
        assert!(found("true") && found("1 == 1") && found("bdy.error == 'gone'"));
        assert!(!found("body.error == 'gone'"));
    }
}
