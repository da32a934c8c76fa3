//! Asking: every host and every discovery document once, a few at a time, and all within a budget.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::cli::progress::Progress;
use crate::cli::validate::online::names::{Names, Resolved};
use crate::flow::discovery;
use crate::oauth::json;
use crate::transport::{Limit, Request, Transport, Trust};

/// How many questions are under way at once.
const AT_ONCE: usize = 16;
/// How long a name may take. A document has the time it has in a sign-in.
const NAME_DEADLINE: Duration = Duration::from_secs(5);
/// How long everything may take together.
const BUDGET: Duration = Duration::from_secs(60);
/// A name that exists (RFC 2606 §3). Where it does not, the name service sees only a part of the world.
const CONTROL: &str = "example.com";
/// Why a question was not asked.
const LATE: &str = "there was no answer in time";

/// What to ask.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Hosts that ought to be known.
    pub hosts: BTreeSet<String>,
    /// The addresses of discovery documents.
    pub documents: BTreeSet<Url>,
}

/// A discovery document, or why there is none.
pub(super) type Fetched = Result<Map<String, Value>, Unusable>;

/// Why a discovery document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// What came, or did not.
    Because(String),
    /// The answer is that there is none.
    Missing(u16),
    /// Its host cannot be found: that is said of the host.
    NoHost,
}

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// By host.
    pub hosts: BTreeMap<String, Resolved>,
    /// By address.
    pub documents: BTreeMap<Url, Fetched>,
}

/// Asks everything.
pub(super) fn ask(questions: Questions, transport: &Transport, names: &Names) -> Answered {
    let all = questions.hosts.len() + questions.documents.len();
    let progress = Arc::new(Progress::start("questions", all));
    // A lookup cannot be called off: what is late keeps its thread, and the others wait for their turn.
    let runtime = Builder::new_current_thread().max_blocking_threads(2 * AT_ONCE).enable_all().build();
    let Ok(runtime) = runtime else {
        let no = Resolved::Unanswered("this machine has no thread to spare".into());
        let hosts = questions.hosts.into_iter().map(|host| (host, no.clone())).collect();
        return Answered { hosts, documents: BTreeMap::new() };
    };
    let answered = runtime.block_on(async {
        let deadline = Instant::now() + BUDGET;
        let hosts = ask_hosts(questions.hosts, names, deadline, &progress).await;
        let documents = ask_documents(questions.documents, &hosts, transport, deadline, &progress).await;
        Answered { hosts, documents }
    });
    runtime.shutdown_background();
    answered
}

async fn ask_hosts(
    hosts: BTreeSet<String>,
    names: &Names,
    deadline: Instant,
    progress: &Arc<Progress>,
) -> BTreeMap<String, Resolved> {
    let names = names.clone();
    let ask = move |host: String| {
        let names = names.clone();
        async move {
            let late = || Resolved::Unanswered(LATE.into());
            let lookup = tokio::task::spawn_blocking(move || names.0(&host));
            match timeout_at(deadline.min(Instant::now() + NAME_DEADLINE), lookup).await {
                Ok(Ok(resolved)) => resolved,
                Ok(Err(_)) | Err(_) => late(),
            }
        }
    };
    let late = || Resolved::Unanswered(LATE.into());
    let mut found = each(hosts, ask.clone(), late, deadline, progress).await;
    if found.values().any(|resolved| *resolved == Resolved::Unknown)
        && ask(CONTROL.into()).await != Resolved::Known
    {
        for resolved in found.values_mut().filter(|resolved| **resolved == Resolved::Unknown) {
            let why = format!("the name service does not know `{CONTROL}` either");
            *resolved = Resolved::Unanswered(why);
        }
    }
    found
}

async fn ask_documents(
    documents: BTreeSet<Url>,
    hosts: &BTreeMap<String, Resolved>,
    transport: &Transport,
    deadline: Instant,
    progress: &Arc<Progress>,
) -> BTreeMap<Url, Fetched> {
    let known = |url: &Url| {
        let Some(Host::Domain(host)) = url.host() else { return true };
        hosts.get(host).is_none_or(|resolved| *resolved == Resolved::Known)
    };
    let (documents, lost): (BTreeSet<Url>, BTreeSet<Url>) = documents.into_iter().partition(known);
    let transport = transport.clone();
    let ask = move |url: Url| {
        let transport = transport.clone();
        async move { fetch(&url, &transport).await }
    };
    let late = || Err(Unusable::Because(LATE.into()));
    let mut found = each(documents, ask, late, deadline, progress).await;
    found.extend(lost.into_iter().map(|url| (url, Err(Unusable::NoHost))));
    found
}

/// Asks each question, [`AT_ONCE`] at a time; `late` is the answer to what has none at the deadline.
async fn each<Q, A, F>(
    questions: BTreeSet<Q>,
    ask: impl Fn(Q) -> F + Clone + Send + Sync + 'static,
    late: impl Fn() -> A + Clone + Send + 'static,
    deadline: Instant,
    progress: &Arc<Progress>,
) -> BTreeMap<Q, A>
where
    Q: Clone + Ord + Send + Sync + 'static,
    A: Send + 'static,
    F: Future<Output = A> + Send,
{
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for question in questions.iter().cloned() {
        let (ask, late, turns, progress) = (ask.clone(), late.clone(), turns.clone(), progress.clone());
        running.spawn(async move {
            let answer = async {
                let _turn = turns.acquire().await;
                ask(question.clone()).await
            };
            let answer = timeout_at(deadline, answer).await.unwrap_or_else(|_| late());
            progress.step();
            (question, answer)
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(done) = running.join_next().await {
        answers.extend(done);
    }
    for question in questions {
        answers.entry(question).or_insert_with(&late);
    }
    answers
}

/// Fetches a document, within the bounds that a sign-in has for it. Nobody vouches for the address of a file that comes
/// with somebody's change, so private networks are left alone.
async fn fetch(url: &Url, transport: &Transport) -> Fetched {
    let request = Request {
        http: discovery::request(url),
        limit: Limit::Discovery,
        trust: Trust::Discovered,
        provider: url.host_str().unwrap_or_default().to_owned(),
        step: "discovery".into(),
    };
    let answer = transport.send(request).await.map_err(|error| Unusable::Because(error.to_string()))?;
    match answer.status().as_u16() {
        200 => {}
        missing @ (404 | 410) => return Err(Unusable::Missing(missing)),
        other => return Err(Unusable::Because(format!("the answer is {other}"))),
    }
    match json::parse(answer.body()) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(Unusable::Because("the answer is no JSON object".into())),
        Err(error) => Err(Unusable::Because(format!("the answer is not JSON: {error}"))),
    }
}
