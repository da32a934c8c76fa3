//! The authorization request (RFC 6749 §4.1.1): where the browser is sent, and what is remembered meanwhile.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use serde_json::{Map, Value};
use url::Url;

use crate::clock::Clock;
use crate::expr::Context;
use crate::flow::caller::Caller;
use crate::flow::dpop;
use crate::flow::draft::{append_query, overlay, render, unrendered};
use crate::flow::error::{Error, Misuse};
use crate::flow::id_token::RequestedClaim;
use crate::flow::metadata::{EndpointName, Metadata};
use crate::flow::pending::Pending;
use crate::flow::request_object;
use crate::flow::variables;
use crate::oauth::Secret;
use crate::provider::authorize::{Pkce, ResponseMode};
use crate::provider::learned::Stage;
use crate::provider::param::Param;
use crate::provider::{Protocol, Registration};
use crate::rng::{self, Rng};

/// The authorization request, and what must be remembered until its callback.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Where the browser is sent.
    pub url: Url,
    /// What must be remembered.
    pub pending: Pending,
}

/// The authorization request of one sign-in: what the browser carries to the provider, or what goes ahead of it
/// ([`pushed`](crate::flow::pushed)).
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// The authorization endpoint, without the query that it may have of its own.
    endpoint: Url,
    /// That query.
    own: Vec<(String, String)>,
    /// The parameters, by their standard names.
    params: Vec<(String, String)>,
    fragment: Option<String>,
    pending: Pending,
    context: Context,
}

/// Builds the authorization request of one sign-in.
///
/// `request` are the inputs of this sign-in as they were given; `state`, `nonce` and the PKCE verifier are made here, 32
/// random bytes each.
///
/// # Errors
/// [`Misuse::Request`] where an input breaks the provider file's rule.
pub fn request(
    registration: &Registration,
    metadata: &Metadata,
    redirect_uri: &str,
    request: &IndexMap<String, String>,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<AuthorizationRequest, Error> {
    let provider = &registration.provider;
    let inputs = accepted_inputs(registration, request)?;
    let secret = || Secret::from(rng::token(rng, 32));
    let pending = Pending {
        provider_id: registration.id.clone(),
        issuer: metadata.issuer.clone().unwrap_or_default(),
        client_id_hash: client_id_hash(&registration.client_id),
        state: secret(),
        nonce: (provider.protocol == Protocol::Oidc && provider.id_token.nonce).then(secret),
        code_verifier: (provider.authorize.pkce != Pkce::None).then(secret),
        dpop_key: provider.dpop_bound_access_tokens.then(|| dpop::new_key(rng)).transpose()?,
        redirect_uri: redirect_uri.to_owned(),
        request: inputs,
        created: clock.now(),
    };
    let context = context(registration, &pending, clock, rng)?;
    let endpoint = metadata.needed(EndpointName::Authorization, registration, &context)?;

    let mut url = endpoint.url;
    let own: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    let mut params = vec![];
    for (name, value) in standard_params(registration, &url, &pending)? {
        set(&mut params, name, value);
    }
    for (name, input) in &provider.authorize.inputs {
        if let Some(value) = pending.request.get(name).and_then(Value::as_str).filter(|_| input.send) {
            set(&mut params, name.clone(), value.to_owned());
        }
    }
    overlay(&mut params, &provider.authorize.params, &context, "authorization")?;
    if let Some(alg) = provider.authorize.request_object_signing_alg {
        let caller = Caller { registration, metadata, context: &context, clock, rng };
        params = request_object::instead_of(params, alg, &caller)?;
    }
    let fragment = match &provider.authorize.fragment {
        Some(fragment) => Some(render(fragment, &context, "authorization")?),
        None => None,
    };
    Ok(AuthorizationRequest { endpoint: url, own, params, fragment, pending, context })
}

impl AuthorizationRequest {
    /// The parameters, by their standard names.
    pub fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// The key that the access token will be bound to.
    pub fn dpop_key(&self) -> Option<&Secret> {
        self.pending.dpop_key.as_ref()
    }

    /// What templates see at this moment.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The browser carries the parameters themselves (RFC 6749 §4.1.1).
    pub fn by_value(self, registration: &Registration) -> Authorization {
        let params = self.params.clone();
        self.carrying(registration, params)
    }

    /// The browser carries a reference to them (RFC 9126 §4).
    pub fn by_reference(self, registration: &Registration, request_uri: &str) -> Authorization {
        let params = vec![
            ("client_id".into(), registration.client_id.clone()),
            ("request_uri".into(), request_uri.to_owned()),
        ];
        self.carrying(registration, params)
    }

    fn carrying(self, registration: &Registration, params: Vec<(String, String)>) -> Authorization {
        let provider = &registration.provider;
        let theirs = |name: &str| provider.rename.get(name).map_or(name, String::as_str).to_owned();
        let params: Vec<(String, String)> =
            params.into_iter().map(|(name, value)| (theirs(&name), value)).collect();
        let mut all = self.own;
        all.retain(|(own, _)| !params.iter().any(|(name, _)| name == own));
        all.extend(params);
        let raw: Vec<String> = provider.authorize.raw.iter().map(|name| theirs(name)).collect();
        let raw: Vec<&str> = raw.iter().map(String::as_str).collect();
        let mut url = self.endpoint;
        append_query(&mut url, &all, &raw);
        if let Some(fragment) = &self.fragment {
            url.set_fragment(Some(fragment.as_str()).filter(|fragment| !fragment.is_empty()));
        }
        Authorization { url, pending: self.pending }
    }
}

/// The tree that templates see during one sign-in: `client`, `vars`, `request` and `flow`.
///
/// # Errors
/// [`Misuse::Request`] where an input gives a variable a value that it does not take.
pub fn context(
    registration: &Registration,
    pending: &Pending,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<Context, Error> {
    let mut context = registration.context();
    context.set("request", Value::Object(pending.request.clone()));
    let mut flow = Map::new();
    flow.insert("redirect_uri".into(), pending.redirect_uri.clone().into());
    flow.insert("state".into(), pending.state.expose().into());
    if let Some(nonce) = &pending.nonce {
        flow.insert("nonce".into(), nonce.expose().into());
    }
    flow.insert("scope".into(), registration.scope().into());
    flow.insert("uuid".into(), rng::uuid(rng).into());
    flow.insert("now".into(), clock.now().into());
    context.set("flow", Value::Object(flow));
    variables::learn(registration, Stage::Request, &mut context)?;
    Ok(context)
}

/// The essential claims of the id_token that the request asks for with values, `claims` being JSON of the provider file (OpenID
/// Connect Core §5.5.1); `context` is that of the sign-in.
///
/// # Errors
/// A template that cannot be rendered.
pub fn requested_claims(
    registration: &Registration,
    context: &Context,
) -> Result<Vec<RequestedClaim>, Error> {
    let written = registration.provider.authorize.params.iter().find(|(name, _)| name == "claims");
    let Some((_, Some(Param::Json(json)))) = written else { return Ok(vec![]) };
    let claims =
        json.render(context).map_err(|error| unrendered("authorization", &error.source, &error.message))?;
    let of = |(name, request): (&String, &Value)| {
        let values = request.get("values").and_then(Value::as_array).cloned().unwrap_or_default();
        let values: Vec<Value> = request.get("value").cloned().into_iter().chain(values).collect();
        let essential = request.get("essential") == Some(&Value::Bool(true));
        // Who signs in is essential without the word (§5.5.1).
        ((essential || name == "sub") && !values.is_empty()).then(|| (name.clone(), values))
    };
    Ok(claims["id_token"].as_object().into_iter().flatten().filter_map(of).collect())
}

/// SHA-256 of a client id, as base64url.
pub fn client_id_hash(client_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, client_id.as_bytes()))
}

