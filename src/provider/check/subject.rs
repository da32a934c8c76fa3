//! The subject: one source, an id that the provider never gives to somebody else.

use std::ops::Range;

use crate::diagnostic::{code, distance};
use crate::expr::Template;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::profile::STANDARD_CLAIMS;
use crate::spec::ProviderSpec;
use crate::spec::value::Incoming;

/// Last members of a path that name a person without identifying them, in small letters and without separators.
const CHANGING: [&str; 21] = [
    "displayname",
    "email",
    "emailaddress",
    "emails",
    "fullname",
    "handle",
    "login",
    "mail",
    "name",
    "nick",
    "nickname",
    "phone",
    "phonenumber",
    "preferredusername",
    "primaryemail",
    "screenname",
    "slug",
    "upn",
    "username",
    "userprincipalname",
    "vanity",
];

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    match spec.profile.get("sub") {
        Some(None) => compiler.report(
            Finding::error(code::MISSING_FIELD, "/profile/sub", "`sub` cannot be dropped")
                .label("a sign-in without a subject fails"),
        ),
        Some(Some(Incoming::FirstOf(_))) => compiler.report(
            Finding::error(code::UNSTABLE_SUBJECT, "/profile/sub", "`sub` has several sources")
                .label("the same person could come back as another subject")
                .help("name the one id that is always there"),
        ),
        Some(Some(Incoming::Bool(_) | Incoming::Number(_) | Incoming::Literal(_))) => constant(compiler),
        Some(Some(Incoming::Text(text))) if !text.starts_with('$') && !text.contains("{{") => {
            constant(compiler)
        }
        Some(Some(Incoming::Text(text))) => source(text, compiler),
        Some(Some(Incoming::Coerced(coerced))) => source(&coerced.from, compiler),
        None => {}
    }
    for claim in spec.profile.keys().filter(|claim| !STANDARD_CLAIMS.contains(&claim.as_str())) {
        let near =
            |standard: &&str| claim.len().abs_diff(standard.len()) <= 1 && distance(claim, standard) == 1;
        if let Some(standard) = STANDARD_CLAIMS.into_iter().find(near) {
            compiler.report(
                Finding::warning(
                    code::SIMILAR_CLAIM,
                    format!("/profile/{}", segment(claim)),
                    format!("`{claim}` is one letter from `{standard}`"),
                )
                .on_key()
                .label("becomes an extra claim")
                .replace("the standard claim", standard),
            );
        }
    }
}

fn constant(compiler: &mut Compiler) {
    compiler.report(
        Finding::error(code::UNSTABLE_SUBJECT, "/profile/sub", "`sub` is the same for everybody")
            .label("all people would share one account"),
    );
}

fn source(text: &str, compiler: &mut Compiler) {
    if text.starts_with('$') {
        if let Some(range) = last_member(text) {
            member(text, range, compiler);
        }
        let root = text.trim_start_matches(['$', '.']).split(['.', '[']).next().unwrap_or_default();
        if OF_THE_INSTALLATION.contains(&root) {
            constant(compiler);
        }
        return;
    }
    let Ok(template) = Template::compile(text) else { return };
    let names = template.names();
    if names.iter().all(|name| OF_THE_INSTALLATION.contains(&name.split('.').next().unwrap_or_default())) {
        constant(compiler);
    }
    for name in &names {
        let Some((_, last)) = name.rsplit_once('.') else { continue };
        if let Some(range) = template.range_of(name) {
            let before = compiler.findings.len();
            member(text, range.end - last.len()..range.end, compiler);
            if compiler.findings.len() > before {
                return;
            }
        }
    }
}

/// What is the same for every person.
const OF_THE_INSTALLATION: [&str; 2] = ["client", "vars"];

fn member(text: &str, range: Range<usize>, compiler: &mut Compiler) {
    let Some(last) = text.get(range.clone()) else { return };
    let plain: String = last.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if CHANGING.contains(&plain.as_str()) {
        compiler.report(
            Finding::error(code::UNSTABLE_SUBJECT, "/profile/sub", format!("`{last}` is no subject"))
                .range(Some(range))
                .label("people change it, and others can take it over")
                .note("OpenID Connect Core §5.7: only `iss` and `sub` together identify a person")
                .help("use the provider's own id of the person"),
        );
    }
}

/// The last member name of a path, in either notation; brackets with an index or a filter behind it do not count.
fn last_member(path: &str) -> Option<Range<usize>> {
    let mut end = path.trim_end().len();
    loop {
        let rest = path.get(..end)?;
        if let Some(inner) = rest.strip_suffix(']') {
            if let Some(quote) = inner.chars().last().filter(|c| ['\'', '"'].contains(c)) {
                let close = inner.len() - 1;
                let open = inner[..close].rfind(quote)? + 1;
                return Some(open..close);
            }
            end = rest.rfind('[')?;
        } else {
            let start = rest.rfind(['.', '$']).map_or(0, |at| at + 1);
            return (start < end).then_some(start..end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::load;
    use crate::yaml::{Document, Limits};

    fn unstable(sub: &str) -> bool {
        let text = format!(
            "id: acme\nname: Acme\ndocs: https://acme.example\nauthorization_endpoint: https://acme.example/a\n\
             token_endpoint: https://acme.example/t\nuserinfo_endpoint: https://acme.example/u\nprofile: {{sub: {sub:?}}}\n"
        );
        let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).unwrap();
        load(&document, |_| None).1.iter().any(|finding| finding.code == code::UNSTABLE_SUBJECT)
    }

    #[test]
    fn a_name_is_no_subject_however_it_is_written() {
        for sub in [
            "$.userinfo.email",
            "$.userinfo['email']",
            "$.userinfo.user.login",
            "$.userinfo.emails[0]",
            "$.userinfo.emails[?@.primary == true].email",
            "$.userinfo.userPrincipalName",
            "{{ userinfo.email | lower }}",
            "{{ userinfo.team_id }}-{{ userinfo.user_name }}",
            "{{ client.id }}",
            "{{ 7 }}",
            "$.vars.tenant",
            "fixed",
        ] {
            assert!(unstable(sub), "{sub}");
        }
        for sub in [
            "$.userinfo.id",
            "$.userinfo['email_id']",
            "$.userinfo.name.id",
            "$.userinfo.ids[0]",
            "{{ userinfo.team_id }}-{{ userinfo.id }}",
            "{{ userinfo.login_id | lower }}",
        ] {
            assert!(!unstable(sub), "{sub}");
        }
    }
}
