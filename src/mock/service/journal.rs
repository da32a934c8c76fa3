//! The requests that came, for a test to look at.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::mock::record::Recorded;
use crate::mock::service::refusal::Refusal;

/// The most requests that are kept.
const KEPT: usize = 1000;

/// One request and what came of it.
pub struct Exchange {
    /// The provider's id.
    pub provider: String,
    /// The path that was asked for.
    pub path: String,
    /// The name of the scenario, where one was chosen.
    pub scenario: Option<String>,
    /// The status of the answer.
    pub status: u16,
    pub(super) recorded: Recorded,
    pub(super) refusal: Option<Refusal>,
    /// Where the service is, as the request names it, with `/ID`.
    pub(super) base: String,
}

impl Exchange {
    /// The step: `authorization`, `consent` for the answer on the page, `token`, `userinfo` or the name of a call, `discovery`,
    /// `jwks` and so on; empty for none.
    pub fn step(&self) -> &str {
        &self.recorded.step
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.recorded.method.as_str()
    }

    /// What was wrong with the request: the code and the description of the error.
    pub fn refused(&self) -> Option<(&str, &str)> {
        self.refusal.as_ref().map(|refusal| (refusal.error, refusal.description.as_str()))
    }

    fn to_json(&self, number: usize) -> Value {
        let headers: Map<String, Value> = self
            .recorded
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let mut entry = json!({
            "number": number, "step": self.step(), "method": self.method(), "path": self.path,
            "query": members(&self.recorded.query), "body": members(&self.recorded.body), "headers": headers,
            "scenario": self.scenario, "status": self.status,
        });
        if let Some((error, description)) = self.refused() {
            entry["refused"] = json!({"error": error, "error_description": description});
        }
        entry
    }
}

/// Parameters by their names; one that came twice is a list.
fn members(params: &[(String, String)]) -> Value {
    let mut members = Map::new();
    for (name, value) in params {
        match members.get_mut(name) {
            None => drop(members.insert(name.clone(), value.clone().into())),
            Some(Value::Array(values)) => values.push(value.clone().into()),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    Value::Object(members)
}

/// The requests to one provider.
#[derive(Default)]
pub(super) struct Journal {
    entries: VecDeque<Value>,
    count: usize,
}

impl Journal {
    pub fn add(&mut self, exchange: &Exchange) {
        self.count += 1;
        self.entries.push_back(exchange.to_json(self.count));
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    pub fn to_json(&self) -> Value {
        self.entries.iter().cloned().collect()
    }

    pub fn clear(&mut self) {
        *self = Journal::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_came_twice_is_a_list() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let found = members(&[pair("a", "1"), pair("b", "2"), pair("a", "3"), pair("a", "4")]);
        assert_eq!(found, json!({"a": ["1", "3", "4"], "b": "2"}));
    }
}
