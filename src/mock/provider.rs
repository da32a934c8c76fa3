//! The provider that plays a vector: one socket for all its hosts, which answers what the vector says and checks what it
//! is asked.
//!
//! A request says in [`REAL_URL`](crate::mock::REAL_URL) which address it was meant for; the transport adds that when it brings every host here.
//! A browser does not: it comes to the authorization endpoint by its path.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode, request};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::protected_resource;
use crate::flow::{pushed, variables};
use crate::mock::answer;
use crate::mock::check::{Checker, Failure};
use crate::mock::client::MockClient;
use crate::mock::discovery;
use crate::mock::endpoints::{Asked, Endpoints, Target};
use crate::mock::id_token;
use crate::mock::page;
use crate::mock::placeholders::Placeholders;
use crate::mock::record::Recorded;
use crate::oauth::jose::Alg;
use crate::provider::Vector;
use crate::rng::{self, Rng};

/// Sees each request when it has been answered.
pub type Observer = Arc<dyn Fn(&Recorded) + Send + Sync>;

/// How a [`Mock`] behaves.
#[derive(Clone, Default)]
pub struct Options {
    /// Where to listen; a free port of 127.0.0.1 where it is absent.
    pub listen: Option<SocketAddr>,
    /// The redirect URI that requests must have; any where it is absent.
    pub redirect_uri: Option<String>,
    /// Whether a page asks the person first.
    pub consent: bool,
    /// Whether browsers come to the authorization endpoint here, instead of at the provider's host.
    pub browser: bool,
    /// Sees each request.
    pub observer: Option<Observer>,
}

