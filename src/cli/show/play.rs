//! The requests, as the engine really sends them: the sign-in is played on this machine, and each request is written down.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::effective::Effective;
use crate::cli::output;
use crate::cli::show::placeholders::{Placeholders, Tape};
use crate::cli::show::plan::Plan;
use crate::cli::show::sent::{Sent, address};
use crate::client::{self, Client};
use crate::clock::{Clock, FixedClock};
use crate::flow::grant::Grant;
use crate::flow::{Authorization, CallbackParams, TokenSet, protected_resource};
use crate::mock::{self, Mock, Options, Recorded, callback_of};
use crate::oauth::Secret;
use crate::rng::Rng;
use crate::transport::{Limit, Request, Transport, Trust};

/// The redirect URI of the sign-in; `REDIRECT_URI` stands for it.
const REDIRECT_URI: &str = "https://redirect-uri.invalid/callback";
/// About the moment of the sign-in, 2100-01-01; `NOW` stands for it.
const NOW: u64 = 4_102_444_800;
/// What was sent.
pub struct Played {
    /// The requests in order.
    pub requests: Vec<Sent>,
    /// Documents that are fetched before the first sign-in, and kept: step and address.
    pub documents: Vec<(String, String)>,
    /// Why there is no further request.
    pub stopped: Option<String>,
}

/// Plays the sign-in.
///
/// # Errors
/// The exit code, once the reason is on standard error: a sign-in that cannot even begin.
pub async fn play(effective: &Effective, plan: &Plan) -> Result<Played, ExitCode> {
    let mut played = once(effective, plan, 1).await?;
    // What another run sends otherwise is made of something that differs from run to run: its name stands for it.
    let again = once(effective, plan, 2).await?;
    for (sent, other) in played.requests.iter_mut().zip(&again.requests) {
        sent.name_what_differs(other);
    }
    Ok(played)
}

/// Plays it once; another `run` has other random values and another time.
async fn once(effective: &Effective, plan: &Plan, run: u64) -> Result<Played, ExitCode> {
    let recorded: Arc<Mutex<Vec<Recorded>>> = Arc::default();
    let shown = recorded.clone();
    let options = Options {
        redirect_uri: Some(REDIRECT_URI.into()),
        observer: Some(Arc::new(move |request: &Recorded| {
            shown.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        })),
        ..Options::default()
    };
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(NOW + run));
    let (own, theirs) = (Arc::new(Tape::new(run)), Arc::new(Tape::new(run + 1000)));
    let rng: Arc<dyn Rng> = own.clone();
    let vector = plan.played();
    let mock = Mock::start(&plan.client, &vector, options, clock.clone(), theirs.clone()).await;
    let mock = mock.map_err(|error| {
        output::diagnostic(&format!("error: no port on this machine: {error}\n"));
        ExitCode::from(3)
    })?;
    let transport = Transport::played_by(mock.address());
    let client = Client::new(Arc::new(plan.client.registration.clone()), transport.clone(), clock, rng);
    let authorization = client.authorize(REDIRECT_URI, &vector.request).await.map_err(|error| {
        output::diagnostic(&format!("error: {error}\n"));
        ExitCode::from(2)
    })?;
    let written = effective.keys.as_object().into_iter().flatten();
    let discovered = plan.discovered.iter().flatten();
    let known: Vec<String> = written.chain(discovered).map(|(name, _)| name.clone()).collect();
    let (token, stopped) = go_on(&client, &known, &transport, authorization.clone()).await;
    drop(mock);

    let recorded = std::mem::take(&mut *recorded.lock().unwrap_or_else(PoisonError::into_inner));
    let placeholders = placeholders(plan, &authorization, token.as_ref(), &own, &theirs, &recorded);
    let is_document = |request: &&Recorded| {
        ["discovery", "jwks", protected_resource::STEP].contains(&request.step.as_str())
    };
    let documents = recorded
        .iter()
        .filter(is_document)
        .map(|request| (request.step.clone(), address(&placeholders.hide(request.url.as_str()))))
        .collect();
    let provider = &plan.client.registration.provider;
    let mut requests: Vec<Sent> = recorded
        .iter()
        .filter(|request| !is_document(request))
        .map(|request| Sent::of(request, &authorization, provider, &placeholders))
        .collect();
    let chain = requests.iter_mut().filter(|sent| sent.step == "then");
    chain.enumerate().for_each(|(index, sent)| sent.step = format!("then[{index}]"));
    Ok(Played { requests, documents, stopped })
}

