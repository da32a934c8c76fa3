//! One provider of the service: what is asked, and who answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Response, StatusCode, request};
use serde_json::{Value, json};
use url::Url;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::grant::Grant;
use crate::flow::userinfo;
use crate::mock::answer;
use crate::mock::id_token;
use crate::mock::record::Recorded;
use crate::mock::service::Rules;
use crate::mock::service::addresses::{Addresses, Role, Route, with_host};
use crate::mock::service::grants::{Authorized, Grants};
use crate::mock::service::journal::{Exchange, Journal};
use crate::mock::service::refusal::Refusal;
use crate::mock::service::request::PLAYED;
use crate::mock::service::scenario::Scenario;
use crate::oauth::jose::Alg;
use crate::provider::{Protocol, Provider};
use crate::rng::Rng;

/// One provider, played.
pub(super) struct Played {
    pub provider: Arc<Provider>,
    pub scenarios: Vec<Scenario>,
    /// The scenario that is played where nobody chooses.
    pub first: usize,
    pub addresses: Addresses,
    pub rules: Rules,
    /// Whether a page asks who signs in.
    pub asks: bool,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    grants: Mutex<Grants>,
    journal: Mutex<Journal>,
}

impl Played {
    pub fn new(
        provider: Arc<Provider>,
        scenarios: Vec<Scenario>,
        first: usize,
        (asks, rules): (bool, Rules),
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Played {
        let others = scenarios.iter().enumerate().filter(|(number, _)| *number != first);
        let addresses = Addresses::of(
            rules.client_id(),
            scenarios.get(first).into_iter().chain(others.map(|(_, other)| other)),
        );
        let (grants, journal) = Default::default();
        Played { provider, scenarios, first, addresses, rules, asks, clock, rng, grants, journal }
    }

    /// Answers a request to `path`, below `/ID`. `base` is the address of that.
    pub fn answer(
        &self,
        base: &str,
        path: &str,
        parts: &request::Parts,
        body: &Bytes,
    ) -> (Response<Bytes>, Option<Exchange>) {
        if path == "/authcfg/requests" {
            return (self.requests(&parts.method), None);
        }
        let query = parts.uri.query();
        let here = Url::parse(&format!("{base}{path}")).ok();
        let route = self.route(path, parts, body);
        let meant = route.as_ref().map(|route| route.real.clone()).or(here);
        let Some(mut meant) = meant else {
            return (answer::plain(StatusCode::BAD_REQUEST, "no address".into()), None);
        };
        meant.set_query(query);
        let mut recorded = Recorded::new(parts, meant, body);
        recorded.step = route.as_ref().map_or("", |route| route.role.step()).to_owned();
        let mut exchange = Exchange {
            provider: self.provider.id.clone(),
            path: parts.uri.path().to_owned(),
            scenario: None,
            status: 0,
            recorded,
            refusal: None,
            base: base.to_owned(),
        };
        let answered = match route.map(|route| route.role) {
            None if path == "/authcfg/answer" => {
                exchange.recorded.step = "consent".into();
                self.decide(&mut exchange)
            }
            None => {
                let known: Vec<String> = self.addresses.all().into_iter().map(|(_, path)| path).collect();
                let description = format!(
                    "{path} is no endpoint of {}; there are {}",
                    self.provider.name,
                    known.join(", ")
                );
                Err(Refusal::not_found(description))
            }
            Some(Role::Authorization) => self.authorization(&mut exchange),
            Some(Role::Call(name)) => self.call(&name, &mut exchange),
            Some(Role::EndSession) => self.end_session(&exchange),
            Some(Role::Introspection) => self.introspect(&mut exchange),
            Some(Role::Jwks) => Ok(self.jwks()),
            Some(Role::Metadata) => Ok(answer::json(StatusCode::OK, &self.document(base))),
            Some(Role::Pushed) => self.push(&mut exchange),
            Some(Role::Refresh) => self.refresh(&mut exchange),
            Some(Role::Revocation) => self.revoke(&mut exchange),
            Some(Role::Then(index)) => self.then(index, &mut exchange),
            Some(Role::Token) => self.token(&mut exchange),
        };
        let response = answered.unwrap_or_else(|refusal| {
            let response = refusal.response();
            exchange.refusal = Some(refusal);
            response
        });
        exchange.status = response.status().as_u16();
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).add(&exchange);
        (response, Some(exchange))
    }

