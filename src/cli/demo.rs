//! `authcfg demo`: a whole sign-in on this machine, with no account anywhere.
//!
//! It starts a provider on loopback that plays the tests of a built-in provider file, and the real sign-in server, and
//! goes through the flow as a browser would; with `--browser` it waits for a real one instead.

mod browser;
mod screen;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use http::header::SET_COOKIE;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::cli::demo::browser::{Browser, location};
use crate::cli::demo::screen::{Screen, members, request_line, rows, shortened, status_line};
use crate::clock::SystemClock;
use crate::config::{self, Config, ConfigSource};
use crate::mock::{Mock, MockClient, Options, callback_of, play};
use crate::provider::Provider;
use crate::provider::catalog::Catalog;
use crate::rng::{self, SystemRng};
use crate::server;
use crate::spec::vector::Vector;
use crate::transport::Transport;
use crate::yaml::{Document, Limits};

/// The provider that is played where none is named.
const DEFAULT: &str = "workos";

/// A whole sign-in on this machine: a provider is played, the sign-in server is real, no account is needed.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The built-in provider to play
    #[arg(default_value = DEFAULT)]
    id: String,
    /// Leave it running, and print the address to open in a browser
    #[arg(long)]
    browser: bool,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    let screen = Arc::new(Screen::default());
    let catalog = Catalog::builtin();
    let Some(provider) = catalog.get(&args.id).and_then(|entry| entry.provider()) else {
        eprintln!("error: there is no built-in provider `{}`", args.id);
        return ExitCode::from(2);
    };
    if !provider.signs_in {
        eprintln!(
            "error: `{id}` hands out tokens alone, nobody signs in with it: see `authcfg show {id}`",
            id = args.id
        );
        return ExitCode::from(2);
    }
    let Some(vector) = provider.tests.iter().find(|vector| vector.profile.is_some()).cloned() else {
        eprintln!("error: the file of `{}` has no test with a profile to play", args.id);
        return ExitCode::from(2);
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return unreachable_port(&error.to_string()),
    };
    match runtime.block_on(demo(provider, &vector, args.browser, screen.clone())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Port(why)) => unreachable_port(&why),
        Err(Stop::Refused(why)) => {
            screen.failure(&format!("Refused: {why}"));
            ExitCode::from(4)
        }
    }
}

/// Why the demo ended early.
enum Stop {
    /// A port cannot be had, or does not answer.
    Port(String),
    /// The sign-in was refused.
    Refused(String),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Stop {
        Stop::Port(error.to_string())
    }
}

/// The two servers, running.
struct Stage {
    mock: Mock,
    base_url: Url,
}

async fn demo(
    provider: &Arc<Provider>,
    vector: &Vector,
    with_browser: bool,
    screen: Arc<Screen>,
) -> Result<(), Stop> {
    let name = &provider.name;
    screen.text(&format!("A sign-in with {name}, whole and on this machine: {name} is played from its provider file's own tests."));
    screen.text("No account, no secret, no network.\n");
    let stage = set(provider, vector, with_browser, &screen).await?;
    if with_browser {
        let base = &stage.base_url;
        screen.text(&format!("Open {base}/signin?callbackUrl={}/session", base.path()));
        let route = provider.authorize.inputs.values().any(|input| input.route);
        if let Some(email) = e_mail(vector).filter(|_| route) {
            screen.text(&format!("and sign in with the button, or with the e-mail address {email}."));
        }
        screen
            .text(&format!("You end at the session, as an application reads it. Sign out at {base}/signout"));
        screen.text("Ctrl-C ends it.\n");
        let _ = tokio::signal::ctrl_c().await;
        drop(stage.mock);
        return Ok(());
    }
    // The file's own test tells the profile: the session holds no more than an application needs.
    let profile = play(provider, vector).await.profile.unwrap_or_default();
    let started = Instant::now();
    let who = sign_in(provider, vector, &profile, &stage, &screen).await?;
    screen.success(&format!("Signed in as {who}, in {} ms.", started.elapsed().as_millis()));
    screen.text(
        &format!("See it in a browser: authcfg demo {} --browser", provider.id)
            .replace(&format!(" {DEFAULT}"), ""),
    );
    Ok(())
}

