//! One sign-in after its callback: the token, the id_token, who it is. The order is that of the protocol; what each step
//! sends and accepts is [`flow`](crate::flow)'s business.

use std::sync::Arc;

use serde_json::Value;

use crate::client::{Client, Error, Inner, SignIn};
use crate::flow::error::{Misbehaviour, MisbehaviourKind};
use crate::flow::id_token::{RequestedClaim, VerifiedIdToken};
use crate::flow::metadata::{EndpointName, Metadata};
use crate::flow::verify::Check;
use crate::flow::{
    self, CallbackParams, Context, Pending, TokenSet, authorize, callback, dpop, profile, signed_userinfo,
    then, token, userinfo,
};
use crate::oauth::Secret;
use crate::oauth::jose::JwkSet;
use crate::provider::Protocol;
use crate::provider::step::ResponseFormat;
use crate::provider::userinfo::UserinfoCall;
use crate::transport::Limit;

/// What the id_token of a sign-in has to answer; nothing of it where no browser was there.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub nonce: Option<&'a Secret>,
    pub max_age: Option<u64>,
    /// The claims that it must have, with one of these values each.
    pub requested: &'a [RequestedClaim],
    /// The `iss` of the callback (RFC 9207).
    pub iss: Option<&'a str>,
}

impl Client {
    pub(super) async fn run_callback(
        &self,
        pending: Pending,
        params: CallbackParams,
    ) -> Result<SignIn, Error> {
        let (metadata, response, mut context) = self.answered(&pending, params).await?;
        let token = self.redeem(&metadata, &pending, &response, &mut context).await?;
        let max_age = pending.request.get("max_age").and_then(Value::as_str);
        let requested = authorize::requested_claims(self.registration(), &context)?;
        let asked = Asked {
            requested: &requested,
            nonce: pending.nonce.as_ref(),
            max_age: max_age.and_then(|text| text.parse().ok()),
            iss: response.iss(),
        };
        self.who(&metadata, token, asked, &mut context).await
    }

    pub(super) async fn run_tokens(
        &self,
        pending: Pending,
        params: CallbackParams,
    ) -> Result<TokenSet, Error> {
        let (metadata, response, mut context) = self.answered(&pending, params).await?;
        let token = self.redeem(&metadata, &pending, &response, &mut context).await?;
        let mut token = self.exchange(&metadata, token, &mut context).await?;
        token.remember(&context, None);
        Ok(token)
    }

    /// What the browser came back with, checked: it is the answer to this sign-in (RFC 6749 §4.1.2, RFC 9207 §2.4).
    async fn answered(
        &self,
        pending: &Pending,
        params: CallbackParams,
    ) -> Result<(Arc<Metadata>, callback::AuthorizationResponse, Context), Error> {
        let Inner { registration, clock, rng, .. } = &*self.inner;
        if pending.provider_id != registration.id
            || pending.client_id_hash != authorize::client_id_hash(&registration.client_id)
        {
            return Err(flow::Error::CallbackRejected(flow::error::Mismatch::State).into());
        }
        let metadata = self.metadata().await?;
        if pending.issuer != metadata.issuer.as_deref().unwrap_or_default() {
            return Err(flow::Error::CallbackRejected(flow::error::Mismatch::Issuer(
                "has changed since the sign-in began",
            ))
            .into());
        }
        let mut context = authorize::context(registration, pending, &**clock, &**rng)?;
        let params = match registration.provider.authorize.response_mode.is_signed() {
            // JARM §2.4
            true => {
                let against = self.against(&metadata);
                self.verified(&metadata, &context, |keys| against.callback(&params, keys)).await?
            }
            false => params,
        };
        let response = params.verify(registration, &metadata, pending, &mut context, clock.now())?;
        Ok((metadata, response, context))
    }

    /// Who it is that a token was granted by: the requests that turn it into the one to use, the id_token, userinfo.
    pub(super) async fn who(
        &self,
        metadata: &Metadata,
        token: TokenSet,
        asked: Asked<'_>,
        context: &mut Context,
    ) -> Result<SignIn, Error> {
        let registration = &self.inner.registration;
        let mut token = self.exchange(metadata, token, context).await?;
        let id_token = match registration.provider.protocol {
            Protocol::Oidc => Some(self.verify_id_token(metadata, asked, &token, context).await?),
            Protocol::Oauth2 => None,
        };
        token.remember(context, id_token.as_ref());
        let sub = id_token.as_ref().map(VerifiedIdToken::sub);
        self.ask_who(metadata, &token, sub, false, context).await?;
        let profile = profile::map(registration, context)?;
        let issuer = metadata.issuer.clone().unwrap_or_else(|| registration.id.clone());
        Ok(SignIn { profile, issuer, token })
    }

    /// The token request (RFC 6749 §4.1.3).
    async fn redeem(
        &self,
        metadata: &Metadata,
        pending: &Pending,
        response: &callback::AuthorizationResponse,
        context: &mut Context,
    ) -> Result<TokenSet, Error> {
        let Inner { registration, clock, .. } = &*self.inner;
        let endpoint = metadata.needed(EndpointName::Token, registration, context)?;
        let caller = self.caller(metadata, context);
        let request = || token::request(&caller, endpoint.url.clone(), response, pending);
        let key = pending.dpop_key.as_ref();
        let answer = self.send_proven("token", request, Limit::Token, &endpoint, key).await?;
        let token = token::response(registration, &answer, context, &**clock)?;
        Ok(TokenSet { dpop_key: key.cloned(), ..token })
    }

