//! Home-realm discovery: which provider signs somebody in, with which inputs, from an e-mail address or a domain.

use indexmap::IndexMap;
use url::form_urlencoded;

use crate::config::{Config, ConfiguredProvider, allow, routes};
use crate::provider::authorize::Input;
use crate::server::state::route_input;

/// The provider of a sign-in, and its inputs.
#[derive(Debug)]
pub struct Realm<'a> {
    /// The id of the provider.
    pub id: &'a str,
    /// The provider.
    pub provider: &'a ConfiguredProvider,
    /// The inputs, as the provider file declares them.
    pub request: IndexMap<String, String>,
}

/// The provider of a sign-in at `id`, with the inputs of its query.
///
/// Where the provider takes an e-mail domain and the query names one, the deployment's routes are asked first; without a
/// route the domain goes through as it is.
pub fn of_provider<'a>(
    config: &'a Config,
    id: &'a str,
    provider: &'a ConfiguredProvider,
    query: &str,
) -> Realm<'a> {
    let request = declared(provider, query);
    let domain = route_input_of(provider).and_then(|name| request.get(name));
    if let Some(realm) = domain.and_then(|domain| routed(config, domain)) {
        // What else the sign-in passes stays, as far as the provider of the route knows it.
        let mut request = declared(realm.provider, query);
        if let Some(name) = route_input_of(provider) {
            request.shift_remove(name);
        }
        request.extend(realm.request);
        return with_defaults(Realm { request, ..realm });
    }
    with_defaults(Realm { id, provider, request })
}

/// The provider of a person, by the domain of the e-mail address: that of a route, else the one that takes a domain.
///
/// # Errors
/// Why nobody signs this person in.
pub fn of_email<'a>(config: &'a Config, email: &str) -> Result<Realm<'a>, &'static str> {
    let (local, domain) = allow::parts(email.trim()).ok_or("this is no e-mail address")?;
    let mut realm = match routed(config, &domain) {
        Some(realm) => realm,
        None => {
            let (id, name) = route_input(config).ok_or("no route and no provider takes this domain")?;
            let provider = config.providers.get(id).ok_or("no provider takes this domain")?;
            Realm { id, provider, request: [(name.to_owned(), domain.clone())].into() }
        }
    };
    // The person has typed it a moment ago: the provider need not ask again.
    if input(realm.provider, "login_hint").is_some() && !realm.request.contains_key("login_hint") {
        realm.request.insert("login_hint".into(), format!("{local}@{domain}"));
    }
    Ok(with_defaults(realm))
}

/// The route of a domain.
fn routed<'a>(config: &'a Config, domain: &str) -> Option<Realm<'a>> {
    let domain = routes::normalized(domain)?;
    let route = config.routes.find(&domain)?;
    let (id, provider) = config.providers.get_key_value(&route.provider)?;
    Some(Realm { id, provider, request: route.request.clone() })
}

/// The deployment's inputs where nothing else gives one of the same `one_of` list.
fn with_defaults(mut realm: Realm<'_>) -> Realm<'_> {
    let one_of = &realm.provider.registration.provider.authorize.one_of;
    for (name, value) in &realm.provider.request {
        let group = one_of.iter().find(|group| group.contains(name));
        let given = match group {
            Some(group) => group.iter().any(|member| realm.request.contains_key(member)),
            None => realm.request.contains_key(name),
        };
        if !given {
            realm.request.insert(name.clone(), value.clone());
        }
    }
    realm
}

/// The declared inputs of a query; empty ones are left out, of a repeated one the last counts.
fn declared(provider: &ConfiguredProvider, query: &str) -> IndexMap<String, String> {
    let mut request = IndexMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if input(provider, &name).is_some() {
            request.insert(name.into_owned(), value.trim().to_owned());
        }
    }
    request.retain(|_, value| !value.is_empty());
    request
}

fn input<'a>(provider: &'a ConfiguredProvider, name: &str) -> Option<&'a Input> {
    provider.registration.provider.authorize.inputs.get(name)
}

fn route_input_of(provider: &ConfiguredProvider) -> Option<&str> {
    let inputs = &provider.registration.provider.authorize.inputs;
    inputs.iter().find(|(_, input)| input.route).map(|(name, _)| name.as_str())
}
