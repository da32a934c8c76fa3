//! What every request shares: the deployment, a client for each provider, the pages, keys derived once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use url::Url;

use crate::client::Client;
use crate::clock::Clock;
use crate::config::{BaseUrl, Config, ConfiguredProvider, StorePlace};
use crate::oauth::Secret;
use crate::provider::{Protocol, Registration};
use crate::rng::Rng;
use crate::server;
use crate::server::answer;
use crate::server::audit::{Audit, Event};
use crate::server::clients::Clients;
use crate::server::cookies::CookieKeys;
use crate::server::limits::Limits;
use crate::server::pages::Pages;
use crate::server::reload::Reloads;
use crate::server::sessions::{Kept, Refreshes};
use crate::server::transactions::UsedStates;
use crate::server::{admin, dispatch, health};
#[cfg(feature = "store-postgres")]
use crate::session::store::PostgresStore;
#[cfg(feature = "store-redis")]
use crate::session::store::RedisStore;
#[cfg(feature = "store-sqlite")]
use crate::session::store::SqliteStore;
use crate::session::store::{MemoryStore, StoreError};
use crate::session::{RecordKeys, SessionStore};
use crate::transport::Transport;

/// A request is answered within this time, its body read.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The sign-in server. Cheap to clone; clones are one server.
#[derive(Clone)]
pub struct Server {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    /// What requests that come now work with.
    pub current: ArcSwap<Inner>,
    pub reloads: Reloads,
    /// Whether visitors are to be sent elsewhere.
    draining: AtomicBool,
}

/// What requests work with: one configuration, and what outlives it.
pub(super) struct Inner {
    pub config: Arc<Config>,
    pub sites: Vec<Site>,
    pub clients: Clients,
    pub pages: Pages,
    /// Where sessions are kept that are not in their cookie.
    pub kept: Option<Kept>,
    pub csp: HeaderValue,
    /// How providers are reached.
    transport: Transport,
    /// Whoever comes while tokens are renewed, and states that were used: of every configuration.
    pub refreshes: Arc<Refreshes>,
    pub used: Arc<UsedStates>,
    /// How often each client has asked, whatever the configuration.
    pub limits: Arc<Limits>,
    audit: Option<Arc<Audit>>,
    store: Arc<dyn SessionStore>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
}

/// One public address, with what can be made ready for it.
pub(super) struct Site {
    pub base: BaseUrl,
    pub cookies: CookieKeys,
    /// The answer of `/providers`.
    pub providers: Bytes,
}

