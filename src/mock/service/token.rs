//! The token endpoint: codes and refresh tokens become tokens (RFC 6749 §4.1.3, §6).

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::mock::answer;
use crate::mock::id_token;
use crate::mock::placeholders::{Placeholders, mentions};
use crate::mock::service::client_auth::{self, Client};
use crate::mock::service::grants::{Authorized, CodeProblem, SignIn};
use crate::mock::service::journal::Exchange;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::mock::service::request::count;
use crate::mock::service::scenario::Scenario;
use crate::mock::service::tokens;
use crate::provider::client_auth::TokenEndpointAuthMethod;
use crate::provider::step::{Auth, Body, Method as StepMethod};

impl Played {
    /// Answers a token request.
    pub fn token(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        self.check_shape(exchange)?;
        let grant_type = self.param(exchange, "grant_type").map(str::to_owned);
        let code = self.code_of(exchange);
        match (grant_type.as_deref(), code) {
            (Some("refresh_token"), _) => self.refresh(exchange),
            (Some("authorization_code"), None) => Err(Refusal::invalid_request("there is no code")),
            (Some("authorization_code"), Some(code)) => self.redeem(exchange, &code),
            // Where the file drops or renames the grant_type, the code tells what is asked for.
            (None, Some(code)) if !self.sends_grant_type() => self.redeem(exchange, &code),
            (Some(_), Some(code)) if self.writes_grant_type() && self.grants().knows_code(&code) => {
                self.redeem(exchange, &code)
            }
            (None, _) => Err(Refusal::invalid_request("there is no grant_type")),
            (Some(other), _) => {
                let description =
                    format!("grant_type is {other}; authorization_code and refresh_token are played");
                Err(Refusal::new("unsupported_grant_type", description))
            }
        }
    }

