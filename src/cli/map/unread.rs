//! The members of responses that nothing in the provider file reads.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

use crate::cli::effective::Effective;
use crate::cli::map::answers::Answers;
use crate::provider::Protocol;
use crate::provider::profile::STANDARD_CLAIMS;

/// Keys of a provider file whose texts read nothing.
const PROSE: [&str; 10] =
    ["assurance", "brand", "docs", "id", "name", "scopes", "sources", "tests", "vars", "verified"];
/// What the engine itself reads of a token response, of an id_token and of a callback.
const ENGINE: [(&str, &[&str]); 3] = [
    ("callback", &["code", "error", "error_description", "iss", "state"]),
    ("claims", &["at_hash", "aud", "auth_time", "azp", "exp", "iat", "iss", "nbf", "nonce", "sub"]),
    ("token", &["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]),
];

/// The unread members at the top of each response that is an object, by the name of the response.
pub fn members(effective: &Effective, answers: &Answers) -> Map<String, Value> {
    let mut unread = Map::new();
    for (kind, answer) in answers.iter() {
        let Some(members) = answer.body.as_object() else { continue };
        let Some(read) = read_of(effective, kind) else { continue };
        let left: Vec<Value> =
            members.keys().filter(|name| !read.contains(*name)).map(|name| name.as_str().into()).collect();
        if !left.is_empty() {
            unread.insert(kind.clone(), left.into());
        }
    }
    unread
}

/// The members that are read of a response; `None` where it is read as a whole.
fn read_of(effective: &Effective, kind: &str) -> Option<BTreeSet<String>> {
    let mut names = vec![kind];
    if kind == "token" {
        names = vec!["token.raw"];
    }
    let oidc = effective.provider.protocol == Protocol::Oidc;
    if kind == "userinfo" && oidc {
        // Userinfo lies over the claims of the id_token.
        names.push("claims");
    }
    let mut read = BTreeSet::new();
    for (at, name) in ENGINE {
        if at == kind || at == "claims" && names.contains(&"claims") {
            read.extend(name.iter().map(|name| (*name).to_owned()));
        }
    }
    if names.contains(&"claims") && oidc {
        let dropped = |claim: &&str| effective.key(&format!("/profile/{claim}")).is_some();
        read.extend(STANDARD_CLAIMS.iter().filter(|claim| !dropped(claim)).map(|claim| (*claim).to_owned()));
    }
    let keys = effective.keys.as_object()?;
    for (key, value) in keys.iter().filter(|(key, _)| !PROSE.contains(&key.as_str())) {
        let body = match (key.as_str(), kind) {
            ("token", "token") => true,
            ("userinfo", kind) => kind != "token",
            _ => false,
        };
        let names: Vec<Regex> =
            names.iter().copied().chain(body.then_some("body")).filter_map(member_of).collect();
        if !collect(value, &names, &mut read) {
            return None;
        }
    }
    Some(read)
}

/// Collects the members of `names` that texts read; false where one is read as a whole.
fn collect(value: &Value, names: &[Regex], read: &mut BTreeSet<String>) -> bool {
    match value {
        Value::String(text) => names.iter().all(|name| members_in(text, name, read)),
        Value::Array(items) => items.iter().all(|item| collect(item, names, read)),
        Value::Object(members) => members.values().all(|value| collect(value, names, read)),
        _ => true,
    }
}

/// `userinfo.id`, `$.userinfo['id']`: a member behind `name`.
fn member_of(name: &str) -> Option<Regex> {
    let pattern = format!(
        r#"(?:^\$?\.?|[^A-Za-z0-9_.])({})(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[['"]([^'"]+)['"]\])?(\w)?"#,
        regex::escape(name)
    );
    Regex::new(&pattern).ok()
}

/// The members that a text names behind a name; false where it reads the whole.
fn members_in(text: &str, pattern: &Regex, read: &mut BTreeSet<String>) -> bool {
    if !(text.starts_with('$') || text.contains("{{") || text.contains("{%") || text.contains("body")) {
        return true;
    }
    for found in pattern.captures_iter(text) {
        if found.get(4).is_some() {
            continue;
        }
        match found.get(2).or(found.get(3)) {
            Some(member) => drop(read.insert(member.as_str().to_owned())),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: &str) -> Option<Vec<String>> {
        let mut read = BTreeSet::new();
        members_in(text, &member_of(name).unwrap(), &mut read).then(|| read.into_iter().collect())
    }

    #[test]
    fn finds_the_members_that_a_text_reads() {
        assert_eq!(read("$.userinfo.data.id", "userinfo").unwrap(), ["data"]);
        assert_eq!(read("$.userinfo['a b'][0]", "userinfo").unwrap(), ["a b"]);
        let template = "{{ [userinfo.first, userinfo.last] | join_nonempty(' ') }}";
        assert_eq!(read(template, "userinfo").unwrap(), ["first", "last"]);
        assert_eq!(read("body.ok == true and body.code is undefined", "body").unwrap(), ["code", "ok"]);
        assert_eq!(read("$.token.raw.user.id", "token.raw").unwrap(), ["user"]);
    }

    #[test]
    fn a_whole_response_has_no_unread_member() {
        assert_eq!(read("$.userinfo[0].id", "userinfo"), None);
        assert_eq!(read("{{ userinfo | tojson }}", "userinfo"), None);
        for (text, name) in
            [("$.userinfos.id", "userinfo"), ("see userinfo", "userinfo"), ("$.x.userinfo.id", "userinfo")]
        {
            assert_eq!(read(text, name).unwrap(), [""; 0], "{text}");
        }
    }
}
