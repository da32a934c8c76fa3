//! The logout token (OpenID Connect Back-Channel Logout §2.4, §2.6): the provider says that somebody has signed out there.
//!
//! In: the token as it came and the provider's keys. Out: a [`VerifiedLogoutToken`], which nothing else makes. Whether it came
//! before is for whoever remembers [`VerifiedLogoutToken::jti`].

use std::fmt;

use serde_json::{Map, Value};

use crate::expr::Context;
use crate::flow::error::{Error, Misbehaviour, MisbehaviourKind};
use crate::flow::id_token::claims::{self, wrong};
use crate::flow::id_token::{Expected, IdTokenError, invalid};
use crate::flow::verify::{Against, Refusal, audiences, issuers};
use crate::oauth::Secret;
use crate::oauth::jose::{Alg, JoseError, JwkSet, Jws};

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// What `typ` may say, where it is there: providers of before the final standard have the type of any JWT.
const TYPES: [&str; 2] = ["logout+jwt", "jwt"];
/// The longest `sid` and `jti`, in bytes.
const MAX_ID: usize = 1024;

/// A logout token that was verified: it is about a subject, about one of the provider's sessions, or about both.
pub struct VerifiedLogoutToken {
    issuer: String,
    sub: Option<String>,
    sid: Option<String>,
    jti: String,
    expires: u64,
}

impl Against<'_> {
    /// Verifies signature and claims. Signed with the algorithms of the id_tokens, as §2.6 has it.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] where other keys may help; else what is wrong.
    pub fn logout_token(
        &self,
        raw: &Secret,
        keys: &JwkSet,
        context: &Context,
    ) -> Result<VerifiedLogoutToken, Refusal> {
        let algs: Vec<Alg> =
            self.registration.provider.id_token.algs.iter().copied().map(Alg::from).collect();
        let verified =
            Jws::parse(raw.expose()).and_then(|jws| jws.verify(keys, &algs, self.hmac_secret(&algs)));
        let verified = verified.map_err(|error| match error {
            JoseError::UnknownKey { .. } => Refusal::UnknownKey(refused(error.to_string())),
            error => Refusal::Final(refused(error.to_string())),
        })?;
        let typ = verified.typ().unwrap_or("jwt").to_ascii_lowercase();
        if !TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ)) {
            return Err(Refusal::Final(refused("its type is not that of a logout token")));
        }
        let claims = verified.into_claims();
        let mut context = context.clone();
        context.set("claims", Value::Object(claims.clone()));
        let issuers = issuers(self.registration, self.metadata, &context)?;
        let audiences = audiences(self.registration, &context)?;
        let checked = check(self, &claims, &issuers, &audiences);
        checked.map_err(|error| Refusal::Final(refused(error.to_string())))
    }
}

fn check(
    against: &Against<'_>,
    claims: &Map<String, Value>,
    issuers: &[String],
    audiences: &[String],
) -> Result<VerifiedLogoutToken, IdTokenError> {
    let expected = Expected {
        audiences,
        ..Expected::of(issuers, against.registration, against.now, against.clock_skew)
    };
    claims::check_issuer(claims, &expected)?;
    claims::check_audience(claims, &expected)?;
    claims::check_times(claims, &expected)?;
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(invalid("`events` does not say that somebody signs out"));
    }
    if claims.contains_key("nonce") {
        return Err(invalid("`nonce` is there, as in an id_token"));
    }
    let sub = claims.get("sub").map(|_| claims::subject(claims)).transpose()?;
    let sid = claims.get("sid").map(|_| id("sid", claims)).transpose()?;
    if sub.is_none() && sid.is_none() {
        return Err(invalid("it has neither `sub` nor `sid`"));
    }
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default().to_owned();
    let expires = claims::date(claims, "exp")?.unwrap_or_default().saturating_add(against.clock_skew);
    Ok(VerifiedLogoutToken { issuer, sub, sid, jti: id("jti", claims)?, expires })
}

impl VerifiedLogoutToken {
    /// Who says so.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Who has signed out: everywhere, where there is no [`VerifiedLogoutToken::sid`].
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// Which of the provider's sessions has ended.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What tells it from every other one of this issuer.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// Until when it would be accepted, in seconds since 1970.
    pub fn expires(&self) -> u64 {
        self.expires
    }
}

impl fmt::Debug for VerifiedLogoutToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedLogoutToken").finish_non_exhaustive()
    }
}

fn refused(why: impl Into<String>) -> Error {
    Misbehaviour::error("logout_token", MisbehaviourKind::LogoutTokenInvalid, why)
}

fn id(name: &str, claims: &Map<String, Value>) -> Result<String, IdTokenError> {
    let found = claims.get(name);
    match found.and_then(Value::as_str) {
        Some(id) if !id.is_empty() && id.len() <= MAX_ID => Ok(id.to_owned()),
        _ => Err(wrong(name, found, "text of 1 to 1024 bytes")),
    }
}