    /// The endpoint that a request is meant for. Of several at one path the query, the grant or the order of calls tells.
    fn route(&self, path: &str, parts: &request::Parts, body: &Bytes) -> Option<Route> {
        let of = |role: Role| Route { path: path.to_owned(), real: self.here(), role };
        let well_known = [
            ("/.well-known/openid-configuration", self.provider.protocol == Protocol::Oidc),
            ("/.well-known/oauth-authorization-server", true),
        ];
        if well_known.iter().any(|(known, served)| *served && path == *known) {
            return Some(of(Role::Metadata));
        }
        let asked = Recorded::new(parts, self.here_with(parts.uri.query()), body);
        let has_own_query =
            |route: &Route| route.real.query_pairs().all(|(name, value)| asked.param(&name) == Some(&*value));
        let mut found: Vec<&Route> = self.addresses.at(path).filter(|route| has_own_query(route)).collect();
        found.sort_by_key(|route| std::cmp::Reverse(route.real.query().map_or(0, str::len)));
        let roles: Vec<&Role> = found.iter().map(|route| &route.role).collect();
        let says_which = found.iter().find(|route| self.says(&route.role, &asked));
        let fits = |role: &Role| match role {
            Role::Authorization => asked.param("response_type").is_some() || parts.method == Method::GET,
            Role::Call(name) => {
                !roles.contains(&&Role::Token) || (!self.is_grant(&asked) && !self.was_called(name, &roles))
            }
            Role::Token => !roles.iter().any(|role| matches!(role, Role::Call(_))) || self.is_grant(&asked),
            Role::Refresh | Role::Then(_) => roles.len() == 1,
            _ => true,
        };
        let route = says_which.or_else(|| found.iter().find(|route| fits(&route.role))).or(found.first());
        route.map(|route| (*route).clone()).or_else(|| self.dynamic_route(path))
    }

    /// Whether a request has the constant parameters of an exchange or a refresh, such as a `grant_type` of its own.
    fn says(&self, role: &Role, asked: &Recorded) -> bool {
        let step = match role {
            Role::Refresh => &self.provider.refresh.step,
            Role::Then(index) => &self.provider.then[*index].step,
            _ => return false,
        };
        let written = step.params.iter().chain(&step.query);
        let mut constant = written
            .filter_map(|(name, value)| {
                value.as_ref().and_then(|value| value.constant()).map(|value| (name, value))
            })
            .peekable();
        constant.peek().is_some() && constant.all(|(name, value)| asked.param(name) == Some(value))
    }

    fn is_grant(&self, asked: &Recorded) -> bool {
        let grants = self.grants();
        asked.param("grant_type").is_some() || asked.params().any(|(_, value)| grants.knows_code(value))
    }

    /// Whether the newest sign-in made this call already, and not yet another one at the same address.
    fn was_called(&self, name: &str, roles: &[&Role]) -> bool {
        let grants = self.grants();
        let Some((_, sign_in)) = grants.newest_first().next() else { return false };
        let called = |name: &str| sign_in.called.iter().any(|called| called == name);
        let others = roles.iter().any(|role| matches!(role, Role::Call(other) if !called(other)));
        called(name) && others
    }