impl Server {
    /// A server of a deployment. Providers are reached through `transport`; nothing is opened yet ([`Server::ready`]).
    pub fn new(config: Config, transport: Transport, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Server {
        let place = config.session.store.as_ref().map(|settings| &settings.place);
        let store: Arc<dyn SessionStore> = match place {
            #[cfg(feature = "store-postgres")]
            Some(StorePlace::Postgres(address)) => {
                Arc::new(PostgresStore::new(address.clone(), clock.clone()))
            }
            #[cfg(feature = "store-redis")]
            Some(StorePlace::Redis(address)) => Arc::new(RedisStore::new(address.clone(), clock.clone())),
            #[cfg(feature = "store-sqlite")]
            Some(StorePlace::Sqlite(path)) => Arc::new(SqliteStore::new(path, clock.clone())),
            #[cfg(not(feature = "store-sqlite"))]
            Some(StorePlace::Sqlite(_)) => Arc::new(MemoryStore::new(clock.clone())),
            Some(StorePlace::Memory) | None => Arc::new(MemoryStore::new(clock.clone())),
        };
        Server::with_store(config, transport, store, clock, rng)
    }

    /// A server that keeps its sessions in a store of your own, where the deployment says `strategy: database`.
    pub fn with_store(
        config: Config,
        transport: Transport,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Server {
        let config = able_to_sign_in(config);
        let clients = Clients::new(&config, |provider| client(provider, &config, &transport, &clock, &rng));
        let outlives = Outlives {
            refreshes: Arc::default(),
            used: Arc::default(),
            limits: Arc::default(),
            audit: Audit::of(&config).map(Arc::new),
            store,
            clock,
            rng,
        };
        let reloads = Reloads::since(outlives.clock.now());
        let current = ArcSwap::from_pointee(Inner::new(config, clients, transport, outlives));
        Server { shared: Arc::new(Shared { current, reloads, draining: AtomicBool::new(false) }) }
    }

    /// What a request that comes now works with, to its end.
    pub(super) fn current(&self) -> Arc<Inner> {
        self.shared.current.load_full()
    }

    /// The routes of the protocol, under the base path of each public address; to be merged into an application's own.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let current = self.current();
        let mut paths: Vec<&str> = current.sites.iter().map(|site| site.base.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        let server = self.clone();
        let handler = axum::routing::any(move |request| dispatch::handle(server.clone(), request));
        paths.into_iter().fold(Router::new(), |router, path| {
            router
                .route(path, handler.clone())
                .route(&format!("{path}/"), handler.clone())
                .route(&format!("{path}/{{*rest}}"), handler.clone())
        })
    }

    /// The routes of a server that stands alone: those of the protocol, and the two that say how it is.
    pub fn standalone(&self) -> Router {
        let within_time = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT);
        let server = self.clone();
        let handler = axum::routing::any(move |request| dispatch::handle(server.clone(), request));
        // A panic ends one request, with a bare 500; the log has the rest.
        health::router(self.clone())
            .merge(self.admin())
            .fallback_service(handler)
            .layer((CatchPanicLayer::custom(panicked), within_time))
    }

    /// The routes for whoever runs the server, `/admin/sessions`, where the deployment has `admin`; not under a base path, so that a
    /// proxy that passes the base path on keeps them from everybody else.
    pub fn admin<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        admin::router(self.clone())
    }

    /// Whether the server can do its work: its session store answers, where it has one.
    ///
    /// # Errors
    /// [`StoreError`]: why it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        match &self.current().kept {
            Some(kept) => kept.store.ready().await,
            None => Ok(()),
        }
    }

    /// From now on `/readyz` says that visitors are to be sent elsewhere; those who come all the same are served.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    /// Resolves when nothing is under way that would be lost with this process: tokens that a provider has given and the
    /// session store has not, and lines of the audit log. To be waited for after the last request, for some seconds.
    pub async fn settled(&self) {
        let is_settled = || {
            let current = self.current();
            current.refreshes.are_done() && current.audit.as_ref().is_none_or(|audit| audit.is_written())
        };
        while !is_settled() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Opens the file of the audit log anew, which was moved away.
    pub fn reopen_audit(&self) {
        if let Some(audit) = &self.current().audit {
            audit.reopen();
        }
    }

    /// The deployment.
    pub fn config(&self) -> Arc<Config> {
        self.current().config.clone()
    }
}

