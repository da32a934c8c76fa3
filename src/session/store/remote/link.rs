//! A connection that is kept up, and what is said while it is not.
//!
//! One task opens the connection at the first call, opens another one when it is lost, and looks after one that nobody uses. A
//! call waits for a first connection, and for another one where the last was closed; where nothing answers it fails at once,
//! until something does. So every call has its answer in time, and a store that is back is used at the next call.

use std::fmt;
use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::session::store::StoreError;

/// A call is answered within this time, or fails, where nobody has said otherwise.
const CALL: Duration = Duration::from_millis(150);
/// A connection is opened within this time, its TLS and its password included.
const OPEN: Duration = Duration::from_secs(1);
/// After a connection that could not be opened the next is tried this much later.
const PAUSE: Duration = Duration::from_millis(200);
/// A connection is asked for a sign of life this often: firewalls forget one that says nothing, and nobody tells.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// [`Link::ready`] waits this long for a first connection, which may have tables to make.
const FIRST: Duration = Duration::from_secs(30);

/// What is said of a store that says nothing.
const SILENCE: &str = "no answer in time";

/// Opens connections to a store.
pub(in crate::session::store) trait Connect:
    fmt::Display + Send + Sync + Sized + 'static
{
    /// What calls are made on; clones are one connection.
    type Connection: Clone + Send + Sync + 'static;

    /// Opens a connection.
    ///
    /// # Errors
    /// Why there is none.
    fn open(&self) -> impl Future<Output = Result<Opened<Self::Connection>, String>> + Send;

    /// Makes a connection ready for calls: looks that it can be written to, makes what is missing. Bounded by itself.
    ///
    /// # Errors
    /// [`Fault`]: it cannot be used.
    fn prepare(&self, connection: &Self::Connection) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// [`Fault`]: there is none.
    fn ping(connection: Self::Connection) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A connection, and the task that moves its bytes: it ends when the connection does.
pub(in crate::session::store) struct Opened<T> {
    pub connection: T,
    pub driver: JoinHandle<()>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(in crate::session::store) enum Fault {
    /// Nothing more will come over this connection, or nothing that can be relied on.
    Lost(String),
    /// The store has answered that it cannot do this; the connection is good.
    Refused(String),
}

/// A connection that is kept up.
pub(in crate::session::store) struct Link<C: Connect> {
    connect: std::sync::Mutex<Option<C>>,
    kept: OnceLock<Kept<C::Connection>>,
    name: String,
    deadline: Duration,
}

/// The two ends that the calls hold of the task that keeps the connection.
struct Kept<T> {
    state: watch::Receiver<State<T>>,
    /// Numbers of connections that have failed somebody, and how.
    failures: mpsc::Sender<(u64, String)>,
}

#[derive(Clone)]
enum State<T> {
    /// Nothing answers.
    Away(StoreError),
    /// The first connection is being opened, or another one after the last was closed.
    Opening,
    /// With the number of the connection.
    Up(T, u64),
}

impl<C: Connect> Link<C> {
    /// A link that opens its first connection when it is first used.
    pub fn new(connect: C) -> Link<C> {
        let name = connect.to_string();
        Link { connect: std::sync::Mutex::new(Some(connect)), kept: OnceLock::new(), name, deadline: CALL }
    }

    /// The link, with another time for each call.
    pub fn within(self, deadline: Duration) -> Link<C> {
        Link { deadline, ..self }
    }

    /// Makes a call on the connection.
    ///
    /// # Errors
    /// [`StoreError`]: there is no answer.
    pub async fn call<T, F>(&self, act: impl FnOnce(C::Connection) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut number = None;
        let answer = timeout(self.deadline, async {
            let (connection, its_number) = self.connection().await?;
            number = Some(its_number);
            match act(connection).await {
                Ok(answer) => Ok(answer),
                Err(Fault::Refused(why)) => Err(self.error(&why)),
                Err(Fault::Lost(why)) => {
                    self.has_failed(its_number, &why);
                    Err(self.error(&why))
                }
            }
        });
        match answer.await {
            Ok(answer) => answer,
            Err(_) => {
                if let Some(number) = number {
                    self.has_failed(number, SILENCE);
                }
                Err(self.error(SILENCE))
            }
        }
    }

    /// Waits until it is known whether there is a connection, then makes a call on it.
    ///
    /// # Errors
    /// [`StoreError`]: there is none, or no answer.
    pub async fn ready<F>(&self, act: impl FnOnce(C::Connection) -> F) -> Result<(), StoreError>
    where
        F: Future<Output = Result<(), Fault>>,
    {
        let mut state = self.kept().state.clone();
        let known = state.wait_for(|state| !matches!(state, State::Opening));
        let _ = timeout(FIRST, known).await;
        self.call(act).await
    }

    async fn connection(&self) -> Result<(C::Connection, u64), StoreError> {
        let mut state = self.kept().state.clone();
        let known = state.wait_for(|state| !matches!(state, State::Opening)).await;
        match known.as_deref() {
            Ok(State::Up(connection, number)) => Ok((connection.clone(), *number)),
            Ok(State::Away(error)) => Err(error.clone()),
            Ok(State::Opening) | Err(_) => Err(self.error("its task has ended")),
        }
    }

    fn has_failed(&self, number: u64, why: &str) {
        // Where the channel is full others have said so.
        let _ = self.kept().failures.try_send((number, why.to_owned()));
    }

    fn kept(&self) -> &Kept<C::Connection> {
        self.kept.get_or_init(|| {
            let connect = self.connect.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            let connect = connect.expect("it is taken once, here");
            let (sender, state) = watch::channel(State::Opening);
            let (failures, failed) = mpsc::channel(16);
            tokio::spawn(keep(connect, self.deadline, sender, failed));
            Kept { state, failures }
        })
    }

    fn error(&self, why: &str) -> StoreError {
        StoreError::new(format!("{}: {why}", self.name))
    }
}

/// Keeps a connection up until nobody holds the link any more.
async fn keep<C: Connect>(
    connect: C,
    deadline: Duration,
    state: watch::Sender<State<C::Connection>>,
    mut failed: mpsc::Receiver<(u64, String)>,
) {
    let mut number = 0;
    loop {
        let away = match opened(&connect).await {
            Ok(opened) => {
                number += 1;
                let was_away = matches!(*state.borrow(), State::Away(_));
                state.send_replace(State::Up(opened.connection.clone(), number));
                if was_away {
                    tracing::info!(store = %connect, "the session store answers again");
                }
                let Some(lost) = watch_over::<C>(opened, number, deadline, &mut failed).await else { return };
                match lost {
                    Lost::Closed => {
                        tracing::warn!(store = %connect, "the session store has closed the connection");
                        state.send_replace(State::Opening);
                        continue;
                    }
                    Lost::Failed(why) => why,
                }
            }
            Err(why) => why,
        };
        let is_news = !matches!(*state.borrow(), State::Away(_));
        let error = StoreError::new(format!("{connect}: {away}"));
        if is_news {
            tracing::error!(%error, "the session store is away");
        }
        state.send_replace(State::Away(error));
        let pause = sleep(if is_news { Duration::ZERO } else { PAUSE });
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                // What is said of a connection that is gone is no news.
                failure = failed.recv() => if failure.is_none() { return },
            }
        }
    }
}

