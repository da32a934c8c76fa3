//! What a sign-in server does all day, measured; nothing here fails on a slow machine.
//!
//! `cargo bench --bench engine`. `tests/bench/compare.mjs` puts the server beside Auth.js in one run.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use authcfg::client::Client;
use authcfg::clock::SystemClock;
use authcfg::config::{self, ConfigSource};
use authcfg::flow::CallbackParams;
use authcfg::mock::{Mock, MockClient, Options, callback_of};
use authcfg::oauth::Secret;
use authcfg::provider::catalog::Catalog;
use authcfg::rng::SystemRng;
use authcfg::server::{self, Server};
use authcfg::session::sealing::Sealer;
use authcfg::transport::{self, Limit, Transport, Trust};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use tower::ServiceExt;

const SECRET: &str = "bench-secret-0123456789abcdef0123456789abcdef";
const BASE: &str = "http://localhost:3100/api/auth";

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = validate, session_read, sign_in, start_up
}
criterion_main!(benches);

/// 1,000 provider files, as CI does it: the whole program, from its start to its end.
fn validate(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    thousand_files(folder.path());
    criterion.bench_function("validate 1,000 files", |bencher| {
        bencher.iter(|| {
            let output = authcfg().arg("validate").arg(folder.path()).output().expect("the program runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        });
    });
}

/// A session read with its renewed cookie, beside a handler that does nothing.
fn session_read(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = server();
    let token = {
        let claims = serde_json::json!({"name": "Ada", "email": "ada@acme.example", "picture": null, "sub": "workos:prof_01"});
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
        seal(claims.as_object().expect("an object"), now)
    };
    let router: Router = server.router::<()>();
    let bare: Router = Router::new().route("/api/auth/session", get(|| async { "null" }));
    let mut read = |name: &str, router: Router| {
        criterion.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| {
                let request = Request::get("/api/auth/session")
                    .header("host", "localhost:3100")
                    .header("cookie", format!("authjs.session-token={token}"))
                    .body(Body::empty())
                    .expect("a request");
                let router = router.clone();
                async move {
                    let response = router.oneshot(request).await.expect("an answer");
                    assert_eq!(response.status(), 200);
                    axum::body::to_bytes(response.into_body(), 4096).await.expect("a body")
                }
            });
        });
    };
    read("session read", router);
    read("a handler that does nothing", bare);
}

/// A whole sign-in over real sockets: authorization request, callback, token, userinfo, profile. The provider's side counts too.
fn sign_in(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let catalog = Catalog::builtin();
    for id in ["workos", "google"] {
        let provider = catalog.get(id).and_then(|entry| entry.provider()).expect("a built-in provider");
        let vector =
            provider.tests.iter().find(|vector| vector.profile.is_some()).expect("a test with a profile");
        criterion.bench_function(&format!("sign-in, {id}"), |bencher| {
            let mock_client = MockClient::of_vector(provider, vector).expect("a registration");
            let (mock, client) = runtime.block_on(async {
                let (clock, rng) = (Arc::new(SystemClock), Arc::new(SystemRng));
                let options =
                    Options { redirect_uri: Some(format!("{BASE}/callback/{id}")), ..Options::default() };
                let mock = Mock::start(&mock_client, vector, options, clock.clone(), rng.clone())
                    .await
                    .expect("a port");
                let transport = Transport::played_by(mock.address());
                let registration = Arc::new(mock_client.registration.clone());
                (mock, Client::new(registration, transport, clock, rng))
            });
            let browser = Transport::played_by(mock.address());
            bencher.to_async(&runtime).iter(|| async {
                let request = vector.request.clone();
                let begun =
                    client.authorize(&format!("{BASE}/callback/{id}"), &request).await.expect("a request");
                let http = Request::get(begun.url.as_str()).body(Bytes::new()).expect("a URL is a URI");
                let (provider, step) = (id.to_owned(), "authorization".to_owned());
                let request = transport::Request {
                    http,
                    limit: Limit::Userinfo,
                    trust: Trust::Operator,
                    provider,
                    step,
                };
                let answer = browser.send(request).await.expect("the provider's page");
                let query = callback_of(&answer).expect("a callback");
                client.callback(begun.pending, CallbackParams::parse(&query)).await.expect("a sign-in")
            });
            drop(mock);
        });
    }
}

/// From nothing to the first answer, with every built-in provider that a deployment may list.
fn start_up(criterion: &mut Criterion) {
    criterion.bench_function("start to first answer", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| first_answer()).sum());
    });
}

fn first_answer() -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = Instant::now();
    let mut child = authcfg()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .envs([("AUTH_SECRET", SECRET), ("AUTH_WORKOS_ID", "id"), ("AUTH_WORKOS_SECRET", "secret")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let base = listening(&mut child);
    let answer =
        std::net::TcpStream::connect(base.trim_start_matches("http://").replace("localhost", "127.0.0.1"));
    let elapsed = started.elapsed();
    drop(answer.expect("it listens"));
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
    elapsed
}

fn listening(child: &mut Child) -> String {
    let stdout = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let line = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
    line.expect("it says where it listens")
}

fn authcfg() -> Command {
    Command::new(env!("CARGO_BIN_EXE_authcfg"))
}

fn server() -> Server {
    let variables = [
        ("AUTH_SECRET", SECRET),
        ("AUTH_URL", BASE),
        ("AUTH_WORKOS_ID", "id"),
        ("AUTH_WORKOS_SECRET", "secret"),
    ];
    let env = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let (config, _) = config::load(&ConfigSource { env, ..ConfigSource::default() }).expect("a deployment");
    let transport = server::transport(&config);
    Server::new(config, transport, Arc::new(SystemClock), Arc::new(SystemRng))
}

fn seal(claims: &serde_json::Map<String, serde_json::Value>, now: u64) -> String {
    let sealer = Sealer::new(&[Secret::from(SECRET)], "authjs.session-token");
    sealer.seal(claims, 30 * 86_400, now, &SystemRng)
}

/// The built-in files, over and over under other ids.
fn thousand_files(folder: &Path) {
    let texts: Vec<(String, String)> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/providers"))
        .expect("the providers")
        .map(|entry| entry.expect("a file").path())
        .map(|path| {
            (
                path.file_stem().expect("a name").to_string_lossy().into_owned(),
                std::fs::read_to_string(&path).expect("text"),
            )
        })
        .collect();
    for index in 0..1_000 {
        let (id, text) = &texts[index % texts.len()];
        let aliased: String =
            text.lines().filter(|line| !line.starts_with("aliases:")).flat_map(|line| [line, "\n"]).collect();
        let text = aliased.replacen(&format!("\nid: {id}\n"), &format!("\nid: {id}-{index}\n"), 1);
        std::fs::write(folder.join(format!("{id}-{index}.yaml")), text).expect("a file");
    }
}