/// What outlives a configuration.
struct Outlives {
    refreshes: Arc<Refreshes>,
    used: Arc<UsedStates>,
    limits: Arc<Limits>,
    audit: Option<Arc<Audit>>,
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Inner {
    fn new(config: Config, clients: Clients, transport: Transport, outlives: Outlives) -> Inner {
        let Outlives { refreshes, used, limits, audit, store, clock, rng } = outlives;
        let site = |base: &BaseUrl| Site {
            cookies: CookieKeys::new(base, &config),
            providers: providers(base, &config),
            base: base.clone(),
        };
        let email_box = !config.routes.is_empty() || route_input(&config).is_some();
        Inner {
            sites: config.base_urls.iter().map(site).collect(),
            pages: Pages::new(config.providers.values(), email_box),
            csp: answer::content_security_policy(&http_origins(&config)),
            kept: config.session.store.as_ref().map(|settings| Kept {
                store: store.clone(),
                keys: RecordKeys::new(&config.secrets),
                update_age: settings.update_age,
            }),
            config: Arc::new(config),
            clients,
            transport,
            refreshes,
            used,
            limits,
            audit,
            store,
            clock,
            rng,
        }
    }

    /// Writes down what happened, where the deployment wants that.
    pub fn note(&self, event: Event) {
        if let Some(audit) = &self.audit {
            audit.note(event, &*self.clock);
        }
    }

    /// The same with another configuration.
    pub fn after(&self, config: Config) -> Inner {
        let config = able_to_sign_in(config);
        let reached_otherwise = config.network != self.config.network;
        let transport = match reached_otherwise {
            true => server::transport(&config),
            false => self.transport.clone(),
        };
        // Names are hashed with the secret.
        let same_audit = config.audit == self.config.audit
            && config.secrets.first().map(Secret::expose) == self.config.secrets.first().map(Secret::expose);
        let outlives = Outlives {
            refreshes: self.refreshes.clone(),
            used: self.used.clone(),
            limits: self.limits.clone(),
            audit: if same_audit { self.audit.clone() } else { Audit::of(&config).map(Arc::new) },
            store: self.store.clone(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
        };
        let make = |provider: &ConfiguredProvider| {
            client(provider, &config, &transport, &outlives.clock, &outlives.rng)
        };
        let clients = self.clients.after(&config, make, reached_otherwise, outlives.clock.now());
        Inner::new(config, clients, transport, outlives)
    }
}

/// Without the providers at which nobody can sign in.
fn able_to_sign_in(mut config: Config) -> Config {
    config.providers.retain(|id, provider| {
        let signs_in = provider.registration.provider.signs_in && provider.registration.is_registered();
        if !signs_in {
            tracing::warn!(provider = %id, "nobody can sign in with it: it hands out tokens alone, or has no client id");
        }
        signs_in
    });
    config
}

fn client(
    provider: &ConfiguredProvider,
    config: &Config,
    transport: &Transport,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
) -> Client {
    let (registration, skew) = (provider.registration.clone(), config.network.clock_skew);
    Client::with_clock_skew(registration, transport.clone(), clock.clone(), rng.clone(), skew)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// The answer of `/providers`, in the order of the deployment.
fn providers(base: &BaseUrl, config: &Config) -> Bytes {
    let mut all = Map::new();
    for (id, provider) in &config.providers {
        let file = &provider.registration.provider;
        let entry = json!({
            "id": id,
            "name": file.name,
            "type": match file.protocol { Protocol::Oidc => "oidc", Protocol::Oauth2 => "oauth" },
            "signinUrl": format!("{}/signin/{id}", base.href()),
            "callbackUrl": base.callback_url(id),
        });
        all.insert(id.clone(), entry);
    }
    Value::Object(all).to_string().into()
}

/// The first provider that takes an e-mail domain, and the name of that input.
pub(super) fn route_input(config: &Config) -> Option<(&str, &str)> {
    config.providers.iter().find_map(|(id, provider)| {
        let inputs = &provider.registration.provider.authorize.inputs;
        inputs.iter().find(|(_, input)| input.route).map(|(name, _)| (id.as_str(), name.as_str()))
    })
}

/// The `http` origins that a form may lead to: of providers on this machine, and of where a sign-in may end.
fn http_origins(config: &Config) -> Vec<String> {
    let registrations = config.providers.values().map(|provider| &*provider.registration);
    let mut origins: Vec<String> =
        registrations.flat_map(provider_addresses).filter_map(|text| http_origin(&text)).collect();
    origins.extend(config.redirect_allow.iter().filter_map(|text| http_origin(text)));
    origins.extend(config.base_urls.iter().filter_map(|base| http_origin(&base.origin)));
    origins.sort();
    origins.dedup();
    origins
}

fn provider_addresses(registration: &Registration) -> Vec<String> {
    let metadata = &registration.provider.metadata;
    let context = registration.context();
    let written = [&metadata.issuer, &metadata.authorization_endpoint, &metadata.end_session_endpoint]
        .into_iter()
        .flatten();
    let rendered = written.filter_map(|template| template.render_url(&context).ok());
    let vars = registration.provider.vars.keys().filter_map(|name| registration.var(name).map(str::to_owned));
    rendered.chain(vars).collect()
}

fn http_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "http")?;
    Some(url.origin().ascii_serialization())
}