/// The rest of the sign-in: the tokens, as far as it came, and why it went no further.
async fn go_on(
    client: &Client,
    known: &[String],
    transport: &Transport,
    authorization: Authorization,
) -> (Option<TokenSet>, Option<String>) {
    let outcome = async {
        let http = http::Request::get(authorization.url.as_str()).body(bytes::Bytes::new());
        let http = http.map_err(|_| "the address of the authorization request is none".to_owned())?;
        let request = Request {
            http,
            limit: Limit::Userinfo,
            trust: Trust::Operator,
            provider: "mock".into(),
            step: "authorization".into(),
        };
        let answer = transport.send(request).await.map_err(|error| error.to_string())?;
        let callback =
            callback_of(&answer).ok_or("the authorization request was not answered by a callback")?;
        let failed = |error: client::Error| format!("{}: {error}", error.code());
        let callback = CallbackParams::parse(&callback);
        let (_, token) = client.finish(authorization.pending, callback).await.map_err(failed)?;
        Ok::<_, String>(after(client, known, token).await)
    };
    match outcome.await {
        Ok(token) => (Some(token), None),
        Err(why) => (None, Some(format!("with the values of the file's test the sign-in ends here: {why}"))),
    }
}

/// What can be done with a token, as far as the file says that the provider can: a refresh where there is a refresh token, then
/// the steps whose endpoints are `known`. A mock answers; what it answers does not matter.
async fn after(client: &Client, known: &[String], mut token: TokenSet) -> TokenSet {
    let written = |key: &str| known.iter().any(|known| known == key);
    if written("refresh") && token.refresh_token.is_none() {
        token.refresh_token = Some(Secret::from("REFRESH_TOKEN"));
    }
    if token.refresh_token.is_some() || written("refresh") {
        let _ = client.refresh(&token).await;
    }
    if written("introspection_endpoint") {
        let _ = client.introspect(&token).await;
    }
    if written("revocation_endpoint") {
        let _ = client.revoke(&token).await;
    }
    for grant in Grant::ALL.into_iter().filter(|grant| written(grant.as_str())) {
        let _ = mock::ask(client, grant, &token).await;
    }
    token
}

/// What each value of this run is called.
fn placeholders(
    plan: &Plan,
    authorization: &Authorization,
    token: Option<&TokenSet>,
    own: &Tape,
    theirs: &Tape,
    recorded: &[Recorded],
) -> Placeholders {
    let mut placeholders = Placeholders::default();
    placeholders.set(&authorization.pending.created.to_string(), "NOW");
    let pending = &authorization.pending;
    placeholders.set(pending.state.expose(), "STATE");
    for (secret, name) in [(&pending.nonce, "NONCE"), (&pending.code_verifier, "CODE_VERIFIER")] {
        if let Some(secret) = secret {
            placeholders.set(secret.expose(), name);
        }
    }
    placeholders.set(REDIRECT_URI, "REDIRECT_URI");
    for (code, _) in theirs.made() {
        placeholders.set(&code, "CODE");
    }
    for uuid in own.made().into_iter().filter_map(|(_, uuid)| uuid) {
        placeholders.set(&uuid, "UUID");
    }
    let registration = &plan.client.registration;
    let provider = &registration.provider;
    let renamed = |name: &'static str| provider.rename.get(name).map_or(name, String::as_str);
    for (name, placeholder) in [
        ("code_challenge", "CODE_CHALLENGE"),
        ("client_secret", "CLIENT_SECRET"),
        ("client_assertion", "CLIENT_ASSERTION"),
        ("request_uri", "REQUEST_URI"),
    ] {
        for value in recorded.iter().filter_map(|request| request.param(renamed(name))) {
            placeholders.set(value, placeholder);
        }
    }
    if let Some(token) = token {
        placeholders.set(token.access_token.expose(), "ACCESS_TOKEN");
        for (secret, name) in [(&token.refresh_token, "REFRESH_TOKEN"), (&token.id_token, "ID_TOKEN")] {
            if let Some(secret) = secret {
                placeholders.set(secret.expose(), name);
            }
        }
    }
    for name in provider.client.keys() {
        if let Some(value) = registration.client_member(name) {
            placeholders.set(value.expose(), &name.to_uppercase());
        }
    }
    for (name, _) in provider.vars.iter().filter(|(_, constraint)| constraint.secret) {
        placeholders.set(registration.var(name).unwrap_or_default(), &name.to_uppercase());
    }
    placeholders
}
