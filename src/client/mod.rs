//! The library's front door: a provider, our registration there and a transport; runs the steps of a sign-in in order.
//!
//! [`Client::authorize`] gives the address to send the browser to, and what to remember; [`Client::callback`] takes what
//! came back and gives the person's profile. What a step sends and accepts is [`flow`]'s business; here is
//! only the order, and what is kept between sign-ins: the discovery document and the keys.

mod cache;
mod error;
mod grants;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::flow::Context;
use crate::flow::caller::Caller;
use crate::flow::error::{Misbehaviour, MisbehaviourKind};
use crate::flow::metadata::{Endpoint, EndpointName, Metadata};
use crate::flow::verify::{Check, Refusal};
use crate::flow::{
    self, CallbackParams, Pending, TokenSet, authorize, callback, discovery, id_token, profile,
    signed_userinfo, then, token, userinfo,
};
use crate::oauth::jose::JwkSet;
use crate::oauth::{Profile, Secret};
use crate::provider::step::ResponseFormat;
use crate::provider::userinfo::UserinfoCall;
use crate::provider::{Protocol, Provider, Registration};
use crate::rng::Rng;
use crate::transport::{Limit, Request, Transport, Trust};

pub use crate::flow::Authorization;
pub use error::Error;

/// The longest that all requests of one callback may take together.
const CALLBACK_DEADLINE: Duration = Duration::from_secs(10);

/// Signs people in at one provider. Cheap to clone; clones share discovery document and keys.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    registration: Arc<Registration>,
    transport: Transport,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    clock_skew: u64,
    discovered: cache::Discovered,
    keys: cache::Keys,
}

/// A person has signed in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who.
    pub profile: Profile,
    /// The issuer that says so; the provider's id where it has no issuer identifier.
    pub issuer: String,
    /// The tokens.
    pub token: TokenSet,
}

impl Client {
    /// A client of one provider.
    pub fn new(
        registration: Arc<Registration>,
        transport: Transport,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Client {
        Client::with_clock_skew(registration, transport, clock, rng, id_token::DEFAULT_CLOCK_SKEW)
    }

    /// A client that lets the provider's clock be off by `clock_skew` seconds instead of 60.
    pub fn with_clock_skew(
        registration: Arc<Registration>,
        transport: Transport,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        clock_skew: u64,
    ) -> Client {
        let inner = Inner {
            registration,
            transport,
            clock,
            rng,
            clock_skew,
            discovered: cache::Discovered::default(),
            keys: cache::Keys::default(),
        };
        Client { inner: Arc::new(inner) }
    }

    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.inner.registration.provider
    }

    /// Our registration there.
    pub fn registration(&self) -> &Registration {
        &self.inner.registration
    }

    /// Begins a sign-in: where to send the browser, and what to remember until it comes back to `redirect_uri`.
    ///
    /// `request` holds the inputs of this sign-in; only those that the provider file declares are looked at.
    ///
    /// # Errors
    /// [`Error::Misuse`] where an input is wrong, or one that is needed is missing; [`Error::Transport`] and
    /// [`Error::ProviderMisbehaved`] where the discovery document cannot be had.
    pub async fn authorize(
        &self,
        redirect_uri: &str,
        request: &IndexMap<String, String>,
    ) -> Result<Authorization, Error> {
        let metadata = self.metadata().await?;
        let Inner { registration, clock, rng, .. } = &*self.inner;
        Ok(authorize::authorize(registration, &metadata, redirect_uri, request, &**clock, &**rng)?)
    }

