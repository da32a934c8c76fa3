//! What a request must have: what the standards define for its step, and what the vector lists.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::mock::credentials::Credentials;
use crate::mock::placeholders::Placeholders;
use crate::mock::record::{Recorded, text};
use crate::provider::Provider;
use crate::provider::param::Param;
use crate::provider::step::{Body, Method, ParamTemplates, Step};

/// Something that is not as the vector or the standard says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The step whose request it is, or `result`.
    pub request: String,
    /// What about it: a parameter, `method`, `url`, `auth`, `headers.NAME`, `body`.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it was.
    pub got: String,
}

impl Failure {
    pub(super) fn new(
        request: &str,
        what: &str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Failure {
        Failure { request: request.into(), what: what.into(), expected: expected.into(), got: got.into() }
    }
}

/// What is known about the sign-in that a request belongs to.
pub(super) struct Checker<'a> {
    pub provider: &'a Provider,
    pub credentials: &'a Credentials,
    /// `scope` as the client asks for it.
    pub scope: String,
    pub expect: &'a IndexMap<String, Value>,
    /// Now, in seconds since 1970.
    pub now: u64,
    pub placeholders: &'a mut Placeholders,
}

/// What a standard says about a parameter.
#[derive(Clone)]
pub(super) enum Want {
    Absent,
    Is(String),
    Present,
}

