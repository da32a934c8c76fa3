//! What is written down of a sign-in, a refusal, a refresh or the end of a session. `authcfg schema events` is its JSON Schema.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

/// One line of the audit log. Members may be added, never renamed; one that is not known is absent. There is never a token, a
/// code, a state or a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// When, in UTC: `2026-01-01T00:00:00.000Z` (RFC 3339).
    pub time: String,
    /// What happened.
    pub kind: Kind,
    /// Whether it came about.
    pub outcome: Outcome,
    /// The request: the `X-Request-Id` of its answer, and the `id` of its lines in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address of the client, as far as a proxy that is trusted tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_address: Option<IpAddr>,
    /// The provider, by its id in the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The issuer; the id of the provider where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The subject at the provider; its hash or absent, where `audit.subject` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The e-mail address, where `audit.email` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The step at which it failed, such as `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Why, as a code: `state_mismatch`, `access_denied`, `too_many_requests`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many sessions were ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<usize>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The tokens of a session were renewed, or could not be.
    Refresh,
    /// A request led nowhere.
    Refusal,
    /// Sessions were ended by a provider, by what it said in a refresh, or by whoever runs the server.
    SessionEnded,
    /// Somebody signed in.
    SignIn,
    /// Somebody signed out.
    SignOut,
}

/// Whether something came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did not.
    Failure,
    /// It did.
    Success,
}

impl Event {
    /// Something that came about; whoever notes it fills in the time.
    pub(in crate::server) fn of(kind: Kind) -> Event {
        let outcome = if kind == Kind::Refusal { Outcome::Failure } else { Outcome::Success };
        Event {
            time: String::new(),
            kind,
            outcome,
            request_id: None,
            client_address: None,
            provider: None,
            issuer: None,
            sub: None,
            email: None,
            step: None,
            reason: None,
            sessions: None,
        }
    }

    /// At a provider; where none was meant, its id is empty.
    pub(in crate::server) fn at(self, provider: &str) -> Event {
        Event { provider: Some(provider.to_owned()).filter(|id| !id.is_empty()), ..self }
    }

    /// With the code of why.
    pub(in crate::server) fn because(self, reason: &str) -> Event {
        Event { reason: Some(reason.to_owned()), ..self }
    }

    /// The same as a failure.
    pub(in crate::server) fn failed(self) -> Event {
        Event { outcome: Outcome::Failure, ..self }
    }

    /// Of the person whose session has this `sub`: the provider's id, a colon, and the subject there.
    pub(in crate::server) fn of_session(self, sub: Option<&str>) -> Event {
        let sub = sub.and_then(|sub| sub.split_once(':')).map(|(_, sub)| sub.to_owned());
        Event { sub, ..self }
    }
}

/// The JSON Schema (2020-12) of a line.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Event).to_value();
    schema["title"] = "authcfg audit event".into();
    schema
}
