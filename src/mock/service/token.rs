//! The token endpoint: a code becomes tokens (RFC 6749 §4.1.3).

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use crate::mock::answer;
use crate::mock::grant;
use crate::mock::id_token;
use crate::mock::service::client_auth::{self, Client};
use crate::mock::service::grants::{Authorized, CodeProblem, SignIn};
use crate::mock::service::journal::Exchange;
use crate::mock::service::method;
use crate::mock::service::played::Played;
use crate::mock::service::refusal::Refusal;
use crate::mock::service::request::count;
use crate::mock::tokens::granted;
use crate::oauth::Secret;
use crate::provider::client_auth::TokenEndpointAuthMethod;
use crate::provider::step::{Auth, Body, Step};

impl Played {
    /// Answers a token request.
    pub fn token(&self, exchange: &mut Exchange) -> Result<Response<Bytes>, Refusal> {
        self.check_shape(&self.provider.token, exchange)?;
        let grant_type = self.param(exchange, "grant_type").map(str::to_owned);
        if self.is_refresh(exchange) {
            return self.refresh(exchange);
        }
        if let Some(grant) = grant_type.as_deref().and_then(|word| grant::asked_for(&self.provider, word)) {
            return self.grant(grant, exchange);
        }
        let code = self.code_of(exchange);
        match (grant_type.as_deref(), code) {
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
        let jkt = self.proven_key(exchange, authorized.dpop_jkt.as_deref())?;
        self.check_redirect_uri(exchange, &authorized)?;
        self.check_verifier(exchange, &authorized)?;
        let placeholders = &mut authorized.placeholders;
        placeholders.set("CODE", code);
        let secret = client.secret.as_ref().map(Secret::expose);
        placeholders.set("CLIENT_SECRET", secret.unwrap_or_default());
        placeholders.set("CODE_VERIFIER", self.param(exchange, "code_verifier").unwrap_or_default());
        self.strictly(&mut authorized, secret, |checker| checker.token(&exchange.recorded))?;
        let scenario = &self.scenarios[authorized.scenario];
        exchange.scenario = Some(scenario.name.clone());
        let context = self.context(&authorized);
        let mut sign_in = SignIn { context, authorized, jkt, ..SignIn::default() };
        let mut scripted =
            scenario.vector.token_response.clone().unwrap_or_else(|| granted(&self.provider, "AT"));
        self.sign(&mut scripted, &mut sign_in, (&exchange.base, secret), true);
        let response = self.issue(&self.provider.token, &scripted, &mut sign_in, &exchange.base, true);
        self.grants().redeem(Some(code), sign_in);
        Ok(response)
    }

    /// Method and body, as the file has them or as RFC 6749 does.
    pub fn check_shape(&self, step: &Step, exchange: &Exchange) -> Result<(), Refusal> {
        let recorded = &exchange.recorded;
        method::of_token(step, recorded)?;
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
    pub fn client(&self, exchange: &Exchange, authorized: Option<&Authorized>) -> Result<Client, Refusal> {
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
        answer::json(StatusCode::OK, &id_token::public_keys(&self.provider))
    }
}