    /// Ends a sign-in: checks the callback, redeems the code, and asks who it is.
    ///
    /// A token request is sent once, whatever becomes of it. `pending` must not be used again.
    ///
    /// # Errors
    /// Every way in which a sign-in can fail; see [`Error`].
    pub async fn callback(&self, pending: Pending, params: CallbackParams) -> Result<SignIn, Error> {
        match tokio::time::timeout(CALLBACK_DEADLINE, self.run_callback(pending, params)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::deadline("callback")),
        }
    }

    async fn run_callback(&self, pending: Pending, params: CallbackParams) -> Result<SignIn, Error> {
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
        let mut context = authorize::context(registration, &pending, &**clock, &**rng)?;
        let response = params.verify(registration, &metadata, &pending, &mut context, clock.now())?;
        let token = self.redeem(&metadata, &pending, &response, &mut context).await?;
        let token = self.exchange(&metadata, token, &mut context).await?;
        let sub = match registration.provider.protocol {
            Protocol::Oidc => {
                Some(self.verify_id_token(&metadata, &pending, &response, &token, &mut context).await?)
            }
            Protocol::Oauth2 => None,
        };
        self.ask_who(&metadata, &token, sub.as_deref(), &mut context).await?;
        let profile = profile::map(registration, &context)?;
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
        let endpoint = metadata
            .endpoint(EndpointName::Token, registration, context)?
            .ok_or_else(|| missing("token_endpoint"))?;
        let caller = self.caller(metadata, context);
        let request = token::request(&caller, endpoint.url.clone(), response, pending)?;
        let answer = self.send("token", request, Limit::Token, &endpoint).await?;
        Ok(token::response(registration, &answer, context, &**clock)?)
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
            let endpoint = then::endpoint(step, context)?;
            let request = then::request(step, &token, &self.caller(metadata, context))?;
            let answer = self.send(then::NAME, request, Limit::Token, &endpoint).await?;
            token = then::response(step, registration, &answer, context, &**clock)?;
        }
        if !registration.provider.then.is_empty() {
            token = then::finish(registration, token, context)?;
        }
        Ok(token)
    }

    /// The id_token (OpenID Connect Core §3.1.3.7): its claims go into the context, its `sub` is returned.
    async fn verify_id_token(
        &self,
        metadata: &Metadata,
        pending: &Pending,
        response: &callback::AuthorizationResponse,
        token: &TokenSet,
        context: &mut Context,
    ) -> Result<String, Error> {
        let Inner { registration, clock, clock_skew, .. } = &*self.inner;
        let raw = token.id_token.as_ref().ok_or_else(|| {
            Misbehaviour::error(
                "id_token",
                MisbehaviourKind::IdTokenMissing,
                "the token response has no id_token",
            )
        })?;
        let check =
            Check { registration, metadata, pending, token, now: clock.now(), clock_skew: *clock_skew };
        let keys = self.keys(metadata, context, None).await?;
        let verified = match check.verify(raw, &keys, context) {
            Err(Refusal::UnknownKey(_)) => {
                let renewed = self.keys(metadata, context, Some(&keys)).await?;
                check.verify(raw, &renewed, context)
            }
            outcome => outcome,
        };
        let verified = verified.map_err(flow::Error::from)?;
        if let Some(iss) = response.iss()
            && registration.provider.id_token.issuer.is_some()
            && verified.claims().get("iss").and_then(Value::as_str) != Some(iss)
        {
            return Err(flow::Error::CallbackRejected(flow::error::Mismatch::Issuer(
                "is not that of the id_token",
            ))
            .into());
        }
        context.set("claims", Value::Object(verified.claims().clone()));
        Ok(verified.sub().to_owned())
    }

    /// The userinfo calls (OpenID Connect Core §5.3), in order; each answer goes into the context.
    async fn ask_who(
        &self,
        metadata: &Metadata,
        token: &TokenSet,
        sub: Option<&str>,
        context: &mut Context,
    ) -> Result<(), Error> {
        let registration = &self.inner.registration;
        for call in userinfo::calls(registration, metadata, context)? {
            if !userinfo::applies(call, context)? {
                continue;
            }
            match self.call(call, metadata, &token.access_token, context).await {
                Ok(answer) => {
                    if let Some(sub) = sub.filter(|_| call.name == "userinfo") {
                        userinfo::check_subject(&answer, sub)?;
                        overlay_claims(context, &answer);
                    }
                    context.set(&call.name, answer);
                }
                Err(error) if call.optional => {
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
        access_token: &Secret,
        context: &mut Context,
    ) -> Result<Value, Error> {
        let registration = &self.inner.registration;
        let endpoint = userinfo::endpoint(call, registration, metadata, context)?;
        let request =
            userinfo::request(call, endpoint.url.clone(), access_token, &self.caller(metadata, context))?;
        let answer = self.send(&call.name, request, Limit::Userinfo, &endpoint).await?;
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
        let keys = self.keys(metadata, context, None).await?;
        let claims = match verify(&keys) {
            Err(Refusal::UnknownKey(_)) => verify(&*self.keys(metadata, context, Some(&keys)).await?),
            outcome => outcome,
        };
        Ok(claims.map_err(flow::Error::from)?)
    }

    fn caller<'a>(&'a self, metadata: &'a Metadata, context: &'a Context) -> Caller<'a> {
        let Inner { registration, clock, rng, .. } = &*self.inner;
        Caller { registration, metadata, context, clock: &**clock, rng: &**rng }
    }

    /// The metadata: what the file writes, and the discovery document where the file asks for it.
    async fn metadata(&self) -> Result<Arc<Metadata>, Error> {
        let Inner { registration, clock, discovered, .. } = &*self.inner;
        let fetch = async || {
            let written = Metadata::written(registration)?;
            let Some(url) = written.discovery_url(registration)? else { return Ok(written) };
            let endpoint = Endpoint { url: url.clone(), foreign: false };
            let answer =
                self.send("discovery", discovery::request(&url), Limit::Discovery, &endpoint).await?;
            Ok(written.with_discovered(registration, discovery::metadata(&answer)?)?)
        };
        discovered.get(&**clock, fetch).await
    }

    /// The keys that id_tokens are signed with; `unfit` are those that did not have the key of a token.
    async fn keys(
        &self,
        metadata: &Metadata,
        context: &Context,
        unfit: Option<&Arc<JwkSet>>,
    ) -> Result<Arc<JwkSet>, Error> {
        let Inner { registration, clock, keys, .. } = &*self.inner;
        let Some(endpoint) = metadata.endpoint(EndpointName::Jwks, registration, context)? else {
            return Ok(Arc::new(JwkSet::default()));
        };
        let fetch = async || {
            let answer = self.send("jwks", discovery::request(&endpoint.url), Limit::Jwks, &endpoint).await?;
            Ok((discovery::keys(&answer)?, cache::max_age(answer.headers())))
        };
        keys.get(&**clock, unfit, fetch).await
    }

    async fn send(
        &self,
        step: &str,
        http: http::Request<Bytes>,
        limit: Limit,
        endpoint: &Endpoint,
    ) -> Result<http::Response<Bytes>, Error> {
        let trust = if endpoint.foreign { Trust::Discovered } else { Trust::Operator };
        let request = Request {
            http,
            limit,
            trust,
            provider: self.inner.registration.id.clone(),
            step: step.to_owned(),
        };
        self.inner.transport.send(request).await.map_err(|error| Error::transport(step, error))
    }
}

fn missing(endpoint: &str) -> Error {
    flow::Error::Misuse(flow::error::Misuse::Configuration(format!("the provider has no {endpoint}"))).into()
}

/// `claims` are the id_token's, overlaid by userinfo; what the id_token says about itself stays.
pub(crate) fn overlay_claims(context: &mut Context, userinfo: &Value) {
    const ABOUT_THE_TOKEN: [&str; 12] =
        ["acr", "amr", "at_hash", "aud", "auth_time", "azp", "exp", "iat", "iss", "nbf", "nonce", "sub"];
    let mut claims: Map<String, Value> =
        context.get("claims").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in userinfo.as_object().into_iter().flatten() {
        if !ABOUT_THE_TOKEN.contains(&name.as_str()) {
            claims.insert(name.clone(), value.clone());
        }
    }
    context.set("claims", Value::Object(claims));
}
