//! Who may sign in: rules over the provider, the verified e-mail address and the claims of a profile.

use indexmap::IndexMap;
use serde_json::Value;

use crate::config::routes::normalized;
use crate::oauth::Profile;

/// Who may sign in. One rule must hold; in a rule every part, in a list one value.
#[derive(Clone, Debug, Default)]
pub struct Allow {
    rules: Option<Vec<Rule>>,
}

/// One rule.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Through one of these providers.
    pub providers: Option<Vec<String>>,
    /// With one of these verified e-mail addresses.
    pub emails: Option<Vec<EmailPattern>>,
    /// With one of these values of a claim.
    pub profile: IndexMap<String, Vec<Value>>,
}

/// An e-mail address, or all of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailPattern {
    /// One address, in lower case.
    Address(String),
    /// Everybody of this domain, not of one below it.
    Domain(String),
}

impl EmailPattern {
    /// Reads `ada@acme.example` or `*@acme.example`.
    ///
    /// # Errors
    /// Why it is neither.
    pub fn parse(text: &str) -> Result<EmailPattern, &'static str> {
        let problem = "it must be an e-mail address, or *@ and a domain";
        let (local, domain) = parts(text).ok_or(problem)?;
        match local.as_str() {
            "*" => Ok(EmailPattern::Domain(domain)),
            local if local.contains('*') => Err(problem),
            local => Ok(EmailPattern::Address(format!("{local}@{domain}"))),
        }
    }

    fn matches(&self, local: &str, domain: &str) -> bool {
        match self {
            EmailPattern::Domain(own) => own == domain,
            EmailPattern::Address(own) => own.rsplit_once('@') == Some((local, domain)),
        }
    }
}

impl Allow {
    /// Everyone.
    pub const fn everyone() -> Allow {
        Allow { rules: None }
    }

    /// Everyone, where `rules` is `None`.
    pub fn new(rules: Option<Vec<Rule>>) -> Allow {
        Allow { rules }
    }

    /// The claims that the rules look at, besides the subject.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().flatten();
        rules.flat_map(|rule| {
            let email = rule.emails.is_some().then_some(["email", "email_verified"]);
            rule.profile
                .keys()
                .map(String::as_str)
                .filter(|claim| *claim != "sub")
                .chain(email.into_iter().flatten())
        })
    }

    /// Whether this person may sign in.
    pub fn admits(&self, provider: &str, profile: &Profile) -> bool {
        let Some(rules) = &self.rules else { return true };
        rules.iter().any(|rule| rule.holds(provider, profile))
    }
}

impl Rule {
    fn holds(&self, provider: &str, profile: &Profile) -> bool {
        if let Some(providers) = &self.providers
            && !providers.iter().any(|id| id == provider)
        {
            return false;
        }
        if let Some(patterns) = &self.emails {
            let verified = profile.email().filter(|_| profile.email_verified());
            let Some((local, domain)) = verified.and_then(parts) else { return false };
            if !patterns.iter().any(|pattern| pattern.matches(&local, &domain)) {
                return false;
            }
        }
        self.profile.iter().all(|(claim, wanted)| match claim.as_str() {
            "sub" => wanted.iter().any(|value| value.as_str() == Some(profile.sub())),
            _ => profile.claims().get(claim).is_some_and(|value| match value {
                Value::Array(values) => values.iter().any(|value| wanted.contains(value)),
                value => wanted.contains(value),
            }),
        })
    }
}

/// Local part and domain of an address, both in lower case; `None` where it is not one plain address.
pub fn parts(address: &str) -> Option<(String, String)> {
    let plain = |c: char| c.is_ascii_graphic() && !"\"(),:;<>[\\]@".contains(c);
    let (local, domain) = address.split_once('@')?;
    let sound = (1..=64).contains(&local.len()) && local.chars().all(plain) && address.len() <= 254;
    let domain = normalized(domain).filter(|_| sound)?;
    Some((local.to_ascii_lowercase(), domain))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(claims: Value) -> Profile {
        Profile::new("1".into(), claims.as_object().unwrap().clone())
    }

    fn by_email(pattern: &str) -> Allow {
        let emails = Some(vec![EmailPattern::parse(pattern).unwrap()]);
        Allow::new(Some(vec![Rule { emails, ..Rule::default() }]))
    }

    #[test]
    fn everyone_where_there_are_no_rules() {
        assert!(Allow::default().admits("a", &profile(json!({}))));
        assert!(!Allow::new(Some(vec![])).admits("a", &profile(json!({}))));
    }

    #[test]
    fn only_a_verified_address_counts() {
        let allow = by_email("*@acme.example");
        assert!(allow.admits("a", &profile(json!({"email": "ada@acme.example", "email_verified": true}))));
        assert!(allow.admits("a", &profile(json!({"email": "Ada@ACME.example", "email_verified": true}))));
        assert!(!allow.admits("a", &profile(json!({"email": "ada@acme.example", "email_verified": false}))));
        assert!(!allow.admits("a", &profile(json!({"email": "ada@acme.example"}))));
    }

    #[test]
    fn nobody_talks_himself_into_a_domain() {
        let allow = by_email("*@good.example");
        for email in [
            "a@evil@good.example",
            "\"a@evil\"@good.example",
            "a@evil,b@good.example",
            "a＠evil@good.example",
            "a@good.example.",
            "a@sub.good.example",
            "a@evil-good.example",
            "a@gооd.example",
            "<script>@good.example",
            "@good.example",
            "a b@good.example",
            "",
        ] {
            assert!(!allow.admits("a", &profile(json!({"email": email, "email_verified": true}))), "{email}");
        }
        assert!(
            !by_email("ada@good.example")
                .admits("a", &profile(json!({"email": "bob@good.example", "email_verified": true})))
        );
    }

    #[test]
    fn every_part_of_a_rule_must_hold() {
        let rule = Rule {
            providers: Some(vec!["acme".into()]),
            profile: [
                ("organization".to_owned(), vec![json!("org_1")]),
                ("groups".to_owned(), vec![json!("x"), json!("y")]),
            ]
            .into(),
            ..Rule::default()
        };
        let allow = Allow::new(Some(vec![rule]));
        let person = profile(json!({"organization": "org_1", "groups": ["y", "z"]}));
        assert!(allow.admits("acme", &person));
        assert!(!allow.admits("other", &person));
        assert!(!allow.admits("acme", &profile(json!({"organization": "org_2", "groups": ["y"]}))));
        assert!(!allow.admits("acme", &profile(json!({"organization": "org_1", "groups": ["z"]}))));
        assert!(!allow.admits("acme", &profile(json!({"organization": "org_1"}))));
    }
}
