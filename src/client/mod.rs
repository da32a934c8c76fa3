//! The library's front door: a provider, our registration there and a transport; runs the steps of a sign-in in order.
//!
//! [`Client::authorize`] gives the address to send the browser to, and what to remember; [`Client::callback`] takes what
//! came back and gives the person's profile. What a step sends and accepts is [`flow`]'s business; here is
//! only the order, and what is kept between sign-ins: the discovery document and the keys.

mod cache;
mod device;
mod dpop;
mod error;
mod grants;
mod later;
mod logout;
mod refresh;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use indexmap::IndexMap;
use url::Url;

use crate::clock::Clock;
use crate::flow::Context;
use crate::flow::authorize::{self, AuthorizationRequest};
use crate::flow::caller::Caller;
use crate::flow::metadata::{Endpoint, EndpointName, Metadata};
use crate::flow::verify::{Against, Refusal};
use crate::flow::{
    self, CallbackParams, Pending, TokenSet, discovery, id_token, protected_resource, pushed, registration,
};
use crate::oauth::jose::JwkSet;
use crate::oauth::{Profile, Secret};
use crate::provider::{Provider, Registration};
use crate::rng::Rng;
use crate::transport::{Limit, Request, Transport, Trust};

pub use crate::flow::Authorization;
pub use device::DeviceAuthorization;
pub use error::Error;

/// The longest that all requests of one callback may take together.
const CALLBACK_DEADLINE: Duration = Duration::from_secs(10);