async fn opened<C: Connect>(connect: &C) -> Result<Opened<C::Connection>, String> {
    let opened = timeout(OPEN, connect.open()).await.unwrap_or_else(|_| Err(SILENCE.into()))?;
    match connect.prepare(&opened.connection).await {
        Ok(()) => Ok(opened),
        Err(Fault::Lost(why) | Fault::Refused(why)) => {
            opened.driver.abort();
            Err(why)
        }
    }
}

enum Lost {
    /// The other side has ended it.
    Closed,
    /// It is open, and of no use.
    Failed(String),
}

/// Resolves when a connection is lost; with `None` when nobody holds the link any more.
async fn watch_over<C: Connect>(
    mut opened: Opened<C::Connection>,
    number: u64,
    deadline: Duration,
    failed: &mut mpsc::Receiver<(u64, String)>,
) -> Option<Lost> {
    let lost = loop {
        tokio::select! {
            biased;
            _ = &mut opened.driver => return Some(Lost::Closed),
            failure = failed.recv() => match failure {
                None => break None,
                Some((failed, why)) if failed == number => break Some(Lost::Failed(why)),
                Some(_) => {}
            },
            () = sleep(SIGN_OF_LIFE) => {
                let alive = timeout(deadline, C::ping(opened.connection.clone())).await;
                match alive {
                    Ok(Ok(()) | Err(Fault::Refused(_))) => {}
                    Ok(Err(Fault::Lost(why))) => break Some(Lost::Failed(why)),
                    Err(_) => break Some(Lost::Failed(SILENCE.into())),
                }
            }
        }
    };
    // Calls that others have under way on it may still be answered, within their time.
    tokio::spawn(async move {
        let Opened { connection, mut driver } = opened;
        drop(connection);
        if timeout(deadline, &mut driver).await.is_err() {
            driver.abort();
        }
    });
    lost
}
