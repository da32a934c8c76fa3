//! The flag that an e-mail address is verified: a boolean, about that very address.

use crate::diagnostic::{code, distance};
use crate::expr::Template;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::provider::Protocol;
use crate::spec::value::Incoming;

/// Members that hold the name of an account, which may look like an address.
const ACCOUNT_NAMES: [&str; 4] = ["preferred_username", "upn", "userPrincipalName", "username"];

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    for (claim, of) in [("email_verified", "email"), ("phone_number_verified", "phone_number")] {
        let Some(Some(flag)) = spec.profile.get(claim) else { continue };
        let at = format!("/profile/{claim}");
        if is_no_boolean(flag) {
            compiler.report(
                Finding::error(code::INVALID_VALUE, at, format!("`{claim}` is true or false"))
                    .label("this text is neither")
                    .note("OpenID Connect Core §5.1: a boolean")
                    .help("map the provider's flag, or write `false` where it has none"),
            );
            continue;
        }
        if of == "email" {
            alone(spec, flag, compiler);
        }
        from_the_address(&at, of, flag, compiler);
    }
    mixed(spec, compiler);
    account_name(spec, compiler);
}

fn is_no_boolean(flag: &Incoming) -> bool {
    match flag {
        Incoming::Number(_) => true,
        Incoming::Text(text) => {
            !text.starts_with('$')
                && !text.contains("{{")
                && !text.contains("{%")
                && !["true", "false"].contains(&&**text)
        }
        _ => false,
    }
}

/// A flag about nothing.
fn alone(spec: &ProviderSpec, flag: &Incoming, compiler: &mut Compiler) {
    let dropped = spec.profile.get("email") == Some(&None);
    // One that is nearly called so is found by its name.
    let absent =
        spec.protocol == Protocol::Oauth2 && !spec.profile.keys().any(|claim| distance(claim, "email") <= 1);
    if (dropped || absent) && *flag != Incoming::Bool(false) {
        compiler.report(
            Finding::error(
                code::NO_EFFECT,
                "/profile/email_verified",
                "`email_verified` is about no `email`",
            )
            .on_key()
            .label("nobody can use it")
            .help("map `email` beside it, or take it out"),
        );
    }
}

/// That there is an address does not say that it is verified.
fn from_the_address(at: &str, of: &str, flag: &Incoming, compiler: &mut Compiler) {
    let word = of.split('_').next().unwrap_or(of).replace("email", "mail");
    let names: Vec<String> = match flag {
        Incoming::Text(text) if text.starts_with('$') => vec![text.clone()],
        Incoming::Coerced(coerced) => vec![coerced.from.clone()],
        Incoming::Text(text) => Template::compile(text).map(|template| template.names()).unwrap_or_default(),
        _ => vec![],
    };
    let last = |name: &String| {
        name.rsplit(['.', '\'', '"']).find(|part| part.len() > 1).unwrap_or_default().to_ascii_lowercase()
    };
    let is_address = |name: &String| {
        let last = last(name);
        last == word || last.strip_prefix('e') == Some(&*word) || last == of || last.ends_with("address")
    };
    if !names.is_empty() && names.iter().all(is_address) {
        compiler.report(
            Finding::error(code::UNFOUNDED_TRUST, at, "an address does not say whether it is verified")
                .label("true for everybody who has one")
                .help("map the provider's own flag, or write `false`"),
        );
    }
}

/// Address and flag from two answers: the flag may be about another address.
fn mixed(spec: &ProviderSpec, compiler: &mut Compiler) {
    let root = |value: &Incoming| match value {
        Incoming::Text(text) => Some(text.strip_prefix("$.")?.split(['.', '[']).next()?.to_owned()),
        Incoming::Coerced(coerced) => {
            Some(coerced.from.strip_prefix("$.")?.split(['.', '[']).next()?.to_owned())
        }
        _ => None,
    };
    let default = || (spec.protocol == Protocol::Oidc).then(|| "claims".to_owned());
    let of = |claim: &str| match spec.profile.get(claim) {
        Some(value) => value.as_ref().and_then(root),
        None => default(),
    };
    let (Some(email), Some(flag)) = (of("email"), of("email_verified")) else { return };
    // `claims` are those of the id_token with userinfo over them.
    if email == flag || !spec.profile.contains_key("email") {
        return;
    }
    let written = spec.profile.contains_key("email_verified");
    let finding = Finding::warning(
        code::UNFOUNDED_TRUST,
        "/profile/email",
        "the address and its flag come from two answers",
    )
    .label(format!("from `{email}`, and `email_verified` from `{flag}`"))
    .note("the flag is about the address that stands beside it, which may be another one")
    .help(format!("map `email_verified` from `{email}` as well, or write `email_verified: false`"));
    compiler.report(match written {
        true => finding.other("/profile/email_verified", "the flag"),
        false => finding,
    });
}

fn account_name(spec: &ProviderSpec, compiler: &mut Compiler) {
    let Some(Some(Incoming::Text(text))) = spec.profile.get("email") else { return };
    let last = text.strip_prefix("$.").and_then(|path| path.rsplit('.').next()).unwrap_or_default();
    if ACCOUNT_NAMES.contains(&last) {
        let start = text.len() - last.len();
        compiler.report(
            Finding::warning(
                code::UNFOUNDED_TRUST,
                "/profile/email",
                "the name of an account is no e-mail address",
            )
            .range(Some(start..text.len()))
            .label("may look like one that is somebody else's")
            .note("OpenID Connect Core §5.1: `preferred_username` is not to be relied upon")
            .help("map the address itself, and this as `preferred_username`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(profile: &str) -> Vec<String> {
        let userinfo = "userinfo: [{}, {as: more, endpoint: 'https://acme.example/m'}]";
        found::titles(&format!("{userinfo}\nprofile: {{sub: $.userinfo.id, x: $.more.x, {profile}}}"))
    }

    #[test]
    fn a_flag_is_about_the_address_beside_it() {
        for wrong in [
            "email: $.userinfo.email, email_verified: yes",
            "email: $.userinfo.email, email_verified: 1",
            "email: $.userinfo.email, email_verified: $.userinfo.email",
            "email: $.userinfo.email, email_verified: '{{ userinfo.email is defined }}'",
            "email_verified: $.userinfo.verified",
            "email: $.more.mail, email_verified: $.userinfo.verified",
            "email: $.userinfo.userPrincipalName",
        ] {
            assert_eq!(titles(wrong).len(), 1, "{wrong}: {:?}", titles(wrong));
        }
        for right in [
            "email: $.userinfo.email, email_verified: $.userinfo.verified",
            "email: $.userinfo.email, email_verified: '{{ userinfo.status == 1 }}'",
            "email: $.userinfo.email, email_verified: false",
            "email_verified: false",
            "email: [$.more.mail, $.userinfo.mail], email_verified: $.more.verified",
            "email: $.userinfo.login",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }
}