/// Signs people in at one provider. Cheap to clone; clones share discovery document and keys.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    registration: Arc<Registration>,
    transport: Transport,
    /// For requests that show our certificate.
    showing_certificate: Option<Transport>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    clock_skew: u64,
    discovered: Arc<cache::Discovered>,
    keys: Arc<cache::Keys>,
    nonces: Arc<dpop::Nonces>,
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
            showing_certificate: registration.certificate().map(|certificate| transport.showing(certificate)),
            registration,
            transport,
            clock,
            rng,
            clock_skew,
            discovered: Arc::default(),
            keys: Arc::default(),
            nonces: Arc::default(),
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

    /// A client that has no id registers itself for sign-ins that come back to `redirect_uri` (RFC 7591); one that has an id is
    /// returned as it is. What the provider gave is in [`Client::registration`]: keep it with the tokens, which are of no use
    /// to another client.
    ///
    /// # Errors
    /// [`Error::Misuse`] where the provider file has no `client_metadata`, or nobody knows a `registration_endpoint`; else what
    /// went wrong there. The request is sent once.
    pub async fn registered(&self, redirect_uri: &str) -> Result<Client, Error> {
        let own = self.registration();
        if own.is_registered() {
            return Ok(self.clone());
        }
        let metadata = self.metadata().await?;
        let endpoint = registration::endpoint(own, &metadata)?;
        let request = registration::request(own, &endpoint, redirect_uri);
        let answer = self.send(registration::STEP, request, Limit::Token, &endpoint).await?;
        Ok(self.with(registration::response(own, &answer)?))
    }

    /// A client that has registered itself before: the same with what it was given then.
    pub fn registered_as(&self, client_id: &str, client_secret: Option<Secret>) -> Client {
        self.with(self.registration().registered(client_id, client_secret))
    }

    fn with(&self, registration: Registration) -> Client {
        let registration = Arc::new(registration);
        Client { inner: Arc::new(Inner { registration, ..(*self.inner).clone() }) }
    }

    /// Begins a sign-in: where to send the browser, and what to remember until it comes back to `redirect_uri`.
    ///
    /// `request` holds the inputs of this sign-in; only those that the provider file declares are looked at.
    ///
    /// # Errors
    /// [`Error::Misuse`] where an input is wrong, or one that is needed is missing; [`Error::Transport`] and
    /// [`Error::ProviderMisbehaved`] where the discovery document cannot be had, or the provider does not take the parameters
    /// that go ahead of the browser (RFC 9126).
    pub async fn authorize(
        &self,
        redirect_uri: &str,
        request: &IndexMap<String, String>,
    ) -> Result<Authorization, Error> {
        let Inner { registration, clock, rng, .. } = &*self.inner;
        if !registration.is_registered() {
            return Err(misuse(UNREGISTERED));
        }
        let metadata = self.metadata().await?;
        let request = authorize::request(registration, &metadata, redirect_uri, request, &**clock, &**rng)?;
        match metadata.pushes(registration) {
            false => Ok(request.by_value(registration)),
            true => {
                let request_uri = self.push(&metadata, &request).await?;
                Ok(request.by_reference(registration, &request_uri))
            }
        }
    }

    /// Sends the parameters of an authorization request ahead; the reference to them.
    async fn push(&self, metadata: &Metadata, request: &AuthorizationRequest) -> Result<String, Error> {
        let caller = self.caller(metadata, request.context());
        let endpoint = pushed::endpoint(&caller)?;
        let make = || pushed::request(&caller, endpoint.url.clone(), request);
        let key = request.dpop_key();
        let answer = self.send_proven(pushed::STEP, make, Limit::Token, &endpoint, key).await?;
        Ok(pushed::response(&answer, &mut request.context().clone())?)
    }

    /// Ends a sign-in: checks the callback, redeems the code, and asks who it is.
    ///
    /// A token request is sent once, whatever becomes of it; only where a server wants a nonce in the proof of an access token that
    /// is bound to a key (RFC 9449 §8) it goes out once more with that. `pending` must not be used again.
    ///
    /// # Errors
    /// Every way in which a sign-in can fail; see [`Error`]. [`Error::Misuse`] for a provider that hands out tokens alone:
    /// [`Client::tokens`].
    pub async fn callback(&self, pending: Pending, params: CallbackParams) -> Result<SignIn, Error> {
        if !self.provider().signs_in {
            return Err(misuse(TOKENS_ALONE));
        }
        in_time(self.run_callback(pending, params)).await
    }

    /// The same without asking who it is: for a provider that hands out tokens alone (`sign_in: false`).
    ///
    /// # Errors
    /// What can go wrong until the tokens are there; see [`Error`].
    pub async fn tokens(&self, pending: Pending, params: CallbackParams) -> Result<TokenSet, Error> {
        in_time(self.run_tokens(pending, params)).await
    }

    /// Whichever of the two the provider allows: its tokens, and who it is where it tells.
    #[cfg(feature = "mock")]
    pub(crate) async fn finish(
        &self,
        pending: Pending,
        params: CallbackParams,
    ) -> Result<(Option<Profile>, TokenSet), Error> {
        if self.provider().signs_in {
            let SignIn { profile, token, .. } = self.callback(pending, params).await?;
            return Ok((Some(profile), token));
        }
        Ok((None, self.tokens(pending, params).await?))
    }

    fn caller<'a>(&'a self, metadata: &'a Metadata, context: &'a Context) -> Caller<'a> {
        let Inner { registration, clock, rng, .. } = &*self.inner;
        Caller { registration, metadata, context, clock: &**clock, rng: &**rng }
    }

    /// The metadata: what the file writes, and the discovery document where the file asks for it.
    async fn metadata(&self) -> Result<Arc<Metadata>, Error> {
        let Inner { registration, clock, discovered, .. } = &*self.inner;
        let fetch = async || {
            let mut metadata = Metadata::written(registration)?;
            let mut addresses: Vec<Url> = metadata.discovery_url(registration)?.into_iter().collect();
            if let Some(resource) = metadata.protected_resource(registration)? {
                let named = protected_resource::addresses(&resource);
                let answer = self.document(protected_resource::STEP, named, false).await?;
                let issuer = protected_resource::issuer(&answer, &resource)?;
                metadata = metadata.of_resource(&resource, &issuer)?;
                addresses = metadata.well_known();
            }
            if addresses.is_empty() {
                return Ok(metadata);
            }
            let answer = self.document("discovery", addresses, metadata.foreign_issuer).await?;
            Ok(metadata.with_discovered(registration, discovery::metadata(&answer)?)?)
        };
        discovered.get(&**clock, fetch).await
    }

    /// A public document, at the first of these addresses that knows it.
    async fn document(
        &self,
        step: &str,
        addresses: Vec<Url>,
        foreign: bool,
    ) -> Result<http::Response<Bytes>, Error> {
        let mut addresses = addresses.into_iter().peekable();
        loop {
            let url = addresses.next().expect("a document has an address");
            let request = discovery::request(&url);
            let endpoint = Endpoint { foreign, ..Endpoint::document(url) };
            let answer = self.send(step, request, Limit::Discovery, &endpoint).await?;
            if !answer.status().is_client_error() || addresses.peek().is_none() {
                return Ok(answer);
            }
        }
    }

    /// What comes of a token that the provider signed: verified with newer keys where those at hand lack the one that it names.
    async fn verified<T>(
        &self,
        metadata: &Metadata,
        context: &Context,
        verify: impl Fn(&JwkSet) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let keys = self.keys(metadata, context, None).await?;
        let verified = match verify(&keys) {
            Err(Refusal::UnknownKey(_)) => verify(&*self.keys(metadata, context, Some(&keys)).await?),
            outcome => outcome,
        };
        Ok(verified.map_err(flow::Error::from)?)
    }

    /// What such a token is held against.
    fn against<'a>(&'a self, metadata: &'a Metadata) -> Against<'a> {
        let Inner { registration, clock, clock_skew, .. } = &*self.inner;
        Against { registration, metadata, now: clock.now(), clock_skew: *clock_skew }
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
        let Inner { transport, showing_certificate, .. } = &*self.inner;
        let transport = match showing_certificate {
            Some(showing) if endpoint.certificate => showing,
            _ => transport,
        };
        transport.send(request).await.map_err(|error| Error::transport(step, error))
    }
}

/// Why nobody signs in with a provider whose file says `sign_in: false`.
const TOKENS_ALONE: &str = "the provider hands out tokens alone, nobody signs in with it";

/// Why a client without an id asks for nothing.
const UNREGISTERED: &str = "the client has no id: it has to register itself first";

fn misuse(why: &str) -> Error {
    flow::Error::Misuse(flow::error::Misuse::Configuration(why.into())).into()
}

async fn in_time<T>(callback: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(CALLBACK_DEADLINE, callback).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::deadline("callback")),
    }
}