    /// The requests that turn the token into the one to use, in order.
    async fn exchange(
        &self,
        metadata: &Metadata,
        mut token: TokenSet,
        context: &mut Context,
    ) -> Result<TokenSet, Error> {
        let Inner { registration, clock, .. } = &*self.inner;
        for step in &registration.provider.then {
            if !then::applies(step, context)? {
                continue;
            }
            let endpoint = then::endpoint(step, registration, context)?;
            let request = || then::request(step, &token, &self.caller(metadata, context));
            let key = token.dpop_key.as_ref();
            let answer = self.send_proven(then::NAME, request, Limit::Token, &endpoint, key).await?;
            token = then::response(step, &token, registration, &answer, context, &**clock)?;
        }
        if !registration.provider.then.is_empty() {
            token = then::finish(registration, token, context)?;
        }
        Ok(token)
    }

    /// The id_token (OpenID Connect Core §3.1.3.7): its claims go into the context.
    async fn verify_id_token(
        &self,
        metadata: &Metadata,
        asked: Asked<'_>,
        token: &TokenSet,
        context: &mut Context,
    ) -> Result<VerifiedIdToken, Error> {
        let Inner { registration, clock, clock_skew, .. } = &*self.inner;
        let raw = token.id_token.as_ref().ok_or_else(|| {
            Misbehaviour::error(
                "id_token",
                MisbehaviourKind::IdTokenMissing,
                "the token response has no id_token",
            )
        })?;
        let check = Check {
            registration,
            metadata,
            nonce: asked.nonce,
            max_age: asked.max_age,
            requested: asked.requested,
            token,
            now: clock.now(),
            clock_skew: *clock_skew,
        };
        let verified = self.verify(&check, raw, context).await?;
        if let Some(iss) = asked.iss
            && registration.provider.id_token.issuer.is_some()
            && verified.claims().get("iss").and_then(Value::as_str) != Some(iss)
        {
            return Err(flow::Error::CallbackRejected(flow::error::Mismatch::Issuer(
                "is not that of the id_token",
            ))
            .into());
        }
        context.set("claims", Value::Object(verified.claims().clone()));
        Ok(verified)
    }

    /// Verifies an id_token, with newer keys where those at hand lack the one that it names.
    pub(super) async fn verify(
        &self,
        check: &Check<'_>,
        raw: &Secret,
        context: &Context,
    ) -> Result<VerifiedIdToken, Error> {
        self.verified(check.metadata, context, |keys| check.verify(raw, keys, context)).await
    }

    /// The userinfo calls (OpenID Connect Core §5.3), in order; each answer goes into the context. `again`: who it is
    /// is known, and an optional call that fails for the moment would take away what was there.
    pub(super) async fn ask_who(
        &self,
        metadata: &Metadata,
        token: &TokenSet,
        sub: Option<&str>,
        again: bool,
        context: &mut Context,
    ) -> Result<(), Error> {
        let registration = &self.inner.registration;
        for call in userinfo::calls(registration, metadata, context)? {
            if !userinfo::applies(call, context)? {
                continue;
            }
            match self.call(call, metadata, token, context).await {
                Ok(answer) => {
                    if let Some(sub) = sub.filter(|_| call.name == "userinfo") {
                        userinfo::check_subject(&answer, sub)?;
                        userinfo::overlay_claims(context, &answer);
                    }
                    context.set(&call.name, answer);
                }
                Err(error) if call.optional && !(again && error.is_passing()) => {
                    tracing::info!(provider = %registration.id, step = %call.name, %error, "an optional call failed");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn call(
        &self,
        call: &UserinfoCall,
        metadata: &Metadata,
        token: &TokenSet,
        context: &mut Context,
    ) -> Result<Value, Error> {
        let registration = &self.inner.registration;
        let endpoint = userinfo::endpoint(call, registration, metadata, context)?;
        let caller = self.caller(metadata, context);
        let request = userinfo::request(call, endpoint.url.clone(), &token.access_token, &caller)?;
        let key = token.dpop_key.as_ref().filter(|_| dpop::carries_bound_token(&request));
        let request = || Ok(request.clone());
        let answer = self.send_proven(&call.name, request, Limit::Userinfo, &endpoint, key).await?;
        let body = userinfo::response(call, &answer, context)?;
        match (call.step.response.format, body) {
            (ResponseFormat::Jwt, Value::String(jwt)) => {
                self.verify_userinfo(call, &Secret::from(jwt), metadata, context).await
            }
            (_, body) => Ok(body),
        }
    }

    /// A signed answer (OpenID Connect Core §5.3.2): its claims.
    async fn verify_userinfo(
        &self,
        call: &UserinfoCall,
        jwt: &Secret,
        metadata: &Metadata,
        context: &Context,
    ) -> Result<Value, Error> {
        let registration = &self.inner.registration;
        let verify = |keys: &JwkSet| signed_userinfo::verify(call, jwt, keys, registration, metadata);
        self.verified(metadata, context, verify).await
    }
}
