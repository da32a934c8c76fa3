//! The profile: what came in, under OpenID Connect's names.

use serde_json::{Map, Value};

use crate::expr::{As, Context, coerce};
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::oauth::Profile;
use crate::provider::Registration;

/// The longest claim that a profile takes, in bytes.
const MAX_CLAIM: usize = 8 * 1024;
/// How many claims a profile takes.
const MAX_CLAIMS: usize = 64;
/// The longest subject, in bytes (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// Maps what came in to a profile. A claim that is too large, that a template cannot make of these values, or an e-mail
/// address that is none, is left out.
///
/// # Errors
/// [`MisbehaviourKind::SubMissing`] where there is no subject.
pub fn map(registration: &Registration, context: &Context) -> Result<Profile, Error> {
    let mut sub = None;
    let mut claims = Map::new();
    for (claim, read) in &registration.provider.profile {
        // What a template fails on is what the provider sent; the template itself was compiled long ago.
        let value = read.value(context).unwrap_or_else(|error| {
            tracing::warn!(provider = %registration.id, %claim, %error, "a claim is left out");
            None
        });
        let value = match (claim.as_str(), value) {
            ("sub", value) => {
                sub = Some(subject(value)?);
                continue;
            }
            ("email_verified", value) => Some(Value::Bool(value.is_some_and(|value| is_true(&value)))),
            ("email", value) => value.as_ref().and_then(Value::as_str).and_then(e_mail).map(Value::String),
            (_, value) => value,
        };
        let Some(value) = value else { continue };
        if claims.len() >= MAX_CLAIMS || size(&value) > MAX_CLAIM {
            tracing::warn!(provider = %registration.id, %claim, "a claim is left out: too large, or one too many");
            continue;
        }
        claims.insert(claim.clone(), value);
    }
    let sub = sub.ok_or_else(|| missing("the provider file maps no `sub`"))?;
    Ok(Profile::new(sub, claims))
}

fn subject(value: Option<Value>) -> Result<String, Error> {
    let value = value.ok_or_else(|| missing("what `profile.sub` reads is empty"))?;
    if !(value.is_string() || value.is_i64() || value.is_u64()) {
        return Err(missing("what `profile.sub` reads is neither text nor an integer"));
    }
    match coerce(&value, As::String) {
        Some(Value::String(sub)) if sub.len() <= MAX_SUB && !sub.chars().any(char::is_control) => Ok(sub),
        _ => Err(missing("what `profile.sub` reads is no subject")),
    }
}

fn missing(detail: &str) -> Error {
    Misbehaviour::error("profile", MisbehaviourKind::SubMissing, detail)
}

/// Only what plainly says so: `true`, or the text `"true"`.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => text == "true",
        _ => false,
    }
}

/// An e-mail address in lower case, its domain in ASCII; `None` for what is none.
fn e_mail(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@')?;
    let plain =
        |c: char| !c.is_control() && !c.is_whitespace() && !"\"'`(),:;<>[\\]@".contains(c) || c == '\'';
    if local.is_empty() || text.len() > 254 || !text.chars().filter(|c| *c != '@').all(plain) {
        return None;
    }
    match url::Host::parse(domain).ok()? {
        url::Host::Domain(domain) if !domain.contains('@') && !domain.ends_with('.') => {
            Some(format!("{local}@{domain}"))
        }
        _ => None,
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum(),
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_subject_keeps_every_digit() {
        assert_eq!(subject(Some(json!(1234567890987654321u64))).unwrap(), "1234567890987654321");
        assert_eq!(subject(Some(json!("a"))).unwrap(), "a");
    }

    #[test]
    fn refuses_what_is_no_subject() {
        for value in [
            None,
            Some(json!(1.0)),
            Some(json!(1e3)),
            Some(json!(true)),
            Some(json!({})),
            Some(json!("a\u{0}")),
        ] {
            let error = subject(value.clone()).unwrap_err();
            assert!(matches!(error, Error::ProviderMisbehaved(m) if m.code() == "sub_missing"), "{value:?}");
        }
    }

    #[test]
    fn an_e_mail_is_one_address_in_lower_case() {
        assert_eq!(e_mail("Ada@ACME.Example").unwrap(), "ada@acme.example");
        assert_eq!(e_mail("o'hara+x@acme.example").unwrap(), "o'hara+x@acme.example");
        assert_eq!(e_mail("a@bücher.example").unwrap(), "a@xn--bcher-kva.example");
    }

    #[test]
    fn refuses_what_only_looks_like_an_e_mail() {
        for text in [
            "a@evil@good.example",
            "\"a@evil\"@good.example",
            "a@evil,b@good.example",
            "a＠evil.example",
            "a@good.example.",
            "<script>@a.example",
            "@a.example",
            "a@",
            "a b@c.example",
            "a@127.0.0.1",
        ] {
            assert_eq!(e_mail(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_plain_yes_verifies_an_e_mail() {
        assert!(is_true(&json!(true)) && is_true(&json!("true")));
        for value in [json!("yes"), json!(1), json!("TRUE"), json!(false), json!(null), json!({})] {
            assert!(!is_true(&value), "{value}");
        }
    }
}
