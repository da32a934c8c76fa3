//! The authorization endpoint: the page on which a person is chosen, and the way back (RFC 6749 §4.1.2).

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use crate::mock::answer;
use crate::mock::id_token;
use crate::mock::page as pages;
use crate::mock::service::grants::Authorized;
use crate::mock::service::journal::Exchange;
use crate::mock::service::method;
use crate::mock::service::page;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::mock::service::request::{self, RequestProblem};
use crate::provider::Protocol;
use crate::rng;

/// What comes back.
enum Back<'a> {
    /// What the scenario says.
    Allowed,
    /// The person refused.
    Denied,
    /// The request was wrong.
    Refused(&'a Refusal),
}

impl Played {
    /// Answers an authorization request.
    pub fn authorization(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        method::takes(&[Method::GET, Method::POST], &exchange.recorded)?;
        let recorded = &self.brought(exchange)?.opened();
        let read = request::read(recorded, &self.provider, &self.rules);
        let mut authorized = match read {
            Ok(authorized) => authorized,
            Err(RequestProblem::Here(refusal)) => return Err(refusal),
            Err(RequestProblem::Back(authorized, refusal)) => {
                let response = self.send_back(&authorized, &exchange.base, Back::Refused(&refusal));
                exchange.refusal = Some(refusal);
                return Ok(response);
            }
        };
        let strictly = self.strictly(&mut authorized, None, |checker| checker.authorization(recorded));
        if let Err(refusal) = strictly {
            let response = self.send_back(&authorized, &exchange.base, Back::Refused(&refusal));
            exchange.refusal = Some(refusal);
            return Ok(response);
        }
        authorized.scenario = match recorded.param("login_hint").filter(|hint| !hint.is_empty()) {
            Some(hint) => self.scenario_called(hint).unwrap_or(self.first),
            None => self.first,
        };
        if !self.asks {
            exchange.scenario = Some(self.scenarios[authorized.scenario].name.clone());
            return Ok(self.send_back(&authorized, &exchange.base, Back::Allowed));
        }
        if recorded.param("prompt") == Some("none") {
            let refusal = Refusal::new(
                "login_required",
                "prompt is none, and the mock asks who signs in: start it with --auto",
            );
            let response = self.send_back(&authorized, &exchange.base, Back::Refused(&refusal));
            exchange.refusal = Some(refusal);
            return Ok(response);
        }
        let ticket = rng::token(&*self.rng, 16);
        let shown = page::choose(&self.provider.name, &self.scenarios, &authorized, &ticket, &exchange.base);
        self.grants().wait(ticket, authorized);
        Ok(answer::html(shown))
    }

    /// Somebody has pressed a button of the page.
    pub fn decide(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let param = |name: &str| exchange.recorded.param(name);
        let waiting = param("ticket").and_then(|ticket| self.grants().answered(ticket));
        let Some(mut authorized) = waiting else {
            return Ok(answer::plain(
                StatusCode::GONE,
                "This sign-in is over: start it again in the application.".into(),
            ));
        };
        let chosen = param("scenario").and_then(|number| number.parse::<usize>().ok());
        if let Some(chosen) = chosen.filter(|chosen| *chosen < self.scenarios.len()) {
            authorized.scenario = chosen;
        }
        let back = if param("answer") == Some("allow") { Back::Allowed } else { Back::Denied };
        exchange.scenario = match back {
            Back::Allowed => Some(self.scenarios[authorized.scenario].name.clone()),
            _ => None,
        };
        Ok(self.send_back(&authorized, &exchange.base, back))
    }

    /// Sends the browser to the application.
    fn send_back(&self, authorized: &Authorized, base: &str, back: Back<'_>) -> Response<Bytes> {
        let scenario = &self.scenarios[authorized.scenario];
        let issuer = self.issuer(base);
        let signs_as = issuer.clone().unwrap_or_else(|| base.to_owned());
        let mut placeholders = authorized.placeholders.clone();
        let mut iss = None;
        let over = match back {
            Back::Allowed => {
                let code = rng::token(&*self.rng, 16);
                placeholders.set("CODE", code.as_str());
                let bound = Authorized { placeholders: placeholders.clone(), ..authorized.clone() };
                self.grants().add_code(code, bound, self.clock.now());
                let says = scenario.vector.callback.get("iss").is_some_and(Value::is_string);
                iss = issuer.filter(|_| says || scenario.metadata.sends_iss(&scenario.client.registration));
                scenario.callback()
            }
            Back::Denied => {
                let refusals = self.scenarios.iter().filter(|scenario| scenario.is_refusal());
                match refusals.map(|refusal| refusal.vector.callback.clone()).next() {
                    Some(over) => over,
                    None => error("access_denied", "The person said no"),
                }
            }
            Back::Refused(refusal) => error(refusal.error, &refusal.description),
        };
        let params = answer::callback(&over, iss.as_deref(), &placeholders, &self.context(authorized));
        let Ok(redirect_uri) = Url::parse(&authorized.redirect_uri) else {
            return Refusal::invalid_request("the redirect_uri is no absolute address").response();
        };
        let mode = authorized.response_mode;
        let params = match mode.is_signed() {
            true => {
                let whose = (&*signs_as, &*authorized.client_id);
                let now = (self.clock.now(), Some(self.rules.client_secret()));
                id_token::response(&self.provider, whose, params, &over, now)
            }
            false => params,
        };
        match mode.is_posted() {
            true => answer::html(pages::form_post(redirect_uri.as_str(), &params)),
            false => answer::redirect(&redirect_uri, &params),
        }
    }

    /// The issuer on this machine: `/ID` of the service, or below it the path of the issuer of a provider without id_tokens.
    pub fn issuer(&self, base: &str) -> Option<String> {
        if self.provider.protocol == Protocol::Oidc {
            return Some(base.to_owned());
        }
        let issuer = Url::parse(self.scenarios[self.first].metadata.issuer.as_deref()?).ok()?;
        Some(format!("{base}{}", issuer.path().trim_end_matches('/')))
    }
}

fn error(error: &str, description: &str) -> Map<String, Value> {
    let mut over = Map::new();
    over.insert("code".into(), Value::Null);
    over.insert("error".into(), error.into());
    over.insert("error_description".into(), description.into());
    over
}
