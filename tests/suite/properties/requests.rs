//! Whatever a deployment, a person or a provider sends: a request or an error comes of it, never a panic, and the same bytes
//! every time.

use std::sync::Arc;

use authcfg::clock::FixedClock;
use authcfg::flow::caller::{Caller, later_context};
use authcfg::flow::grant::{
    self, ClientCredentialsRequest, Grant, JwtBearerRequest, TokenExchangeRequest, TypedToken,
};
use authcfg::flow::later::Later;
use authcfg::flow::metadata::{EndpointName, Metadata};
use authcfg::flow::{CallbackParams, TokenSet, authorize, profile, refresh, then, token, userinfo};
use authcfg::oauth::Secret;
use authcfg::provider::{Provider, Registration, RegistrationValues, Vector};
use authcfg::rng::Rng;
use bytes::Bytes;
use http::{Request, Response};
use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::FILES;

const REDIRECT_URI: &str = "https://app.example.com/callback";

/// The same bytes every time.
struct Constant;

impl Rng for Constant {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn registration(provider: &Arc<Provider>, vars: IndexMap<String, String>) -> Option<Registration> {
    let mut client = IndexMap::new();
    for name in provider.client.keys() {
        let given = provider.tests.iter().find_map(|test: &Vector| test.client.get(name));
        client.insert(name.clone(), Secret::from(given.map_or("x", String::as_str)));
    }
    let values = RegistrationValues {
        client_id: "CLIENT_ID".into(),
        client_secret: Some(Secret::from("client-secret-of-32-bytes-or-more")),
        client,
        vars,
        scopes: None,
    };
    Registration::new(provider.id.clone(), provider.clone(), values).ok()
}

/// One sign-in, as far as it gets with what came; every request that was built on the way, as bytes.
struct Played<'a> {
    registration: &'a Registration,
    metadata: Metadata,
    clock: FixedClock,
    sent: Vec<String>,
}

impl Played<'_> {
    fn keep(&mut self, request: Result<Request<Bytes>, authcfg::flow::Error>) {
        if let Ok(request) = request {
            let headers: Vec<String> =
                request.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            let body = String::from_utf8_lossy(request.body()).into_owned();
            self.sent.push(format!(
                "{} {}\n{}\n\n{body}",
                request.method(),
                request.uri(),
                headers.join("\n")
            ));
        }
    }

    fn run(
        mut self,
        inputs: &IndexMap<String, String>,
        callback: &[(String, String)],
        answers: &[Value],
    ) -> Vec<String> {
        let (registration, metadata) = (self.registration, self.metadata.clone());
        let started =
            authorize::request(registration, &metadata, REDIRECT_URI, inputs, &self.clock, &Constant);
        let Ok(started) = started else { return self.sent };
        let started = started.by_value(registration);
        self.sent.push(started.url.to_string());
        let Ok(mut context) = authorize::context(registration, &started.pending, &self.clock, &Constant)
        else {
            return self.sent;
        };
        let mut query = Serializer::new(String::new());
        query.append_pair("code", "CODE").append_pair("state", started.pending.state.expose());
        query.extend_pairs(callback.iter().filter(|(name, _)| !["code", "state"].contains(&name.as_str())));
        let params = CallbackParams::parse(&query.finish());
        let verified =
            params.verify(registration, &metadata, &started.pending, &mut context, started.pending.created);
        let Ok(verified) = verified else { return self.sent };
        let endpoint = metadata.endpoint(EndpointName::Token, registration, &context).ok().flatten();
        if let Some(endpoint) = endpoint {
            let caller = self.caller(&metadata, &context);
            let request = token::request(&caller, endpoint.url, &verified, &started.pending);
            self.keep(request);
        }
        let mut next = answers.iter().cycle();
        let mut answer = || Response::new(Bytes::from(next.next().map(Value::to_string).unwrap_or_default()));
        let Ok(mut tokens) = token::response(registration, &answer(), &mut context, &self.clock) else {
            return self.sent;
        };
        for step in &registration.provider.then {
            let request = then::request(step, &tokens, &self.caller(&metadata, &context));
            self.keep(request);
            if let Ok(found) =
                then::response(step, &tokens, registration, &answer(), &mut context, &self.clock)
            {
                tokens = found;
            }
        }
        for call in userinfo::calls(registration, &metadata, &context).unwrap_or_default() {
            let _ = userinfo::applies(call, &context);
            if let Ok(endpoint) = userinfo::endpoint(call, registration, &metadata, &context) {
                let caller = self.caller(&metadata, &context);
                let request = userinfo::request(call, endpoint.url, &tokens.access_token, &caller);
                self.keep(request);
            }
            if let Ok(body) = userinfo::response(call, &answer(), &mut context) {
                context.set(&call.name, body);
            }
        }
        if let Ok(profile) = profile::map(registration, &context) {
            self.sent.push(Value::Object(profile.into_json()).to_string());
        }
        let later = later_context(registration, Some(&tokens), &self.clock, &Constant);
        let caller = self.caller(&metadata, &later);
        let mut requests = vec![refresh::request(&tokens, &caller)];
        requests.extend([Later::Revocation, Later::Introspection].map(|step| step.request(&tokens, &caller)));
        requests.extend(Grant::ALL.map(|grant| self.grant(grant, &tokens, &metadata)));
        requests.into_iter().for_each(|request| self.keep(request));
        self.sent
    }

    fn grant(
        &self,
        grant: Grant,
        tokens: &TokenSet,
        metadata: &Metadata,
    ) -> Result<Request<Bytes>, authcfg::flow::Error> {
        let context = later_context(self.registration, None, &self.clock, &Constant);
        let caller = self.caller(metadata, &context);
        let params = match grant {
            Grant::ClientCredentials => ClientCredentialsRequest::default().params(&caller)?,
            Grant::JwtBearer => JwtBearerRequest::default().params(&caller)?,
            Grant::TokenExchange => {
                TokenExchangeRequest::new(TypedToken::access_token(tokens.access_token.clone())).params()?
            }
        };
        grant.request(grant::endpoint(&caller)?.url, params, &caller)
    }

    fn caller<'a>(&'a self, metadata: &'a Metadata, context: &'a authcfg::flow::Context) -> Caller<'a> {
        Caller { registration: self.registration, metadata, context, clock: &self.clock, rng: &Constant }
    }
}

