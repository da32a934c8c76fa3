//! Connections to PostgreSQL: opened, looked at, and the tables made where there are none.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config};

use crate::session::store::postgres::PostgresAddress;
use crate::session::store::postgres::fault::told;
use crate::session::store::postgres::pool::Pool;
use crate::session::store::remote::{Connect, Fault, Opened, Place, Trust, Wire};

/// Connections to the database, of one server.
const CONNECTIONS: usize = 8;
/// The layout of the tables. Another one is refused.
const LAYOUT: i32 = 1;
/// Tables are made within this time.
const MAKING: Duration = Duration::from_secs(25);

/// A statement that hangs is given up by the server, long after nobody waits for it any more. Who was told that a change was made can rely on it,
/// also where the database is told to be quick rather than safe.
const SESSION: &str = "
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off';
";

/// Opens connections to an address.
pub(super) struct Connector(pub PostgresAddress);

impl fmt::Display for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Connect for Connector {
    type Connection = Pool;

    async fn open(&self) -> Result<Opened<Pool>, String> {
        let mut drivers = JoinSet::new();
        let pool = Pool::new(client(&self.0, &mut drivers).await?);
        let (address, connection) = (self.0.clone(), pool.clone());
        // The first one is enough to begin with. When any of them ends all do, and are opened anew.
        let driver = tokio::spawn(async move {
            let mut more = JoinSet::new();
            for _ in 1..CONNECTIONS {
                let address = address.clone();
                more.spawn(async move {
                    let mut drivers = JoinSet::new();
                    client(&address, &mut drivers).await.map(|client| (client, drivers))
                });
            }
            loop {
                tokio::select! {
                    _ = drivers.join_next() => return,
                    Some(opened) = more.join_next() => match opened {
                        Ok(Ok((client, mut driver))) => {
                            pool.add(client);
                            drivers.spawn(async move { drop(driver.join_next().await) });
                        }
                        Ok(Err(why)) => tracing::warn!(store = %address, %why, "fewer connections than there could be"),
                        Err(_) => return,
                    },
                }
            }
        });
        Ok(Opened { connection, driver })
    }

    async fn prepare(&self, pool: &Pool) -> Result<(), Fault> {
        let late = |_| Err(Fault::Lost("its tables could not be looked at in time".into()));
        timeout(MAKING, prepare(pool)).await.unwrap_or_else(late)
    }

    async fn ping(pool: Pool) -> Result<(), Fault> {
        pool.run("SELECT 1", &[]).await.map(drop)
    }
}

async fn client(address: &PostgresAddress, drivers: &mut JoinSet<()>) -> Result<Client, String> {
    let mut config = Config::new();
    config.user(&address.user).dbname(&address.database).application_name("authcfg");
    if let Some(password) = &address.password {
        config.password(password.expose());
    }
    let trust = address.endpoint.trust.clone();
    config.ssl_mode(if trust.is_some() { SslMode::Require } else { SslMode::Disable });
    let host = match &address.endpoint.place {
        Place::Tcp(host, _) => host.clone(),
        Place::Unix(_) => String::new(),
    };
    let socket = address.endpoint.connect().await?;
    let (client, connection) =
        config.connect_raw(socket, Tls { host, trust }).await.map_err(|error| told(&error))?;
    drivers.spawn(async move { drop(connection.await) });
    client.batch_execute(SESSION).await.map_err(|error| told(&error))?;
    Ok(client)
}

/// Looks that the database can be written to and has our tables.
async fn prepare(pool: &Pool) -> Result<(), Fault> {
    let look = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, \
                to_regclass('authcfg.layout') IS NOT NULL";
    let rows = pool.run(look, &[]).await?;
    let (can_only_be_read, has_tables): (bool, bool) =
        rows.first().map(|row| (row.get(0), row.get(1))).unwrap_or_default();
    if can_only_be_read {
        return Err(Fault::Lost("it can only be read".into()));
    }
    if !has_tables {
        pool.run_all(include_str!("layout.sql")).await?;
    }
    let rows = pool.run("SELECT max(version) FROM authcfg.layout", &[]).await?;
    let layout: Option<i32> = rows.first().and_then(|row| row.get(0));
    match layout {
        Some(LAYOUT) => Ok(()),
        _ => Err(Fault::Lost("its tables were made by another version of authcfg".into())),
    }
}

/// The TLS of a connection, which PostgreSQL begins after some words in clear text.
struct Tls {
    host: String,
    trust: Option<Trust>,
}

impl TlsConnect<Wire> for Tls {
    type Stream = Wire;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, String>> + Send>>;

    fn connect(self, wire: Wire) -> Self::Future {
        Box::pin(async move {
            let trust = self.trust.ok_or("TLS where there is to be none")?;
            trust.secured(&self.host, wire).await
        })
    }
}

impl TlsStream for Wire {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate was checked; binding the password to it as well is left out.
        ChannelBinding::none()
    }
}
