//! The authorization response (RFC 6749 §4.1.2): checked before anything is made of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::AuthorizationCode;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::expr::Context;
use crate::flow::error::{Error, ErrorResponse, Mismatch, Misuse};
use crate::flow::metadata::Metadata;
use crate::flow::pending::{LIFETIME, Pending};
use crate::flow::variables;
use crate::oauth::jose::MAX_TOKEN;
use crate::oauth::{Secret, json};
use crate::provider::Registration;
use crate::provider::learned::Stage;

/// The parameters of a callback as they came, repeated ones included. Nothing about them is known yet.
#[derive(Clone)]
pub struct CallbackParams {
    params: Vec<(String, String)>,
    /// Whether they were in a JWT whose signature, issuer, audience and lifetime are right.
    signed: bool,
}

impl CallbackParams {
    /// Reads the query of a redirect, or the body of a form post.
    pub fn parse(encoded: &str) -> CallbackParams {
        let params = form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
        CallbackParams { params, signed: false }
    }

    /// What a signed response holds, once it was verified.
    pub(super) fn signed(params: Vec<(String, String)>) -> CallbackParams {
        CallbackParams { params, signed: true }
    }

    /// The `state`, where it is there exactly once: it finds the sign-in that the callback may belong to. That of a response which
    /// is a JWT is read before anybody has verified it: whether it is right is for [`CallbackParams::verify`] to say.
    pub fn state(&self) -> Option<String> {
        let state = match self.response() {
            Some(response) => unverified_state(response)?,
            None => self.once("state")?.to_owned(),
        };
        Some(state).filter(|state| !state.is_empty())
    }

    /// `response`, the JWT that a signed response is (JARM §2.3), where it is there exactly once.
    pub fn response(&self) -> Option<&str> {
        self.once("response")
    }

    /// Checks the callback against the sign-in it claims to belong to: `state`, `iss`, then `error`, then the code.
    ///
    /// # Errors
    /// [`Error::Denied`] where the provider said no, [`Error::CallbackRejected`] where the callback is not of this
    /// sign-in.
    pub fn verify(
        self,
        registration: &Registration,
        metadata: &Metadata,
        pending: &Pending,
        context: &mut Context,
        now: u64,
    ) -> Result<AuthorizationResponse, Error> {
        let reject = |mismatch| Err(Error::CallbackRejected(mismatch));
        if registration.provider.authorize.response_mode.is_signed() && !self.signed {
            return reject(Mismatch::Response("it was asked for, and this one is not signed".into()));
        }
        if let Some(name) = self.repeated() {
            return reject(Mismatch::Duplicate(name));
        }
        let state = self.one("state").map(Secret::from);
        let fresh = now <= pending.created.saturating_add(LIFETIME);
        if !fresh || !state.is_some_and(|state| state.ct_eq(&pending.state)) {
            return reject(Mismatch::State);
        }
        let iss = self.one("iss").map(str::to_owned);
        self.check_iss(registration, metadata, pending)?;
        let error = self.one("error").filter(|error| !error.is_empty());
        if let Some(error) = error {
            if self.one("code").is_some() {
                return reject(Mismatch::Duplicate("error".into()));
            }
            return Err(Error::Denied(ErrorResponse::new(error, self.one("error_description"))));
        }
        let callback = &registration.provider.callback;
        context.set("callback", Value::Object(self.members()));
        variables::learn(registration, Stage::Callback, context)?;
        let code = match &callback.code {
            Some(path) => path.first(context.as_value()).and_then(Value::as_str).map(str::to_owned),
            None => self.one("code").map(str::to_owned),
        };
        let Some(code) = code.filter(|code| !code.is_empty() && code.len() <= MAX_CODE) else {
            return reject(Mismatch::CodeMissing);
        };
        if let Some(verify) = &callback.verify
            && !verify.holds(context).unwrap_or(false)
        {
            return reject(Mismatch::Verify);
        }
        let mut captured = Map::new();
        for (name, read) in &callback.capture {
            let value = read.value(context).map_err(|error| {
                Error::Misuse(Misuse::Configuration(format!("callback.capture.{name}: {}", error.message)))
            })?;
            captured.insert(name.clone(), value.unwrap_or(Value::Null));
        }
        context.set("captured", Value::Object(captured));
        Ok(AuthorizationResponse { code: AuthorizationCode::new(code), iss })
    }

    /// `iss` must be the issuer the request went to, and must be there where the provider says it always is
    /// (RFC 9207 §2.4).
    fn check_iss(
        &self,
        registration: &Registration,
        metadata: &Metadata,
        pending: &Pending,
    ) -> Result<(), Error> {
        let varies = registration.provider.id_token.issuer.is_some();
        match self.one("iss") {
            Some(_) if varies || pending.issuer.is_empty() => Ok(()),
            Some(iss) if iss == pending.issuer => Ok(()),
            Some(_) => Err(Error::CallbackRejected(Mismatch::Issuer("is another provider's"))),
            None if metadata.sends_iss(registration) => {
                Err(Error::CallbackRejected(Mismatch::Issuer("is missing")))
            }
            None => Ok(()),
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.params.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn once<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// What comes twice, or has no business in the answer to `response_type=code` (OAuth 2.0 Multiple Response Types §5).
    fn repeated(&self) -> Option<String> {
        const ONCE: [&str; 5] = ["code", "error", "error_description", "iss", "state"];
        const NEVER: [&str; 3] = ["access_token", "id_token", "response"];
        let twice = |name: &&str| self.all(name).count() > 1;
        let there = |name: &&str| self.one(name).is_some();
        ONCE.into_iter().find(twice).or(NEVER.into_iter().find(there)).map(str::to_owned)
    }

    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, value) in &self.params {
            members.entry(name.clone()).or_insert_with(|| value.clone().into());
        }
        members
    }
}

/// The `state` that a JWT claims to have.
fn unverified_state(jwt: &str) -> Option<String> {
    let payload = jwt.split('.').nth(1).filter(|_| jwt.len() <= MAX_TOKEN)?;
    let claims = json::parse(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(claims.get("state")?.as_str()?.to_owned())
}

/// Longer codes than this are no codes.
const MAX_CODE: usize = 8 * 1024;

/// The authorization response, after `state`, `iss` and `error` were checked.
///
/// Only [`CallbackParams::verify`] makes one, so a token request cannot be built from an unchecked callback.
pub struct AuthorizationResponse {
    pub(super) code: AuthorizationCode,
    iss: Option<String>,
}

impl AuthorizationResponse {
    /// The `iss` that came with the callback; for a provider whose issuer depends on claims, the id_token must repeat it.
    pub fn iss(&self) -> Option<&str> {
        self.iss.as_deref()
    }
}
