//! Token requests after that of the code: refresh (RFC 6749 §6), the exchanges of `token.then`, and grants without a browser.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::flow::grant::Grant;
use crate::mock::grant;
use crate::mock::service::Scenario;
use crate::mock::service::client_auth;
use crate::mock::service::grants::{Authorized, SignIn};
use crate::mock::service::journal::Exchange;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::mock::tokens::granted;
use crate::oauth::Secret;
use crate::provider::step::{Auth, Step};
use crate::provider::token::RefreshRequires;

impl Played {
    /// Whether a request to the token endpoint is a refresh, in the words of the RFC or of the file.
    pub fn is_refresh(&self, exchange: &Exchange) -> bool {
        let refresh = &self.provider.refresh;
        let grant_type = self.param(exchange, "grant_type");
        let written = refresh.step.params.iter().find(|(name, _)| name == "grant_type");
        grant_type == Some("refresh_token")
            || match written {
                Some((_, Some(param))) => grant_type == param.constant(),
                Some((_, None)) => grant_type.is_none() && self.param(exchange, "refresh_token").is_some(),
                None => false,
            }
    }

    /// A refresh: new tokens for old ones.
    pub fn refresh(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let refresh = &self.provider.refresh;
        self.check_shape(&refresh.step, exchange)?;
        let (number, mut sign_in) = match refresh.requires {
            RefreshRequires::RefreshToken => self.of_refresh_token(exchange)?,
            RefreshRequires::AccessToken => self.of_any_access_token(exchange)?,
        };
        let secret = self.proven(&refresh.step, exchange, &sign_in.authorized)?;
        self.proven_key(exchange, sign_in.jkt.as_deref())?;
        let token = sign_in.context.get("token").and_then(Value::as_object).cloned().unwrap_or_default();
        let recorded = &exchange.recorded;
        self.strictly(&mut sign_in.authorized, secret.as_ref().map(Secret::expose), |checker| {
            checker.refresh(&token, recorded)
        })?;
        let scenario = &self.scenarios[sign_in.authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        let vector = &scenario.vector;
        let again = vector.refresh_response.is_none();
        let scripted = if again { &vector.token_response } else { &vector.refresh_response };
        let mut scripted = scripted.clone().unwrap_or_else(|| granted(&self.provider, "AT"));
        // The answer to a refresh has no nonce to repeat (OpenID Connect Core §12.2).
        sign_in.authorized.placeholders.set("NONCE", "");
        sign_in.called.clear();
        self.sign(&mut scripted, &mut sign_in, (&exchange.base, secret.as_ref().map(Secret::expose)), again);
        let response = self.issue(&refresh.step, &scripted, &mut sign_in, &exchange.base, refresh.rotates);
        if let Some(kept) = self.grants().get_mut(number) {
            *kept = sign_in;
        }
        Ok(response)
    }

    /// A request that turns the token into the one to use.
    pub fn then(&self, index: usize, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let then = &self.provider.then[index];
        self.check_shape(&then.step, exchange)?;
        let (number, mut sign_in) = self.of_any_access_token(exchange)?;
        let secret = self.proven(&then.step, exchange, &sign_in.authorized)?;
        self.proven_key(exchange, sign_in.jkt.as_deref())?;
        let recorded = &exchange.recorded;
        self.strictly(&mut sign_in.authorized, secret.as_ref().map(Secret::expose), |checker| {
            checker.then(index, then, recorded)
        })?;
        let scenario = &self.scenarios[sign_in.authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        let Some(scripted) = scenario.vector.then.get(index).cloned() else {
            let description = format!("the scenario {} has no answer to this exchange", scenario.name);
            return Err(Refusal::not_found(description));
        };
        let response = self.issue(&then.step, &scripted, &mut sign_in, &exchange.base, false);
        if let Some(kept) = self.grants().get_mut(number) {
            *kept = sign_in;
        }
        Ok(response)
    }

    /// The scenario with a token of this grant: a vector has its answer, or says what its request is like.
    pub fn scenario_of(&self, grant: Grant) -> Option<usize> {
        let has_one = |scenario: &Scenario| {
            let vector = &scenario.vector;
            grant::answer_of(vector, grant).is_some() || vector.expect.contains_key(grant.as_str())
        };
        self.scenarios.iter().position(has_one)
    }

    /// A token without a browser.
    pub fn grant(&self, grant: Grant, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let number = self.scenario_of(grant).ok_or_else(|| {
            let description = format!("no test of the provider file has an answer to {}", grant.as_str());
            Refusal::new("unsupported_grant_type", description)
        })?;
        let step = grant.step(&self.provider);
        let client_id = match step.auth {
            None | Some(Auth::Client(_)) => {
                let client = client_auth::client(&exchange.recorded, &self.provider, &self.rules, None)?;
                if !client.authenticated {
                    return Err(Refusal::invalid_client("there is no client_secret"));
                }
                client.id
            }
            Some(_) => self.rules.client_id().to_owned(),
        };
        for name in grant::needed(grant) {
            if self.param(exchange, name).is_none() {
                return Err(Refusal::invalid_request(format!("there is no {name}")));
            }
        }
        if self.param(exchange, "actor_token").is_some() != self.param(exchange, "actor_token_type").is_some()
        {
            let description = "actor_token and actor_token_type come together (RFC 8693, section 2.1)";
            return Err(Refusal::invalid_request(description));
        }
        let scenario = &self.scenarios[number];
        exchange.scenario = Some(scenario.name.clone());
        let scripted = grant::answer_of(&scenario.vector, grant);
        let scripted = scripted.clone().unwrap_or_else(|| grant::standard(&self.provider, grant));
        let authorized = Authorized { scenario: number, client_id, ..Authorized::default() };
        let jkt = self.proven_key(exchange, None)?;
        let mut sign_in = SignIn { context: self.context(&authorized), authorized, jkt, ..SignIn::default() };
        let response = self.issue(step, &scripted, &mut sign_in, &exchange.base, false);
        self.grants().redeem(None, sign_in);
        Ok(response)
    }

    /// The client's secret, where the step authenticates as the client.
    fn proven(
        &self,
        step: &Step,
        exchange: &Exchange,
        authorized: &Authorized,
    ) -> Result<Option<Secret>, Refusal> {
        match step.auth {
            None | Some(Auth::Client(_)) => Ok(self.client(exchange, Some(authorized))?.secret),
            Some(_) => Ok(None),
        }
    }

    fn of_refresh_token(&self, exchange: &Exchange) -> Result<(u64, SignIn), Refusal> {
        let token = self.param(exchange, "refresh_token");
        let token = token.ok_or_else(|| Refusal::invalid_request("there is no refresh_token"))?;
        let grants = self.grants();
        let found = grants.by_refresh_token(token).map(|(number, sign_in)| (number, sign_in.clone()));
        found.ok_or_else(|| {
            Refusal::invalid_grant("the refresh_token is unknown, revoked or replaced by a newer one")
        })
    }

    /// The sign-in of an access token that comes as any parameter, or as a bearer.
    fn of_any_access_token(&self, exchange: &Exchange) -> Result<(u64, SignIn), Refusal> {
        let recorded = &exchange.recorded;
        let header = recorded.header("authorization").and_then(|header| header.split_once(' '));
        let values = recorded.params().map(|(_, value)| value).chain(header.map(|(_, token)| token.trim()));
        let grants = self.grants();
        let found = values.filter_map(|value| grants.by_access_token(value)).next();
        found
            .map(|(number, sign_in)| (number, sign_in.clone()))
            .ok_or_else(|| Refusal::invalid_grant("there is no access token that the mock issued"))
    }
}
