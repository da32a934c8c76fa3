//! One vector played: the real client over the real transport, against the mock.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::clock::{Clock, FixedClock, SystemClock};
use crate::flow::grant::Grant;
use crate::flow::{CallbackParams, TokenSet};
use crate::mock::check::{Failure, members};
use crate::mock::client::MockClient;
use crate::mock::grant;
use crate::mock::page::callback_of;
use crate::mock::provider::{Mock, Options};
use crate::oauth::Profile;
use crate::provider::Provider;
use crate::provider::Vector;
use crate::rng::{Rng, SystemRng};
use crate::transport::{self, Limit, Transport, Trust};

/// The redirect URI of a played sign-in.
const REDIRECT_URI: &str = "https://app.example.com/api/auth/callback/mock";

/// What came of a vector.
#[derive(Clone, Debug, Default, Serialize)]
pub struct VectorResult {
    /// What was not as it should be; nothing where the vector passed.
    pub failures: Vec<Failure>,
    /// The profile, where the sign-in went through.
    pub profile: Option<Value>,
    /// The code of the error, where it did not.
    pub error: Option<String>,
}

impl VectorResult {
    /// Whether all was as the vector says.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Plays a vector of a provider over a real socket.
pub async fn play(provider: &Arc<Provider>, vector: &Vector) -> VectorResult {
    let client = match MockClient::of_vector(provider, vector) {
        Ok(client) => client,
        Err(failures) => return refused_configuration(vector, failures),
    };
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(SystemClock.now()));
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    let options = Options { redirect_uri: Some(REDIRECT_URI.into()), ..Options::default() };
    let mock = match Mock::start(&client, vector, options, clock.clone(), rng.clone()).await {
        Ok(mock) => mock,
        Err(error) => {
            return failed(Failure::new("mock", "port", "a free port on 127.0.0.1", error.to_string()));
        }
    };
    let transport = Transport::played_by(mock.address());
    let signed_in = sign_in(&client, vector, transport, clock.clone(), rng).await;
    let mut result = VectorResult { failures: mock.failures(), ..VectorResult::default() };
    match signed_in {
        Ok(Done { profile, token, refreshed }) => {
            let now = clock.now();
            result.failures.extend(judge_success(vector, &profile, &token.members(now)));
            let refreshed = refreshed.map(|token| token.members(now)).unwrap_or_default();
            result.failures.extend(members("refreshed", &vector.refreshed, &refreshed, false));
            result.failures.extend(unasked(vector, &mock.asked()));
            result.profile = Some(Value::Object(profile));
        }
        Err(error) => {
            if !vector.error.as_deref().is_some_and(|wanted| wanted == "any" || wanted == error.code) {
                let wanted = vector.error.clone().unwrap_or_else(|| "a sign-in".into());
                result.failures.push(Failure::new("result", "error", wanted, error.message));
            }
            result.error = Some(error.code);
        }
    }
    result
}

/// A registration that the provider file does not accept: what the vector wants, or a failure.
fn refused_configuration(vector: &Vector, failures: Vec<Failure>) -> VectorResult {
    let wanted = vector.error.as_deref().is_some_and(|wanted| wanted == "any" || wanted == REFUSED);
    VectorResult {
        failures: if wanted { vec![] } else { failures },
        profile: None,
        error: Some(REFUSED.into()),
    }
}

/// The code of a deployment's value that the provider file does not accept.
const REFUSED: &str = "configuration_refused";

/// A sign-in that happened, and what the vector asks for after it.
struct Done {
    profile: Map<String, Value>,
    token: TokenSet,
    refreshed: Option<TokenSet>,
}

/// A sign-in that did not happen.
struct Refused {
    code: String,
    message: String,
}

impl From<crate::client::Error> for Refused {
    fn from(error: crate::client::Error) -> Refused {
        Refused { code: error.code().to_owned(), message: format!("{}: {error}", error.code()) }
    }
}

