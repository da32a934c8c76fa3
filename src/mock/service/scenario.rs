//! What the service can play: a vector that says who signs in, or what goes wrong.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::expr::Context;
use crate::flow::metadata::Metadata;
use crate::flow::variables;
use crate::mock::answer;
use crate::mock::client::MockClient;
use crate::mock::discovery;
use crate::mock::placeholders::Placeholders;
use crate::mock::service::Rules;
use crate::mock::service::tokens;
use crate::mock::tokens::learn;
use crate::provider::{Provider, Vector};

/// Errors that a client finds before it asks the provider anything: there is nothing to play.
const BEFORE_ANY_REQUEST: [&str; 2] = ["configuration_refused", "request_refused"];

/// A vector to choose.
pub(super) struct Scenario {
    /// The vector's name.
    pub name: String,
    /// The vector.
    pub vector: Vector,
    /// The client that it was written for: the values of its variables.
    pub client: MockClient,
    /// What that client knows of the provider.
    pub metadata: Metadata,
    /// The discovery document, with the addresses of the provider.
    pub document: Map<String, Value>,
}

impl Scenario {
    /// The scenarios of a provider, in the order of its file.
    pub fn all(provider: &Arc<Provider>, rules: &Rules) -> Vec<Scenario> {
        let numbered = provider.tests.iter().enumerate();
        numbered.filter_map(|(number, vector)| Scenario::new(provider, vector, number + 1, rules)).collect()
    }

    fn new(provider: &Arc<Provider>, vector: &Vector, number: usize, rules: &Rules) -> Option<Scenario> {
        if vector.error.as_deref().is_some_and(|error| BEFORE_ANY_REQUEST.contains(&error)) {
            return None;
        }
        let client = MockClient::new(provider, vector, rules.client_id(), rules.client_secret()).ok()?;
        let (document, metadata) = discovery::document(&client.registration, vector, None);
        let Value::Object(document) = document else { return None };
        let name = vector.name.clone().unwrap_or_else(|| format!("test {number}"));
        Some(Scenario { name, vector: vector.clone(), client, metadata, document })
    }

    /// Whether a person signs in.
    pub fn succeeds(&self) -> bool {
        self.vector.error.is_none()
    }

    /// The code of the error that it is about.
    pub fn error(&self) -> Option<&str> {
        self.vector.error.as_deref()
    }

    /// The e-mail address of the person.
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// What the person is called.
    pub fn person(&self) -> Option<&str> {
        ["name", "preferred_username", "nickname", "sub"].into_iter().find_map(|claim| self.text(claim))
    }

    fn text(&self, claim: &str) -> Option<&str> {
        let places = [self.vector.profile.as_ref(), self.vector.claims.as_ref()];
        let found = places.into_iter().flatten().find_map(|members| members.get(claim));
        found.or_else(|| self.vector.userinfo.as_ref()?.get(claim)).and_then(Value::as_str)
    }

    /// Whether somebody who says `word` means this one: its name, or the person's e-mail address.
    pub fn is_called(&self, word: &str) -> bool {
        let same = |text: &str| text.eq_ignore_ascii_case(word.trim());
        same(&self.name) || self.email().is_some_and(same)
    }

    /// The tree of this scenario's sign-in from its beginning to its end, for addresses that depend on it.
    pub fn whole_context(&self) -> Context {
        let vector = &self.vector;
        let registration = &self.client.registration;
        let mut context = self.context();
        context.set("claims", Value::Object(vector.claims.clone().unwrap_or_default()));
        let token = (vector.token_response.as_ref(), &registration.provider.token);
        let then = vector.then.iter().map(Some).zip(registration.provider.then.iter().map(|then| &then.step));
        for (response, step) in std::iter::once(token).chain(then) {
            if let Some(members) = response.and_then(tokens::members) {
                learn(registration, step, &members, &mut context);
            }
        }
        let userinfo = vector.userinfo.as_ref().map(|answer| ("userinfo", answer));
        let named = vector.named.iter().map(|(name, answer)| (name.as_str(), answer));
        for (name, answer) in named.chain(userinfo) {
            if let Some(members) = answer::members(answer) {
                context.set(name, Value::Object(members));
            }
        }
        context
    }

    /// The tree of this scenario's sign-in when the token is asked for.
    pub fn context(&self) -> Context {
        let registration = &self.client.registration;
        let mut context = registration.context();
        let request: Map<String, Value> =
            self.vector.request.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        context.set("request", Value::Object(request));
        context.set("callback", Value::Object(self.vector.callback.clone()));
        variables::learn_early(registration, &mut context);
        context
    }

    /// What its callback is laid over with. Of a person, `iss` is the service's own.
    pub fn callback(&self) -> Map<String, Value> {
        let mut over = self.vector.callback.clone();
        if self.succeeds() {
            over.shift_remove("iss");
        }
        over
    }

    /// Whether its callback says that the person refused.
    pub fn is_refusal(&self) -> bool {
        let error = self.vector.callback.get("error").and_then(Value::as_str).unwrap_or_default();
        ["denied", "cancel", "declined", "refused"].iter().any(|word| error.contains(word))
    }

    /// The claims of its id_token over the standard ones. Of a person, those that tell issuer and time are the service's.
    pub fn claims(&self, now: u64, placeholders: &Placeholders) -> Option<Map<String, Value>> {
        let mut over = self.vector.claims.clone()?;
        if self.succeeds() {
            ["iss", "iat", "exp", "nbf"].iter().for_each(|name| drop(over.shift_remove(*name)));
            if let Some(time) = over.get_mut("auth_time") {
                *time = now.into();
            }
        }
        let mut claims = Map::new();
        answer::lay(&mut claims, &over, placeholders);
        // What is taken away has to be known to the one who adds the standard claims.
        over.retain(|_, value| value.is_null());
        claims.extend(over);
        Some(claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scenarios(tests: Value) -> Vec<Scenario> {
        let file = json!({
            "id": "acme", "name": "Acme", "docs": "https://acme.example",
            "verified": {"on": "2026-11-24", "how": "docs"},
            "authorization_endpoint": "https://acme.example/authorize", "token_endpoint": "https://acme.example/token",
            "userinfo_endpoint": "https://acme.example/me", "profile": {"sub": "$.userinfo.id"}, "tests": tests,
        });
        let (provider, findings) = crate::provider::load_value(file);
        Scenario::all(&Arc::new(provider.unwrap_or_else(|| panic!("{findings:?}"))), &Rules::default())
    }

    #[test]
    fn is_found_by_its_name_or_the_person_s_address() {
        let found = scenarios(json!([
            {"name": "somebody", "userinfo": {"id": "1"}, "profile": {"sub": "1", "email": "ada@acme.example"}},
            {"userinfo": {"id": "2"}, "profile": {"sub": "2"}},
        ]));
        assert!(found[0].is_called("Somebody") && found[0].is_called(" ada@acme.example"));
        assert!(found[1].is_called("test 2") && !found[1].is_called("somebody"));
        assert_eq!((found[1].person(), found[1].email()), (Some("2"), None));
    }

    #[test]
    fn what_a_client_refuses_by_itself_cannot_be_played() {
        let found = scenarios(json!([
            {"name": "a wrong input", "error": "request_refused"},
            {"name": "no", "callback": {"code": null, "error": "access_denied"}, "error": "access_denied"},
        ]));
        assert_eq!(found.len(), 1);
        assert!(!found[0].succeeds() && found[0].is_refusal());
    }
}