/// Starts the provider and the sign-in server.
async fn set(
    provider: &Arc<Provider>,
    vector: &Vector,
    with_browser: bool,
    screen: &Arc<Screen>,
) -> Result<Stage, Stop> {
    let secret = format!("sk_demo_{}", rng::token(&SystemRng, 18));
    let refused = |failures: Vec<crate::mock::Failure>| {
        let texts = failures.into_iter().map(|failure| format!("{} {}", failure.what, failure.expected));
        Stop::Refused(texts.collect::<Vec<_>>().join("; "))
    };
    let client = MockClient::new(provider, vector, "client_demo", &secret).map_err(refused)?;
    let shown = screen.clone();
    let options = Options {
        browser: true,
        consent: with_browser,
        observer: Some(Arc::new(move |recorded| shown.request(recorded))),
        ..Options::default()
    };
    let mock = Mock::start(&client, vector, options, Arc::new(SystemClock), Arc::new(SystemRng)).await?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    let base_url =
        Url::parse(&format!("{origin}/api/auth")).map_err(|error| Stop::Port(error.to_string()))?;
    let config = deployment(&client, vector, &mock, &base_url).map_err(Stop::Refused)?;
    let transport = Transport::played_by(mock.address());
    let router = server::router(config, transport, Arc::new(SystemClock), Arc::new(SystemRng));
    tokio::spawn(server::listen::serve(listener, router, std::future::pending()));
    Ok(Stage { mock, base_url })
}

/// A deployment as somebody would write it: credentials, the values of the vector, a route for its e-mail domain.
fn deployment(client: &MockClient, vector: &Vector, mock: &Mock, base_url: &Url) -> Result<Config, String> {
    let registration = &client.registration;
    let mut env = vec![("AUTH_SECRET".to_owned(), rng::token(&SystemRng, 33))];
    let mut provider = Map::new();
    provider.insert("client_id".into(), registration.client_id.as_str().into());
    if let Some(secret) = &registration.client_secret {
        env.push(("DEMO_CLIENT_SECRET".into(), secret.expose().to_owned()));
        provider.insert("client_secret".into(), json!({"env": "DEMO_CLIENT_SECRET"}));
    }
    let mut members = Map::new();
    for name in registration.provider.client.keys() {
        if let Some(value) = registration.client_member(name) {
            let variable = format!("DEMO_CLIENT_{}", name.to_uppercase());
            env.push((variable.clone(), value.expose().to_owned()));
            members.insert(name.clone(), json!({"env": variable}));
        }
    }
    provider.insert("client".into(), Value::Object(members));
    let mut vars = vector.vars.clone();
    if let Some(issuer) = vars.shift_remove("issuer") {
        provider.insert("issuer".into(), issuer.into());
    }
    let mut given = Map::new();
    for (name, value) in vars {
        let secret = registration.provider.vars.get(&name).is_some_and(|rule| rule.secret);
        let variable = format!("DEMO_{}", name.to_uppercase());
        given.insert(name, if secret { json!({"env": variable}) } else { value.clone().into() });
        if secret {
            env.push((variable, value));
        }
    }
    provider.insert("vars".into(), Value::Object(given));
    provider.insert("request".into(), json!(vector.request));
    if let Some(endpoint) = mock.authorization_endpoint() {
        provider.insert("authorization_endpoint".into(), endpoint.as_str().into());
    }
    let mut deployment = json!({"base_url": base_url, "catalog": [], "providers": {}, "routes": []});
    deployment["providers"][&registration.id] = Value::Object(provider);
    let domain = e_mail(vector).and_then(|email| email.split_once('@')).map(|(_, domain)| domain);
    if let Some(domain) =
        domain.filter(|_| registration.provider.authorize.inputs.values().any(|input| input.route))
    {
        deployment["routes"] =
            json!([{"domains": [domain], "provider": registration.id, "request": vector.request}]);
    }
    let document =
        Document::parse("the demo's deployment file", deployment.to_string().as_bytes(), Limits::DEPLOYMENT)
            .map_err(|_| "the demo's deployment file cannot be read".to_owned())?;
    let source = ConfigSource { env, ..ConfigSource::default() };
    let titles = |findings: Vec<crate::diagnostic::Diagnostic>| {
        findings.into_iter().map(|finding| finding.title).collect::<Vec<_>>().join("; ")
    };
    config::compile(Some(&document), &source).map(|(config, _)| config).map_err(titles)
}