    /// The authorization code grant.
    fn redeem(&self, exchange: &mut Exchange, code: &str) -> Result<Response<Bytes>, Refusal> {
        let found = self.grants().code(code, self.clock.now());
        let mut authorized = found.map_err(|problem| {
            Refusal::invalid_grant(match problem {
                CodeProblem::Expired => "the code has expired: it lives for ten minutes",
                CodeProblem::Unknown => "the code is unknown: the mock did not issue it",
                CodeProblem::Used => {
                    "the code was used before; the tokens that it gave are revoked (RFC 6749, section 4.1.2)"
                }
            })
        })?;
        let client = self.client(exchange, Some(&authorized))?;
        self.check_redirect_uri(exchange, &authorized)?;
        self.check_verifier(exchange, &authorized)?;
        let placeholders = &mut authorized.placeholders;
        placeholders.set("CODE", code);
        placeholders.set("CLIENT_SECRET", client.secret.clone().unwrap_or_default());
        placeholders.set("CODE_VERIFIER", self.param(exchange, "code_verifier").unwrap_or_default());
        self.strictly_token(&exchange.recorded, &mut authorized, &client)?;
        let scenario = &self.scenarios[authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        let context = self.context(&authorized);
        let mut sign_in = SignIn { context, authorized, ..SignIn::default() };
        let scripted = scenario
            .vector
            .token_response
            .clone()
            .unwrap_or_else(|| json!({"access_token": "AT", "token_type": "Bearer"}));
        let response =
            self.respond(scenario, scripted, &mut sign_in, &exchange.base, client.secret.as_deref());
        self.grants().redeem(Some(code), sign_in);
        Ok(response)
    }

    /// The refresh token grant: the answer of the code, with new tokens.
    fn refresh(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        let token = self
            .param(exchange, "refresh_token")
            .ok_or_else(|| Refusal::invalid_request("there is no refresh_token"))?
            .to_owned();
        let found = self.grants().by_refresh_token(&token).map(|(number, sign_in)| (number, sign_in.clone()));
        let (number, mut sign_in) = found.ok_or_else(|| {
            Refusal::invalid_grant("the refresh_token is unknown, revoked or replaced by a newer one")
        })?;
        let client = self.client(exchange, Some(&sign_in.authorized))?;
        let scenario = &self.scenarios[sign_in.authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        let scripted = scenario.vector.token_response.clone().unwrap_or_default();
        // The answer to a refresh has no nonce to repeat (OpenID Connect Core §12.2).
        sign_in.authorized.placeholders.set("NONCE", "");
        sign_in.called.clear();
        let response =
            self.respond(scenario, scripted, &mut sign_in, &exchange.base, client.secret.as_deref());
        if let Some(kept) = self.grants().get_mut(number) {
            *kept = sign_in;
        }
        Ok(response)
    }

    /// The vector's answer with tokens of this sign-in's own.
    fn respond(
        &self,
        scenario: &Scenario,
        mut scripted: Value,
        sign_in: &mut SignIn,
        base: &str,
        secret: Option<&str>,
    ) -> Response<Bytes> {
        let placeholders = &mut sign_in.authorized.placeholders;
        if let Some(id_token) =
            self.id_token(scenario, &sign_in.authorized.client_id, placeholders, base, secret)
        {
            placeholders.set("ID_TOKEN", id_token);
            let spelled_out = tokens::is_spelled_out(&scripted) || mentions(&scripted, "ID_TOKEN");
            if let Some(members) = scripted.as_object_mut().filter(|_| !spelled_out) {
                members.entry("id_token").or_insert_with(|| "ID_TOKEN".into());
            }
        }
        let filled = placeholders.fill(&scripted);
        let Some(mut members) = tokens::members(&filled) else {
            return answer::scripted(&filled, &Placeholders::default());
        };
        let learned = tokens::learn(&self.provider, &members, &mut sign_in.context);
        let text = |name: &str| learned.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let mut body = Value::Object(std::mem::take(&mut members));
        if let Some(old) = text("access_token") {
            let new = tokens::mint(old, &*self.rng);
            tokens::replace(&mut body, old, &new);
            sign_in.authorized.placeholders.set("ACCESS_TOKEN", new.as_str());
            sign_in.access_tokens.push(new);
        }
        if let Some(old) = text("refresh_token") {
            let new = tokens::mint(old, &*self.rng);
            tokens::replace(&mut body, old, &new);
            sign_in.refresh_token = Some(new);
        }
        let Value::Object(members) = body else { return answer::scripted(&filled, &Placeholders::default()) };
        tokens::learn(&self.provider, &members, &mut sign_in.context);
        let mut shown = Value::Object(members);
        self.localise(&mut shown, base);
        let shown = match shown {
            Value::Object(members) => tokens::with_members(&filled, members),
            other => other,
        };
        answer::scripted(&shown, &Placeholders::default())
    }

    fn id_token(
        &self,
        scenario: &Scenario,
        client_id: &str,
        placeholders: &Placeholders,
        base: &str,
        secret: Option<&str>,
    ) -> Option<String> {
        let now = self.clock.now();
        let over = scenario.claims(now, placeholders)?;
        let mut claims = Map::new();
        claims.insert("iss".into(), base.into());
        claims.insert("aud".into(), client_id.into());
        claims.insert("iat".into(), now.into());
        claims.insert("exp".into(), (now + 300).into());
        if let Some(nonce) = placeholders.get("NONCE").filter(|nonce| !nonce.is_empty()) {
            claims.insert("nonce".into(), nonce.into());
        }
        answer::lay(&mut claims, &over, &Placeholders::default());
        Some(id_token::sign(self.alg(), &claims, secret))
    }

    /// Method and body, as the file has them or as RFC 6749 does.
    fn check_shape(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let recorded = &exchange.recorded;
        let step = &self.provider.token;
        let takes_get = step.method == StepMethod::Get;
        match recorded.method {
            Method::GET if takes_get => {}
            Method::POST => {}
            _ => {
                return Err(Refusal::method(
                    if takes_get { "GET or POST" } else { "POST" },
                    &recorded.method,
                ));
            }
        }
        let written = recorded.format.unwrap_or("none");
        let takes_json = step.body == Body::Json;
        if recorded.method == Method::POST
            && recorded.query.is_empty()
            && written != "form"
            && !(takes_json && written == "json")
        {
            let wanted = if takes_json { "JSON or a form" } else { "application/x-www-form-urlencoded" };
            return Err(Refusal::invalid_request(format!("the body is not {wanted}")));
        }
        match recorded
            .params()
            .find(|(name, _)| count(recorded, name) > 1 && *name != "resource" && *name != "audience")
        {
            Some((name, _)) => Err(Refusal::invalid_request(format!("{name} comes more than once"))),
            None => Ok(()),
        }
    }

    /// The client: a secret, or for a client that has none the proof that PKCE is (RFC 7636).
    fn client(&self, exchange: &Exchange, authorized: Option<&Authorized>) -> Result<Client, Refusal> {
        let known = authorized.map(|authorized| authorized.client_id.as_str());
        let client = client_auth::client(&exchange.recorded, &self.provider, &self.rules, known)?;
        let may_be_public = self.provider.client_auth.method == TokenEndpointAuthMethod::None
            || self.provider.token.auth == Some(Auth::None)
            || authorized.is_some_and(|authorized| authorized.challenge.is_some());
        if !client.authenticated && !may_be_public {
            return Err(Refusal::invalid_client(
                "there is no client_secret; a client without one has to use PKCE",
            ));
        }
        Ok(client)
    }

    fn check_redirect_uri(&self, exchange: &Exchange, authorized: &Authorized) -> Result<(), Refusal> {
        let drops =
            self.provider.token.params.iter().any(|(name, value)| name == "redirect_uri" && value.is_none());
        match self.param(exchange, "redirect_uri") {
            Some(redirect_uri) if redirect_uri == authorized.redirect_uri => Ok(()),
            None if drops => Ok(()),
            Some(redirect_uri) => Err(Refusal::invalid_grant(format!(
                "the redirect_uri is {redirect_uri}; that of the authorization request was {}",
                authorized.redirect_uri
            ))),
            None => Err(Refusal::invalid_request(
                "there is no redirect_uri, as the authorization request had one (RFC 6749, section 4.1.3)",
            )),
        }
    }

    fn check_verifier(&self, exchange: &Exchange, authorized: &Authorized) -> Result<(), Refusal> {
        match (&authorized.challenge, self.param(exchange, "code_verifier")) {
            (None, None) => Ok(()),
            (Some(challenge), Some(verifier)) if challenge.matches(verifier) => Ok(()),
            (Some(_), Some(_)) => Err(Refusal::invalid_grant(
                "the code_verifier does not match the code_challenge of the authorization request (RFC 7636, section 4.6)",
            )),
            (Some(_), None) => Err(Refusal::invalid_grant(
                "there is no code_verifier, but the authorization request had a code_challenge",
            )),
            (None, Some(_)) => Err(Refusal::invalid_grant(
                "there is a code_verifier, but the authorization request had no code_challenge",
            )),
        }
    }

    /// The code, whatever the provider calls it: the parameter of its name, or one whose value was issued as a code.
    fn code_of(&self, exchange: &Exchange) -> Option<String> {
        let grants = self.grants();
        let issued = exchange.recorded.params().find(|(_, value)| grants.knows_code(value));
        issued.map(|(_, code)| code.to_owned()).or_else(|| Some(self.param(exchange, "code")?.to_owned()))
    }

    /// Whether a client that follows the file sends a `grant_type`.
    fn sends_grant_type(&self) -> bool {
        !self.provider.token.params.iter().any(|(name, value)| name == "grant_type" && value.is_none())
    }

    /// Whether the file writes a `grant_type` of its own.
    fn writes_grant_type(&self) -> bool {
        self.provider.token.params.iter().any(|(name, value)| name == "grant_type" && value.is_some())
    }

    /// The keys that verify the id_tokens.
    pub fn jwks(&self) -> Response<Bytes> {
        let key = id_token::public_key(self.alg());
        let keys: Vec<Value> = Some(key).filter(|key| !key.is_null()).into_iter().collect();
        answer::json(StatusCode::OK, &json!({"keys": keys}))
    }
}