/// The inputs that count: declared, not empty, and as the file wants them.
fn accepted_inputs(
    registration: &Registration,
    request: &IndexMap<String, String>,
) -> Result<Map<String, Value>, Error> {
    let authorize = &registration.provider.authorize;
    let refuse = |message: String| Err(Error::Misuse(Misuse::Request(message)));
    let mut accepted = Map::new();
    for (name, input) in &authorize.inputs {
        let Some(value) = request.get(name).filter(|value| !value.trim().is_empty()) else { continue };
        if value.len() > 2048 {
            return refuse(format!("`{name}` is too long"));
        }
        match input.constraint.check(value) {
            Ok(value) => drop(accepted.insert(name.clone(), value.into())),
            Err(why) => return refuse(format!("`{name}`: {why}")),
        }
    }
    for group in &authorize.one_of {
        let given: Vec<&str> =
            group.iter().map(String::as_str).filter(|name| accepted.contains_key(*name)).collect();
        match given.len() {
            1 => {}
            0 => return refuse(format!("one of {} is needed", group.join(", "))),
            _ => return refuse(format!("only one of {} may be given", given.join(", "))),
        }
    }
    Ok(accepted)
}

/// What the standards ask for, in the `oauth2` crate's words.
fn standard_params(
    registration: &Registration,
    endpoint: &Url,
    pending: &Pending,
) -> Result<Vec<(String, String)>, Error> {
    let redirect_uri = RedirectUrl::new(pending.redirect_uri.clone())
        .map_err(|_| Error::Misuse(Misuse::Configuration("the redirect URI is no address".into())))?;
    let client = BasicClient::new(ClientId::new(registration.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(endpoint.clone()))
        .set_redirect_uri(redirect_uri);
    let mut request = client.authorize_url(|| CsrfToken::new(pending.state.expose().to_owned()));
    let scope = registration.scope();
    if !scope.is_empty() {
        request = request.add_scope(Scope::new(scope));
    }
    match (&pending.code_verifier, registration.provider.authorize.pkce) {
        (Some(verifier), Pkce::S256) => {
            let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
            request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        (Some(verifier), Pkce::Plain) => {
            request = request
                .add_extra_param("code_challenge", verifier.expose().to_owned())
                .add_extra_param("code_challenge_method", "plain");
        }
        _ => {}
    }
    if let Some(nonce) = &pending.nonce {
        request = request.add_extra_param("nonce", nonce.expose().to_owned());
    }
    if let Some(key) = &pending.dpop_key {
        request = request.add_extra_param("dpop_jkt", dpop::jkt(key)?);
    }
    match registration.provider.authorize.response_mode {
        ResponseMode::Query => {}
        mode => request = request.add_extra_param("response_mode", mode.as_str()),
    }
    let (url, _) = request.url();
    Ok(url.query_pairs().into_owned().collect())
}

fn set(params: &mut Vec<(String, String)>, name: String, value: String) {
    match params.iter_mut().find(|(existing, _)| *existing == name) {
        Some((_, existing)) => *existing = value,
        None => params.push((name, value)),
    }
}