fn play(
    registration: &Registration,
    inputs: &IndexMap<String, String>,
    callback: &[(String, String)],
    answers: &[Value],
) -> Vec<String> {
    let Ok(metadata) = Metadata::written(registration) else { return vec![] };
    let clock = FixedClock::new(1_800_000_000);
    Played { registration, metadata, clock, sent: vec![] }.run(inputs, callback, answers)
}

/// Text that a person, a browser or a provider may send.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9._-]{0,12}",
        "\\PC{0,12}",
        prop::sample::select(vec![
            "{{ client.secret }}",
            "{% for x in y %}",
            "a\r\nSet-Cookie: b=c",
            "../..",
            "a@b.example#",
            "%00",
            "\u{202e}",
            "https://evil.example",
            "evil.example/",
            "💥",
            "null",
            "$.client.secret",
        ])
        .prop_map(str::to_owned),
    ]
}

/// Any JSON, deep members with the names that files read included.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text().prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "id",
        "sub",
        "data",
        "user",
        "response",
        "email",
        "emails",
        "name",
        "first_name",
        "last_name",
        "avatar",
        "picture",
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "openid",
        "unionid",
        "error",
        "errcode",
        "ok",
        "owner",
        "team",
        "authed_user",
        "profile",
        "kakao_account",
        "shop",
        "discriminator",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// A token response that gets the sign-in past the token endpoint, with whatever else it holds.
fn token_response(mut other: Value) -> Value {
    if !other.is_object() {
        other = json!({"other": other});
    }
    let members = other.as_object_mut().expect("it was made one");
    members.retain(|name, _| !["error", "errcode", "scope", "expires_in"].contains(&name.as_str()));
    members.insert("access_token".into(), "AT".into());
    members.insert("token_type".into(), "bearer".into());
    members.insert("refresh_token".into(), "RT".into());
    members.insert("ok".into(), true.into());
    other
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_sign_in_ends_in_requests_or_an_error_and_always_in_the_same(
        file in any::<prop::sample::Index>(),
        values in prop::collection::vec(text(), 12),
        use_vector in any::<bool>(),
        callback in prop::collection::vec((text(), text()), 0..4),
        first in json_value(),
        others in prop::collection::vec(json_value(), 1..4),
    ) {
        let (_, provider) = &FILES[file.index(FILES.len())];
        let vector = provider.tests.iter().find(|test| test.profile.is_some()).cloned().unwrap_or_default();
        let mut values = values.iter().cycle();
        let mut any_value = |given: Option<&String>| match given {
            Some(given) if use_vector => given.clone(),
            _ => values.next().cloned().unwrap_or_default(),
        };
        let names = provider.vars.keys().filter(|name| !provider.learned.contains_key(*name));
        let vars = names
            .filter_map(|name| {
                let given = vector.vars.get(name);
                // A variable with a default may stay as it is.
                (given.is_some() || provider.vars[name].default.is_none() || !use_vector)
                    .then(|| (name.clone(), any_value(given)))
            })
            .collect();
        let inputs: IndexMap<String, String> = provider
            .authorize
            .inputs
            .keys()
            .filter(|name| !use_vector || vector.request.contains_key(*name))
            .map(|name| (name.clone(), any_value(vector.request.get(name))))
            .collect();
        let answers: Vec<Value> = std::iter::once(token_response(first)).chain(others).collect();
        if let Some(registration) = registration(provider, vars) {
            let sent = play(&registration, &inputs, &callback, &answers);
            prop_assert_eq!(&sent, &play(&registration, &inputs, &callback, &answers));
            for text in &sent {
                prop_assert!(!text.split("\n\n").next().unwrap_or_default().contains('\r'), "{}", text);
            }
        }
    }
}

/// The property above would hold of a harness that never gets anywhere.
#[test]
fn sign_ins_get_to_the_end_here() {
    let mut whole = 0;
    for (_, provider) in FILES.iter() {
        let Some(vector) = provider.tests.iter().find(|test| test.profile.is_some()) else { continue };
        let Some(registration) = registration(provider, vector.vars.clone()) else { continue };
        let token = token_response(vector.token_response.clone().unwrap_or_else(|| json!({})));
        let answers = [token, vector.userinfo.clone().unwrap_or_else(|| json!({}))];
        whole += usize::from(play(&registration, &vector.request, &[], &answers).len() > 3);
    }
    assert!(whole * 2 > FILES.len(), "{whole} of {}", FILES.len());
}