async fn sign_in(
    client: &MockClient,
    vector: &Vector,
    transport: Transport,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
) -> Result<Done, Refused> {
    let client = Client::new(Arc::new(client.registration.clone()), transport.clone(), clock, rng);
    let authorization = client.authorize(REDIRECT_URI, &vector.request).await?;
    // The fragment stays in the browser: no server ever sees it.
    if let Some(wanted) = vector.expect.get("authorization.fragment")
        && wanted.as_str() != authorization.url.fragment()
    {
        let message = format!("the fragment is {:?}", authorization.url.fragment());
        return Err(Refused { code: "fragment".into(), message });
    }
    let broken = |message: &str| Refused { code: "authorization".into(), message: message.to_owned() };
    let http = http::Request::get(authorization.url.as_str())
        .body(bytes::Bytes::new())
        .map_err(|_| broken("the authorization URL cannot be requested"))?;
    let request = transport::Request {
        http,
        limit: Limit::Userinfo,
        trust: Trust::Operator,
        provider: "mock".into(),
        step: "authorization".into(),
    };
    let response =
        transport.send(request).await.map_err(|_| broken("the authorization endpoint did not answer"))?;
    let callback = callback_of(&response)
        .ok_or_else(|| broken("the authorization request was not answered by a callback"))?;
    let (profile, token) = client.finish(authorization.pending, CallbackParams::parse(&callback)).await?;
    let profile = profile.map(Profile::into_json).unwrap_or_default();
    let mut refreshed = None;
    if is_named(vector, "refresh", &vector.refresh_response) {
        refreshed = Some(client.refresh(&token).await?);
    }
    let current = refreshed.as_ref().unwrap_or(&token);
    if is_named(vector, "introspection", &vector.introspection_response) {
        client.introspect(current).await?;
    }
    if is_named(vector, "revocation", &vector.revocation_response)
        || is_named(vector, "access_token_revocation", &None)
    {
        client.revoke(current).await?;
    }
    for grant in Grant::ALL {
        if is_named(vector, grant.as_str(), grant::answer_of(vector, grant)) {
            grant::ask(&client, grant, current).await?;
        }
    }
    Ok(Done { profile, token, refreshed })
}

/// Whether a vector asks for a step after the sign-in: it has an answer to it, or says what its request is like.
fn is_named(vector: &Vector, step: &str, answer: &Option<Value>) -> bool {
    let described =
        |key: &String| key == step || key.strip_prefix(step).is_some_and(|rest| rest.starts_with('.'));
    answer.is_some() || vector.expect.keys().any(described)
}

fn judge_success(vector: &Vector, profile: &Map<String, Value>, token: &Map<String, Value>) -> Vec<Failure> {
    if let Some(error) = &vector.error {
        return vec![Failure::new("result", "error", error, "a sign-in")];
    }
    let mut failures = members("token", &vector.token, token, false);
    if let Some(wanted) = &vector.profile {
        failures.extend(members("profile", wanted, profile, true));
    }
    failures
}

/// Answers that a vector gives, or requests that it describes, without anybody having asked.
fn unasked(vector: &Vector, asked: &[String]) -> Vec<Failure> {
    let answered =
        vector.named.keys().map(String::as_str).chain(vector.userinfo.as_ref().map(|_| "userinfo"));
    let described = vector
        .expect
        .keys()
        .filter(|key| *key != "authorization.fragment")
        .map(|key| key.split_once('.').map_or(key.as_str(), |(step, _)| step));
    let mut steps: Vec<&str> =
        answered.chain(described).filter(|step| !asked.iter().any(|done| done == step)).collect();
    steps.sort_unstable();
    steps.dedup();
    steps.into_iter().map(|step| Failure::new(step, "request", "a request", "none was made")).collect()
}

fn failed(failure: Failure) -> VectorResult {
    VectorResult { failures: vec![failure], ..VectorResult::default() }
}