/// Goes through the flow, step by step; returns who has signed in.
async fn sign_in(
    provider: &Arc<Provider>,
    vector: &Vector,
    profile: &Value,
    stage: &Stage,
    screen: &Screen,
) -> Result<String, Stop> {
    let mut browser = Browser::default();
    let at = |path: &str| {
        let mut url = stage.base_url.clone();
        url.set_path(&format!("{}{path}", stage.base_url.path()));
        url
    };
    let csrf = browser.get(&at("/csrf")).await?;
    let csrf: Value = serde_json::from_slice(csrf.body()).unwrap_or_default();
    let token = csrf.get("csrfToken").and_then(Value::as_str).unwrap_or_default();
    let mut start = at(&format!("/signin/{}", provider.id));
    start.query_pairs_mut().extend_pairs(&vector.request);
    if start.query() == Some("") {
        start.set_query(None);
    }
    let answer = browser.post(&start, &[("csrfToken", token), ("callbackUrl", "/")]).await?;
    let authorization = accepted(location(&start, &answer))?;

    let answer = browser.get(&authorization).await?;
    let query = callback_of(&answer)
        .ok_or_else(|| Stop::Refused("the provider did not send the browser back".into()))?;
    let params: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let is_form_post = answer.status().is_success();
    let mut callback = at(&format!("/callback/{}", provider.id));
    let method = if is_form_post { "POST" } else { "GET" };
    let mut lines = vec![request_line(method, callback.as_str())];
    lines.extend(rows(params.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
    screen.step("Callback", "the provider sends it back, with a code", &lines);
    let answer = if is_form_post {
        browser.post_encoded(&callback, query).await?
    } else {
        callback.set_query(Some(&query));
        browser.get(&callback).await?
    };
    accepted(location(&callback, &answer))?;

    screen.step("Profile", "the same names, whatever the provider calls them", &members(profile));

    let mut lines = vec![];
    for cookie in answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        if let Some((name, value)) = pair.split_once('=').filter(|(name, _)| name.contains("session-token")) {
            lines.push(format!("  Set-Cookie: {name}={};{attributes}", shortened(value)));
        }
    }
    let session = at("/session");
    let answer = browser.get(&session).await?;
    lines.push(request_line("GET", session.as_str()));
    lines.push(status_line(answer.status().as_u16()));
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    lines.extend(members(&body));
    screen.step("Session", "an encrypted cookie, and what the application reads", &lines);
    let user = body.get("user").filter(|user| user.is_object());
    let user = user.ok_or_else(|| Stop::Refused("there is no session".into()))?;
    let text = |name: &str| user.get(name).and_then(Value::as_str);
    Ok(match (text("name"), text("email")) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => profile.get("sub").and_then(Value::as_str).unwrap_or("somebody").to_owned(),
    })
}

/// The e-mail address of the person that the vector is about.
fn e_mail(vector: &Vector) -> Option<&str> {
    vector.profile.as_ref()?.get("email")?.as_str()
}

/// Where the browser goes next, unless that is a page with an error.
fn accepted(location: Option<Url>) -> Result<Url, Stop> {
    let location =
        location.ok_or_else(|| Stop::Refused("the sign-in server did not send the browser on".into()))?;
    match location.query_pairs().find(|(name, _)| name == "error") {
        Some((_, error)) => Err(Stop::Refused(error.into_owned())),
        None => Ok(location),
    }
}

fn unreachable_port(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(3)
}
