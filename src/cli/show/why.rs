//! Where each part of a request comes from.

use serde_json::{Map, Value};

use crate::cli::effective::Effective;
use crate::cli::show::facts::place;
use crate::cli::show::plan::Plan;
use crate::cli::show::sent::Sent;
use crate::flow::grant::Grant;
use crate::flow::later::Later;
use crate::flow::{dpop, pushed, sections};
use crate::provider::Protocol;
use crate::provider::finding::segment;

/// Tells where the parts of one request come from.
pub struct Why<'a> {
    effective: &'a Effective,
    plan: &'a Plan,
    sent: &'a Sent,
    /// Where the step stands in the file.
    step: String,
}

impl<'a> Why<'a> {
    /// For one request.
    pub fn new(effective: &'a Effective, plan: &'a Plan, sent: &'a Sent) -> Why<'a> {
        Why { effective, plan, sent, step: pointer_of(effective, &sent.step) }
    }

    /// How the request authenticates, in the word of the format.
    pub fn auth(&self) -> String {
        let text = |pointer: &str| self.effective.key(pointer).and_then(Value::as_str).map(str::to_owned);
        let own = self.own("auth").and_then(|pointer| text(&pointer));
        let client = || text("/token_endpoint_auth_method").unwrap_or_else(|| "client_secret_basic".into());
        match self.sent.step.as_str() {
            "authorization" => "none".into(),
            "access_token_revocation" | "introspection" | "refresh" | "revocation" | "token" => {
                own.unwrap_or_else(client)
            }
            step if is_grant(step) => own.unwrap_or_else(client),
            pushed::STEP => client(),
            step if step.starts_with("then") => own.unwrap_or_else(|| "none".into()),
            _ => own.unwrap_or_else(|| "bearer".into()),
        }
    }

    /// Where a key of the step stands. What a refresh leaves out, parameters excepted, is as in the token request.
    fn own(&self, key: &str) -> Option<String> {
        let token = (self.sent.step == "refresh").then_some("/token");
        let steps = [Some(self.step.as_str()), token].into_iter().flatten();
        steps.map(|step| format!("{step}/{key}")).find(|pointer| self.effective.key(pointer).is_some())
    }

    /// Who says so of a key of the step.
    fn place_of(&self, key: &str) -> Option<String> {
        self.effective.place(&self.own(key)?)
    }

    /// Who says where it goes.
    pub fn url(&self) -> String {
        let endpoint = format!("{}/endpoint", self.step);
        let step = self.sent.step.as_str();
        let named = match step {
            step if step == "refresh" || is_grant(step) => "/token_endpoint".to_owned(),
            step if step == Later::AccessTokenRevocation.as_str() => "/revocation_endpoint".to_owned(),
            step => format!("/{step}_endpoint"),
        };
        let written = || [&endpoint, &named].into_iter().find_map(|pointer| self.effective.place(pointer));
        let discovered = || self.plan.discovery_url.as_ref().map(|url| format!("discovery {url}"));
        if self.sent.goes_to_unknown() {
            return discovered().unwrap_or_default();
        }
        written().or_else(discovered).unwrap_or_default()
    }

    /// Who says by which method.
    pub fn method(&self) -> String {
        let standard = || Some(sections::request(self.section())?.to_owned());
        self.place_of("method").or_else(standard).unwrap_or_default()
    }

    /// Who says so of a header.
    pub fn header(&self, name: &str) -> String {
        let headers = self.own("headers");
        let own = headers.as_deref().and_then(|pointer| self.effective.key(pointer)?.as_object());
        let written = own.into_iter().flatten().find(|(written, _)| written.eq_ignore_ascii_case(name));
        if let (Some((written, _)), Some(headers)) = (written, &headers) {
            return self.effective.place(&format!("{headers}/{}", segment(written))).unwrap_or_default();
        }
        let auth = self.auth();
        let credential = auth.strip_prefix("header:").is_some_and(|header| header.eq_ignore_ascii_case(name));
        if name == "authorization" || credential {
            return self.credential(&auth);
        }
        let body = self.place_of("body").filter(|_| name == "content-type");
        body.or_else(|| Some(sections::header(name, &auth)?.to_owned())).unwrap_or_default()
    }

    /// Who says so of a parameter.
    pub fn param(&self, name: &str) -> String {
        let rename = &self.effective.provider.rename;
        let standard =
            rename.iter().find(|(_, theirs)| *theirs == name).map_or(name, |(standard, _)| standard);
        let at = |section: &str, name: &str| {
            let pointer = format!("{}/{section}/{}", self.step, segment(name));
            self.effective.key(&pointer).filter(|value| !value.is_null())?;
            self.effective.place(&pointer)
        };
        for (section, name) in [("params", standard), ("params", name), ("query", standard), ("query", name)]
        {
            if let Some(place) = at(section, name) {
                return place;
            }
        }
        let browser = ["authorization", pushed::STEP].contains(&&*self.sent.step);
        if let Some(given) = self.plan.request.get(standard).filter(|_| browser) {
            return given.place.clone();
        }
        let auth = self.auth();
        if auth.strip_prefix("query:") == Some(name) {
            return self.credential(&auth);
        }
        let decided = match standard {
            "assertion" => self.effective.place(&format!("{}/assertion", self.step)),
            "client_assertion" | "client_secret" => self
                .place_of("auth")
                .or_else(|| self.effective.place(&format!("/{standard}")))
                .or_else(|| self.effective.place("/token_endpoint_auth_method")),
            "code_challenge" | "code_challenge_method" => self.effective.place("/pkce"),
            "response_mode" if browser => self.effective.place("/authorization/response_mode"),
            "scope" if self.effective.provider.protocol == Protocol::Oidc => {
                let standard = || sections::key("scopes.oidc").map(str::to_owned);
                self.effective.place("/scopes/default").or_else(standard)
            }
            "scope" => self.effective.place("/scopes/default"),
            _ => None,
        };
        let said = decided.or_else(|| Some(sections::parameter(self.section(), standard)?.to_owned()));
        let renamed =
            (standard != name).then(|| self.effective.place(&format!("/rename/{standard}"))).flatten();
        match (said, renamed) {
            (Some(said), Some(renamed)) => format!("{said}, {renamed}"),
            (Some(said), None) => said,
            // What is left stands in the query of the endpoint itself.
            (None, renamed) => renamed.unwrap_or_else(|| self.url()),
        }
    }

    /// Who says how the request authenticates.
    fn credential(&self, auth: &str) -> String {
        if auth == "bearer" && self.effective.provider.dpop_bound_access_tokens {
            return place(self.effective, "/dpop_bound_access_tokens", "");
        }
        let standard = sections::authentication(auth);
        let client = || match standard {
            Some("RFC 6750 §2.1") => None,
            _ => self.effective.place("/token_endpoint_auth_method"),
        };
        let written = self.place_of("auth").or_else(client);
        written.or_else(|| standard.map(str::to_owned)).unwrap_or_default()
    }

    /// The step as the standards know it: a named call is one for userinfo.
    fn section(&self) -> &str {
        match self.step.as_str() {
            "/revocation" => "revocation",
            step if step.starts_with("/userinfo") => "userinfo",
            _ => self.sent.step.as_str(),
        }
    }

    /// Everything but the parameters, by name.
    pub fn json(&self) -> Value {
        let mut members = Map::new();
        members.insert("url".into(), self.url().into());
        members.insert("method".into(), self.method().into());
        for (name, _) in &self.sent.headers {
            members.insert(format!("headers.{}", title(name)), self.header(name).into());
        }
        members.retain(|_, place| place.as_str().is_some_and(|place| !place.is_empty()));
        Value::Object(members)
    }
}

/// The name of a header as people write it: `User-Agent`.
pub fn title(name: &str) -> String {
    if dpop::PROOF == name {
        return dpop::SCHEME.into();
    }
    let part = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}

/// Whether a step asks for a token without a browser.
fn is_grant(step: &str) -> bool {
    Grant::ALL.iter().any(|grant| grant.as_str() == step)
}

/// Where a step stands in a provider file.
fn pointer_of(effective: &Effective, step: &str) -> String {
    if let Some(index) = step.strip_prefix("then[").and_then(|rest| rest.strip_suffix(']')) {
        return format!("/token/then/{index}");
    }
    // Its parameters are those of the authorization request.
    if step == pushed::STEP {
        return "/authorization".into();
    }
    if step == Later::AccessTokenRevocation.as_str() {
        return "/revocation".into();
    }
    if is_grant(step) || ["authorization", "introspection", "refresh", "revocation", "token"].contains(&step)
    {
        return format!("/{step}");
    }
    let calls = effective.key("/userinfo").and_then(Value::as_array);
    let name_of = |call: &Value| call.get("as").and_then(Value::as_str).unwrap_or("userinfo").to_owned();
    match calls.and_then(|calls| calls.iter().position(|call| name_of(call) == step)) {
        Some(index) => format!("/userinfo/{index}"),
        None => "/userinfo".into(),
    }
}
