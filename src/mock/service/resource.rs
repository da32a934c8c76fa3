//! What an access token is good for: the calls for facts about the person, revocation, introspection; and the way out.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

use crate::mock::answer;
use crate::mock::service::client_auth;
use crate::mock::service::journal::Exchange;
use crate::mock::service::page;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::mock::service::scenario::Scenario;
use crate::provider::step::{Auth, Method as StepMethod, Step};

/// The claims of an id_token that are about the token and not about the person.
const ABOUT_THE_TOKEN: [&str; 13] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
];

impl Played {
    /// Answers a call for facts about the person (OpenID Connect Core §5.3).
    pub fn call(&self, name: &str, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let step = self.step(name);
        let auth = step.and_then(|step| step.auth.clone()).unwrap_or(Auth::Bearer);
        let number = self.bearer(&auth, exchange)?;
        let takes_post = step.is_none_or(|step| step.method == StepMethod::Post) || name == "userinfo";
        match exchange.recorded.method {
            Method::GET if step.is_none_or(|step| step.method == StepMethod::Get) => {}
            Method::POST if takes_post => {}
            ref other => {
                let wanted =
                    if step.is_some_and(|step| step.method == StepMethod::Post) { "POST" } else { "GET" };
                return Err(Refusal::method(wanted, other));
            }
        }
        let mut grants = self.grants();
        let Some(sign_in) = grants.get_mut(number) else {
            return Err(Refusal::invalid_token("the sign-in is over"));
        };
        let scenario = &self.scenarios[sign_in.authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        self.strictly_call(name, step, &exchange.recorded, &mut sign_in.authorized)?;
        sign_in.called.push(name.to_owned());
        let scripted = match name {
            "userinfo" => scenario.vector.userinfo.clone().or_else(|| claims_of(scenario)),
            name => scenario.vector.named.get(name).cloned(),
        };
        let Some(mut scripted) = scripted else {
            let description = format!("the scenario {} has no answer to {name}", scenario.name);
            return Err(Refusal::not_found(description));
        };
        if let Some(members) = answer::members(&scripted) {
            sign_in.context.set(name, Value::Object(members));
        }
        self.localise_endpoints(&mut scripted, &exchange.base);
        Ok(answer::scripted(&scripted, &sign_in.authorized.placeholders))
    }

    fn step(&self, name: &str) -> Option<&Step> {
        let calls = self.provider.userinfo.as_ref()?;
        calls.iter().find(|call| call.name == name).map(|call| &call.step)
    }

    /// The sign-in whose access token the request has, in the way of the file or in one of RFC 6750 §2.
    fn bearer(&self, auth: &Auth, exchange: &Exchange) -> Result<u64, Refusal> {
        let recorded = &exchange.recorded;
        let grants = self.grants();
        let any = || {
            let values = recorded.params().map(|(_, value)| value);
            let segments = exchange.path.split('/');
            let known = values.chain(segments).find_map(|value| grants.by_access_token(value));
            known.or_else(|| grants.newest_first().next()).map(|(number, _)| number)
        };
        if matches!(auth, Auth::None | Auth::Client(_)) {
            return any().ok_or_else(|| Refusal::invalid_token("nobody has signed in yet"));
        }
        let word = if let Auth::Scheme(word) = auth { word } else { "Bearer" };
        let mut tokens: Vec<&str> = vec![];
        if let Some(header) = recorded.header("authorization") {
            let (scheme, token) = header.split_once(' ').unwrap_or(("", header));
            // `token` is what some APIs said before RFC 6750.
            if !["Bearer", "token", word].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
                let description = format!("the Authorization header does not begin with {word}");
                return Err(Refusal::invalid_token(description));
            }
            tokens.push(token.trim());
        }
        if let Auth::Header(name) = auth {
            tokens.extend(recorded.header(name.as_str()));
        }
        let own = if let Auth::Query(name) = auth { name } else { "access_token" };
        tokens.extend(recorded.params().filter(|(name, _)| *name == own).map(|(_, value)| value));
        match tokens.as_slice() {
            [] => Err(Refusal::invalid_token("there is no access token")),
            [token] => match grants.by_access_token(token) {
                Some((number, _)) => Ok(number),
                None => Err(Refusal::invalid_token(
                    "the access token is unknown or revoked: the mock did not issue it",
                )),
            },
            _ => Err(Refusal::invalid_request(
                "the access token comes in two ways at once (RFC 6750, section 2)",
            )),
        }
    }

