//! Token requests after that of the code: refresh (RFC 6749 §6), the exchanges of `token.then`, client credentials (§4.4).

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};

use crate::mock::service::client_auth;
use crate::mock::service::grants::{Authorized, SignIn};
use crate::mock::service::journal::Exchange;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
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
                Some((_, Some(template))) => grant_type == Some(template.source()),
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
        let mut scripted = scripted.clone().unwrap_or_else(standard);
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

    /// A token for the client itself, where a vector says that there is one.
    pub fn client_credentials(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let has_one = |scenario: &crate::mock::service::Scenario| {
            let vector = &scenario.vector;
            vector.client_credentials_response.is_some() || vector.expect.contains_key("client_credentials")
        };
        let number = self.scenarios.iter().position(has_one).ok_or_else(|| {
            let description = "no test of the provider file has a token for the client itself";
            Refusal::new("unsupported_grant_type", description)
        })?;
        let client = client_auth::client(&exchange.recorded, &self.provider, &self.rules, None)?;
        if !client.authenticated {
            return Err(Refusal::invalid_client("there is no client_secret"));
        }
        let scenario = &self.scenarios[number];
        exchange.scenario = Some(scenario.name.clone());
        let scripted = scenario.vector.client_credentials_response.clone().unwrap_or_else(standard);
        let authorized = Authorized { scenario: number, client_id: client.id, ..Authorized::default() };
        let mut sign_in = SignIn { context: self.context(&authorized), authorized, ..SignIn::default() };
        let step = &self.provider.client_credentials;
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

fn standard() -> Value {
    let mut answer = Map::new();
    answer.insert("access_token".into(), "AT".into());
    answer.insert("token_type".into(), json!("Bearer"));
    Value::Object(answer)
}
