//! What an access token is good for: the calls for facts about the person (OpenID Connect Core §5.3).

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use url::Url;

use crate::mock::answer;
use crate::mock::proof;
use crate::mock::service::grants::Grants;
use crate::mock::service::journal::Exchange;
use crate::mock::service::method;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::mock::service::scenario::Scenario;
use crate::mock::service::tokens;
use crate::mock::tokens::signed_userinfo;
use crate::oauth::ABOUT_THE_TOKEN;
use crate::provider::step::{Auth, ResponseFormat, Step};

impl Played {
    /// Answers a call for facts about the person (OpenID Connect Core §5.3).
    pub fn call(&self, name: &str, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let step = self.step(name);
        let auth = step.and_then(|step| step.auth.clone()).unwrap_or(Auth::Bearer);
        let number = self.bearer(&auth, exchange)?;
        method::of_call(step, name == "userinfo", &exchange.recorded)?;
        let mut grants = self.grants();
        let Some(sign_in) = grants.get_mut(number) else {
            return Err(Refusal::invalid_token("the sign-in is over"));
        };
        let scenario = &self.scenarios[sign_in.authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        let recorded = &exchange.recorded;
        self.strictly(&mut sign_in.authorized, None, |checker| checker.userinfo(name, step, recorded))?;
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
        let is_signed = step.is_some_and(|step| step.response.format == ResponseFormat::Jwt);
        if let Some(claims) = scripted.as_object().filter(|_| is_signed && !tokens::is_spelled_out(&scripted))
        {
            let written = step.and_then(|step| step.response.issuer.as_ref());
            let written = written.and_then(|issuer| issuer.render(&sign_in.context).ok());
            let mut signed = Map::new();
            signed.insert("iss".into(), written.unwrap_or_else(|| exchange.base.clone()).into());
            signed.insert("aud".into(), sign_in.authorized.client_id.as_str().into());
            let mut claims = claims.clone();
            claims.retain(|name, _| name != "iss" || !scenario.succeeds());
            answer::lay(&mut signed, &claims, &sign_in.authorized.placeholders);
            let secret = sign_in.authorized.placeholders.get("CLIENT_SECRET");
            return Ok(signed_userinfo(&self.provider, &signed, secret));
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
        if self.provider.dpop_bound_access_tokens && *auth == Auth::Bearer {
            return self.bound(exchange, &grants);
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

    /// The same where the access tokens are bound to a key (RFC 9449 §7.1).
    fn bound(&self, exchange: &Exchange, grants: &Grants) -> Result<u64, Refusal> {
        let token = proof::bound_token(&exchange.recorded).ok_or_else(|| {
            Refusal::unproven_token(
                "the Authorization header does not begin with DPoP: the token is bound to a key",
            )
        })?;
        let found = grants.by_access_token(token);
        let (number, sign_in) = found.ok_or_else(|| {
            Refusal::unproven_token("the access token is unknown or revoked: the mock did not issue it")
        })?;
        self.proven_key(exchange, sign_in.jkt.as_deref())
            .map_err(|refusal| Refusal::unproven_token(refusal.description))?;
        Ok(number)
    }

    /// The key by which a request proves possession, where the provider's tokens are bound to one. `known` is the one that it has
    /// to be.
    pub fn proven_key(&self, exchange: &Exchange, known: Option<&str>) -> Result<Option<String>, Refusal> {
        if !self.provider.dpop_bound_access_tokens {
            return Ok(None);
        }
        let here = Url::parse(&exchange.base).and_then(|base| base.join(&exchange.path));
        let here = here.map(String::from).unwrap_or_default();
        let jkt =
            proof::verify(&exchange.recorded, &here, self.clock.now()).map_err(Refusal::invalid_proof)?;
        match known {
            Some(known) if known != jkt => Err(Refusal::invalid_proof("the proof is by another key")),
            _ => Ok(Some(jkt)),
        }
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