/// A provider on a loopback port that plays one vector. It ends when it is dropped.
pub struct Mock {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Mock {
    /// Starts it.
    ///
    /// # Errors
    /// A port that cannot be had.
    pub async fn start(
        client: &MockClient,
        vector: &Vector,
        options: Options,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> io::Result<Mock> {
        let listen = options.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let browser = options.browser.then(|| format!("http://{address}"));
        let (document, metadata) = discovery::document(&client.registration, vector, browser.as_deref());
        let mut placeholders = Placeholders::default();
        placeholders.set("CLIENT_ID", client.credentials.client_id.as_str());
        if let Some(secret) = &client.credentials.client_secret {
            placeholders.set("CLIENT_SECRET", secret.as_str());
        }
        if let Some(redirect_uri) = &options.redirect_uri {
            placeholders.set("REDIRECT_URI", redirect_uri.as_str());
        }
        let mut context = client.registration.context();
        let request: Map<String, Value> =
            vector.request.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        context.set("request", Value::Object(request));
        variables::learn_early(&client.registration, &mut context);
        let fresh = SignIn { placeholders, context: context.clone(), ..SignIn::default() };
        let shared = Arc::new(Shared {
            client: client.clone(),
            vector: vector.clone(),
            document,
            endpoints: Endpoints { registration: client.registration.clone(), metadata, context },
            options,
            clock,
            rng,
            state: Mutex::new(Progress { current: fresh.clone(), fresh, ..Progress::default() }),
        });
        let router = axum::Router::new().fallback(handle).with_state(shared.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the mock provider ended");
            }
        });
        Ok(Mock { address, shared, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was not as it should be, so far.
    pub fn failures(&self) -> Vec<Failure> {
        self.shared.progress().failures.clone()
    }

    /// The steps that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.progress().asked.clone()
    }

    /// Where a browser finds the authorization endpoint.
    pub fn authorization_endpoint(&self) -> Option<Url> {
        let mut url = Url::parse(&format!("http://{}", self.address)).ok()?;
        url.set_path(self.shared.endpoints.authorization()?.path());
        Some(url)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(super) struct Shared {
    pub client: MockClient,
    pub vector: Vector,
    document: Value,
    pub endpoints: Endpoints,
    options: Options,
    pub clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    state: Mutex<Progress>,
}

/// What has happened so far.
#[derive(Default)]
pub(super) struct Progress {
    fresh: SignIn,
    pub current: SignIn,
    pub by_code: HashMap<String, SignIn>,
    /// What went ahead, by its reference.
    pushed: HashMap<String, Recorded>,
    waiting: HashMap<String, SignIn>,
    asked: Vec<String>,
    pub failures: Vec<Failure>,
}

impl Progress {
    /// Whether a step was asked for already.
    pub fn has_seen(&self, step: &str) -> bool {
        self.asked.iter().any(|asked| asked == step)
    }
}

/// One sign-in.
#[derive(Clone, Default)]
pub(super) struct SignIn {
    pub placeholders: Placeholders,
    pub context: Context,
    /// The calls that were made.
    pub called: Vec<String>,
    /// How many requests of `token.then` were made.
    pub then: usize,
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    shared.answer(&parts, &body).map(Body::from)
}

impl Shared {
    fn answer(&self, parts: &request::Parts, body: &Bytes) -> Response<Bytes> {
        let url = match self.endpoints.meant_url(parts) {
            Some(url) => url,
            None => return answer::plain(StatusCode::BAD_REQUEST, "no address".into()),
        };
        if self.options.consent && url.path() == "/authcfg/answer" {
            return self.decide(&url);
        }
        let mut recorded = Recorded::new(parts, url, body);
        let mut progress = self.progress();
        let SignIn { context, called, then, .. } = &progress.current;
        let asked = Asked { recorded: &recorded, context, called, then: *then };
        let Some(target) = self.endpoints.target(&asked) else {
            if parts.uri.path() != "/favicon.ico" {
                let asked = format!("{} {}", recorded.method, recorded.url);
                progress.failures.push(Failure::new("unknown", "url", "an endpoint of the provider", asked));
            }
            return answer::plain(StatusCode::NOT_FOUND, "not an endpoint of this provider".into());
        };
        let response = match target {
            Target::Authorization => self.authorization(&mut recorded, &mut progress),
            Target::Call(call) => self.call(call, &mut recorded, &mut progress),
            Target::Discovery => {
                recorded.step = "discovery".into();
                answer::json(StatusCode::OK, &self.document)
            }
            Target::Grant(grant) => self.grant(grant, &mut recorded, &mut progress),
            Target::ProtectedResource => {
                recorded.step = protected_resource::STEP.into();
                let Endpoints { registration, metadata, .. } = &self.endpoints;
                let resource = metadata.protected_resource(registration).ok().flatten();
                let document = json!({"resource": resource, "authorization_servers": [metadata.issuer]});
                answer::json(StatusCode::OK, &document)
            }
            Target::Jwks => {
                recorded.step = "jwks".into();
                answer::json(StatusCode::OK, &id_token::public_keys(&self.client.registration.provider))
            }
            Target::Later(later) => self.later(later, &mut recorded, &mut progress),
            Target::Pushed => self.pushed(&mut recorded, &mut progress),
            Target::Refresh => self.refresh(&mut recorded, &mut progress),
            Target::Then(index, then) => self.then(index, then, &mut recorded, &mut progress),
            Target::Token => self.token(&mut recorded, &mut progress),
        };
        progress.asked.push(recorded.step.clone());
        drop(progress);
        recorded.status = response.status().as_u16();
        recorded.answer = response.body().clone();
        if let Some(content_type) = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
        {
            recorded.content_type = content_type.to_owned();
        }
        if let Some(observer) = &self.options.observer {
            observer(&recorded);
        }
        response
    }

    /// Answers a pushed authorization request: with a reference (RFC 9126 §2.2).
    fn pushed(&self, recorded: &mut Recorded, progress: &mut Progress) -> Response<Bytes> {
        recorded.step = pushed::STEP.into();
        let mut sign_in = progress.fresh.clone();
        let mut checker = self.checker(&mut sign_in);
        let failures = checker.request_object(pushed::STEP, recorded);
        progress.failures.extend([failures, checker.pushed(&recorded.opened())].concat());
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{}", rng::token(&*self.rng, 16));
        progress.pushed.insert(request_uri.clone(), recorded.opened());
        match &self.vector.pushed_authorization_request_response {
            Some(scripted) => answer::scripted(scripted, &sign_in.placeholders),
            None => {
                let body = json!({"request_uri": request_uri, "expires_in": 60});
                answer::json(StatusCode::CREATED, &body)
            }
        }
    }

    /// Answers an authorization request: with the callback, or with the page that asks first.
    fn authorization(&self, recorded: &mut Recorded, progress: &mut Progress) -> Response<Bytes> {
        recorded.step = "authorization".into();
        let mut sign_in = progress.fresh.clone();
        let pushed = recorded.param("request_uri").and_then(|uri| progress.pushed.remove(uri));
        let mut checker = self.checker(&mut sign_in);
        let failures = match &pushed {
            Some(pushed) => checker.by_reference(recorded, pushed),
            None => {
                let failures = checker.request_object("authorization", recorded);
                [failures, checker.authorization(&recorded.opened())].concat()
            }
        };
        progress.failures.extend(failures);
        if pushed.is_none() && self.endpoints.metadata.pushes(&self.client.registration) {
            let failure =
                Failure::new("authorization", "request_uri", "the reference that was given", "absent");
            progress.failures.push(failure);
        }
        let code = rng::token(&*self.rng, 16);
        sign_in.placeholders.set("CODE", code.as_str());
        let callback = self.callback(&sign_in, &self.vector.callback);
        let callback = callback.into_iter().map(|(name, value)| (name, value.into())).collect();
        sign_in.context.set("callback", Value::Object(callback));
        variables::learn_early(&self.client.registration, &mut sign_in.context);
        progress.by_code.insert(code, sign_in.clone());
        progress.current = sign_in.clone();
        if !self.options.consent {
            return self.send_back(&sign_in, &self.vector.callback);
        }
        let ticket = rng::token(&*self.rng, 16);
        let redirect_uri = sign_in.placeholders.get("REDIRECT_URI").unwrap_or_default();
        let page = page::consent(&self.client.registration.provider.name, redirect_uri, &ticket);
        progress.waiting.insert(ticket, sign_in);
        answer::html(page)
    }

    /// The person has pressed a button.
    fn decide(&self, url: &Url) -> Response<Bytes> {
        let params: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let sign_in = params.get("ticket").and_then(|ticket| self.progress().waiting.remove(ticket));
        let Some(sign_in) = sign_in else {
            return answer::plain(StatusCode::GONE, "this sign-in is over: start again".into());
        };
        match params.get("answer").map(String::as_str) {
            Some("allow") => self.send_back(&sign_in, &self.vector.callback),
            _ => {
                let mut denied = Map::new();
                denied.insert("code".into(), Value::Null);
                denied.insert("error".into(), "access_denied".into());
                denied.insert("error_description".into(), "The person said no".into());
                self.send_back(&sign_in, &denied)
            }
        }
    }

    fn callback(&self, sign_in: &SignIn, over: &Map<String, Value>) -> Vec<(String, String)> {
        let metadata = &self.endpoints.metadata;
        let iss = metadata.issuer.as_deref().filter(|_| metadata.sends_iss(&self.client.registration));
        answer::callback(over, iss, &sign_in.placeholders, &sign_in.context)
    }

    fn send_back(&self, sign_in: &SignIn, over: &Map<String, Value>) -> Response<Bytes> {
        let registration = &self.client.registration;
        let params = self.callback(sign_in, over);
        let redirect_uri = sign_in.placeholders.get("REDIRECT_URI").unwrap_or_default();
        let Ok(redirect_uri) = Url::parse(redirect_uri) else {
            return answer::error(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "the redirect_uri is no address",
            );
        };
        let mode = registration.provider.authorize.response_mode;
        let params = match mode.is_signed() {
            true => {
                let issuer = self.endpoints.metadata.issuer.as_deref().unwrap_or_default();
                let client = &self.client.credentials;
                let now = (self.clock.now(), client.client_secret.as_deref());
                id_token::response(&registration.provider, (issuer, &client.client_id), params, over, now)
            }
            false => params,
        };
        match mode.is_posted() {
            true => answer::html(page::form_post(redirect_uri.as_str(), &params)),
            false => answer::redirect(&redirect_uri, &params),
        }
    }

    pub(super) fn checker<'a>(&'a self, sign_in: &'a mut SignIn) -> Checker<'a> {
        Checker {
            provider: &self.client.registration.provider,
            credentials: &self.client.credentials,
            scope: self.client.registration.scope(),
            expect: &self.vector.expect,
            now: self.clock.now(),
            placeholders: &mut sign_in.placeholders,
        }
    }

    pub(super) fn alg(&self) -> Alg {
        id_token::alg(&self.client.registration.provider.id_token.algs)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
