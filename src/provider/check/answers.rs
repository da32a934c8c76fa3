//! The profile held against the answers that the file's own tests show: a member that none of them has, an object where a
//! text is wanted.

use serde_json::{Map, Value, json};

use crate::diagnostic::{code, distance, nearest};
use crate::expr::{Path, is_empty};
use crate::provider::Provider;
use crate::provider::check::shapes;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::profile::STANDARD_CLAIMS;
use crate::spec::ProviderSpec;
use crate::spec::value::Incoming;
use crate::spec::vector::Vector;

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    let signed_in = provider.tests.iter().filter(|vector| vector.error.is_none());
    let answers: Vec<Value> = signed_in.map(|vector| answers(vector, provider)).collect();
    if answers.is_empty() {
        return;
    }
    let read: Vec<&str> = spec.profile.values().flatten().filter_map(path).collect();
    for (claim, value) in &spec.profile {
        let Some(text) = value.as_ref().and_then(path) else { continue };
        let Ok(compiled) = Path::compile(text) else { continue };
        let at = format!("/profile/{}", segment(claim));
        // What is wrong in itself is not looked for in answers.
        let is_about_it = |finding: &Finding| {
            finding.pointer.strip_prefix(&*at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if compiler.findings.iter().any(is_about_it) {
            continue;
        }
        let found: Vec<&Value> = answers.iter().filter_map(|tree| compiled.first(tree)).collect();
        if found.is_empty() {
            if !shapes::check(&at, text, &answers, compiler) {
                misspelt(text, &at, claim, &answers, &read, compiler);
            }
        } else if is_text(claim)
            && let Some(whole) = found.iter().find(|value| value.is_object() || value.is_array())
        {
            whole_thing(&at, whole, compiler);
        }
    }
}

/// A path without a coercion or a choice.
fn path(value: &Incoming) -> Option<&str> {
    match value {
        Incoming::Text(text) if text.starts_with("$.") => Some(text),
        _ => None,
    }
}

/// Standard claims that are texts (OpenID Connect Core §5.1).
fn is_text(claim: &str) -> bool {
    STANDARD_CLAIMS.contains(&claim)
        && !["address", "email_verified", "phone_number_verified", "updated_at"].contains(&claim)
}

/// What a sign-in of a test knows of the person, as paths see it.
fn answers(vector: &Vector, provider: &Provider) -> Value {
    let mut tree = Map::new();
    let userinfo = vector.userinfo.as_ref().map(body);
    let mut claims = vector.claims.clone().unwrap_or_default();
    claims.extend(
        userinfo
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    tree.insert("claims".into(), Value::Object(claims));
    tree.extend(userinfo.map(|userinfo| ("userinfo".to_owned(), userinfo.clone())));
    for call in provider.userinfo.iter().flatten() {
        tree.extend(vector.named.get(&call.name).map(|answer| (call.name.clone(), body(answer).clone())));
    }
    // A chain lays each answer over the one before.
    if provider.then.is_empty() {
        tree.extend(
            vector.token_response.as_ref().map(|token| ("token".to_owned(), json!({"raw": body(token)}))),
        );
    }
    Value::Object(tree)
}

fn is_name(member: &str) -> bool {
    !member.is_empty() && member.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What an answer says, `{http: {body: …}}` or not.
fn body(answer: &Value) -> &Value {
    answer.get("http").map_or(answer, |http| http.get("body").unwrap_or(&Value::Null))
}

/// A member that no answer has, where one has a member with a similar name that nothing reads.
fn misspelt(text: &str, at: &str, claim: &str, answers: &[Value], read: &[&str], compiler: &mut Compiler) {
    let members: Vec<&str> = text[2..].split('.').collect();
    if !members.iter().all(|member| is_name(member)) {
        return;
    }
    for (depth, member) in members.iter().enumerate().skip(1) {
        let parent = format!("$.{}", members[..depth].join("."));
        let Ok(path) = Path::compile(&parent) else { return };
        let parents: Vec<&Map<String, Value>> = answers
            .iter()
            .filter_map(|tree| path.first(tree)?.as_object())
            .filter(|object| !object.is_empty())
            .collect();
        if parents.is_empty() {
            return;
        }
        if parents.iter().any(|parent| parent.contains_key(*member)) {
            continue;
        }
        let unread = |name: &&str| {
            let whole = format!("{parent}.{name}");
            !read.iter().any(|other| *other == whole || other.starts_with(&format!("{whole}.")))
        };
        let names = parents.iter().flat_map(|parent| parent.keys()).map(String::as_str).filter(unread);
        let near = nearest(member, names).filter(|near| distance(member, near) <= member.len().div_ceil(6));
        let start = 2 + members[..depth].iter().map(|member| member.len() + 1).sum::<usize>();
        let title = format!("no test's answer has `{member}`");
        let finding =
            Finding::warning(code::UNKNOWN_NAME, at, title).range(Some(start..start + member.len()));
        if let Some(near) = near {
            compiler
                .report(finding.label(format!("they have `{near}`")).replace("what the answers have", near));
        } else if claim == "sub" {
            let names: Vec<&str> = parents[0].keys().take(8).map(String::as_str).collect();
            compiler.report(
                finding
                    .label(format!("an answer has {}", names.join(", ")))
                    .help("every sign-in needs it: correct the path, or the answer"),
            );
        }
        return;
    }
}

/// An object or a list where a text is wanted.
fn whole_thing(at: &str, found: &Value, compiler: &mut Compiler) {
    let (what, inner) = match found {
        Value::Array(items) => ("a list", items.iter().find(|item| !is_empty(item))),
        object => ("an object", Some(object)),
    };
    let members = inner
        .and_then(Value::as_object)
        .map(|object| object.keys().take(6).map(String::as_str).collect::<Vec<_>>().join(", "));
    let label = match members.filter(|members| !members.is_empty()) {
        Some(members) => format!("{what}, with the members {members}"),
        None => what.to_owned(),
    };
    compiler.report(
        Finding::warning(code::WRONG_TYPE, at, format!("in an answer of the tests this is {what}"))
            .label(label)
            .note("OpenID Connect Core §5.1: this claim is a text")
            .help("go on to the member that is meant, such as `.url` or `[0]`"),
    );
}

#[cfg(test)]
mod tests {
    use crate::provider::load;
    use crate::yaml::{Document, Limits};

    fn titles(profile: &str) -> Vec<String> {
        let text = format!(
            "id: acme\nname: Acme\ndocs: https://acme.example\nauthorization_endpoint: https://acme.example/a\n\
             token_endpoint: https://acme.example/t\nuserinfo_endpoint: https://acme.example/u\nprofile: {profile}\n\
             tests:\n  - userinfo: {{id: '7', user: {{avatar_url: 'https://x.example'}}, names: [{{first: Ada}}], mails: [a@b.example]}}\n    \
             profile: {{sub: '7'}}\n  - error: any\n"
        );
        let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).unwrap();
        load(&document, |_| None).1.into_iter().map(|finding| finding.title).collect()
    }

    #[test]
    fn a_member_is_one_that_an_answer_has() {
        assert_eq!(
            titles("{sub: $.userinfo.id, picture: $.userinfo.user.avatar_ulr}"),
            ["no test's answer has `avatar_ulr`"]
        );
        assert_eq!(titles("{sub: $.userinfo.user_id}"), ["no test's answer has `user_id`"]);
        for right in [
            "{sub: $.userinfo.id, picture: $.userinfo.user.avatar_url}",
            "{sub: $.userinfo.id, picture: $.userinfo.user.photo}",
            "{sub: $.userinfo.id, picture: $.userinfo.user.avatar_url, website: $.userinfo.user.avatar_uri}",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }

    #[test]
    fn a_text_is_no_object_and_no_list() {
        assert_eq!(
            titles("{sub: $.userinfo.id, name: '$.userinfo.names[0]'}"),
            ["in an answer of the tests this is an object"]
        );
        assert_eq!(
            titles("{sub: $.userinfo.id, nickname: $.userinfo.mails}"),
            ["in an answer of the tests this is a list"]
        );
        assert!(
            titles("{sub: $.userinfo.id, nickname: $.userinfo.mails, nickname2: $..x}")
                .contains(&"in an answer of the tests this is a list".to_owned()),
            "what is wrong in a claim with a longer name is another matter"
        );
        for right in
            ["name: '$.userinfo.names[0].first'", "user: $.userinfo.user", "nickname: '$.userinfo.mails[0]'"]
        {
            assert_eq!(titles(&format!("{{sub: $.userinfo.id, {right}}}")), Vec::<String>::new(), "{right}");
        }
    }
}
