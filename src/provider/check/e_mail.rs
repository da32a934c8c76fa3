//! A verified e-mail needs a reason.

use crate::diagnostic::code;
use crate::expr::Template;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::value::Incoming;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    let flag = spec.profile.get("email_verified");
    if flag.is_none() {
        first_of_a_list(spec, compiler);
    }
    if flag.and_then(Option::as_ref).is_some_and(is_true) && spec.assurance.email_verified.is_none() {
        compiler.report(
            Finding::error(code::UNFOUNDED_TRUST, "/profile/email_verified", "every e-mail counts as verified")
                .label("an application may let people in by their e-mail")
                .note("OpenID Connect Core §5.1: true where the provider made sure that the address was the person's")
                .help("say why under `assurance.email_verified`, with the page that says so; or map the provider's own flag"),
        );
    }
}

/// Whether a value is true for everybody.
fn is_true(value: &Incoming) -> bool {
    match value {
        Incoming::Bool(value) => *value,
        Incoming::FirstOf(members) => members.iter().any(is_true),
        Incoming::Literal(literal) => literal.value == true || literal.value == "true",
        Incoming::Text(text) if text.contains("{{") => {
            Template::compile(text).is_ok_and(|template| template.names().is_empty())
        }
        Incoming::Text(text) => text == "true",
        Incoming::Coerced(_) | Incoming::Number(_) => false,
    }
}

/// The address that happens to be the first of a list: people add addresses that are not theirs.
fn first_of_a_list(spec: &ProviderSpec, compiler: &mut Compiler) {
    let (at, source) = match spec.profile.get("email") {
        Some(Some(Incoming::Text(text))) => ("/profile/email".to_owned(), text),
        Some(Some(Incoming::FirstOf(members))) => {
            let listed = members.iter().enumerate().find_map(|(index, member)| match member {
                Incoming::Text(text) => index_of_a_list(text).map(|_| (index, text)),
                _ => None,
            });
            let Some((index, text)) = listed else { return };
            (format!("/profile/email/{index}"), text)
        }
        _ => return,
    };
    if let Some(range) = index_of_a_list(source) {
        compiler.report(
            Finding::warning(code::UNFOUNDED_TRUST, at, "the first address of a list may be anybody's")
                .range(Some(range))
                .label("takes what stands there, verified or not")
                .note("OpenID Connect Core §5.7: an e-mail address does not identify a person")
                .help("choose by the provider's own flags, such as `[?@.primary == true && @.verified == true]`, or map `email_verified`"),
        );
    }
}

/// The `[0]` or `[*]` behind a list of e-mail addresses of which each has members of its own.
fn index_of_a_list(path: &str) -> Option<std::ops::Range<usize>> {
    let start = path.starts_with('$').then(|| path.find('['))??;
    let end = start + path[start..].find(']')? + 1;
    let index = &path[start + 1..end - 1];
    let counted = index == "*" || !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let members = path[end..].starts_with('.');
    (counted && members && path[..start].to_ascii_lowercase().contains("mail")).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_of_a_list_of_addresses() {
        assert_eq!(index_of_a_list("$.emails[0].email"), Some(8..11));
        assert_eq!(index_of_a_list("$.userinfo.mails[*].value"), Some(16..19));
        for right in
            ["$.emails[?@.primary == true].email", "$.userinfo.emails[0]", "$.userinfo.groups[0].mail"]
        {
            assert_eq!(index_of_a_list(right), None, "{right}");
        }
    }

    #[test]
    fn knows_what_is_true_for_everybody() {
        let text = |text: &str| Incoming::Text(text.into());
        for value in [
            Incoming::Bool(true),
            text("true"),
            text("{{ true }}"),
            Incoming::FirstOf(vec![text("$.a.b"), text("true")]),
        ] {
            assert!(is_true(&value), "{value:?}");
        }
        for value in [Incoming::Bool(false), text("$.userinfo.verified"), text("{{ userinfo.verified }}")] {
            assert!(!is_true(&value), "{value:?}");
        }
    }
}