    /// An address that depends on a sign-in, such as one with its token in the path.
    fn dynamic_route(&self, path: &str) -> Option<Route> {
        let grants = self.grants();
        grants.newest_first().take(100).find_map(|(_, sign_in)| {
            let scenario = &self.scenarios[sign_in.authorized.scenario];
            let registration = &scenario.client.registration;
            let calls = userinfo::calls(registration, &scenario.metadata, &sign_in.context).ok()?;
            calls.iter().find_map(|call| {
                let real =
                    userinfo::endpoint(call, registration, &scenario.metadata, &sign_in.context).ok()?.url;
                let is_it = real.path() == path || with_host(&real) == path;
                is_it.then(|| Route { path: path.to_owned(), real, role: Role::Call(call.name.clone()) })
            })
        })
    }

    /// The metadata document (RFC 8414 §2, OpenID Connect Discovery §3), with this machine's addresses.
    pub fn document(&self, base: &str) -> Value {
        let is_oidc = self.provider.protocol == Protocol::Oidc;
        let mut document =
            if is_oidc { self.scenarios[self.first].document.clone() } else { Default::default() };
        document.retain(|name, _| !name.ends_with("_endpoint") && name != "jwks_uri");
        document.insert("issuer".into(), self.issuer(base).unwrap_or_else(|| base.to_owned()).into());
        for (role, path) in self.addresses.all() {
            let further = match role {
                Role::Call(name) => name != "userinfo",
                Role::Metadata | Role::Refresh | Role::Then(_) => true,
                _ => false,
            };
            if !further {
                document.insert(role.member(), format!("{base}{path}").into());
            }
        }
        let grants = Grant::ALL.into_iter().filter(|grant| self.scenario_of(*grant).is_some());
        let grant_types =
            ["authorization_code", "refresh_token"].into_iter().chain(grants.map(Grant::grant_type));
        let methods = json!(["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]);
        for (name, value) in [
            ("response_types_supported", json!(["code"])),
            ("response_modes_supported", PLAYED.iter().map(|mode| mode.as_str()).collect()),
            ("grant_types_supported", json!(grant_types.collect::<Vec<_>>())),
            ("code_challenge_methods_supported", json!(["S256", "plain"])),
            ("token_endpoint_auth_methods_supported", methods),
        ] {
            document.entry(name).or_insert(value);
        }
        Value::Object(document)
    }

    fn requests(&self, method: &Method) -> Response<Bytes> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        match *method {
            Method::GET => answer::json(StatusCode::OK, &journal.to_json()),
            Method::DELETE => {
                journal.clear();
                answer::json(StatusCode::OK, &json!([]))
            }
            ref other => Refusal::method("GET or DELETE", other).response(),
        }
    }

    /// A parameter of a token request, under the name that this provider has for it.
    pub fn param<'a>(&self, exchange: &'a Exchange, name: &str) -> Option<&'a str> {
        let name = self.provider.rename.get(name).map_or(name, String::as_str);
        exchange.recorded.param(name).filter(|value| !value.is_empty())
    }

    /// The tree at the beginning of a sign-in. A secret that signs callbacks is the one that was given, else the one that
    /// the settings at the start name.
    pub fn context(&self, authorized: &Authorized) -> Context {
        let mut context = self.scenarios[authorized.scenario].context();
        let mut client = context.get("client").and_then(Value::as_object).cloned().unwrap_or_default();
        client.insert("id".into(), authorized.client_id.as_str().into());
        client.insert("secret".into(), self.rules.client_secret().into());
        context.set("client", Value::Object(client));
        context
    }

    /// The scenario that somebody means.
    pub fn scenario_called(&self, word: &str) -> Option<usize> {
        self.scenarios.iter().position(|scenario| scenario.is_called(word))
    }

    pub fn alg(&self) -> Alg {
        id_token::alg(&self.provider.id_token.algs)
    }

    pub fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn here(&self) -> Url {
        self.here_with(None)
    }

    fn here_with(&self, query: Option<&str>) -> Url {
        let mut url = Url::parse("http://localhost/").expect("a constant address");
        url.set_query(query);
        url
    }
}
