//! The relying party: a deployment of authcfg whose one provider is the hostile one, with the browser of a visitor and the
//! log of the operator. What comes of a play is told as both of them see it.

use std::io;
use std::sync::{Arc, Mutex};

use authcfg::server::{self, Server};
use authcfg::session::store::MemoryStore;
use authcfg::transport::{Options, Transport};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use url::Url;

use super::op::{
    ACCESS_TOKEN, Behaviour, CLIENT_ID, CLIENT_SECRET, CODE, Op, REFRESH_TOKEN, SUB, client_member,
    provider_file,
};
use crate::server::browser::{Browser, Reply, Site, environment, load};

pub const ORIGIN: &str = "https://app.example.com";
/// Where a visitor wants to go.
pub const HOME: &str = "/home";
/// Where sessions are kept, so that tokens are renewed and a provider can end them.
pub const WITH_STORE: &str = "session: {strategy: database, store: memory, claims: [sub]}\n";
/// Sessions in cookies.
const IN_COOKIES: &str = "session: {claims: [sub]}\n";

/// The relying party. Nothing that is secret is ever in its log, or in what it answers: each play looks.
pub struct Rp {
    pub op: Op,
    pub site: Site,
    log: Log,
    _guard: DefaultGuard,
}

/// What came of a play: how it ended, and the endpoints of the provider in the order in which they were asked.
pub struct Played {
    pub outcome: String,
    pub asked: String,
}

impl Rp {
    /// The provider, changed, and a deployment with `session` in its file; sessions are in cookies where that is empty.
    pub async fn start(change: impl FnOnce(&mut Behaviour), session: &str) -> Rp {
        Rp::over(change, session, Options::default()).await
    }

    /// The same with a way to the provider of its own.
    pub async fn over(change: impl FnOnce(&mut Behaviour), session: &str, options: Options) -> Rp {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let file = behaviour.file.clone();
        let op = Op::start(behaviour).await;
        let site = site(&op, &file, session, options);
        Rp { op, site, log, _guard: guard }
    }

    /// A whole sign-in of a new visitor.
    pub async fn sign_in(&self) -> String {
        self.sign_in_with(&mut self.site.browser()).await
    }

    /// A whole sign-in with this browser.
    pub async fn sign_in_with(&self, browser: &mut Browser) -> String {
        match self.begin(browser).await {
            Ok(callback) => self.come_back(browser, &callback).await,
            Err(reply) => self.seen(browser, &reply).await,
        }
    }

    /// A sign-in as far as the provider: what the browser brings back, or what it is shown instead.
    pub async fn begin(&self, browser: &mut Browser) -> Result<Callback, Reply> {
        let reply = browser.sign_in("/auth/signin/op", &[("callbackUrl", HOME)]).await;
        self.keeps_secrets(&reply);
        if reply.location().starts_with(ORIGIN) {
            return Err(reply);
        }
        let params = self.op.params(&Url::parse(reply.location()).expect("an address"));
        let is_form = params.get("response_mode").is_some_and(|mode| mode.starts_with("form_post"));
        Ok(Callback { params: self.op.grant(&params), is_form })
    }

    /// The browser comes back from the provider.
    pub async fn come_back(&self, browser: &mut Browser, callback: &Callback) -> String {
        let reply = callback.send(browser).await;
        self.seen(browser, &reply).await
    }