impl Checker<'_> {
    /// What the vector says about a step, or with `facet` about a part of its request. `then[N]` is member N of a list.
    fn expected(&self, step: &str, facet: &str) -> Option<&Value> {
        let (step, index) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((step, index)) => (step, index.parse::<usize>().ok()),
            None => (step, None),
        };
        let key = if facet.is_empty() { step.to_owned() } else { format!("{step}.{facet}") };
        let value = self.expect.get(&key)?;
        match index {
            Some(index) => value.get(index).filter(|value| !value.is_null()),
            None => Some(value),
        }
    }

    /// The name this provider has for a standard parameter.
    pub(super) fn theirs<'n>(&'n self, name: &'n str) -> &'n str {
        self.provider.rename.get(name).map_or(name, String::as_str)
    }

    /// Whether a request of this step shows the client's certificate (RFC 8705).
    fn takes_certificate(&self, step: &str) -> bool {
        let auth = &self.provider.client_auth;
        let is_call =
            step == "userinfo" || self.provider.userinfo.iter().flatten().any(|call| call.name == step);
        if is_call { auth.bound_to_certificate } else { auth.certificate }
    }

    pub(super) fn params(
        &self,
        step: &str,
        recorded: &Recorded,
        standard: Vec<(&str, Want)>,
        params: &ParamTemplates,
        query: &ParamTemplates,
    ) -> Vec<Failure> {
        let mut failures = vec![];
        let listed = self.expected(step, "").and_then(Value::as_object);
        let is_listed = |name: &str| listed.is_some_and(|listed| listed.contains_key(name));
        let mut known = vec![];
        for (name, want) in standard {
            let written = params.iter().chain(query).find(|(written, _)| written == name);
            let want = match written {
                Some((_, None)) => Want::Absent,
                Some((_, Some(_))) => continue,
                None => want,
            };
            let theirs = self.theirs(name);
            known.push(theirs.to_owned());
            if theirs != name && recorded.param(name).is_some() {
                failures.push(Failure::new(step, name, format!("`{theirs}` instead"), name));
            }
            if !is_listed(theirs) {
                failures.extend(self.one(step, theirs, &want, recorded));
            }
        }
        for (name, value) in listed.into_iter().flatten() {
            if matches!(value, Value::Array(_) | Value::Object(_)) {
                failures.extend(self.whole(step, name, value, recorded));
                continue;
            }
            let want = match value {
                Value::Null => Want::Absent,
                value => Want::Is(self.placeholders.fill_text(&text(value))),
            };
            failures.extend(self.one(step, name, &want, recorded));
        }
        for (name, value) in recorded.params() {
            // RFC 8693 §2.1, RFC 8707 §2.
            let is_list = |(written, param): &(String, Option<Param>)| {
                self.theirs(written) == name && matches!(param, Some(Param::Many(_)))
            };
            let repeats = ["audience", "resource"].contains(&name) || params.iter().chain(query).any(is_list);
            if !repeats && recorded.params().filter(|(other, _)| *other == name).count() > 1 {
                failures.push(Failure::new(step, name, "once", "more than once"));
            }
            if listed.is_some() && !is_listed(name) && !known.iter().any(|known| known == name) {
                failures.push(Failure::new(step, name, "absent: the vector does not list it", value));
            }
        }
        failures
    }

    /// All values of a parameter that a vector lists, or the JSON that it is.
    fn whole(&self, step: &str, name: &str, wanted: &Value, recorded: &Recorded) -> Option<Failure> {
        let wanted = self.placeholders.fill(wanted);
        let values = recorded.params().filter(|(other, _)| *other == name).map(|(_, value)| value);
        let got = match wanted {
            Value::Array(_) => values.collect::<Value>(),
            _ => recorded.param(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
        };
        (wanted != got).then(|| Failure::new(step, name, wanted.to_string(), got.to_string()))
    }

    fn one(&self, step: &str, name: &str, want: &Want, recorded: &Recorded) -> Option<Failure> {
        match (want, recorded.param(name)) {
            (Want::Absent, None) | (Want::Present, Some(_)) => None,
            (Want::Is(wanted), Some(got)) if wanted == got => None,
            (Want::Absent, Some(got)) => Some(Failure::new(step, name, "absent", got)),
            (Want::Present, None) => Some(Failure::new(step, name, "present", "absent")),
            (Want::Is(wanted), got) => Some(Failure::new(step, name, wanted, got.unwrap_or("absent"))),
        }
    }

    /// The method, and how the body is written.
    pub(super) fn shape(&self, name: &str, recorded: &Recorded, step: &Step, failures: &mut Vec<Failure>) {
        let method = match step.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let body = match (step.method, step.body) {
            (Method::Get, _) | (_, Body::Query) => None,
            (Method::Delete, _) if recorded.body.is_empty() => None,
            (_, Body::Form) => Some("form"),
            (_, Body::Json) => Some("json"),
        };
        if recorded.method.as_str() != method {
            failures.push(Failure::new(name, "method", method, recorded.method.as_str()));
        }
        if recorded.format != body {
            failures.push(Failure::new(
                name,
                "body",
                body.unwrap_or("none"),
                recorded.format.unwrap_or("none"),
            ));
        }
    }

    /// What the vector says with a dot: `token.method`, `token.url`, `token.auth`, `token.headers`, `token.body`, `token.jwt`.
    pub(super) fn facets(
        &mut self,
        step: &str,
        recorded: &Recorded,
        auth: &str,
        failures: &mut Vec<Failure>,
    ) {
        self.proof(step, recorded, failures);
        let facet = |name: &str| self.expected(step, name);
        let mut compare = |what: &str, wanted: &str, got: &str| {
            if wanted != got {
                failures.push(Failure::new(step, what, wanted, got));
            }
        };
        if let Some(wanted) = facet("method") {
            compare("method", &text(wanted), recorded.method.as_str());
        }
        if let Some(wanted) = facet("url") {
            compare("url", &self.placeholders.fill_text(&text(wanted)), recorded.url.as_str());
        }
        if let Some(wanted) = facet("body") {
            let written = match (recorded.format, recorded.query.is_empty()) {
                (Some(format), _) => format,
                (None, false) => "query",
                (None, true) => "none",
            };
            compare("body", &text(wanted), written);
        }
        for (name, wanted) in facet("headers").and_then(Value::as_object).into_iter().flatten() {
            let got = recorded.header(name).unwrap_or("absent");
            match wanted {
                Value::Null => compare(&format!("headers.{name}"), "absent", got),
                wanted => {
                    compare(&format!("headers.{name}"), &self.placeholders.fill_text(&text(wanted)), got)
                }
            }
        }
        for (name, wanted) in facet("raw").and_then(Value::as_object).into_iter().flatten() {
            compare(&format!("raw.{name}"), &text(wanted), recorded.wire(name).unwrap_or("absent"));
        }
        if let Some(wanted) = facet("jwt").and_then(Value::as_object) {
            let params = ["assertion", "client_assertion", "client_secret"];
            let jwt = params.into_iter().find_map(|name| recorded.param(self.theirs(name)));
            let jwt = jwt.map(opened).unwrap_or_default();
            for (name, wanted) in wanted {
                let got = jwt.get(name).map_or("absent".into(), text);
                compare(&format!("jwt.{name}"), &self.placeholders.fill_text(&text(wanted)), &got);
            }
        }
        let wanted = facet("auth").map_or(auth.to_owned(), text);
        if step != "authorization"
            && let Err(got) =
                self.credentials.authenticates(&wanted, recorded, self.provider, self.placeholders)
        {
            failures.push(Failure::new(step, "auth", wanted.as_str(), got));
        }
        if step != "authorization"
            && let Err((wanted, got)) =
                self.credentials.shows_certificate(self.takes_certificate(step), recorded)
        {
            failures.push(Failure::new(step, "client certificate", wanted, got));
        }
    }
}

/// The members of a JWT's header and claims; nothing where it is none.
fn opened(jwt: &str) -> Map<String, Value> {
    let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    jwt.split('.').take(2).filter_map(part).flat_map(|members: Map<String, Value>| members).collect()
}

/// Compares the members that a vector lists, or with `exact` all of them.
pub(super) fn members(
    what: &str,
    wanted: &Map<String, Value>,
    got: &Map<String, Value>,
    exact: bool,
) -> Vec<Failure> {
    let shown = |value: Option<&Value>| {
        value.filter(|value| !value.is_null()).map_or("absent".into(), Value::to_string)
    };
    let mut failures = vec![];
    for (name, wanted) in wanted {
        if shown(Some(wanted)) != shown(got.get(name)) {
            failures.push(Failure::new(
                "result",
                &format!("{what}.{name}"),
                shown(Some(wanted)),
                shown(got.get(name)),
            ));
        }
    }
    for (name, value) in got.iter().filter(|(name, _)| exact && !wanted.contains_key(*name)) {
        failures.push(Failure::new("result", &format!("{what}.{name}"), "absent", shown(Some(value))));
    }
    failures
}
