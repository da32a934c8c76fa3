//! Tokens that a client asks for without a browser, as a vector plays them: the request, what it must be like, the answer.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};

use crate::client::{Client, Error};
use crate::flow::TokenSet;
use crate::flow::grant::{
    ClientCredentialsRequest, Grant, JwtBearerRequest, TokenExchangeRequest, TypedToken,
};
use crate::mock::answer;
use crate::mock::check::{Checker, Failure, Want};
use crate::mock::provider::{Progress, Shared};
use crate::mock::record::{Recorded, text};
use crate::mock::tokens::{granted, token_of};
use crate::oauth::Secret;
use crate::provider::step::Auth;
use crate::provider::{Provider, Vector};

/// The assertion where the file does not say how it is made.
const ASSERTION: &str = "ASSERTION";

/// Asks as a vector has it: the access token of the sign-in is what is exchanged.
///
/// # Errors
/// What went wrong at the token endpoint.
pub async fn ask(client: &Client, grant: Grant, token: &TokenSet) -> Result<(), Error> {
    match grant {
        Grant::ClientCredentials => {
            client.client_credentials(&ClientCredentialsRequest::default()).await?;
        }
        Grant::JwtBearer => {
            let given = client.provider().jwt_bearer.assertion.is_none();
            let assertion = given.then(|| Secret::from(ASSERTION));
            client.jwt_bearer(&JwtBearerRequest { assertion, scope: None }).await?;
        }
        Grant::TokenExchange => {
            let subject_token = TypedToken::access_token(token.access_token.clone());
            client.token_exchange(&TokenExchangeRequest::new(subject_token)).await?;
        }
    }
    Ok(())
}

/// The answer that a vector has for it.
pub(super) fn answer_of(vector: &Vector, grant: Grant) -> &Option<Value> {
    match grant {
        Grant::ClientCredentials => &vector.client_credentials_response,
        Grant::JwtBearer => &vector.jwt_bearer_response,
        Grant::TokenExchange => &vector.token_exchange_response,
    }
}

/// The answer of a vector that has none.
pub(super) fn standard(provider: &Provider, grant: Grant) -> Value {
    let mut answer = granted(provider, "AT");
    if grant == Grant::TokenExchange {
        answer["issued_token_type"] = TypedToken::ACCESS_TOKEN.into();
    }
    answer
}

/// The parameters that a request must have.
pub(super) fn needed(grant: Grant) -> &'static [&'static str] {
    match grant {
        Grant::ClientCredentials => &[],
        Grant::JwtBearer => &["assertion"],
        Grant::TokenExchange => &["subject_token", "subject_token_type"],
    }
}

/// The grant that a token request is about: its `grant_type` is the RFC's, or the one that the file writes instead.
pub(super) fn asked_for(provider: &Provider, grant_type: &str) -> Option<Grant> {
    Grant::ALL.into_iter().find(|grant| {
        let written = grant.step(provider).params.iter().find(|(name, _)| name == "grant_type");
        match written {
            Some((_, param)) => param.as_ref().is_some_and(|param| param.constant() == Some(grant_type)),
            None => grant.grant_type() == grant_type,
        }
    })
}

impl Shared {
    /// Answers it.
    pub fn grant(&self, grant: Grant, recorded: &mut Recorded, progress: &mut Progress) -> Response<Bytes> {
        recorded.step = grant.as_str().into();
        let mut sign_in = progress.current.clone();
        let token = token_of(&sign_in);
        progress.failures.extend(self.checker(&mut sign_in).grant(grant, &token, recorded));
        let provider = &self.client.registration.provider;
        let scripted = answer_of(&self.vector, grant).clone().unwrap_or_else(|| standard(provider, grant));
        answer::scripted(&scripted, &sign_in.placeholders)
    }
}

impl Checker<'_> {
    /// Checks the request (RFC 6749 §4.4.2, RFC 7523 §2.1, RFC 8693 §2.1). `token` is that of the sign-in.
    pub fn grant(&mut self, grant: Grant, token: &Map<String, Value>, recorded: &Recorded) -> Vec<Failure> {
        let scope = if self.scope.is_empty() { Want::Absent } else { Want::Is(self.scope.clone()) };
        let mut standard = vec![("grant_type", Want::Is(grant.grant_type().into()))];
        let mut failures = vec![];
        match grant {
            Grant::ClientCredentials => standard.push(("scope", scope)),
            Grant::JwtBearer => {
                standard.extend([("assertion", Want::Present), ("scope", scope)]);
                failures.extend(self.assertion(grant, recorded));
            }
            Grant::TokenExchange => {
                let subject_token = token.get("access_token").map_or(Want::Present, |it| Want::Is(text(it)));
                let subject_token_type = Want::Is(TypedToken::ACCESS_TOKEN.into());
                standard
                    .extend([("subject_token", subject_token), ("subject_token_type", subject_token_type)]);
            }
        }
        let provider = self.provider;
        let step = grant.step(provider);
        let auth = step.auth.clone().unwrap_or(Auth::Client(provider.client_auth.method));
        failures.extend(self.later(grant.as_str(), step, &auth, standard, recorded));
        failures
    }

    /// An assertion that the client makes must be as its file says.
    fn assertion(&self, grant: Grant, recorded: &Recorded) -> Option<Failure> {
        let made = self.credentials.made_assertion.as_ref()?;
        let assertion = recorded.param(self.theirs("assertion"))?;
        let why = made.check(assertion).err()?;
        Some(Failure::new(grant.as_str(), "assertion", why, assertion))
    }
}
