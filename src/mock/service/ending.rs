//! The end of tokens and of sign-ins: revocation (RFC 7009), introspection (RFC 7662), signing out.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use url::Url;

use crate::flow::dpop;
use crate::flow::later::Later;
use crate::mock::answer;
use crate::mock::placeholders::Placeholders;
use crate::mock::service::client_auth;
use crate::mock::service::grants::SignIn;
use crate::mock::service::journal::Exchange;
use crate::mock::service::method;
use crate::mock::service::page;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::provider::step::Auth;

impl Played {
    /// Takes a token back (RFC 7009 §2). A token that nobody knows is no error.
    pub fn revoke(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let (token, sign_in) = self.token_in_question(Later::Revocation, exchange)?;
        let cascades = self.scenarios[self.first].client.registration.provider.revocation.cascades;
        self.grants().revoke(&token, cascades);
        let scripted = sign_in.and_then(|sign_in| {
            let vector = &self.scenarios[sign_in.authorized.scenario].vector;
            Some(answer::scripted(vector.revocation_response.as_ref()?, &sign_in.authorized.placeholders))
        });
        Ok(scripted.unwrap_or_else(|| answer::plain(StatusCode::OK, String::new())))
    }

    /// Tells whether a token is valid (RFC 7662 §2.2).
    pub fn introspect(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let (_, sign_in) = self.token_in_question(Later::Introspection, exchange)?;
        let Some(sign_in) = sign_in else {
            return Ok(answer::json(StatusCode::OK, &json!({"active": false})));
        };
        let vector = &self.scenarios[sign_in.authorized.scenario].vector;
        if let Some(scripted) = &vector.introspection_response {
            return Ok(answer::scripted(scripted, &sign_in.authorized.placeholders));
        }
        let client_id = sign_in.authorized.client_id.as_str();
        let mut told = json!({"active": true, "client_id": client_id, "token_type": "Bearer"});
        if let Some(jkt) = &sign_in.jkt {
            told["token_type"] = dpop::SCHEME.into();
            told["cnf"] = json!({"jkt": jkt});
        }
        let subject = [&vector.claims, &vector.profile];
        if let Some(sub) = subject.into_iter().flatten().find_map(|members| members.get("sub")) {
            told["sub"] = sub.clone();
        }
        if let Some(scope) = sign_in.context.get("token").and_then(|token| token.get("scope")) {
            told["scope"] = scope.clone();
        }
        Ok(answer::scripted(&told, &Placeholders::default()))
    }

    /// The token that a request is about, and the sign-in that it belongs to.
    fn token_in_question(
        &self,
        later: Later,
        exchange: &mut Exchange,
    ) -> Result<(String, Option<SignIn>), Refusal> {
        let step = later.step(&self.scenarios[self.first].client.registration);
        let recorded = &exchange.recorded;
        method::of_token(step, recorded)?;
        if matches!(step.auth, None | Some(Auth::Client(_))) {
            client_auth::client(recorded, &self.provider, &self.rules, None)?;
        }
        let grants = self.grants();
        let known = |token: &str| {
            let found = grants.by_access_token(token).or_else(|| grants.by_refresh_token(token));
            found.map(|(_, sign_in)| sign_in.clone())
        };
        let header = recorded.header("authorization").and_then(|header| header.split_once(' '));
        let values = recorded.params().map(|(_, value)| value).chain(header.map(|(_, token)| token.trim()));
        let found = values.filter_map(|value| Some((value.to_owned(), known(value)?))).next();
        if let Some((token, sign_in)) = found {
            exchange.scenario = Some(self.scenarios[sign_in.authorized.scenario].name.clone());
            return Ok((token, Some(sign_in)));
        }
        match self.param(exchange, "token") {
            Some(token) => Ok((token.to_owned(), None)),
            None => Err(Refusal::invalid_request("there is no token")),
        }
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
}
