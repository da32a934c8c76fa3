//! A subject that comes from the sign-in instead of from the person: another one each time, one for everybody, or one that
//! whoever signs in chooses.

use crate::diagnostic::code;
use crate::expr::Template;
use crate::oauth::ABOUT_THE_TOKEN;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::value::{Coercion, Incoming};

/// Members of a token response and of a callback that are new with each sign-in.
const NEW_EACH_TIME: [&str; 8] =
    ["access_token", "code", "expires_at", "expires_in", "id_token", "refresh_token", "scope", "state"];

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    match spec.profile.get("sub") {
        Some(Some(Incoming::Text(text))) => {
            source(text, "/profile/sub", compiler);
            fallback(text, compiler);
        }
        Some(Some(Incoming::Coerced(coerced))) => {
            source(&coerced.from, "/profile/sub/from", compiler);
            if let Coercion::Bool | Coercion::List = coerced.coercion {
                report(
                    compiler,
                    "/profile/sub/as",
                    None,
                    "this is no id",
                    "many people would share one account",
                );
            }
        }
        _ => {}
    }
}

/// Where a subject must not come from.
fn source(text: &str, at: &str, compiler: &mut Compiler) {
    let names = match text.strip_prefix("$.") {
        Some(path) => vec![path.split(['[', ' ']).next().unwrap_or_default().to_owned()],
        None => Template::compile(text).map(|template| template.names()).unwrap_or_default(),
    };
    for name in names {
        let mut parts = name.split('.');
        let (root, member) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let why = match root {
            "flow" => "another one with each sign-in",
            "request" => "whoever signs in could choose it, and be somebody else",
            "callback" | "token" if NEW_EACH_TIME.contains(&member) => "another one with each sign-in",
            "callback" => "comes through the browser: whoever signs in could write another one",
            "claims" if ["iss", "aud", "azp"].contains(&member) => "the same for everybody",
            "claims" if ABOUT_THE_TOKEN.contains(&member) => "another one with each sign-in",
            _ => continue,
        };
        let range = text.find(&name).map(|start| start..start + name.len());
        report(compiler, at, range, &format!("`{name}` is no subject"), why);
        return;
    }
    if let Some(start) = text.find("[*]").filter(|_| text.starts_with('$')) {
        report(
            compiler,
            at,
            Some(start..start + 3),
            "the first of several is no subject",
            "their order may change",
        );
    }
}

/// What a template says where there is no id: then several people are one.
fn fallback(text: &str, compiler: &mut Compiler) {
    let tags = text.contains("{{") || text.contains("{%");
    let Some((start, word)) =
        ["default(", " or "].into_iter().find_map(|word| Some((text.find(word)?, word)))
    else {
        return;
    };
    if tags && !text.starts_with('$') {
        let skipped = word.len() - word.trim_start().len();
        let range = start + skipped..start + word.trim_end_matches(['(', ' ']).len();
        report(
            compiler,
            "/profile/sub",
            Some(range),
            "`sub` has something in the place of a missing id",
            "people without an id would share an account, or have two",
        );
    }
}

fn report(compiler: &mut Compiler, at: &str, range: Option<std::ops::Range<usize>>, title: &str, why: &str) {
    compiler.report(
        Finding::error(code::UNSTABLE_SUBJECT, at, title)
            .range(range)
            .label(why)
            .note("OpenID Connect Core §2: `sub` is never given to somebody else, and stays with its person")
            .help("use the provider's own id of the person"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::load;
    use crate::yaml::{Document, Limits};

    fn labels(sub: &str) -> Vec<String> {
        let text = format!(
            "id: acme\nname: Acme\ndocs: https://acme.example\nprotocol: oidc\nissuer: https://acme.example\n\
             discovery: true\nauthorization: {{inputs: {{user: {{}}}}}}\nprofile: {{sub: {sub}}}\n"
        );
        let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).unwrap();
        let findings = load(&document, |_| None).1.into_iter();
        let unstable = findings.filter(|finding| finding.code == code::UNSTABLE_SUBJECT);
        unstable.map(|finding| finding.primary().text.clone()).collect()
    }

    #[test]
    fn what_is_about_the_sign_in_is_no_subject() {
        for sub in [
            "\"{{ flow.uuid }}\"",
            "$.token.access_token",
            "$.callback.user",
            "$.claims.iss",
            "$.claims.sid",
            "\"{{ request.user }}\"",
            "\"{{ claims.id | default('unknown') }}\"",
            "\"{{ claims.id or 'unknown' }}\"",
            "\"$.userinfo.ids[*]\"",
            "{from: $.claims.id, as: bool}",
        ] {
            assert_eq!(labels(sub).len(), 1, "{sub}: {:?}", labels(sub));
        }
        for sub in [
            "$.claims.oid",
            "$.token.raw.user.id",
            "\"{{ claims.tid }}-{{ claims.oid }}\"",
            "\"$.userinfo.ids[?@.main == true].id\"",
            "{from: $.claims.id, as: string}",
        ] {
            assert_eq!(labels(sub), Vec::<String>::new(), "{sub}");
        }
    }
}