    /// Takes a token back (RFC 7009). A token that nobody knows is no error.
    pub fn revoke(&self, exchange: &Exchange) -> Result<Response<Bytes>, Refusal> {
        let token = self.posted_token(exchange)?;
        self.grants().revoke(&token);
        Ok(answer::plain(StatusCode::OK, String::new()))
    }

    /// Tells whether a token is valid (RFC 7662).
    pub fn introspect(&self, exchange: &Exchange) -> Result<Response<Bytes>, Refusal> {
        let token = self.posted_token(exchange)?;
        let grants = self.grants();
        let Some((_, sign_in)) = grants.by_access_token(&token).or_else(|| grants.by_refresh_token(&token))
        else {
            return Ok(answer::json(StatusCode::OK, &json!({"active": false})));
        };
        let vector = &self.scenarios[sign_in.authorized.scenario].vector;
        let mut told =
            json!({"active": true, "client_id": sign_in.authorized.client_id, "token_type": "Bearer"});
        let subject = [&vector.claims, &vector.profile];
        if let Some(sub) = subject.into_iter().flatten().find_map(|members| members.get("sub")) {
            told["sub"] = sub.clone();
        }
        if let Some(scope) = sign_in.context.get("token").and_then(|token| token.get("scope")) {
            told["scope"] = scope.clone();
        }
        Ok(answer::json(StatusCode::OK, &told))
    }

    fn posted_token(&self, exchange: &Exchange) -> Result<String, Refusal> {
        if exchange.recorded.method != Method::POST {
            return Err(Refusal::method("POST", &exchange.recorded.method));
        }
        client_auth::client(&exchange.recorded, &self.provider, &self.rules, None)?;
        let token = exchange.recorded.param("token").filter(|token| !token.is_empty());
        token.map(str::to_owned).ok_or_else(|| Refusal::invalid_request("there is no token"))
    }

    /// Signs out (OpenID Connect RP-Initiated Logout §2): there is no session here to end, so the browser goes back at once.
    pub fn end_session(&self, exchange: &Exchange) -> Result<Response<Bytes>, Refusal> {
        let param = |name: &str| exchange.recorded.param(name);
        let Some(there) = param("post_logout_redirect_uri") else {
            return Ok(answer::html(page::signed_out(&self.provider.name)));
        };
        let url = Url::parse(there).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let url =
            url.ok_or_else(|| Refusal::invalid_request("the post_logout_redirect_uri is no web address"))?;
        let state = param("state").map(|state| ("state".to_owned(), state.to_owned()));
        Ok(answer::redirect(&url, &state.into_iter().collect::<Vec<_>>()))
    }

    /// Puts this machine's addresses in the place of the provider's, where an answer names an endpoint or its bare origin.
    pub fn localise(&self, value: &mut Value, base: &str) {
        self.each_text(value, &|text| Some(format!("{base}{}", self.addresses.translate(text)?)));
    }

    /// The same for endpoints alone: what else an answer says of the provider is the person's.
    fn localise_endpoints(&self, value: &mut Value, base: &str) {
        self.each_text(value, &|text| {
            let is_origin = text.matches('/').count() < 3;
            Some(format!("{base}{}", self.addresses.translate(text).filter(|_| !is_origin)?))
        });
    }

    fn each_text(&self, value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
        match value {
            Value::String(text) => {
                if let Some(changed) = change(text) {
                    *text = changed;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.each_text(item, change)),
            Value::Object(members) => members.values_mut().for_each(|member| self.each_text(member, change)),
            _ => {}
        }
    }
}

/// What userinfo says of a person whose vector has an id_token alone.
fn claims_of(scenario: &Scenario) -> Option<Value> {
    let claims = scenario.vector.claims.as_ref()?;
    let about = |(name, value): (&String, &Value)| {
        (!ABOUT_THE_TOKEN.contains(&name.as_str()) && !value.is_null()).then(|| (name.clone(), value.clone()))
    };
    Some(Value::Object(claims.iter().filter_map(about).collect::<Map<_, _>>()))
}