    /// How a sign-in ended.
    async fn seen(&self, browser: &mut Browser, reply: &Reply) -> String {
        self.keeps_secrets(reply);
        let session = browser.get("/auth/session").await;
        self.keeps_secrets(&session);
        if reply.status == 503 {
            // The provider was not asked, and the answer says when to come again.
            assert_eq!((reply.header("retry-after"), &*session.body), ("5", "null"), "{reply:?}");
            let event = self.log.failure();
            return format!("refused: {}", event["fields"]["kind"].as_str().expect("a kind"));
        }
        assert_eq!((reply.status.as_u16(), session.status.as_u16()), (302, 200), "{reply:?} {session:?}");
        if reply.location() == format!("{ORIGIN}{HOME}") {
            assert!(
                browser.cookies.keys().all(|name| !name.contains("authcfg.tx.")),
                "{:?}",
                browser.cookies
            );
            assert_eq!(session.json()["user"]["sub"], format!("op:{SUB}"), "{session:?}");
            return "signed in".to_owned();
        }
        assert_eq!(session.body, "null", "nobody is signed in");
        let event = self.log.failure();
        let failure = &event["fields"];
        assert_eq!(reply.header("x-request-id"), event["span"]["id"], "the visitor can name it");
        let page = browser.get(reply.location().strip_prefix(ORIGIN).expect("a page of ours")).await;
        self.keeps_secrets(&page);
        let kind = failure["kind"].as_str().expect("a kind");
        // A callback of another sign-in leaves this browser's own one alone.
        let over = browser.cookies.keys().all(|name| !name.contains("authcfg.tx."));
        assert_eq!(over, kind != "state_mismatch", "{:?}", browser.cookies);
        let (page, answered) = (page.body, reply.location());
        assert!(page.contains("/auth/signin"), "the way to try again: {page}");
        assert!(!page.contains(kind) && !page.contains(self.op.issuer()), "only the log says why: {page}");
        match answered.strip_prefix(&format!("{ORIGIN}/auth")) {
            Some("/error?error=Configuration") => format!("refused: {kind}"),
            Some("/signin?error=OAuthCallbackError") => format!("denied: {kind}"),
            _ => panic!("another page: {reply:?}"),
        }
    }

    /// What was played.
    pub fn played(&self, outcome: impl Into<String>) -> Played {
        self.log.keeps_secrets("the log");
        Played { outcome: outcome.into(), asked: self.op.asked() }
    }

    fn keeps_secrets(&self, reply: &Reply) {
        let head = format!("{:?}", reply.headers);
        keeps_secrets(&head, "the head of an answer");
        keeps_secrets(&reply.body, "a page");
    }
}

/// What the browser brings back from the provider.
pub struct Callback {
    pub params: String,
    pub is_form: bool,
}

impl Callback {
    pub async fn send(&self, browser: &mut Browser) -> Reply {
        if !self.is_form {
            return browser.get(&format!("/auth/callback/op?{}", self.params)).await;
        }
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "null"),
        ];
        browser.send("POST", "/auth/callback/op", &headers, &self.params).await
    }
}

/// A deployment with the provider.
fn site(op: &Op, file: &Value, session: &str, options: Options) -> Site {
    let file = provider_file(op.issuer(), file).to_string();
    let session = if session.is_empty() { IN_COOKIES } else { session };
    let deployment = format!("base_url: {ORIGIN}/auth\nproviders: {{op: {{}}}}\n{session}");
    let mut env = environment();
    env.extend([
        ("AUTH_OP_ID".to_owned(), CLIENT_ID.into()),
        ("AUTH_OP_SECRET".to_owned(), CLIENT_SECRET.into()),
    ]);
    for name in ["certificate", "certificate_key", "private_key"] {
        env.push((format!("AUTH_OP_{}", name.to_uppercase()), client_member(name)));
    }
    let config = load(&deployment, &[("providers/op.yaml", &file)], env);
    let config = config.unwrap_or_else(|findings| panic!("{findings:#?}"));
    let store = Arc::new(MemoryStore::new(op.clock.clone()));
    let Options { deadlines, lookup, .. } = options;
    let transport = Transport::new(Options { deadlines, lookup, ..server::transport_options(&config) });
    let rng = Arc::new(authcfg::rng::SystemRng);
    let server = Server::with_store(config, transport, store, op.clock.clone(), rng);
    Site { router: server.standalone(), clock: op.clock.clone() }
}

/// What the operator reads, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).expect("UTF-8")
    }

    /// The last request that led nowhere.
    fn failure(&self) -> Value {
        let events = self.text();
        let mut events = events.lines().rev().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        events.find(|event| event["fields"]["message"] == "a request failed").expect("a failure in the log")
    }

    fn keeps_secrets(&self, what: &str) {
        keeps_secrets(&self.text(), what);
    }
}

/// No code, token or secret stands in a text, and no JWT.
fn keeps_secrets(text: &str, what: &str) {
    // What a JWT signed with RS256 begins with, and one with ES256.
    let jwts = ["eyJhbGciOiJSUzI1NiI", "eyJhbGciOiJFUzI1NiI"];
    for secret in [ACCESS_TOKEN, REFRESH_TOKEN, CODE, CLIENT_SECRET, "PRIVATE KEY"].into_iter().chain(jwts) {
        assert!(!text.contains(secret), "{secret} stands in {what}: {text}");
    }
}
